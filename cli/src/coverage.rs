//! `cordon coverage`: what is watched, in which mode, and what isn't and why.

use crate::deployment::{Deployment, Settings};
use crate::exit::{Exit, Failed, explained};
use crate::table::{cell, cut};
use containment::authority::Mode;
use containment::coverage::{Coverage, Fleet, ModeTag, WhyNot, coverage};
use containment::verify::Deployment as Routes;
use futures::future::try_join_all;
use ports::PortError;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

const SCHEMA: u32 = 1;
/// Beyond these, the text names a count and JSON has them all.
const NAMED: usize = 50;

pub(crate) async fn run(deployment: &Deployment, as_json: bool) -> Result<(String, Exit), Failed> {
    let settings = deployment.settings().await?;
    let routes = deployment.routes(&settings)?;
    let (fleet, unread) = read(deployment, &settings, &routes).await?;
    let found = coverage(&fleet, &routes);
    let exit = if unread.is_empty() { Exit::Done } else { Exit::CouldNotCheck };
    Ok((if as_json { document(&found, &unread) } else { text(&found, &unread) }, exit))
}

/// Without the groups or the alarms nothing can be said. What else could not be read is named beside the answer.
async fn read(deployment: &Deployment, settings: &Settings, routes: &Routes) -> Result<(Fleet, Vec<String>), Failed> {
    let account = aws_adapters::coverage(&deployment.clients, settings.get("CORDON_TABLE")?);
    let actions = routes.alarm_topics.iter().chain(&routes.function_arn);
    let alarms = try_join_all(actions.map(|action| account.alarms_leading_to(action)));
    let (groups, running, alarms) = tokio::join!(account.groups(), account.running(), alarms);
    let unchecked = |error: PortError| Failed::Unchecked(explained(&error));
    let groups = groups.map_err(unchecked)?;
    let alarms = alarms.map_err(unchecked)?.into_iter().flatten().collect();
    let mut fleet = Fleet { groups, alarms, ..Fleet::default() };
    let mut unread = Vec::new();
    match running {
        Err(error) => unread.push(format!("instances in no group: {}", explained(&error))),
        Ok(running) => {
            let members = fleet.groups.iter().flat_map(|group| &group.members);
            let grouped: BTreeSet<_> = members.map(|member| &member.instance).collect();
            let alone: Vec<_> = running.iter().filter(|instance| !grouped.contains(instance)).cloned().collect();
            match account.standalone(&alone).await {
                Err(error) => unread.push(format!("the list of standalone instances: {}", explained(&error))),
                Ok(standalone) => (fleet.running, fleet.standalone) = (running, standalone),
            }
        }
    }
    Ok((fleet, unread))
}

fn document(found: &Coverage, unread: &[String]) -> String {
    let mut document = json!(found);
    if let Value::Object(members) = &mut document {
        members.insert("schema".to_owned(), json!(SCHEMA));
        members.insert("complete".to_owned(), json!(unread.is_empty()));
        members.insert("unread".to_owned(), json!(unread));
    }
    document.to_string()
}

fn text(found: &Coverage, unread: &[String]) -> String {
    let mut text = row(["group", "mode", "protected", "drills", "instances", "watched"]);
    for group in &found.groups {
        let (instances, watched) = (group.instances.to_string(), group.watched.to_string());
        let (protected, drills) = (yes(group.protected), yes(group.drills_allowed));
        text += &row([group.group.as_str(), &mode_of_group(&group.mode), protected, drills, &instances, &watched]);
    }
    if !found.standalone.is_empty() {
        text.push('\n');
        text += &row(["in no group", "mode", "protected", "drills", "", "watched"]);
    }
    for alone in found.standalone.iter().take(NAMED) {
        let mode = match alone.mode {
            None => "not listed",
            Some(Mode::Observe) => "observe",
            Some(Mode::Enforce) => "enforce",
        };
        let (protected, drills) = (yes(alone.protected), yes(alone.drills_allowed));
        text += &row([alone.instance.as_str(), mode, protected, drills, "", yes(alone.watched)]);
    }
    more(&mut text, found.standalone.len());
    uncovered(&mut text, found);
    if found.alarms_over_many > 0 {
        let _ = writeln!(
            text,
            "\nComposite and multi-series alarms that lead here: {}. Which instances they\nwatch shows only when they ring.",
            found.alarms_over_many
        );
    }
    for missing in unread {
        let _ = writeln!(text, "\nNOT READ: {missing}");
    }
    text.push('\n');
    text + &summary(found)
}

/// 79 columns: names to the left, counts to the right.
fn row([name, mode, protected, drills, instances, watched]: [&str; 6]) -> String {
    format!("{} {} {protected:<9}  {drills:<6}  {instances:>9}  {watched:>7}\n", cell(name, 29), cell(mode, 12))
}

fn uncovered(text: &mut String, found: &Coverage) {
    if found.uncovered.is_empty() {
        return;
    }
    text.push_str("\nnot covered          group                because\n");
    for one in found.uncovered.iter().take(NAMED) {
        let group = one.group.as_ref().map_or("-", |group| group.as_str());
        let why = if one.fleet_alarm { "only its group's fleet alarm".to_owned() } else { one.why.to_string() };
        let _ = writeln!(text, "{:<20} {} {why}", one.instance.as_str(), cell(group, 20));
    }
    more(text, found.uncovered.len());
}

fn more(text: &mut String, all: usize) {
    if all > NAMED {
        let _ = writeln!(text, "and {} more: --json names them all", all - NAMED);
    }
}

fn summary(found: &Coverage) -> String {
    let unwatched = found.uncovered.iter().filter(|one| one.why == WhyNot::NoAlarm && !one.fleet_alarm).count();
    let by_fleet = found.uncovered.iter().filter(|one| one.fleet_alarm).count();
    let outside = found.uncovered.len() - unwatched - by_fleet;
    let summary = match (unwatched, outside) {
        (0, 0) => "Everything that runs is opted in and watched.".to_owned(),
        (0, outside) => format!("Everything opted in is watched. Not opted in: {outside}."),
        (unwatched, outside) => format!("NOT WATCHED although opted in: {unwatched}. Not opted in: {outside}."),
    };
    if by_fleet == 0 { summary } else { format!("{summary}\nBy their group's fleet alarm alone: {by_fleet}.") }
}

fn mode_of_group(mode: &ModeTag) -> String {
    match mode {
        ModeTag::Absent => "-".to_owned(),
        ModeTag::Observe => "observe".to_owned(),
        ModeTag::Enforce => "enforce".to_owned(),
        ModeTag::NotUnderstood(value) => format!("?{}", cut(value, 11)),
    }
}

fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
