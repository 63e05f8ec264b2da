//! Journal entries for the tests of the table.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part, and a test that meets the unexpected should stop at once"
)]

use containment::breaker::Slot;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, Opening, Received, seal};
use containment::plan::Plan;
use containment::step::Step;
use ports::{BreakerWrite, Glance, Intent, Lease, Transaction, Wanted};
use signal::InstanceId;
use testkit::START;
use time::{Duration, OffsetDateTime};

pub const LEASE: Duration = Duration::seconds(45);

pub fn instance(number: usize) -> InstanceId {
    format!("i-{number:017x}").parse().unwrap()
}

pub fn incident_id(number: usize) -> IncidentId {
    IncidentId::new(format!("inc-20261122-120000-{number:010x}"))
}

pub fn wanted(number: usize) -> Wanted {
    Wanted { instance: instance(number), group: None }
}

pub fn opening(number: usize, state: IncidentState) -> Opening {
    Opening {
        id: incident_id(number),
        instance: Some(instance(number)),
        alarm: None,
        group: None,
        authority: None,
        mode: None,
        drill: false,
        transitioned_at: None,
        received: Received { via: "test".to_owned(), digest: String::new(), published_at: None },
        state,
        plan: Plan { steps: vec![Step::StopInstance], ..Plan::default() },
        prior: None,
    }
}

/// The intent to contain standalone instance `number`, on what `glance` showed.
pub fn intent(number: usize, owner: &str, glance: &Glance, now: OffsetDateTime) -> Intent {
    let opening = opening(number, IncidentState::Committed);
    let incident = Incident::opened(&opening, now);
    let slot = Slot { incident: incident.id.clone(), instance: instance(number), at: now };
    let body = EventBody::Opened(Box::new(opening));
    let (event, head) = seal(&incident.id, &Head::start(), now, owner, body).unwrap();
    Intent {
        incident,
        event,
        head,
        lease: lease(owner, now),
        breaker: BreakerWrite {
            group: None,
            group_breaker: glance.group_breaker.with(slot.clone(), now),
            account_breaker: glance.account_breaker.with(slot, now),
        },
        now,
    }
}

/// One more event after `head`, by `owner`.
pub fn transaction(incident: &Incident, head: &Head, owner: &str, now: OffsetDateTime) -> Transaction {
    let mut incident = incident.clone();
    incident.apply(&EventBody::Resumed, now);
    let (event, next) = seal(&incident.id, head, now, owner, EventBody::Resumed).unwrap();
    Transaction { incident, before: head.clone(), events: vec![event], head: next, lease: lease(owner, now) }
}

pub fn lease(owner: &str, now: OffsetDateTime) -> Lease {
    Lease { owner: owner.to_owned(), expires_at: now + LEASE }
}

/// The first intent of an empty table, at the start.
pub fn first_intent(owner: &str) -> Intent {
    intent(1, owner, &Glance::default(), START)
}
