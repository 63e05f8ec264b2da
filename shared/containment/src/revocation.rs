//! Revoking one instance's credentials: the one document that may be written into a role, and whose role it may be.
//!
//! Two statements, because a session of the instance's credentials carries `ec2:SourceInstanceARN` in most services,
//! and `aws:userid` = ROLEID:INSTANCEID in all. Other holders of the role are not touched.

use crate::ids::IncidentId;
use crate::incident::Incident;
use crate::step::Step;
use serde_json::{Value, json};
use signal::{AccountId, InstanceId, Region};

/// An inline policy's name: one an incident, so that two revocations never overwrite each other.
pub fn policy_name(incident: &IncidentId) -> String {
    format!("cordon-{incident}")
}

/// How the journal's record of a revocation begins where a policy was written.
const WRITTEN: &str = "inline policy ";

/// What the journal says of a deny that was written.
pub fn written(policy: &str, role: &str) -> String {
    format!(
        "{WRITTEN}{policy} on role {role}; sessions chained from it, container task roles and SSM default-host \
         credentials stay valid"
    )
}

/// Whether a deny was written for the incident, so that a release must find and remove it.
pub fn was_written(incident: &Incident) -> bool {
    let record = incident.steps.get(&Step::RevokeCredentials);
    record.and_then(|record| record.detail.as_deref()).is_some_and(|detail| detail.starts_with(WRITTEN))
}

/// `role_id` is the role's unique id (`AROA…`).
pub fn document(partition: &str, region: &Region, account: &AccountId, instance: &InstanceId, role_id: &str) -> String {
    let arn = format!("arn:{partition}:ec2:{region}:{account}:instance/{instance}");
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Action": "*", "Resource": "*",
             "Condition": {"ArnEquals": {"ec2:SourceInstanceARN": arn}}},
            {"Effect": "Deny", "Action": "*", "Resource": "*",
             "Condition": {"StringEquals": {"aws:userid": format!("{role_id}:{instance}")}}},
        ],
    })
    .to_string()
}

/// Whether the trust policy lets EC2, and nobody else, assume the role. Anything that cannot be read as exactly that
/// is not: a role that people or functions hold must never be written to.
pub fn trusts_only_ec2(trust_policy: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(trust_policy) else { return false };
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement @ Value::Object(_)) => vec![statement.clone()],
        _ => return false,
    };
    let allows: Vec<&Value> =
        statements.iter().filter(|statement| statement.get("Effect") != Some(&json!("Deny"))).collect();
    !allows.is_empty() && allows.into_iter().all(allows_only_ec2)
}

fn allows_only_ec2(statement: &Value) -> bool {
    let Some(Value::Object(principal)) = statement.get("Principal") else { return false };
    let Some(service) = principal.get("Service").filter(|_| principal.len() == 1) else { return false };
    let is_ec2 = |name: &Value| matches!(name.as_str(), Some("ec2.amazonaws.com" | "ec2.amazonaws.com.cn"));
    match service {
        Value::Array(services) => !services.is_empty() && services.iter().all(is_ec2),
        name => is_ec2(name),
    }
}
