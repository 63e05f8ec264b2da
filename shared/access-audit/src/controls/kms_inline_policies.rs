//! Inline policies that decrypt with every key (FSBP KMS.2).

use super::{Control, Look};
use crate::account::Account;
use crate::decrypt::EveryKey;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity, Status};
use crate::inventory::Held;
use iam_policy::Policy;

pub(super) const CONTROL: Control = Control {
    id: "kms-inline-policies",
    title: "Inline policies that decrypt with every key",
    severity: Severity::Medium,
    look: Look::Principals(look),
};

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let Ok(every_key) = EveryKey::of(account) else { return Vec::new() };
    let mut findings = Vec::new();
    for principal in account.inventory.principals() {
        // Those who can't be read are the account's errors already.
        for policy in inline(&principal.own).filter_map(Result::ok) {
            findings.extend(finding(&every_key, policy, &principal.arn, &principal.arn));
        }
    }
    let member = format!("arn:{}:iam::{}:user/any", account.partition, account.id);
    for (name, group) in account.inventory.groups() {
        for policy in inline(&group.held) {
            match policy {
                Ok(policy) => findings.extend(finding(&every_key, policy, &group.arn, &member)),
                Err(problem) => {
                    let message = format!("{}: group {name}: {problem}", CONTROL.title);
                    findings.push(Finding::new(CONTROL.id, Status::Error, CONTROL.severity, message).on(&group.arn));
                }
            }
        }
    }
    findings
}

/// Managed policies go by their ARN.
fn inline(held: &[Held]) -> impl Iterator<Item = Result<&Policy, String>> {
    held.iter().filter_map(|held| match held {
        Ok(policy) => (!policy.name.starts_with("arn:")).then_some(Ok(policy)),
        Err(error) => (!error.at.starts_with("arn:")).then(|| Err(error.to_string())),
    })
}

fn finding(every_key: &EveryKey<'_>, policy: &Policy, of: &str, holder: &str) -> Option<Finding> {
    let (confidence, witness) = every_key.decrypted_by(policy, holder)?;
    let message =
        format!("inline policy {} allows {} with every key that leaves it to IAM", policy.name, witness.action);
    let fix = "name the keys' ARNs in Resource, or the service that uses them in a condition on kms:ViaService";
    Some(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(of).with(confidence, vec![witness]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::world::{HOME, World, allow, iam};
    use serde_json::json;

    #[test]
    fn a_users_or_roles_inline_policy_that_decrypts_with_every_key_is_found() {
        let some =
            json!({"Effect": "Allow", "Action": "kms:*", "Resource": format!("arn:aws:kms:eu-west-1:{HOME}:key/k")});
        let world = World::default().user("ann", json!([allow(json!("kms:Decrypt"))])).user("bob", json!([some])).role(
            "app",
            json!({"Service": "ec2.amazonaws.com"}),
            json!([allow(json!("*"))]),
        );
        let found: Vec<_> = world.findings(CONTROL.id).into_iter().map(|one| one.principal.unwrap()).collect();
        assert_eq!(found, [iam("role/app"), iam("user/ann")]);
    }
}
