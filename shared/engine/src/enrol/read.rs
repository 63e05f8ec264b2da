//! What a run looks at. One page that can't be read fails the run: nothing is deleted for not having been seen.

use super::Enrolment;
use super::pace::Pace;
use containment::ids::GroupName;
use enrolment::{Seen, holds_to_ask, owners_to_ask};
use ports::{EnrolmentRecord, ErrorKind, PortResult};
use signal::InstanceId;
use std::collections::BTreeMap;

/// Tags of alarms that a run reads: CloudWatch answers for one alarm a call, and a run deletes no more than that in its
/// time anyhow. The others come in the next run.
pub(super) const MOST_QUESTIONS: usize = 300;

pub(super) async fn everything(run: &Enrolment, record: EnrolmentRecord) -> PortResult<Seen> {
    let watches = &run.ports.watches;
    let groups_and_machines = async {
        let groups = run.ports.groups.tagged().await?;
        let names: Vec<GroupName> = groups.iter().map(|group| group.name.clone()).collect();
        let machines = watches.machines(&names).await?;
        Ok((groups, machines))
    };
    let ((groups, machines), alarms, detectors, quarantine) = tokio::try_join!(
        groups_and_machines,
        watches.alarms(),
        watches.detectors(),
        run.ports.network.quarantine_groups(),
    )?;
    let mut seen = Seen {
        groups,
        machines,
        alarms,
        detectors: detectors.of_instances,
        trained: detectors.trained,
        detector_count: detectors.count,
        made: record.made,
        quarantine,
        ..Seen::default()
    };
    let asked: Vec<InstanceId> = holds_to_ask(&seen).into_iter().collect();
    let holds = run.ports.enrolments.holds(&asked).await?;
    (seen.held, seen.attacks) = (holds.held, holds.attacks);
    seen.ours = owners(run, &seen).await?;
    Ok(seen)
}

/// Whose the alarms are that the plan would touch.
async fn owners(run: &Enrolment, seen: &Seen) -> PortResult<BTreeMap<String, bool>> {
    let (mut found, mut pace) = (BTreeMap::new(), Pace::default());
    for name in owners_to_ask(&run.settings, seen).into_iter().take(MOST_QUESTIONS) {
        let Some(alarm) = seen.alarms.get(&name) else { continue };
        let clock = &run.ports.clock;
        clock.sleep(pace.turn("read-tags", clock.now())).await;
        if clock.now() >= run.deadline {
            break;
        }
        match run.ports.watches.enrolled_tag(&alarm.arn).await {
            Ok(tag) => found.insert(name, tag.as_deref() == Some(run.settings.topic.as_str())),
            // Deleted since: nobody's to touch.
            Err(error) if error.kind == ErrorKind::Gone => None,
            Err(error) if error.kind == ErrorKind::Throttled => break,
            Err(error) => return Err(error),
        };
    }
    Ok(found)
}
