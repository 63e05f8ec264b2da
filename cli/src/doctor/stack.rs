//! The resources of the deployment, by the names that the template gives them.

use super::check::{Check, Verdict, advised};
use aws_adapters::deployed::{DeployedFunction, StackReader, StackResource};
use ports::PortResult;
use std::collections::BTreeMap;

pub(super) const FUNCTIONS: [&str; 7] = [
    CONTAIN_INSTANCE,
    RECONCILE_INCIDENTS,
    ENROLL_FLEET,
    MEASURE_FLEET,
    AUDIT_ACCESS,
    "ReleaseInstanceFunction",
    "RevokeCredentialsFunction",
];
pub(super) const CONTAIN_INSTANCE: &str = "ContainInstanceFunction";
pub(super) const RECONCILE_INCIDENTS: &str = "ReconcileIncidentsFunction";
pub(super) const ENROLL_FLEET: &str = "EnrollFleetFunction";
pub(super) const MEASURE_FLEET: &str = "MeasureFleetFunction";
pub(super) const AUDIT_ACCESS: &str = "AuditAccessFunction";
pub(super) const ALARM_TOPIC: &str = "AlarmTopic";
pub(super) const NOTIFICATION_TOPIC: &str = "NotificationTopic";
pub(super) const QUEUES: [&str; 2] = ["SignalDeadLetterQueue", "InvocationFailureQueue"];
pub(super) const KEYS: [&str; 6] = [MESSAGE_KEY, JOURNAL_KEY, EVIDENCE_KEY, "AuditKey", "SigningKey", "LogKey"];
pub(super) const MESSAGE_KEY: &str = "MessageKey";
pub(super) const JOURNAL_KEY: &str = "JournalKey";
pub(super) const EVIDENCE_KEY: &str = "EvidenceKey";
pub(super) const TABLE: &str = "JournalTable";
pub(super) const BUCKET: &str = "EvidenceBucket";
pub(super) const SCHEDULE: &str = "ReconcileIncidentsSchedule";
pub(super) const LOOK_AGAIN_SCHEDULE: &str = "LookAgainSchedule";
pub(super) const ENROLMENT_SCHEDULE: &str = "EnrollFleetSchedule";
pub(super) const ENROLMENT_RULE: &str = "EnrollFleetRule";
pub(super) const FLEET_METRIC_SCHEDULE: &str = "FleetMetricSchedule";
pub(super) const AUDIT_SCHEDULE: &str = "AuditAccessSchedule";
const ALARM: &str = "AWS::CloudWatch::Alarm";

pub(super) struct Stack {
    pub(super) reader: StackReader,
    pub(super) evidence: PortResult<EvidencePlace>,
    resources: BTreeMap<String, StackResource>,
}

/// Where evidence goes, by what contain-instance was deployed with. Not by what the stack made: bucket and key may be
/// another account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EvidencePlace {
    pub(super) bucket: String,
    pub(super) key: String,
    /// Unknown to a deployment that is older than this variable.
    pub(super) account: Option<String>,
}

impl EvidencePlace {
    pub(super) fn of(function: &DeployedFunction) -> Self {
        let variable = |name: &str| function.variables.get(name).filter(|value| !value.is_empty()).cloned();
        Self {
            bucket: variable("CORDON_EVIDENCE_BUCKET").unwrap_or_default(),
            key: variable("CORDON_EVIDENCE_KEY_ARN").unwrap_or_default(),
            account: variable("CORDON_EVIDENCE_ACCOUNT_ID"),
        }
    }
}

impl Stack {
    pub(super) async fn new(reader: StackReader, resources: Vec<StackResource>) -> Self {
        let resources: BTreeMap<_, _> =
            resources.into_iter().map(|resource| (resource.logical_id.clone(), resource)).collect();
        let physical = |logical_id: &str| resources.get(logical_id)?.physical_id.as_deref();
        let function = reader.function(physical(CONTAIN_INSTANCE).unwrap_or(CONTAIN_INSTANCE)).await;
        let evidence = function.map(|function| EvidencePlace::of(&function));
        Self { reader, evidence, resources }
    }

