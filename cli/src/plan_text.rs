//! Plans as text that a person can approve.

use containment::ids::IncidentId;
use containment::incident::StepStatus;
use containment::observed::PowerState;
use containment::prior::PriorState;
use containment::release::ReleasePlan;
use containment::step::Step;
use engine::ContainmentPlan;
use signal::{OneLine, Quoted};
use std::fmt::Write;

pub(crate) fn of_containment(planned: &ContainmentPlan) -> String {
    let mut text = format!("Plan to contain {}. Nothing was changed.\n\nSteps\n", planned.instance);
    for step in &planned.plan.steps {
        let _ = writeln!(text, "  {:<18} {}", step.to_string(), doing(*step));
    }
    for omission in &planned.plan.impossible {
        let _ = writeln!(text, "  {:<18} NOT POSSIBLE: {}", omission.step.to_string(), omission.why);
    }
    for omission in &planned.plan.not_needed {
        let _ = writeln!(text, "  {:<18} not needed: {}", omission.step.to_string(), omission.why);
    }
    text.push_str("\nAs it is now, and as a release would restore it\n");
    prior(&mut text, &planned.prior);
    text.push_str("\nWhat no release brings back\n");
    for warning in losses(planned) {
        let _ = writeln!(text, "  {warning}");
    }
    for warning in &planned.plan.warnings {
        let _ = writeln!(text, "  note: {warning}");
    }
    text.trim_end().to_owned()
}

fn prior(text: &mut String, prior: &PriorState) {
    let mut line = |label: &str, value: String| {
        let _ = writeln!(text, "  {label:<18} {value}");
    };
    line("power", power(prior.power).to_owned());
    for interface in &prior.interfaces {
        let groups: Vec<&str> = interface.groups.iter().map(|group| group.as_str()).collect();
        line("interface", format!("{} in {}", interface.id, groups.join(" ")));
    }
    match &prior.membership {
        Some(membership) => {
            line("group", format!("{} ({:?})", Quoted(membership.group.as_str()), membership.lifecycle))
        }
        None => line("group", "none".to_owned()),
    }
    line("instance profile", prior.profile_arn.clone().unwrap_or_else(|| "none".to_owned()));
    for volume in &prior.volumes {
        let kept = if volume.delete_on_termination { "goes with the instance" } else { "kept" };
        line("volume", format!("{} at {}, {kept}", volume.id, volume.device));
    }
    let protection = prior.protection;
    line("protection", format!("termination {}, stop {}", on(protection.termination), on(protection.stop)));
}

fn losses(planned: &ContainmentPlan) -> Vec<String> {
    if !planned.plan.steps.contains(&Step::StopInstance) {
        return vec!["nothing: the instance keeps running, isolated".to_owned()];
    }
    let mut lost = vec!["the contents of any instance store volumes".to_owned()];
    if !planned.prior.hibernation_configured {
        lost.push("the contents of its memory (use --hold to keep it running, isolated)".to_owned());
    }
    if let Some(address) = &planned.prior.public_ipv4 {
        lost.push(format!("its public IPv4 address {address}, unless that is an Elastic IP"));
    }
    lost
}

pub(crate) fn of_release(incident: &IncidentId, plan: &ReleasePlan) -> String {
    let mut text = format!("Plan to release {incident}. Nothing was changed.\n\nIn this order\n");
    for step in &plan.steps {
        let _ = writeln!(text, "  {}", undoing(*step));
    }
    for omission in &plan.not_needed {
        let _ = writeln!(text, "  not needed: {} ({})", undoing(omission.step), omission.why);
    }
    for difference in &plan.accepted {
        let _ = writeln!(text, "  accepted: {}", Quoted(&difference.to_string()));
    }
    for lost in &plan.lost {
        let _ = writeln!(text, "  not restored: {lost}");
    }
    for lock in &plan.kept {
        let _ = writeln!(text, "  left as it is: snapshot {}", OneLine(&lock.to_string()));
    }
    text.trim_end().to_owned()
}

pub(crate) fn status(status: &StepStatus) -> String {
    match status {
        StepStatus::Planned => "not begun".to_owned(),
        StepStatus::Done => "done".to_owned(),
        StepStatus::Waiting { why } => format!("under way: {}", Quoted(why)),
        StepStatus::Failed { error } => format!("FAILED: {}", Quoted(error)),
    }
}

fn doing(step: Step) -> &'static str {
    match step {
        Step::QuarantineNetwork => "move every network interface into the empty quarantine group",
        Step::UntrackConnections => {
            "move every interface from there into the allow-all group and straight back, to cut tracked connections"
        }
        Step::DetachFromGroup => "detach it from its group, which launches a replacement",
        Step::ProtectEvidence => "protect it from termination and keep its volumes",
        Step::DeregisterTargets => "take it out of further target groups",
        Step::SnapshotVolumes => "snapshot every volume at once",
        Step::CaptureMetadata => "store what AWS says of it as evidence",
        Step::RevokeCredentials => "deny its role's sessions, of this instance alone",
        Step::StopInstance => "stop it, once it is out of its group",
        Step::TagInstance => "tag it with the incident",
        Step::Notify => "tell people",
    }
}

pub(crate) fn undoing(step: Step) -> &'static str {
    match step {
        Step::QuarantineNetwork => "restore its security groups",
        Step::DetachFromGroup => "attach it to its group again",
        Step::ProtectEvidence => "restore its protection",
        Step::DeregisterTargets => "register its targets again",
        Step::RevokeCredentials => "give its credentials back",
        Step::StopInstance => "start it",
        Step::TagInstance => "remove the incident's tag",
        Step::UntrackConnections | Step::SnapshotVolumes | Step::CaptureMetadata | Step::Notify => "keep the record",
    }
}

fn power(state: PowerState) -> &'static str {
    match state {
        PowerState::Pending => "pending",
        PowerState::Running => "running",
        PowerState::Stopping => "stopping",
        PowerState::Stopped => "stopped",
        PowerState::ShuttingDown => "shutting down",
        PowerState::Terminated => "terminated",
    }
}

fn on(flag: bool) -> &'static str {
    if flag { "on" } else { "off" }
}
