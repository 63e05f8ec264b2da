//! Customer managed policies that decrypt with every key (FSBP KMS.1).

use super::{Control, Look};
use crate::account::Account;
use crate::decrypt::EveryKey;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};

pub(super) const CONTROL: Control = Control {
    id: "kms-customer-policies",
    title: "Customer managed policies that decrypt with every key",
    severity: Severity::Medium,
    look: Look::Principals(look),
};

/// Attached or not, as KMS.1 does; a policy that only bounds gives nothing.
fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let Ok(every_key) = EveryKey::of(account) else { return Vec::new() };
    let mut findings = Vec::new();
    for (arn, held) in account.inventory.managed() {
        if arn.contains(":iam::aws:policy/") {
            continue;
        }
        let policy = match held {
            Ok(policy) => policy,
            Err(error) => {
                let message = format!("{}: {error}", CONTROL.title);
                findings.push(Finding::new(CONTROL.id, crate::Status::Error, CONTROL.severity, message).on(arn));
                continue;
            }
        };
        let has = |attached: &[String]| attached.iter().any(|one| one == arn);
        let holders: Vec<_> =
            account.inventory.principals().filter(|one| has(&one.attached)).map(|one| one.arn.as_str()).collect();
        let groups = account.inventory.groups().filter(|(_, group)| has(&group.attached)).count();
        let bounds = account.inventory.principals().any(|one| one.boundary_arn.as_deref() == Some(arn));
        if bounds && holders.is_empty() && groups == 0 {
            continue;
        }
        let anyone = format!("arn:{}:iam::{}:user/any", account.partition, account.id);
        let Some((confidence, witness)) = every_key.decrypted_by(policy, holders.first().copied().unwrap_or(&anyone))
        else {
            continue;
        };
        let message = format!(
            "allows {} with every key that leaves it to IAM; attached to {} users and roles, {groups} groups",
            witness.action,
            holders.len(),
        );
        let fix = "name the keys' ARNs in Resource, or the service that uses them in a condition on kms:ViaService";
        let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(arn);
        findings.push(fail.with(confidence, vec![witness]));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::world::{HOME, World, iam, policy};
    use crate::{Confidence, Status};
    use serde_json::{Value, json};

    fn found(document: Value, as_boundary: bool) -> Vec<(Status, Confidence)> {
        let arn = iam("policy/p");
        let mut world = World::default().user("ann", json!([]));
        if as_boundary {
            world.users[0]["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": arn});
        }
        world.policies.push(json!({"Arn": arn, "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}]}));
        let of = |one: &Finding| (one.status, one.confidence);
        world.findings(CONTROL.id).iter().filter(|one| one.resource.as_ref() == Some(&arn)).map(of).collect()
    }

    fn on(resource: &str, condition: Value) -> Vec<(Status, Confidence)> {
        let statement =
            json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": resource, "Condition": condition});
        found(policy(json!([statement])), false)
    }

    #[test]
    fn decrypting_with_every_key_is_found_attached_or_not() {
        let fail = [(Status::Fail, Confidence::High)];
        for resource in ["*", "arn:aws:kms:*:*:key/*", &format!("arn:aws:kms:*:{HOME}:key/*"), "arn:aws:kms:*"] {
            assert_eq!(on(resource, json!({})), fail, "{resource}");
        }
        let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        assert_eq!(on("*", mfa), [(Status::Fail, Confidence::Low)]);
        let reencrypt = json!([{"Effect": "Allow", "Action": "kms:ReEncrypt*", "Resource": "*"}]);
        assert_eq!(found(policy(reencrypt), false), fail);
    }

    #[test]
    fn some_keys_one_region_or_one_service_are_not_every_key() {
        for resource in [&format!("arn:aws:kms:eu-west-1:{HOME}:key/*"), &format!("arn:aws:kms:*:{HOME}:key/1")] {
            assert_eq!(on(resource, json!({})), []);
        }
        for key in ["kms:ViaService", "kms:ResourceAliases", "kms:EncryptionContext:app", "aws:ResourceTag/app"] {
            assert_eq!(on("*", json!({"StringEquals": {key: "x"}})), [], "{key}");
        }
        let denied = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["kms:Decrypt", "kms:ReEncrypt*"], "Resource": "*"}]);
        assert_eq!(found(policy(denied), false), []);
    }

    #[test]
    fn a_boundary_gives_nothing_and_what_cannot_be_read_is_an_error() {
        let all = policy(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
        assert_eq!(found(all, true), []);
        assert_eq!(found(json!("{"), false)[0].0, Status::Error);
    }
}
