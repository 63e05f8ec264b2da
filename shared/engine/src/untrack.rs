//! The two-step group swap. An interface that is open is worse than an event that is not written: from the event that says
//! that it was begun until every interface is back, nothing waits for the journal.

use crate::Engine;
use crate::apply::{Facts, settle_state};
use crate::journal_writer::{JournalWriter, RunEnd};
use crate::news::tell;
use crate::put_back::{END_TIME, Homes, left_open, put_back};
use containment::assess::{Seen, needs_met};
use containment::ids::{InterfaceId, SecurityGroupId, VpcId};
use containment::incident::{IncidentState, StepStatus};
use containment::journal::EventBody;
use containment::observed::ObservedInterface;
use containment::quarantine;
use containment::step::Step;
use containment::untracking::{self, Readiness};
use futures::future::join_all;
use ports::Ports;
use std::collections::BTreeMap;
use std::time::Duration;
use time::OffsetDateTime;

/// A swap isn't begun with less time than this before the invocation's deadline: each of its calls may take ten seconds.
const SWAP_TIME: Duration = Duration::from_secs(30);
/// A process that was paused since it journaled the beginning opens nothing any more: another may have ended the step.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
const READ_BACKS: u32 = 5;
const READ_BACK_PAUSE: Duration = Duration::from_millis(200);

/// One interface's way out of its quarantine group and back.
struct Way {
    interface: InterfaceId,
    allow_all: SecurityGroupId,
    quarantine: SecurityGroupId,
}

struct Passed {
    interface: InterfaceId,
    /// Why the interface was not seen to pass through the allow-all group.
    not_opened: Option<String>,
    /// From the call that opens to the answer of the one that closes.
    open_for: time::Duration,
    back: bool,
}

/// Takes the step once the cut was seen to hold. Answers the reports that are still to be appended, the cut's among them.
pub(crate) async fn untrack(
    engine: &Engine,
    writer: &JournalWriter,
    facts: &mut Facts,
    mut reports: Vec<EventBody>,
) -> Result<Vec<EventBody>, RunEnd> {
    let ways = match ways(engine, facts).await {
        Ok(ways) => ways,
        Err(why) => {
            reports.push(report(StepStatus::failed(format!("not begun: {why}")), None));
            reports.extend(isolated(facts));
            return Ok(reports);
        }
    };
    let begun = "begun: interfaces may be open until they are seen back in quarantine";
    reports.push(report(StepStatus::waiting(begun), None));
    let begun_at = engine.ports.clock.now();
    settle_state(writer, reports).await?;
    let passed = join_all(ways.iter().map(|way| pass(&engine.ports, way, begun_at))).await;
    let homes: Homes = ways.into_iter().map(|way| (way.interface, way.quarantine)).collect();
    let accepted = passed.iter().filter(|passed| passed.back).map(|passed| passed.interface.clone()).collect();
    let back = put_back(engine, writer, &facts.id, &homes, accepted, engine.deadline - END_TIME).await;
    let (interfaces, groups) = match back {
        Ok(shown) => shown,
        Err(why) => {
            settle_state(writer, vec![left_open(&why), report(StepStatus::waiting(&why), None)]).await?;
            tell(engine, writer).await?;
            return Ok(Vec::new());
        }
    };
    (facts.interfaces, facts.quarantine_groups) = (interfaces, groups);
    let mut reports = vec![end(&passed)];
    // What somebody attached or managed meanwhile is the cut's business, in a later run.
    if let status @ StepStatus::Failed { .. } = network(facts) {
        reports.push(EventBody::reported(Step::QuarantineNetwork, status, None));
    }
    reports.extend(isolated(facts));
    Ok(reports)
}

