//! Buckets, topics, queues, tables and functions that anyone may use.

use super::{Control, Look};
use crate::decrypt::keeps;
use crate::finding::{Confidence, Finding, Severity, Witness};
use crate::region::{Exposure, Kind, Thing};
use iam_policy::{
    AccessLevel, Action, Caller, Catalogue, Context, Decision, Named, Policies, Policy, Request, Resource,
    ResourcePolicy, Statement, explain,
};

pub(super) const CONTROL: Control = Control {
    id: "resource-public",
    title: "Resources that anyone may use",
    severity: Severity::Critical,
    look: Look::Exposure(look),
};

pub(super) const WITH_POLICY: &[Kind] = &[Kind::Bucket, Kind::Topic, Kind::Queue, Kind::Table, Kind::Function];
/// Members that a policy stands in, and what overrides it.
pub(super) const POLICIES: [&str; 3] = ["Policy", "ResourcePolicy", "PublicAccessBlockConfiguration"];
/// An account that stands for any.
const STRANGER: &str = "arn:aws:iam::000000000000:root";

fn look(exposure: &Exposure<'_>) -> Vec<Finding> {
    let mut findings = exposure.unjudged(&CONTROL, WITH_POLICY, &POLICIES);
    for (region, thing) in exposure.things(WITH_POLICY) {
        let Some(policy) = thing.policy.as_ref().filter(|_| !thing.restricts_public_policy) else { continue };
        let arn = exposure.arn(region, thing);
        let allowed = allowed(exposure, thing, policy, &arn);
        let Some((confidence, _, witness)) = allowed.first() else { continue };
        let harmless = |level: &AccessLevel| matches!(level, AccessLevel::List | AccessLevel::Read);
        let only_reads = allowed.iter().all(|(_, level, _)| harmless(level));
        let severity = if only_reads { Severity::High } else { CONTROL.severity };
        let more = match allowed.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!("anyone with an AWS account may {}{more}", witness.action);
        let fix = "name the principals, or add a condition that only they meet, such as aws:PrincipalOrgID";
        let fail = Finding::fail(CONTROL.id, severity, message, fix).on(&arn);
        findings.push(fail.with(*confidence, vec![witness.clone()]));
    }
    findings
}

/// A statement that is for everybody, as far as no condition keeps it to somebody.
fn is_open(statement: &Statement) -> bool {
    let everyone = statement.is_not_principal() || statement.principals().contains(&Named::Everyone);
    everyone && !statement.conditions().any(keeps)
}

