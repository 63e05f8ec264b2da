//! The way back from a group swap: every interface into its quarantine group, until AWS has accepted it and shows it.

use crate::Engine;
use crate::cut::ready_group;
use crate::journal_writer::JournalWriter;
use containment::ids::{InterfaceId, SecurityGroupId};
use containment::incident::StepStatus;
use containment::journal::EventBody;
use containment::observed::{ObservedInterface, ObservedSecurityGroup};
use containment::prior::PriorState;
use containment::quarantine;
use containment::step::Step;
use containment::untracking::{self, Resume};
use futures::future::join_all;
use signal::InstanceId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use time::OffsetDateTime;

/// Kept for the end of a run: its journal and its page.
pub(crate) const END_TIME: Duration = Duration::from_secs(5);
/// How long a resumed run goes on with the way back before it looks at the rest; the next run goes on.
const RESUME_TIME: Duration = Duration::from_secs(15);
/// Not to be taken for a quarantine group that is no more.
const NO_INTERFACE: &str = "InvalidNetworkInterfaceID.NotFound";
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Each interface's quarantine group.
pub(crate) type Homes = BTreeMap<InterfaceId, SecurityGroupId>;
pub(crate) type Shown = (Vec<ObservedInterface>, Vec<ObservedSecurityGroup>);

/// Moves interfaces into their quarantine groups until AWS has accepted each and shows each there, or until `until`. A lost
/// lease ends nothing here: whoever holds it does the same.
pub(crate) async fn put_back(
    engine: &Engine,
    writer: &JournalWriter,
    id: &InstanceId,
    homes: &Homes,
    mut accepted: BTreeSet<InterfaceId>,
    until: OffsetDateTime,
) -> Result<Shown, String> {
    let ports = &engine.ports;
    let mut moved: BTreeSet<InterfaceId> = homes.keys().cloned().collect();
    let mut pause = FIRST_PAUSE;
    loop {
        let mut errors = Vec::new();
        let again = homes.iter().filter(|(interface, _)| moved.contains(interface) && !accepted.contains(interface));
        let again = again.map(async |(interface, group)| {
            (interface, ports.network.set_groups(interface, std::slice::from_ref(group)).await)
        });
        for (interface, answer) in join_all(again).await {
            match answer {
                Ok(()) => drop(accepted.insert(interface.clone())),
                // The interface is no more, and its connections with it.
                Err(error) if error.code.as_deref() == Some(NO_INTERFACE) => drop(moved.remove(interface)),
                Err(error) => errors.push(format!("{interface}: {error}")),
            }
        }
        let (interfaces, groups) = tokio::join!(ports.network.interfaces(id), ports.network.quarantine_groups());
        match (interfaces, groups) {
            (Ok(interfaces), Ok(groups)) => {
                let astray = untracking::not_back(&moved, &interfaces, &groups);
                if errors.is_empty() && astray.is_empty() {
                    return Ok((interfaces, groups));
                }
                accepted.retain(|interface| !astray.contains(interface));
                errors.extend(astray.iter().map(|interface| format!("{interface} is not seen back")));
            }
            (interfaces, groups) => {
                let unread = [interfaces.err(), groups.err()];
                errors.extend(unread.into_iter().flatten().map(|error| error.to_string()));
            }
        }
        let why = format!("INTERFACES MAY BE OPEN in the allow-all group: {}", errors.join("; "));
        tracing::error!(instance = %id, %why, "the way back into quarantine is not done");
        if ports.clock.now() + pause > until {
            return Err(why);
        }
        // The lease is kept if it can be; that it could not shows at the next append.
        let (_, ()) = tokio::join!(writer.renew(), ports.clock.sleep(pause));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What a resumed run begins with where the step was begun: every interface on record into its quarantine group, whatever
/// AWS shows of it. A call of the run that was cut short may take effect late.
async fn put_back_on_record(
    engine: &Engine,
    writer: &JournalWriter,
    id: &InstanceId,
    prior: &PriorState,
) -> Result<(), String> {
    let groups = engine.ports.network.quarantine_groups().await.map_err(|error| error.to_string())?;
    let mut homes = Homes::new();
    let mut unready = Vec::new();
    for vpc in quarantine::vpcs(&prior.interfaces) {
        let of_vpc = quarantine::movable(&prior.interfaces).filter(|interface| interface.vpc == vpc);
        match ready_group(&engine.ports, &groups, &vpc).await {
            Ok(group) => homes.extend(of_vpc.map(|interface| (interface.id.clone(), group.clone()))),
            Err(why) => unready.push(why),
        }
    }
    let until = (engine.ports.clock.now() + RESUME_TIME).min(engine.deadline - END_TIME);
    let back = put_back(engine, writer, id, &homes, BTreeSet::new(), until).await;
    match (back, unready.is_empty()) {
        (Ok(_), true) => Ok(()),
        (Ok(_), false) => Err(unready.join("; ")),
        (Err(why), _) => Err(why),
    }
}

/// The cut does not hold while an interface may be open, whatever a read showed.
pub(crate) fn left_open(why: &str) -> EventBody {
    EventBody::reported(Step::QuarantineNetwork, StepStatus::failed(why), None)
}

/// The way back where a run that was cut short may need it.
pub(crate) async fn begin_with_quarantine(
    engine: &Engine,
    writer: &JournalWriter,
    resume: Resume,
    id: &InstanceId,
    prior: &PriorState,
) -> Result<(), String> {
    match resume {
        Resume::PutBack => put_back_on_record(engine, writer, id, prior).await,
        Resume::NeverBegun | Resume::Nothing => Ok(()),
    }
}
