//! Keys that are about to be deleted, and what they encrypted with them (FSBP KMS.3).

use super::{Control, Look};
use crate::finding::{Finding, Severity};
use crate::keys::{Keys, Section};
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "kms-pending-deletion",
    title: "Keys that are pending deletion",
    severity: Severity::Critical,
    look: Look::Keys(look),
};

fn look(keys: &Keys, _: Option<OffsetDateTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in keys.keys.iter().filter(|key| !key.is_aws_managed) {
        findings.extend(key.unjudged(&CONTROL, &[Section::Metadata]));
        if !key.state.as_deref().is_some_and(|state| matches!(state, "PendingDeletion" | "PendingReplicaDeletion")) {
            continue;
        }
        let when = match key.deletion {
            Some(at) => format!("on {}", at.date()),
            None => "when its waiting period ends".to_owned(),
        };
        let message = format!("will be deleted {when}, and what it encrypted can't be read from then on");
        let fix = "cancel the deletion, and disable the key until nothing asks for it";
        findings.push(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(&key.arn));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::decrypt::world::World;
    use serde_json::{Value, json};

    fn found(metadata: &[(&str, Value)]) -> Vec<(Status, String)> {
        let mut world = World::default().user("ann", json!([])).key("k", json!([]), json!([]));
        for (name, value) in metadata {
            world.keys[0]["KeyMetadata"][name] = value.clone();
        }
        world.findings(CONTROL.id).into_iter().map(|one| (one.status, one.message)).collect()
    }

    #[test]
    fn a_key_that_waits_for_its_end_is_found_with_the_day() {
        let dated = found(&[("KeyState", json!("PendingDeletion")), ("DeletionDate", json!("2026-06-20T10:00:00Z"))]);
        assert!(dated.len() == 1 && dated[0].0 == Status::Fail && dated[0].1.contains("2026-06-20"), "{dated:?}");
        assert_eq!(found(&[("KeyState", json!("PendingReplicaDeletion"))]).len(), 1);
        assert_eq!(found(&[("KeyState", json!("Disabled"))]), []);
        assert_eq!(found(&[("KeyState", json!("PendingDeletion")), ("KeyManager", json!("AWS"))]), []);
    }

    #[test]
    fn a_key_without_a_state_is_not_evaluated() {
        assert_eq!(found(&[("KeyState", json!(null))])[0].0, Status::NotEvaluated);
    }
}