/// What the evaluator lets anyone do, the surest and worst first.
fn allowed(
    exposure: &Exposure<'_>,
    thing: &Thing,
    policy: &Policy,
    arn: &str,
) -> Vec<(Confidence, AccessLevel, Witness)> {
    let open: Vec<&Statement> = policy.document.allows().iter().filter(|one| is_open(one)).collect();
    let catalogue = Catalogue::shipped();
    let (Some(service), Ok(caller)) = (catalogue.service(thing.kind.service()), Caller::parse(STRANGER)) else {
        return Vec::new();
    };
    // Of objects, one that nothing names stands for all.
    let objects = (thing.kind == Kind::Bucket).then(|| format!("{arn}/any"));
    let places: Vec<&str> = std::iter::once(arn).chain(objects.as_deref()).collect();
    let mut found = Vec::new();
    for known in catalogue.actions_of(service) {
        let name = format!("{}:{}", thing.kind.service(), known.name);
        let Ok(action) = Action::parse(&name) else { continue };
        if !open.iter().any(|one| one.covers_action(action.lower())) {
            continue;
        }
        let asked = places.iter().filter_map(|place| {
            let resource = Resource::parse(place, Some(&exposure.account.id)).ok()?;
            let context = Context::open().with("aws:SecureTransport", ["true"]);
            let request = Request::new(caller.clone(), action.clone(), resource, context);
            let identity = std::slice::from_ref(&exposure.account.everything);
            let resource = ResourcePolicy::Is(policy);
            let policies = Policies { identity, rcps: &exposure.account.rcps, resource, ..Policies::default() };
            let said = explain(&policies, &request);
            let by_open = said
                .statements
                .iter()
                .any(|one| one.layer == "resource" && open.iter().any(|open| open.index == one.index));
            let confidence = match said.decision {
                Decision::Allow if by_open => Confidence::High,
                Decision::Depends if by_open => Confidence::Low,
                _ => return None,
            };
            let witness = Witness {
                principal: "*".to_owned(),
                action: name.clone(),
                resource: (*place).to_owned(),
                decision: said.decision.name(),
                statements: said.statements,
                depends_on: said.depends_on,
                assumes: Some("asked as the root user of an account that stands for any".to_owned()),
            };
            Some((confidence, known.level, witness))
        });
        found.extend(asked.min_by_key(|(confidence, ..)| *confidence));
    }
    let reads = |level: &AccessLevel| matches!(level, AccessLevel::List | AccessLevel::Read);
    found.sort_by_key(|(confidence, level, _)| (*confidence, reads(level)));
    found
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::finding::{Confidence, Severity, Status};
    use crate::region::tests::{everyone, findings, topic};
    use serde_json::{Value, json};

    fn bucket(policy: &str, restricts: bool) -> Value {
        json!({"Buckets": [{"Name": "b", "Policy": policy, "Grants": [],
            "PublicAccessBlockConfiguration": {"RestrictPublicBuckets": restricts}}]})
    }

    #[test]
    fn a_bucket_whose_objects_anyone_may_read_is_found_unless_its_block_restricts_it() {
        let open = everyone("s3:GetObject", "arn:aws:s3:::b/*");
        let found = findings(CONTROL.id, &bucket(&open, false));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].severity, found[0].confidence), (Severity::High, Confidence::High));
        assert_eq!(found[0].resource.as_deref(), Some("arn:aws:s3:::b"));
        assert_eq!(findings(CONTROL.id, &bucket(&open, true)), []);
    }

    #[test]
    fn a_topic_that_anyone_may_publish_to_is_worse_and_one_kept_to_an_organization_is_none() {
        let found = findings(CONTROL.id, &json!({"Topics": topic(&everyone("sns:Publish", "*"))}));
        assert_eq!((found[0].severity, found[0].status), (Severity::Critical, Status::Fail));
        let kept = |condition: Value| {
            let mut policy: Value = serde_json::from_str(&everyone("sns:Publish", "*")).unwrap();
            policy["Statement"][0]["Condition"] = condition;
            findings(CONTROL.id, &json!({"Topics": topic(&policy.to_string())}))
        };
        for condition in [
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::b"}}),
        ] {
            assert_eq!(kept(condition.clone()), [], "{condition}");
        }
        let told = kept(json!({"StringEquals": {"sns:Protocol": "https"}}));
        assert_eq!(told[0].confidence, Confidence::Low, "{told:?}");
        assert_eq!(kept(json!({"Bool": {"aws:SecureTransport": "true"}}))[0].confidence, Confidence::High);
    }

    #[test]
    fn what_a_deny_takes_back_or_names_somebody_is_not_public() {
        let mut policy: Value = serde_json::from_str(&everyone("sns:Publish", "*")).unwrap();
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "sns:*", "Resource": "*"});
        policy["Statement"].as_array_mut().unwrap().push(deny);
        assert_eq!(findings(CONTROL.id, &json!({"Topics": topic(&policy.to_string())})), []);
        let named =
            everyone("sns:Publish", "*").replace("\"*\",\"Resource\"", "{\"AWS\":\"444455556666\"},\"Resource\"");
        assert_ne!(named, everyone("sns:Publish", "*"));
        assert_eq!(findings(CONTROL.id, &json!({"Topics": topic(&named)})), []);
    }
}
