//! Incidents as their journals make them.
#![allow(dead_code, reason = "each test file uses its own part")]

use containment::capture::{Capture, Captured};
use containment::figure::{Amount, Figure};
use containment::ids::{GroupName, IncidentId};
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::{EventBody, Opening, Received};
use containment::observed::PowerState;
use containment::plan::Plan;
use containment::prior::PriorState;
use containment::step::Step;
use notice::Place;
use signal::{AccountId, Region};
use time::OffsetDateTime;

pub const INSTANCE: &str = "i-0123456789abcdef0";

pub fn at() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap()
}

pub fn with_place<T>(partition: &str, region: &str, tell: impl FnOnce(&Place<'_>) -> T) -> T {
    let account: AccountId = "123456789012".parse().unwrap();
    let region: Region = region.parse().unwrap();
    tell(&Place { account: &account, region: &region, partition, evidence_bucket: "cordon-evidence" })
}

pub fn here<T>(tell: impl FnOnce(&Place<'_>) -> T) -> T {
    with_place("aws", "eu-west-1", tell)
}

pub fn amount(value: f64) -> Amount {
    Amount::new(value).unwrap()
}

pub fn band() -> Figure {
    let figure = Figure::new("NetworkOut", amount(9e8));
    Figure { lower: Some(amount(0.0)), upper: Some(amount(1.2e6)), period: Some(60), ..figure }
}

/// Of the alarm `name` of group `group`.
pub fn incident(name: &str, group: &str, state: IncidentState) -> Incident {
    let alarm = format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}");
    let opening = Opening {
        id: IncidentId::new("inc-20260921-141320-0a1b2c3d4e"),
        instance: Some(INSTANCE.parse().unwrap()),
        alarm: Some(alarm.parse().unwrap()),
        group: Some(GroupName::new(group)),
        authority: None,
        mode: None,
        drill: false,
        transitioned_at: Some(at()),
        received: Received { via: "test".to_owned(), digest: String::new(), published_at: None },
        state,
        plan: Plan { steps: vec![Step::QuarantineNetwork, Step::StopInstance, Step::Notify], ..Plan::default() },
        prior: Some(PriorState {
            power: PowerState::Running,
            interfaces: Vec::new(),
            membership: None,
            group: None,
            profile_arn: None,
            protection: containment::observed::Protection::default(),
            volumes: Vec::new(),
            targets: None,
            public_ipv4: None,
            hibernation_configured: false,
        }),
        requested: None,
        figure: Some(band()),
        judged: None,
    };
    Incident::opened(&opening, at())
}

pub fn web(state: IncidentState) -> Incident {
    incident("cordon/web/i-0123456789abcdef0/NetworkOut", "web", state)
}

pub fn step(step: Step, status: StepStatus) -> EventBody {
    EventBody::reported(step, status, None)
}

pub fn captured(figure: Option<Figure>) -> EventBody {
    EventBody::EvidenceCaptured(Captured {
        capture: Capture::AtContainment,
        manifest: String::new(),
        sha256: String::new(),
        objects: 1,
        missing: Vec::new(),
        captured_at: at(),
        figure,
    })
}

pub fn after(mut incident: Incident, events: Vec<EventBody>) -> Incident {
    events.iter().for_each(|event| incident.apply(event, at()));
    incident
}

/// Isolated, its stop under way, its evidence captured.
pub fn isolated() -> Incident {
    let peers = Figure { peers: 5, peers_median: Some(amount(812_345.0)), period: Some(300), ..band() };
    let events = vec![
        step(Step::QuarantineNetwork, StepStatus::Done),
        EventBody::StateChanged { state: IncidentState::Isolated },
        step(Step::StopInstance, StepStatus::waiting("stopping")),
        captured(Some(peers)),
        EventBody::StateChanged { state: IncidentState::Settling },
    ];
    after(web(IncidentState::Committed), events)
}

pub fn contained() -> Incident {
    let contained = EventBody::StateChanged { state: IncidentState::Contained };
    after(isolated(), vec![step(Step::StopInstance, StepStatus::Done), contained])
}

pub fn partial() -> Incident {
    let failed = step(Step::StopInstance, StepStatus::failed("ec2:StopInstances was denied: no"));
    let state = IncidentState::Partial { steps: vec![Step::StopInstance] };
    after(isolated(), vec![failed, EventBody::StateChanged { state }])
}
