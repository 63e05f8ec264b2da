//! Keys that everyone may use (FSBP KMS.5).

use super::{Control, Look};
use crate::decrypt::{Access, open_to_everyone};
use crate::finding::{Confidence, Finding, Severity};
use crate::keys::Section;
use iam_policy::AccessLevel;
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "kms-public-key",
    title: "Keys that everyone may use",
    severity: Severity::Critical,
    look: Look::Access(look),
};

fn look(access: &Access<'_>, _: Option<OffsetDateTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, _) in access.keys() {
        findings.extend(key.unjudged(&CONTROL, &[Section::Policy]));
        let open = open_to_everyone(access.account, key);
        let reads = |level: &AccessLevel| matches!(level, AccessLevel::List | AccessLevel::Read);
        let is_harmless = open.iter().all(|(level, _)| reads(level));
        let sure = open.iter().find(|(level, witness)| witness.decision == "allow" && (is_harmless || !reads(level)));
        let Some((_, witness)) = sure.or_else(|| open.iter().find(|(level, _)| is_harmless || !reads(level))) else {
            continue;
        };
        let names: Vec<_> = open.iter().map(|(_, witness)| witness.action.as_str()).collect();
        let message = match names.as_slice() {
            [one] => format!("anyone with an AWS account may {one}"),
            [first, rest @ ..] => format!("anyone with an AWS account may {first} and {} more", rest.len()),
            [] => continue,
        };
        let severity = if is_harmless { Severity::High } else { CONTROL.severity };
        let confidence = if sure.is_some() { Confidence::High } else { Confidence::Low };
        let fix = "name the principals, or add a condition that only they meet, such as aws:PrincipalOrgID";
        let fail = Finding::fail(CONTROL.id, severity, message, fix).on(&key.arn);
        findings.push(fail.with(confidence, vec![witness.clone()]));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::decrypt::world::{HOME, World, delegation, key_arn, to};
    use serde_json::{Value, json};

    fn found(principal: Value, actions: Value, condition: Value) -> Vec<(Severity, Confidence)> {
        let mut statement = to(principal, actions);
        statement["Condition"] = condition;
        let world = World::default().user("ann", json!([])).key("k", json!([delegation(), statement]), json!([]));
        let findings = world.findings(CONTROL.id);
        findings.iter().for_each(|one| assert_eq!(one.resource, Some(key_arn("k"))));
        findings.iter().map(|one| (one.severity, one.confidence)).collect()
    }

    #[test]
    fn everyone_without_a_condition_that_keeps_them_out_is_found() {
        let (critical, high) = (Severity::Critical, Severity::High);
        for condition in
            [json!({}), json!({"ArnLike": {"aws:PrincipalArn": "*"}}), json!({"Bool": {"aws:SecureTransport": "true"}})]
        {
            assert_eq!(found(json!("*"), json!("kms:*"), condition), [(critical, Confidence::High)]);
        }
        for condition in [
            json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}),
            json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
            json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        ] {
            assert_eq!(found(json!({"AWS": "*"}), json!("kms:Decrypt"), condition), [(critical, Confidence::Low)]);
        }
        assert_eq!(found(json!("*"), json!("kms:ListGrants"), json!({})), [(high, Confidence::High)]);
    }

    #[test]
    fn somebody_or_everyone_of_an_organization_or_account_is_not_everyone() {
        let open = json!("*");
        for (principal, condition) in [
            (json!({"AWS": "444455556666"}), json!({})),
            (open.clone(), json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
            (open.clone(), json!({"StringEquals": {"kms:CallerAccount": HOME}})),
            (open, json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{HOME}:role/*")}})),
        ] {
            assert_eq!(found(principal, json!("kms:*"), condition), []);
        }
    }

    #[test]
    fn a_deny_for_strangers_closes_the_key() {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": HOME}}});
        let world = World::default().user("ann", json!([]));
        assert_eq!(world.key("k", json!([to(json!("*"), json!("kms:*")), deny]), json!([])).findings(CONTROL.id), []);
    }

    #[test]
    fn a_key_without_a_policy_is_not_evaluated_and_never_passes() {
        let mut world = World::default().user("ann", json!([])).key("k", json!([]), json!([]));
        world.keys[0]["Policy"] = json!(null);
        assert_eq!(world.findings(CONTROL.id)[0].status, Status::NotEvaluated);
        world.keys[0]["Policy"] = json!("x");
        assert_eq!(world.findings(CONTROL.id)[0].status, Status::Error);
    }
}
