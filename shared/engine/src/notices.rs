//! What people are told: what, where, why, what was done, what failed, and where to look.

use crate::Config;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::operator::Operator;
use containment::request::PendingApproval;
use ports::{Notice, Severity};
use serde_json::json;
use std::fmt::Write;

pub(crate) fn of(incident: &Incident, config: &Config) -> Notice {
    let instance = incident.instance.as_ref().map_or_else(|| "no instance".to_owned(), ToString::to_string);
    let drill = if incident.drill { "DRILL " } else { "" };
    Notice {
        incident: incident.id.clone(),
        severity: severity(incident),
        subject: format!("{drill}Cordon: {instance} {} ({})", headline(&incident.state), config.deployment.region),
        text: text(incident, config, &instance),
        details: json!({
            "schema": containment::incident::SCHEMA,
            "incident": incident.id,
            "account": config.deployment.account,
            "region": config.deployment.region,
            "instance": incident.instance,
            "group": incident.group,
            "alarm": incident.alarm,
            "state": incident.state,
            "requested": incident.requested,
            "release": incident.release,
            "steps": incident.steps,
            "locks": incident.locks,
            "impossible": incident.plan.impossible,
            "warnings": incident.plan.warnings,
        })
        .to_string(),
    }
}

fn severity(incident: &Incident) -> Severity {
    match &incident.state {
        IncidentState::Partial { .. } | IncidentState::ReleasePartial { .. } => Severity::Page,
        // Who asked by hand has the refusal already.
        IncidentState::Refused { reason } if reason.pages() && incident.requested.is_none() => Severity::Page,
        IncidentState::Refused { .. } | IncidentState::Released => Severity::Info,
        // Nothing was read back in quarantine when this was said: it may still be reachable.
        IncidentState::Committed => Severity::Page,
        IncidentState::Isolated | IncidentState::Settling | IncidentState::Contained | IncidentState::Observed => {
            Severity::Action
        }
    }
}

fn headline(state: &IncidentState) -> &'static str {
    match state {
        IncidentState::Committed => "is being contained",
        IncidentState::Isolated | IncidentState::Settling => "is isolated",
        IncidentState::Contained => "is contained",
        IncidentState::Partial { .. } => "is only partly contained",
        IncidentState::Observed => "would have been contained",
        IncidentState::Refused { .. } => "was not contained",
        IncidentState::Released => "is released",
        IncidentState::ReleasePartial { .. } => "is only partly released",
    }
}

fn text(incident: &Incident, config: &Config, instance: &str) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &dyn std::fmt::Display| {
        // Names come from people and messages: quoted, so that none can forge a line of this text.
        let _ = writeln!(text, "{label:<10} {}", signal::Quoted(&value.to_string()));
    };
    line("Incident", &incident.id);
    line("Instance", &format!("{instance}, account {}, {}", config.deployment.account, config.deployment.region));
    if let Some(group) = &incident.group {
        line("Group", group);
    }
    if let Some(alarm) = &incident.alarm {
        line("Alarm", &alarm.name());
    }
    line("State", &incident.state.name());
    if let Some(requested) = &incident.requested {
        line("Asked by", &requested.by.arn);
        line("Reason", &requested.reason);
        if let Some(second) = &requested.approved_by {
            line("Approved", &second.arn);
        }
        for guard in &requested.overrides {
            line("Overrides", guard);
        }
    }
    if let Some(release) = &incident.release {
        line("Released", &release.by.arn);
        line("Reason", &release.reason);
    }
    match &incident.state {
        IncidentState::Refused { reason } => line("Why", reason),
        IncidentState::Observed => line("Plan", &names(incident)),
        _ => {}
    }
    for (step, record) in &incident.steps {
        line("", &format!("{step}: {}", describe(&record.status)));
    }
    for lock in incident.locks.missing() {
        line("", lock);
    }
    for omission in incident.plan.impossible.iter().chain(&incident.plan.not_needed) {
        line("", &format!("{}: not taken, {}", omission.step, omission.why));
    }
    for warning in &incident.plan.warnings {
        line("Note", warning);
    }
    let _ = writeln!(text, "\nSee it with:  cordon show {}", incident.id);
    text
}

fn names(incident: &Incident) -> String {
    incident.plan.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn describe(status: &StepStatus) -> String {
    match status {
        StepStatus::Planned => "not begun".to_owned(),
        StepStatus::Done => "done".to_owned(),
        StepStatus::Waiting { why } => format!("under way ({why})"),
        StepStatus::Failed { error } => format!("FAILED ({error})"),
    }
}

/// A protected instance waits for a second person.
pub(crate) fn of_approval(pending: &PendingApproval, config: &Config) -> Notice {
    let requested = &pending.requested;
    let text = format!(
        "{} asks to contain {}, which is protected.\nReason:   {}\nApprove with:  cordon approve {} --reason REASON\n\
         until {}, as another user or role.\n",
        requested.by.arn, pending.instance, requested.reason, pending.id, pending.expires_at
    );
    Notice {
        incident: IncidentId::new(pending.id.clone()),
        severity: Severity::Page,
        subject: format!("Cordon: {} needs approval ({})", pending.instance, config.deployment.region),
        text,
        details: json!({"schema": containment::incident::SCHEMA, "approval": pending}).to_string(),
    }
}

pub(crate) fn of_freeze(what: &str, by: &Operator, reason: &str, config: &Config) -> Notice {
    Notice {
        incident: IncidentId::new("freeze"),
        severity: Severity::Page,
        subject: format!("Cordon: automatic containment is {what} ({})", config.deployment.region),
        text: format!("By:      {}\nReason:  {reason}\n", by.arn),
        details: json!({"schema": containment::incident::SCHEMA, "freeze": what, "by": by, "reason": reason})
            .to_string(),
    }
}
