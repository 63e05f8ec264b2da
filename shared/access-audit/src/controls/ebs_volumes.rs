//! EBS volumes that are not encrypted.

use super::{Control, Look};
use crate::finding::{Finding, Severity};
use crate::region::{Encryption, Exposure, Kind};

pub(super) const CONTROL: Control = Control {
    id: "ebs-volume-encrypted",
    title: "EBS volumes that are not encrypted",
    severity: Severity::Medium,
    look: Look::Exposure(look),
};

const VOLUMES: &[Kind] = &[Kind::Volume];

fn look(exposure: &Exposure<'_>) -> Vec<Finding> {
    let mut findings = exposure.unjudged(&CONTROL, VOLUMES, &["Encrypted"]);
    let plain = exposure.things(VOLUMES).filter(|(_, volume)| volume.encryption == Encryption::Nothing);
    findings.extend(plain.map(|(region, volume)| {
        let fix = "make an encrypted copy of its snapshot and replace it; encrypt new ones by default";
        let fail = Finding::fail(CONTROL.id, CONTROL.severity, "is not encrypted".to_owned(), fix);
        fail.on(&exposure.arn(region, volume))
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::finding::Status;
    use crate::region::tests::findings;
    use serde_json::json;

    #[test]
    fn a_plain_volume_is_found_and_one_untold_is_not_evaluated() {
        let volumes = json!({"Volumes": [{"VolumeId": "vol-1", "Encrypted": false}, {"VolumeId": "vol-2", "Encrypted": true},
            {"VolumeId": "vol-3"}]});
        let found: Vec<_> =
            findings(CONTROL.id, &volumes).into_iter().map(|one| (one.status, one.resource.unwrap())).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].0 == Status::Fail && found[0].1.ends_with(":volume/vol-1"));
        assert!(found[1].0 == Status::NotEvaluated && found[1].1.ends_with("vol-3"));
    }
}