    /// Whether the stack was deployed to make no bucket and no key of its own for the evidence.
    pub(super) fn keeps_evidence_elsewhere(&self) -> bool {
        let makes = |logical_id| self.resources.contains_key(logical_id);
        !makes(BUCKET) && !makes(EVIDENCE_KEY)
    }

    /// The physical id. Where it is missing, `stack-resources` says so, and no other check is made of it.
    pub(super) fn id(&self, logical_id: &str) -> Option<&str> {
        self.resources.get(logical_id)?.physical_id.as_deref()
    }

    /// The rule's ARN, in the account and Region of the alarm topic.
    pub(super) fn rule_arn(&self, logical_id: &str) -> Option<String> {
        let (before, _) = self.id(ALARM_TOPIC)?.rsplit_once(':')?;
        Some(format!("{}:rule/{}", before.replacen(":sns:", ":events:", 1), self.id(logical_id)?))
    }

    pub(super) fn ids<'a>(&'a self, logical_ids: &'a [&'static str]) -> impl Iterator<Item = (&'static str, &'a str)> {
        logical_ids.iter().filter_map(|logical_id| Some((*logical_id, self.id(logical_id)?)))
    }

    /// Alarm's name → logical id.
    pub(super) fn alarms(&self) -> BTreeMap<String, String> {
        let alarms = self.resources.values().filter(|resource| resource.resource_type == ALARM);
        alarms.filter_map(|alarm| Some((alarm.physical_id.clone()?, alarm.logical_id.clone()))).collect()
    }

    /// Whether everything that is looked at is there, and the last deployment ended well.
    pub(super) fn check(&self) -> Vec<Check> {
        let single = [ALARM_TOPIC, NOTIFICATION_TOPIC, TABLE, BUCKET, SCHEDULE, ENROLMENT_SCHEDULE, ENROLMENT_RULE];
        let wanted = FUNCTIONS.iter().chain(&single).chain(&QUEUES).chain(&KEYS);
        // The parameters that make none are both or neither.
        let elsewhere = self.keeps_evidence_elsewhere();
        let wanted = wanted.filter(|wanted| !(elsewhere && [BUCKET, EVIDENCE_KEY].contains(wanted)));
        let missing: Vec<_> = wanted.filter(|wanted| self.id(wanted).is_none()).copied().collect();
        let mut checks = vec![Check::new("stack-resources", "the stack", complete(&missing, self.alarms().len()))];
        let unfinished = self.resources.values().filter(|resource| !resource.status.ends_with("_COMPLETE"));
        checks.extend(unfinished.map(|resource| {
            let advice = "see the stack's events, then deploy again";
            Check::new("stack-settled", &resource.logical_id, advised(format!("it is {}", resource.status), advice))
        }));
        checks
    }
}

fn complete(missing: &[&str], alarms: usize) -> Verdict {
    let advice = "deploy the template of this command's version; check --stack";
    match (missing, alarms) {
        ([], 0) => advised("it has no operational alarm", advice),
        ([], _) => Ok(()),
        (missing, _) => advised(format!("it lacks {}", missing.join(", ")), advice),
    }
}

/// Whether `value`, an id or an ARN, is that key.
pub(super) fn is_key(value: &str, id: &str) -> bool {
    value == id || value.ends_with(&format!("/{id}"))
}

#[cfg(test)]
mod tests {
    use super::{complete, is_key};

    #[test]
    fn a_key_is_named_by_its_id_or_its_arn() {
        assert!(is_key("1234-ab", "1234-ab"));
        assert!(is_key("arn:aws:kms:eu-west-1:123456789012:key/1234-ab", "1234-ab"));
        assert!(!is_key("arn:aws:kms:eu-west-1:123456789012:key/91234-ab", "1234-ab"));
        assert!(!is_key("alias/aws/sns", "1234-ab"));
    }

    #[test]
    fn a_stack_without_one_of_its_parts_or_without_alarms_is_not_whole() {
        assert!(complete(&[], 16).is_ok());
        assert!(complete(&[], 0).is_err());
        assert!(complete(&["JournalTable"], 16).unwrap_err().what.contains("JournalTable"));
    }
}
