//! Grants that reach far or stay for ever. Those that services make for their own resources are left to them.

use super::{Control, Look};
use crate::decrypt::Access;
use crate::finding::{Confidence, Finding, Severity, Witness};
use crate::key_parts::Listed;
use crate::keys::{Key, Section};
use iam_policy::{Arn, Grant};
use std::collections::HashMap;
use time::{Duration, OffsetDateTime};

pub(super) const CONTROL: Control = Control {
    id: "kms-grants",
    title: "Grants that reach far or stay for ever",
    severity: Severity::High,
    look: Look::Access(look),
};

/// A grant is for a while; after that long somebody has forgotten it.
const LONG: Duration = Duration::days(365);

fn look(access: &Access<'_>, now: Option<OffsetDateTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, readers) in access.keys() {
        findings.extend(key.unjudged(&CONTROL, &[Section::Grants]));
        let steps = readers.iter().flat_map(|reader| &reader.witness);
        let named = steps.flat_map(|step| step.statements.iter().map(move |one| (one, step)));
        let witnesses: HashMap<usize, &Witness> =
            named.filter(|(one, _)| one.layer == "grant").map(|(one, step)| (one.policy_index, step)).collect();
        let listed = key.grants.iter().zip(&key.listed).enumerate();
        for (index, (grant, listed)) in listed.filter(|(_, (_, listed))| !listed.is_of_service) {
            let problems = problems(access, key, grant, listed, now);
            if let Some(severity) = problems.iter().map(|(severity, _)| *severity).max() {
                let witness = witnesses.get(&index).map(|witness| (*witness).clone());
                findings.push(finding(key, witness, grant, listed, severity, &problems));
            }
        }
    }
    findings
}

fn finding(
    key: &Key,
    witness: Option<Witness>,
    grant: &Grant,
    listed: &Listed,
    severity: Severity,
    problems: &[(Severity, String)],
) -> Finding {
    let what: Vec<_> = grant.operations().collect();
    let told: Vec<_> = problems.iter().map(|(_, told)| told.as_str()).collect();
    let name = listed.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let retiring = grant.retiring().map(|who| format!("; {who} may retire it")).unwrap_or_default();
    let (what, told) = (what.join(", "), told.join("; "));
    let message = format!("grant {}{name} of {what} to {}: {told}{retiring}", grant.id, grant.grantee());
    let fix = "retire or revoke it when its task is done; give it constraints and somebody who retires it";
    let fail = Finding::fail(CONTROL.id, severity, message, fix).of(grant.grantee()).on(&key.arn);
    fail.with(Confidence::High, witness.into_iter().collect())
}

fn problems(
    access: &Access<'_>,
    key: &Key,
    grant: &Grant,
    listed: &Listed,
    now: Option<OffsetDateTime>,
) -> Vec<(Severity, String)> {
    let mut found = Vec::new();
    let arn = Arn::split(grant.grantee());
    let grants = |operation: &str| grant.operations().any(|granted| granted.starts_with(operation));
    let is_open = !grant.has_constraints();
    if arn.is_some_and(|arn| arn.account != key.account) {
        found.push((Severity::High, "it is to another account".to_owned()));
    } else if arn.is_some_and(|arn| arn.resource == "root") {
        found.push((Severity::Medium, "it is to a whole account".to_owned()));
    }
    if is_open && grants("creategrant") {
        found.push((Severity::Medium, "its grantee can grant it on, without constraints".to_owned()));
    }
    let reads = ["decrypt", "reencryptfrom", "generatedatakey"].iter().any(|operation| grants(operation));
    if is_open && reads && grant.retiring().is_none() {
        found.push((Severity::Low, "it has no constraint and nobody who retires it".to_owned()));
    }
    let age = now.zip(listed.created).map(|(now, created)| now - created).filter(|age| *age > LONG);
    if let Some(age) = age {
        found.push((Severity::Low, format!("it was made {} days ago and never retired", age.whole_days())));
    }
    let is_of_dump = arn.is_some_and(|arn| arn.service == "iam" && arn.account == access.account.id);
    let exists = || access.account.inventory.principal(grant.grantee()).is_some();
    if arn.is_none() || (is_of_dump && arn.is_some_and(|arn| arn.resource != "root") && !exists()) {
        found.push((Severity::Low, "its grantee no longer exists".to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::world::{OTHER, World, grant, iam, key_arn};
    use serde_json::{Value, json};

    fn found(grant: Value) -> Vec<(Severity, String)> {
        let world = World::default().role("app", json!({"Service": "ec2.amazonaws.com"}), json!([]));
        let findings = world.key("k", json!([]), json!([grant])).findings(CONTROL.id);
        findings.iter().for_each(|one| assert_eq!(one.resource, Some(key_arn("k"))));
        findings.into_iter().map(|one| (one.severity, one.message)).collect()
    }

    fn to_app(operations: Value) -> Value {
        let mut grant = grant("g", &iam("role/app"), operations);
        grant["RetiringPrincipal"] = json!(iam("role/app"));
        grant
    }

    #[track_caller]
    fn assert_one(grant: Value, severity: Severity, told: &str) {
        let found = found(grant);
        assert!(found.len() == 1 && found[0].0 == severity && found[0].1.contains(told), "{found:?}");
    }

    #[test]
    fn a_grant_to_another_account_a_whole_one_or_nobody_is_found() {
        let to = |grantee: &str| {
            let mut grant = to_app(json!(["Decrypt"]));
            grant["GranteePrincipal"] = json!(grantee);
            grant
        };
        assert_one(to(&format!("arn:aws:iam::{OTHER}:role/app")), Severity::High, "another account");
        assert_one(to(&iam("root")), Severity::Medium, "a whole account");
        assert_one(to(&iam("role/gone")), Severity::Low, "no longer exists");
        assert_one(to("AROAEXAMPLEEXAMPLE123"), Severity::Low, "no longer exists");
    }

    #[test]
    fn one_without_end_or_constraint_is_found_and_one_with_both_is_not() {
        assert_eq!(found(to_app(json!(["Decrypt", "DescribeKey"]))), []);
        assert_one(grant("g", &iam("role/app"), json!(["Decrypt"])), Severity::Low, "nobody who retires");
        assert_eq!(found(grant("g", &iam("role/app"), json!(["Encrypt"]))), []);
        assert_one(to_app(json!(["CreateGrant"])), Severity::Medium, "grant it on");
        let mut bound = grant("g", &iam("role/app"), json!(["Decrypt", "CreateGrant"]));
        bound["Constraints"] = json!({"EncryptionContextSubset": {"app": "x"}});
        assert_eq!(found(bound), []);
        let mut old = to_app(json!(["Encrypt"]));
        old["CreationDate"] = json!("2024-01-01T00:00:00Z");
        assert_one(old, Severity::Low, "882 days ago");
    }

    #[test]
    fn a_services_own_grant_is_left_to_it() {
        let mut own = grant("g", &iam("role/aws-service-role/x.amazonaws.com/A"), json!(["Decrypt", "CreateGrant"]));
        assert_eq!(found(own.clone()), []);
        own["GranteePrincipal"] = json!("dynamodb.eu-west-1.amazonaws.com");
        assert_eq!(found(own), []);
    }

    #[test]
    fn grants_that_were_not_given_are_not_evaluated() {
        let mut world = World::default().user("ann", json!([])).key("k", json!([]), json!([]));
        world.keys[0].as_object_mut().unwrap().remove("Grants");
        assert_eq!(world.findings(CONTROL.id)[0].status, crate::Status::NotEvaluated);
    }
}
