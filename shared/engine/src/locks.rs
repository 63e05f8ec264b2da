//! Locking an incident's snapshots, so that whoever may delete snapshots can't delete these. Nothing waits for it but the
//! end of the run: a snapshot can be locked while it is still being made.

use containment::incident::{Incident, StepStatus};
use containment::journal::EventBody;
use containment::observed::{ObservedSnapshot, SnapshotState};
use containment::snapshot_lock::{LockTerms, SnapshotLock};
use containment::step::Step;
use futures::future::join_all;
use ports::{Ports, Snapshots};

/// Locks those of `snapshots` that are not seen locked. `None` where that tells nothing new.
pub(crate) async fn lock(
    ports: &Ports,
    incident: &Incident,
    snapshots: &[ObservedSnapshot],
) -> Option<Vec<SnapshotLock>> {
    let terms = incident.plan.snapshot_lock?;
    let usable: Vec<_> = snapshots.iter().filter(|snapshot| snapshot.state != SnapshotState::Error).collect();
    let is_new = |snapshot: &&ObservedSnapshot| incident.locks.of(&snapshot.id).is_none();
    if usable.is_empty() || (!incident.waits_for_locks() && !usable.iter().any(is_new)) {
        return None;
    }
    let locks = now_locked(&*ports.snapshots, incident, &terms, &usable).await;
    for missing in locks.iter().filter(|lock| lock.is_missing()) {
        tracing::error!(incident = %incident.id, snapshot = %missing.snapshot, error = %missing, "a snapshot is not locked");
    }
    // A failure is news each time, since failures are counted.
    let news = locks != incident.locks.snapshots || locks.iter().any(SnapshotLock::is_missing);
    news.then_some(locks)
}

/// What AWS shows of those that were locked before, and its answer to locking the others.
async fn now_locked(
    port: &dyn Snapshots,
    incident: &Incident,
    terms: &LockTerms,
    snapshots: &[&ObservedSnapshot],
) -> Vec<SnapshotLock> {
    let known = snapshots.iter().map(|snapshot| &snapshot.id).filter(|id| incident.locks.of(id).is_some());
    let known: Vec<_> = known.cloned().collect();
    let shown = if known.is_empty() { Ok(Vec::new()) } else { port.locks(&known).await };
    let each = snapshots.iter().map(async |snapshot| {
        let id = snapshot.id.clone();
        let shown = match &shown {
            Ok(shown) => shown.iter().find(|(of, _)| *of == id).map(|(_, lock)| *lock),
            // Locking it again would be refused for one that can only be extended.
            Err(error) if incident.locks.of(&id).is_some_and(|lock| !lock.is_missing()) => {
                return SnapshotLock::missing(id, format!("whether it still is could not be read: {error}"));
            }
            Err(_) => None,
        };
        if let Some(shown) = shown.filter(|shown| shown.meets(terms)) {
            return SnapshotLock::held(id, shown);
        }
        match port.lock(&id, terms).await {
            Ok(lock) => SnapshotLock::held(id, lock),
            Err(error) => SnapshotLock::missing(id, error),
        }
    });
    join_all(each).await
}

/// Puts the locks on SnapshotVolumes' last report among `reports`, or on one of their own.
pub(crate) fn report(incident: &Incident, reports: &mut Vec<EventBody>, found: Option<Vec<SnapshotLock>>) {
    let Some(found) = found else { return };
    let of_snapshots = reports.iter_mut().rev().find_map(|body| match body {
        EventBody::StepReported { step: Step::SnapshotVolumes, locks, .. } => Some(locks),
        _ => None,
    });
    match of_snapshots {
        Some(locks) => *locks = found,
        None => {
            let status = incident.status(Step::SnapshotVolumes).cloned().unwrap_or(StepStatus::Planned);
            reports.push(EventBody::StepReported { step: Step::SnapshotVolumes, status, detail: None, locks: found });
        }
    }
}
