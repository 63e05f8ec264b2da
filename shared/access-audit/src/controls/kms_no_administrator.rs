//! Keys whose policy nobody can change any more: only AWS Support could.

use super::{Control, Look};
use crate::decrypt::{ABSENT, Access, Reader};
use crate::finding::{Confidence, Finding, Severity, Status};
use crate::keys::Section;
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "kms-no-administrator",
    title: "Keys that nobody can administer",
    severity: Severity::High,
    look: Look::Access(look),
};

fn look(access: &Access<'_>, _: Option<OffsetDateTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, readers) in access.keys().filter(|(key, _)| !key.is_aws_managed) {
        if key.policy.is_none() {
            findings.extend(key.unjudged(&CONTROL, &[Section::Policy]));
            continue;
        }
        let administers: Vec<_> = readers.iter().filter(|one| one.reaches("kms:PutKeyPolicy") && exists(one)).collect();
        if administers.iter().any(|reader| reader.is_sure()) {
            continue;
        }
        let unread = access.unread_principals().len();
        findings.push(match administers.first() {
            Some(reader) => {
                let message = "its policy can be changed under conditions only, which may never hold".to_owned();
                let fix = "keep one administrator without conditions, such as the account's delegation to IAM";
                let fail = Finding::fail(CONTROL.id, Severity::Low, message, fix).on(&key.arn);
                fail.with(Confidence::Low, reader.witness.clone())
            }
            None if unread > 0 => {
                let message = format!("{}: {unread} principals could not be judged", CONTROL.title);
                Finding::new(CONTROL.id, Status::Error, CONTROL.severity, message).on(&key.arn)
            }
            None => {
                let message = "nobody can change its policy: no user, role, root user or other account".to_owned();
                let fix =
                    "make the principal that its policy names again, or ask AWS Support; move the data to another key";
                Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(&key.arn)
            }
        });
    }
    findings
}

/// Not only named: a role that was deleted administers nothing.
fn exists(reader: &Reader) -> bool {
    !reader.witness.iter().any(|step| step.assumes.as_deref() == Some(ABSENT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::world::{World, allow, delegation, iam, to};
    use serde_json::{Value, json};

    fn world(statements: Value) -> World {
        let world = World::default().user("ann", json!([allow(json!("*"))]));
        world.role("admin", json!({"Service": "ec2.amazonaws.com"}), json!([])).key("k", statements, json!([]))
    }

    fn found(statements: Value) -> Vec<(Status, Severity)> {
        world(statements).findings(CONTROL.id).iter().map(|one| (one.status, one.severity)).collect()
    }

    #[test]
    fn a_key_that_names_an_administrator_who_exists_is_in_order() {
        assert_eq!(found(json!([delegation()])), []);
        assert_eq!(found(json!([to(json!({"AWS": iam("role/admin")}), json!("kms:PutKeyPolicy"))])), []);
    }

    #[test]
    fn a_key_that_names_users_only_or_somebody_who_is_gone_is_found() {
        let fail = [(Status::Fail, Severity::High)];
        assert_eq!(found(json!([to(json!({"AWS": iam("role/admin")}), json!("kms:Decrypt"))])), fail);
        assert_eq!(found(json!([to(json!({"AWS": iam("role/gone")}), json!("kms:*"))])), fail);
        assert_eq!(found(json!([to(json!({"AWS": "AROAEXAMPLEEXAMPLE123"}), json!("kms:*"))])), fail);
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*"});
        assert_eq!(found(json!([delegation(), deny])), fail);
    }

    #[test]
    fn an_administrator_under_conditions_is_told_apart() {
        let mut only = delegation();
        only["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        assert_eq!(found(json!([only])), [(Status::Fail, Severity::Low)]);
    }

    #[test]
    fn where_somebody_could_not_be_judged_it_is_an_error() {
        let mut world = world(json!([]));
        world.users[0]["UserPolicyList"][0]["PolicyDocument"] = json!("{");
        assert!(world.findings(CONTROL.id).iter().all(|one| one.status == Status::Error));
        world.keys[0]["Policy"] = json!(null);
        assert!(world.findings(CONTROL.id).iter().any(|one| one.status == Status::NotEvaluated));
    }
}
