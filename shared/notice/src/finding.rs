//! The incident as a finding in the AWS Security Finding Format: one for its whole life, with the same id.
//!
//! Source: "Required top-level ASFF attributes", "Types taxonomy for ASFF" and "BatchImportFindings for finding providers"
//! in Security Hub's user guide.

use crate::{Place, Severity, commands, headline, links, severity, why};
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::step::Step;
use signal::OneLine;
use time::OffsetDateTime;

const TITLE_LIMIT: usize = 256;
const DESCRIPTION_LIMIT: usize = 1024;
const ADVICE_LIMIT: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingSeverity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordState {
    Active,
    Archived,
}

/// Counts for a finding that Security Hub doesn't know yet: afterwards it belongs to people, and an import leaves it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkflowStatus {
    New,
    Resolved,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub id: String,
    pub product_arn: String,
    pub generator: &'static str,
    pub account: String,
    pub region: String,
    pub partition: String,
    pub created_at: OffsetDateTime,
    /// An import that isn't newer than the one before is ignored.
    pub updated_at: OffsetDateTime,
    pub title: String,
    pub description: String,
    /// What to type next.
    pub advice: String,
    /// Where the console shows the instance.
    pub source_url: Option<String>,
    /// `namespace/category` of the taxonomy.
    pub finding_type: &'static str,
    pub severity: FindingSeverity,
    pub record_state: RecordState,
    pub workflow: WorkflowStatus,
    /// Of Security Hub's resource types.
    pub resource_type: &'static str,
    pub resource_arn: String,
    /// Cordon's own names, each with `cordon/` before it.
    pub fields: Vec<(&'static str, String)>,
}

/// `None` for what nobody needs to look at: a refusal that doesn't page. `now` is the time of this version of it.
pub fn finding(incident: &Incident, place: &Place<'_>, now: OffsetDateTime) -> Option<Finding> {
    let instance = incident.instance.as_ref()?;
    if matches!(incident.state, IncidentState::Refused { .. }) && severity(incident) != Severity::Page {
        return None;
    }
    let Place { account, region, partition, .. } = place;
    let drill = if incident.drill { "DRILL: " } else { "" };
    let is_over = incident.state == IncidentState::Released;
    Some(Finding {
        id: format!("{region}/{account}/cordon/{}", incident.id),
        product_arn: format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        generator: "cordon/containment",
        account: account.to_string(),
        region: region.to_string(),
        partition: (*partition).to_owned(),
        created_at: incident.opened_at,
        updated_at: now,
        title: cut(&format!("{drill}Cordon: {instance} {}", headline(incident)), TITLE_LIMIT),
        description: cut(&description(incident), DESCRIPTION_LIMIT),
        advice: cut(&advice(incident), ADVICE_LIMIT),
        source_url: links::links(incident, place)
            .into_iter()
            .find(|(name, _)| *name == "instance")
            .map(|(_, link)| link),
        finding_type: finding_type(incident),
        severity: label(incident),
        // The instance is back in service. Whatever else happened, somebody may still have to look.
        record_state: if is_over { RecordState::Archived } else { RecordState::Active },
        workflow: if is_over { WorkflowStatus::Resolved } else { WorkflowStatus::New },
        resource_type: "AwsEc2Instance",
        resource_arn: format!("arn:{partition}:ec2:{region}:{account}:instance/{instance}"),
        fields: fields(incident),
    })
}

/// As in the report for OCSF.
fn label(incident: &Incident) -> FindingSeverity {
    match &incident.state {
        IncidentState::Committed
        | IncidentState::Partial { .. }
        | IncidentState::ReleasePartial { .. }
        | IncidentState::Refused { .. } => FindingSeverity::High,
        IncidentState::Isolated | IncidentState::Settling | IncidentState::Contained => FindingSeverity::Medium,
        IncidentState::Observed => FindingSeverity::Low,
        IncidentState::Released => FindingSeverity::Informational,
    }
}

/// By the metric that alarmed. That it was an attack, and which, is for people to say.
fn finding_type(incident: &Incident) -> &'static str {
    match &incident.figure {
        Some(figure) if figure.metric.starts_with("Network") => "Unusual Behaviors/Network Flow",
        _ => "Unusual Behaviors/VM",
    }
}

fn description(incident: &Incident) -> String {
    let mut told = vec![format!("State {}.", incident.state.name())];
    if let IncidentState::Refused { reason } = &incident.state {
        told.push(format!("It was left alone: {reason}."));
    }
    told.extend(why::reasons(incident).into_iter().map(|(label, reason)| format!("{label}: {reason}.")));
    if let Some(requested) = &incident.requested {
        told.push(format!("Asked by {}.", requested.by.arn));
    }
    if let Some(release) = &incident.release {
        told.push(format!("Released by {}.", release.by.arn));
    }
    let failed = incident.steps.iter().filter_map(|(step, record)| match &record.status {
        StepStatus::Failed { error } if *step != Step::Notify => Some(format!("{step} FAILED: {error}.")),
        _ => None,
    });
    told.extend(failed);
    told.extend(incident.plan.impossible.iter().map(|one| format!("{} is impossible: {}.", one.step, one.why)));
    told.join(" ")
}

fn advice(incident: &Incident) -> String {
    let see = commands::show(incident).map(|command| format!("See it: {command}"));
    let release = commands::release(incident).map(|command| format!("Release it: {command}"));
    let contain = commands::contain(incident).map(|command| format!("Contain it: {command}"));
    [see, release, contain].into_iter().flatten().collect::<Vec<_>>().join(" | ")
}

fn fields(incident: &Incident) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("cordon/incident", incident.id.to_string()),
        ("cordon/state", incident.state.name().to_owned()),
        ("cordon/drill", incident.drill.to_string()),
    ];
    fields.extend(incident.alarm.as_ref().map(|alarm| ("cordon/alarm", OneLine(&alarm.to_string()).to_string())));
    fields.extend(incident.group.as_ref().map(|group| ("cordon/group", OneLine(group.as_str()).to_string())));
    fields
}

/// On one line, and at most `limit` characters.
fn cut(text: &str, limit: usize) -> String {
    let plain = OneLine(text).to_string();
    if plain.chars().count() <= limit {
        return plain;
    }
    plain.chars().take(limit - 1).chain(['…']).collect()
}
