//! Regions in which new EBS volumes are not encrypted unless somebody asks for it.

use super::{Control, Look};
use crate::finding::{Finding, Severity};
use crate::region::{Exposure, Kind};

pub(super) const CONTROL: Control = Control {
    id: "ebs-encryption-default",
    title: "EBS volumes not encrypted by default",
    severity: Severity::Medium,
    look: Look::Exposure(look),
};

fn look(exposure: &Exposure<'_>) -> Vec<Finding> {
    let mut findings = exposure.unjudged(&CONTROL, &[Kind::Ebs], &[]);
    let without = exposure.regions.regions.iter().filter(|region| region.encrypts_volumes == Some(false));
    findings.extend(without.map(|region| {
        let message = format!("new EBS volumes in {} are not encrypted unless asked for", region.name);
        let fix = format!("aws ec2 enable-ebs-encryption-by-default --region {}", region.name);
        Finding::fail(CONTROL.id, CONTROL.severity, message, &fix)
            .on(&format!("AWS::::Account:{}", exposure.account.id))
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::region::tests::findings;
    use serde_json::json;

    #[test]
    fn a_region_without_the_default_is_found_and_named() {
        let found = findings(CONTROL.id, &json!({"EbsEncryptionByDefault": false}));
        assert!(found.len() == 1 && found[0].message.contains("eu-west-1"), "{found:?}");
        assert!(findings(CONTROL.id, &json!({"EbsEncryptionByDefault": true})).is_empty());
    }
}
