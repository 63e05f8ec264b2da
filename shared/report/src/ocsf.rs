//! The report as an OCSF Incident Finding, for security lakes and SIEMs.
//!
//! Source: the Open Cybersecurity Schema Framework, class 2005 of category 2, with the profiles incident, cloud and host.

use crate::evidence::{EvidenceItem, MissingEvidence};
use crate::words::headline;
use crate::{Report, ReportError, summary};
use containment::incident::{Incident, IncidentState};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The version of OCSF's schema that the document follows.
pub const OCSF_VERSION: &str = "1.5.0";

const CATEGORY: u32 = 2;
const CLASS: u32 = 2005;
const RESOURCE_UID: u32 = 10;
const HASH: u32 = 8;
const AWS_ACCOUNT: u32 = 10;
const VIRTUAL: u32 = 6;

/// A number of the schema with its caption.
type Named = (u32, &'static str);

/// The document, on one line.
pub fn ocsf(report: &Report<'_>) -> Result<String, ReportError> {
    let incident = report.incident;
    let told = summary::summary(report);
    let activity = activity(&incident.state);
    let status = status(&incident.state);
    let severity = severity(&incident.state);
    let verdict = verdict(incident);
    let last = report.events.iter().map(|event| event.at).max().unwrap_or(incident.opened_at);
    let subject = incident.instance.as_ref().map_or_else(|| "No instance".to_owned(), ToString::to_string);
    let description = [told.happened, told.done].concat().join(" ");
    let document = json!({
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Incident Finding",
        "activity_id": activity.0,
        "activity_name": activity.1,
        "type_uid": CLASS * 100 + activity.0,
        "type_name": format!("Incident Finding: {}", activity.1),
        "severity_id": severity.0,
        "severity": severity.1,
        "status_id": status.0,
        "status": status.1,
        "status_detail": incident.state.name(),
        "verdict_id": verdict.0,
        "verdict": verdict.1,
        "time": milliseconds(last),
        "start_time": milliseconds(summary::start(incident)),
        "end_time": milliseconds(last),
        "message": format!("{subject} {}", headline(&incident.state).0),
        "desc": description,
        // The schema wants somebody to whom it is assigned. Cordon knows no ticket, only who may act on it.
        "assignee_group": {"name": "Cordon operators"},
        "finding_info_list": [finding(report, last)],
        "cloud": {
            "provider": "AWS",
            "region": report.region,
            "cloud_partition": report.partition,
            "account": {
                "uid": report.account,
                "name": report.account,
                "type_id": AWS_ACCOUNT,
                "type": "AWS Account",
            },
        },
        "device": device(report),
        "observables": observables(report),
        "metadata": {
            "version": OCSF_VERSION,
            "profiles": ["incident", "cloud", "host"],
            "product": {"name": "Cordon", "vendor_name": "Cordon"},
            "uid": format!("{}/{}", incident.id, report.head.sequence),
            "correlation_uid": incident.id,
            "sequence": report.head.sequence,
            "log_name": "journal",
        },
        "unmapped": unmapped(report),
    });
    Ok(serde_json::to_string(&without_nulls(document))?)
}

fn activity(state: &IncidentState) -> Named {
    match state {
        IncidentState::Committed | IncidentState::Observed => (1, "Create"),
        IncidentState::Refused { reason } if reason.pages() => (1, "Create"),
        IncidentState::Refused { .. } | IncidentState::Released => (3, "Close"),
        IncidentState::Isolated
        | IncidentState::Settling
        | IncidentState::Contained
        | IncidentState::Partial { .. }
        | IncidentState::ReleasePartial { .. } => (2, "Update"),
    }
}

fn status(state: &IncidentState) -> Named {
    match state {
        IncidentState::Observed => (1, "New"),
        IncidentState::Refused { reason } if reason.pages() => (1, "New"),
        IncidentState::Refused { .. } => (5, "Closed"),
        IncidentState::Released => (4, "Resolved"),
        IncidentState::Committed
        | IncidentState::Isolated
        | IncidentState::Settling
        | IncidentState::Contained
        | IncidentState::Partial { .. }
        | IncidentState::ReleasePartial { .. } => (2, "In Progress"),
    }
}

fn severity(state: &IncidentState) -> Named {
    match state {
        IncidentState::Committed | IncidentState::Partial { .. } | IncidentState::ReleasePartial { .. } => (4, "High"),
        IncidentState::Refused { reason } if reason.pages() => (4, "High"),
        IncidentState::Isolated | IncidentState::Settling | IncidentState::Contained => (3, "Medium"),
        IncidentState::Observed => (2, "Low"),
        IncidentState::Refused { .. } | IncidentState::Released => (1, "Informational"),
    }
}

/// Only what Cordon knows: AWS confirmed that the alarm is in ALARM, or that it was set by hand. Whether there was an
/// attack is for people to say.
fn verdict(incident: &Incident) -> Named {
    match incident.state {
        _ if incident.drill => (6, "Test"),
        IncidentState::Refused { .. } => (0, "Unknown"),
        _ => (4, "Suspicious"),
    }
}

fn finding(report: &Report<'_>, last: OffsetDateTime) -> Value {
    let incident = report.incident;
    let alarm = incident.alarm.as_ref();
    json!({
        "uid": alarm.map_or_else(|| incident.id.to_string(), ToString::to_string),
        "title": alarm.map_or("A signal that AWS did not confirm", |alarm| alarm.name()),
        "types": ["CloudWatch alarm"],
        "data_sources": report.traffic.map(|traffic| vec![format!("AWS/EC2 {}", traffic.metric)]),
        "created_time": milliseconds(incident.opened_at),
        "first_seen_time": milliseconds(summary::start(incident)),
        "modified_time": milliseconds(last),
    })
}

/// The instance. Absent where the signal named none.
fn device(report: &Report<'_>) -> Option<Value> {
    let incident = report.incident;
    let instance = incident.instance.as_ref()?;
    let prior = incident.prior.as_ref();
    Some(json!({
        "uid": instance,
        "name": report.instance_name,
        "type_id": VIRTUAL,
        "type": "Virtual",
        "region": report.region,
        "autoscale_uid": incident.group,
        "ip": prior.and_then(|prior| prior.public_ipv4.as_ref()),
    }))
}

fn observables(report: &Report<'_>) -> Vec<Value> {
    let incident = report.incident;
    let resource = |name: &str, value: String| json!({"name": name, "type_id": RESOURCE_UID, "type": "Resource UID", "value": value});
    let mut found = Vec::new();
    found.extend(incident.instance.as_ref().map(|instance| resource("device.uid", instance.to_string())));
    found.extend(incident.alarm.as_ref().map(|alarm| resource("finding_info_list[0].uid", alarm.to_string())));
    let digests = report.evidence.iter().enumerate().filter_map(|(index, item)| {
        let name = format!("unmapped.evidence[{index}].sha256");
        item.sha256.as_ref().map(|value| json!({"name": name, "type_id": HASH, "type": "Hash", "value": value}))
    });
    found.extend(digests);
    found
}

fn unmapped(report: &Report<'_>) -> Value {
    let incident = report.incident;
    let evidence: &[EvidenceItem] = report.evidence;
    let missing: &[MissingEvidence] = report.missing;
    json!({
        "incident": incident.id,
        "state": incident.state,
        "mode": incident.mode,
        "drill": incident.drill,
        "group": incident.group,
        "steps": incident.steps,
        "impossible": incident.plan.impossible,
        "warnings": incident.plan.warnings,
        "evidence": evidence,
        "missing_evidence": missing,
        "journal_head": report.head.hash,
    })
}

/// OCSF counts milliseconds since 1970.
fn milliseconds(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().saturating_mul(1_000).saturating_add(i64::from(at.millisecond()))
}

/// The schema knows attributes that are absent, none that are null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_nulls(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
