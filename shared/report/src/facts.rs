//! Key facts: who, where, when.

use crate::{Report, times};
use containment::authority::{AuthoritySource, Mode};
use notice::Console;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub label: &'static str,
    pub value: String,
    /// Where the AWS console shows it.
    pub link: Option<String>,
}

pub(crate) fn facts(report: &Report<'_>) -> Vec<Fact> {
    let incident = report.incident;
    let console = Console::of(report.partition, report.region);
    let link = |to: &dyn Fn(&Console<'_>) -> String| console.as_ref().map(to);
    let mut facts = Vec::new();
    let mut fact = |label, value: Option<String>, link: Option<String>| {
        facts.extend(value.map(|value| Fact { label, value, link }));
    };
    fact("Incident", Some(incident.id.to_string()), None);
    if let Some(instance) = &incident.instance {
        fact("Instance", Some(instance.to_string()), link(&|console| console.instance(instance.as_str())));
    }
    fact("Name", report.instance_name.map(ToOwned::to_owned), None);
    if let Some(group) = &incident.group {
        fact("Auto Scaling group", Some(group.to_string()), link(&|console| console.group(group.as_str())));
    }
    if let Some(alarm) = &incident.alarm {
        fact("Alarm", Some(alarm.name().to_owned()), link(&|console| console.alarm(alarm.name())));
    }
    fact("Traffic", incident.judged.as_ref().map(|judged| judged.reasons.join("; ")), None);
    fact("Account", Some(report.account.to_string()), None);
    fact("Region", Some(report.region.to_string()), None);
    fact("Mode", incident.mode.map(|mode| mode_name(mode).to_owned()), None);
    fact("Opted in by", incident.authority.as_ref().map(|authority| source(&authority.source)), None);
    fact("Drill", incident.drill.then(|| "yes: the alarm's state was set by hand".to_owned()), None);
    fact("Alarm went off", incident.transitioned_at.map(times::moment), None);
    fact("Opened", Some(times::moment(incident.opened_at)), None);
    fact("Isolated", incident.isolated_at.map(times::moment), None);
    fact("Seen stopped", incident.severed_at.map(times::moment), None);
    fact("Contained", incident.contained_at.map(times::moment), None);
    let prior = incident.prior.as_ref();
    fact("Instance profile", prior.and_then(|prior| prior.profile_arn.clone()), None);
    fact("Public IPv4 before", prior.and_then(|prior| prior.public_ipv4.clone()), None);
    facts
}

pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe",
        Mode::Enforce => "enforce",
    }
}

fn source(source: &AuthoritySource) -> String {
    match source {
        AuthoritySource::Group(group) => format!("the tags of group {group}"),
        AuthoritySource::StandaloneList => "the list of standalone instances".to_owned(),
        AuthoritySource::ManualScope => "ManualScope: operators may contain any instance".to_owned(),
    }
}
