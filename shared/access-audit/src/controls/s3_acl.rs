//! Buckets whose access control list lets everybody in (Amazon S3 User Guide, "Access control list (ACL) overview").

use super::{Control, Look};
use crate::finding::{Finding, Severity};
use crate::region::{Exposure, Kind};

pub(super) const CONTROL: Control = Control {
    id: "s3-bucket-acl-public",
    title: "Buckets whose access control list lets everybody in",
    severity: Severity::Critical,
    look: Look::Exposure(look),
};

const BUCKETS: &[Kind] = &[Kind::Bucket];
const EVERYBODY: [(&str, &str); 2] =
    [("/groups/global/AllUsers", "anybody"), ("/groups/global/AuthenticatedUsers", "anyone with an AWS account")];

fn look(exposure: &Exposure<'_>) -> Vec<Finding> {
    let mut findings = exposure.unjudged(&CONTROL, BUCKETS, &["Grants", "PublicAccessBlockConfiguration"]);
    for (region, bucket) in exposure.things(BUCKETS).filter(|(_, bucket)| !bucket.ignores_public_acls) {
        for (uri, permission) in &bucket.acl {
            let Some((_, who)) = EVERYBODY.iter().find(|(group, _)| uri.ends_with(group)) else { continue };
            let severity = if permission.starts_with("READ") { Severity::High } else { CONTROL.severity };
            let message = format!("{who} has {permission} by its access control list");
            let fix = "turn on Block Public Access, and end access control lists with BucketOwnerEnforced";
            findings.push(Finding::fail(CONTROL.id, severity, message, fix).on(&exposure.arn(region, bucket)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::finding::Severity;
    use crate::region::tests::findings;
    use serde_json::{Value, json};

    fn granted(group: &str, permission: &str, ignores: bool) -> Vec<Severity> {
        let grantee: Value = json!({"Type": "Group", "URI": format!("http://acs.amazonaws.com/groups/{group}")});
        let buckets = json!({"Buckets": [{"Name": "b", "Grants": [{"Grantee": grantee, "Permission": permission}],
            "PublicAccessBlockConfiguration": {"IgnorePublicAcls": ignores}}]});
        findings(CONTROL.id, &buckets).iter().map(|one| one.severity).collect()
    }

    #[test]
    fn a_grant_to_everybody_is_found_unless_the_block_ignores_it_and_one_of_logs_is_none() {
        assert_eq!(granted("global/AllUsers", "READ", false), [Severity::High]);
        assert_eq!(granted("global/AuthenticatedUsers", "FULL_CONTROL", false), [Severity::Critical]);
        assert_eq!(granted("global/AllUsers", "WRITE", true), []);
        assert_eq!(granted("s3/LogDelivery", "WRITE", false), []);
    }
}
