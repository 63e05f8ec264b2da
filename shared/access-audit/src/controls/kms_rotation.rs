//! Customer managed keys whose material doesn't rotate (FSBP KMS.4).

use super::{Control, Look};
use crate::finding::{Confidence, Finding, Severity};
use crate::keys::{Key, Keys, Section};
use time::OffsetDateTime;

pub(super) const CONTROL: Control =
    Control { id: "kms-rotation", title: "Keys that don't rotate", severity: Severity::Medium, look: Look::Keys(look) };

fn look(keys: &Keys, _: Option<OffsetDateTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in keys.keys.iter().filter(|key| rotates_at_all(key)) {
        match key.rotates {
            Some(true) => {}
            Some(false) => {
                let fix = "enable automatic key rotation";
                let message = "automatic rotation is off".to_owned();
                // A key of another kind, or with material from elsewhere, would say so, too.
                let is_told = key.spec.is_some() && key.origin.is_some();
                let confidence = if is_told { Confidence::High } else { Confidence::Medium };
                let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(&key.arn);
                findings.push(fail.with(confidence, Vec::new()));
            }
            None => findings.extend(key.unjudged(&CONTROL, &[Section::Rotation])),
        }
    }
    findings
}

/// Enabled symmetric keys with material from KMS, which the customer manages (KMS Developer Guide, "Rotate AWS KMS keys").
fn rotates_at_all(key: &Key) -> bool {
    let is = |value: &Option<String>, one: &str| value.as_deref().is_none_or(|value| value == one);
    !key.is_aws_managed && key.is_enabled() && is(&key.spec, "SYMMETRIC_DEFAULT") && is(&key.origin, "AWS_KMS")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::decrypt::world::World;
    use serde_json::{Value, json};

    fn found(rotates: Value, name: &str, value: Value) -> Vec<(Status, Confidence)> {
        let mut world = World::default().user("ann", json!([])).key("k", json!([]), json!([]));
        world.keys[0]["KeyRotationEnabled"] = rotates;
        world.keys[0]["KeyMetadata"][name] = value;
        world.findings(CONTROL.id).iter().map(|one| (one.status, one.confidence)).collect()
    }

    #[test]
    fn a_symmetric_key_of_the_customers_that_does_not_rotate_is_found() {
        assert_eq!(found(json!(false), "Description", json!("x")), [(Status::Fail, Confidence::High)]);
        assert_eq!(found(json!(false), "KeySpec", json!(null)), [(Status::Fail, Confidence::Medium)]);
        assert_eq!(found(json!(true), "Description", json!("x")), []);
    }

    #[test]
    fn a_key_that_cannot_rotate_is_not() {
        for (name, value) in [
            ("KeyManager", "AWS"),
            ("KeySpec", "RSA_2048"),
            ("KeySpec", "HMAC_256"),
            ("Origin", "EXTERNAL"),
            ("KeyState", "PendingDeletion"),
        ] {
            assert_eq!(found(json!(false), name, json!(value)), [], "{value}");
        }
    }

    #[test]
    fn what_was_not_given_is_not_evaluated_and_what_is_no_answer_an_error() {
        assert_eq!(found(json!(null), "Description", json!("x"))[0].0, Status::NotEvaluated);
        assert_eq!(found(json!("on"), "Description", json!("x"))[0].0, Status::Error);
    }
}