/// What to pass through, if nothing stands against it. Nothing is opened before all of it is known.
async fn ways(engine: &Engine, facts: &Facts) -> Result<Vec<Way>, String> {
    let seen = Seen {
        interfaces: facts.interfaces.clone(),
        quarantine_groups: facts.quarantine_groups.clone(),
        ..Seen::default()
    };
    needs_met(Step::UntrackConnections, &seen)?;
    let quarantine = quarantine::ready(&facts.quarantine_groups);
    let mut allow_all = BTreeMap::new();
    for vpc in quarantine::vpcs(&facts.interfaces) {
        allow_all.insert(vpc.clone(), ready_allow_all_group(&engine.ports, &vpc).await?);
    }
    if engine.ports.clock.now() + SWAP_TIME > engine.deadline {
        return Err("too little time was left".to_owned());
    }
    let way = |interface: &ObservedInterface| {
        let (allow_all, quarantine) = (allow_all.get(&interface.vpc)?, quarantine.get(&interface.vpc)?);
        let (allow_all, quarantine) = (allow_all.clone(), quarantine.clone());
        Some(Way { interface: interface.id.clone(), allow_all, quarantine })
    };
    Ok(quarantine::movable(&facts.interfaces).filter_map(way).collect())
}

/// The VPC's allow-all group, made first where it is missing. It is used only once AWS showed its rules, and no others.
async fn ready_allow_all_group(ports: &Ports, vpc: &VpcId) -> Result<SecurityGroupId, String> {
    let text = |error: ports::PortError| error.to_string();
    for _ in 0..READ_BACKS {
        match untracking::readiness(vpc, &ports.network.allow_all_groups().await.map_err(text)?) {
            Readiness::Ready(group) => return Ok(group),
            Readiness::Missing => {
                ports.network.create_allow_all_group(vpc).await.map_err(text)?;
            }
            Readiness::Lacking(group, rules) => {
                ports.network.open_allow_all_group(&group, &rules).await.map_err(text)?;
            }
            Readiness::Altered(group) => {
                return Err(format!(
                    "{group}, the allow-all group of {vpc}, has rules that Cordon never makes; delete it"
                ));
            }
            Readiness::Squatted(group) => {
                return Err(format!(
                    "{group} has the allow-all group's name in {vpc} without Cordon's tag; rename or delete it"
                ));
            }
        }
        ports.clock.sleep(READ_BACK_PAUSE).await;
    }
    Err(format!("the allow-all group of {vpc} was not seen with its rules"))
}

/// One interface through the allow-all group: nothing is between the two calls.
async fn pass(ports: &Ports, way: &Way, begun_at: OffsetDateTime) -> Passed {
    let from = ports.clock.now();
    let opened = if from - begun_at > OPEN_WITHIN {
        Err("it was too late to open it".to_owned())
    } else {
        let opened = ports.network.set_groups(&way.interface, std::slice::from_ref(&way.allow_all)).await;
        opened.map_err(|error| error.to_string())
    };
    // Whatever was answered: a call that failed may have had its effect.
    let closed = ports.network.set_groups(&way.interface, std::slice::from_ref(&way.quarantine)).await;
    Passed {
        interface: way.interface.clone(),
        not_opened: opened.err(),
        open_for: ports.clock.now() - from,
        back: closed.is_ok(),
    }
}

pub(crate) fn report(status: StepStatus, detail: Option<String>) -> EventBody {
    EventBody::reported(Step::UntrackConnections, status, detail)
}

/// How it ended, with every interface back.
fn end(passed: &[Passed]) -> EventBody {
    let longest = passed.iter().map(|passed| passed.open_for.whole_milliseconds()).max().unwrap_or_default();
    let names: Vec<&str> = passed.iter().map(|passed| passed.interface.as_str()).collect();
    let detail = format!("{} open for {longest} ms at most, then seen back in quarantine", names.join(", "));
    let errors: Vec<String> = passed
        .iter()
        .filter_map(|passed| passed.not_opened.as_ref().map(|why| format!("{}: {why}", passed.interface)))
        .collect();
    if errors.is_empty() {
        return report(StepStatus::Done, Some(detail));
    }
    let error = format!("{}; what was tracked may live on, every interface is seen in quarantine", errors.join("; "));
    report(StepStatus::failed(error), Some(detail))
}

fn network(facts: &Facts) -> StepStatus {
    containment::assess::network(&facts.interfaces, &facts.quarantine_groups)
}

/// Held back by the cut until nothing opens an interface any more.
fn isolated(facts: &Facts) -> Option<EventBody> {
    (network(facts) == StepStatus::Done).then_some(EventBody::StateChanged { state: IncidentState::Isolated })
}
