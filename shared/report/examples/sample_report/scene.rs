//! An incident as a journal makes it, with whatever is hostile in it where outsiders choose a name.
#![allow(dead_code, reason = "the example and each test file use their own part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a sample that cannot be made should stop at once")]

use containment::ids::SnapshotId;
use containment::incident::{Incident, IncidentState, StepStatus};
use containment::journal::{Event, EventBody, Head, NO_HASH};
use containment::snapshot_lock::{LockMode, ObservedLock, SnapshotLock};
use containment::step::Step;
use report::{BandPoint, EvidenceItem, MissingEvidence, Peer, Point, Report, Traffic, Window};
use serde_json::json;
use signal::{AccountId, Region};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub const ALARM: OffsetDateTime = datetime!(2026-11-23 02:47:04.118 UTC);
pub const INSTANCE: &str = "i-0a1b2c3d4e5f60718";
pub const HOSTILE_NAME: &str =
    "</title><script>alert('web-7')</script>\"><img src=https://evil.example/x onerror=alert(1)>\u{202e}gnp.exe";

/// Everything that a report borrows.
pub struct Scene {
    pub incident: Incident,
    pub events: Vec<Event>,
    pub head: Head,
    pub account: AccountId,
    pub region: Region,
    pub partition: String,
    pub name: String,
    pub traffic: Option<Traffic>,
    pub evidence: Vec<EvidenceItem>,
    pub missing: Vec<MissingEvidence>,
}

impl Scene {
    pub fn report(&self) -> Report<'_> {
        Report {
            incident: &self.incident,
            events: &self.events,
            head: &self.head,
            account: &self.account,
            region: &self.region,
            partition: &self.partition,
            instance_name: Some(&self.name),
            generated_at: ALARM + Duration::minutes(41),
            traffic: self.traffic.as_ref(),
            evidence: &self.evidence,
            missing: &self.missing,
        }
    }
}

/// Contained but for one step, 41 minutes after the alarm.
pub fn partly_contained() -> Scene {
    let mut scene = scene(opening(), &bodies());
    scene.traffic = Some(traffic());
    scene.evidence = evidence();
    scene.missing = vec![MissingEvidence {
        what: "CloudTrail events by the instance's own sessions".to_owned(),
        why: "LookupEvents was throttled three times; it is tried again 20 minutes after the containment".to_owned(),
    }];
    scene
}

/// As large as an incident grows: every step fails in each of the runs after which it is left to people, with a long
/// error, two captures are kept, and the group has twenty other instances.
pub fn largest() -> Scene {
    let failed = |step: &Step| EventBody::reported(*step, StepStatus::failed("denied, ".repeat(30)), None);
    let runs = (0..containment::incident::MAX_FAILURES).flat_map(|run| {
        let at = 60.0 * f64::from(run + 1);
        std::iter::once((at, EventBody::Resumed)).chain(Step::ALL.iter().map(move |step| (at, failed(step))))
    });
    let mut scene = scene(opening(), &runs.collect::<Vec<_>>());
    scene.traffic = Some(traffic_with_peers(20));
    scene.evidence = evidence().into_iter().cycle().take(80).collect();
    scene
}

/// The incident that `bodies` make, each with the seconds since the alarm.
pub fn scene(opening: serde_json::Value, bodies: &[(f64, EventBody)]) -> Scene {
    let opening = EventBody::Opened(Box::new(serde_json::from_value(opening).unwrap()));
    let all = std::iter::once((0.412, opening)).chain(bodies.iter().cloned());
    let mut events: Vec<Event> = Vec::new();
    let mut incident: Option<Incident> = None;
    for (index, (seconds, body)) in all.enumerate() {
        let at = ALARM + Duration::milliseconds((seconds * 1_000.0) as i64);
        match (&mut incident, &body) {
            (None, EventBody::Opened(opening)) => incident = Some(Incident::opened(opening, at)),
            (Some(incident), body) => incident.apply(body, at),
            (None, _) => {}
        }
        let id = incident.as_ref().unwrap().id.clone();
        let actor = if seconds < 30.0 { "contain-instance/6f1c/a9" } else { "reconcile-incidents/02be/17" };
        let sequence = u32::try_from(index + 1).unwrap();
        events.push(Event {
            schema: 1,
            incident: id,
            sequence,
            previous: NO_HASH.to_owned(),
            at,
            actor: actor.to_owned(),
            body,
        });
    }
    Scene {
        incident: incident.unwrap(),
        head: Head { sequence: u32::try_from(events.len()).unwrap(), hash: "5f2a9c7e".repeat(8) },
        events,
        account: "123456789012".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        partition: "aws".to_owned(),
        name: HOSTILE_NAME.to_owned(),
        traffic: None,
        evidence: Vec::new(),
        missing: Vec::new(),
    }
}

pub fn opening() -> serde_json::Value {
    let left_out = |step: &Step| matches!(step, Step::DeregisterTargets | Step::UntrackConnections);
    let steps: Vec<_> = Step::ALL.iter().filter(|step| !left_out(step)).collect();
    json!({
        "id": "inc-20261123-024704-3c9f0e12ab",
        "instance": INSTANCE,
        "alarm": format!("arn:aws:cloudwatch:eu-central-1:123456789012:alarm:cordon/web/{INSTANCE}/NetworkOut"),
        "group": "web",
        "authority": {"source": {"group": "web"}, "mode": "enforce", "protected": false, "drills_allowed": false},
        "mode": "enforce",
        "drill": false,
        "transitioned_at": "2026-11-23T02:47:04.118Z",
        "received": {"via": "sns", "digest": "9b".repeat(32), "published_at": "2026-11-23T02:47:04.130Z"},
        "state": {"name": "Committed"},
        "plan": {
            "steps": steps,
            "not_needed": [{"step": "DeregisterTargets", "why": "its group owns every target group that it is in"}],
            "impossible": [],
            "warnings": [
                "a stop gives up its public IPv4 address, unless that is an Elastic IP",
                "hibernation is not configured: the contents of its memory are lost by the stop",
            ],
        },
        "prior": {
            "power": "running",
            "interfaces": [],
            "membership": {"group": "web", "lifecycle": "in-service", "healthy": true, "protected_from_scale_in": false},
            "group": null,
            "profile_arn": "arn:aws:iam::123456789012:instance-profile/web",
            "protection": {"termination": false, "stop": false},
            "volumes": [],
            "targets": null,
            "public_ipv4": "203.0.113.7",
            "hibernation_configured": false,
        },
    })
}

fn bodies() -> Vec<(f64, EventBody)> {
    let report = |at, step, status, detail: &str| {
        (at, EventBody::reported(step, status, (!detail.is_empty()).then(|| detail.to_owned())))
    };
    let denied = "AccessDenied: revoke-credentials may not call iam:PutRolePolicy on role/web";
    vec![
        report(1.31, Step::QuarantineNetwork, StepStatus::Done, "eni-0a11, eni-0a12 into sg-0c0ffee"),
        report(
            1.31,
            Step::DetachFromGroup,
            StepStatus::waiting("the group drains it from its load balancer"),
            "DetachInstances, desired capacity kept",
        ),
        (1.44, EventBody::StateChanged { state: IncidentState::Isolated }),
        report(2.02, Step::ProtectEvidence, StepStatus::Done, "termination protection on; vol-0d15c, vol-0d15d kept"),
        report(2.35, Step::SnapshotVolumes, StepStatus::waiting("2 snapshots are pending"), "snap-0aa1, snap-0aa2"),
        report(2.51, Step::CaptureMetadata, StepStatus::Done, "evidence/inc-20261123-024704-3c9f0e12ab/metadata.json"),
        report(2.77, Step::RevokeCredentials, StepStatus::failed(denied), ""),
        report(3.06, Step::TagInstance, StepStatus::Done, ""),
        report(3.41, Step::Notify, StepStatus::Done, ""),
        (64.2, EventBody::Resumed),
        report(65.0, Step::DetachFromGroup, StepStatus::Done, ""),
        report(66.4, Step::StopInstance, StepStatus::waiting("it is stopping"), "StopInstances"),
        report(67.1, Step::RevokeCredentials, StepStatus::failed(denied), ""),
        (126.9, EventBody::Severed),
        report(127.0, Step::StopInstance, StepStatus::Done, ""),
        (
            488.3,
            EventBody::StepReported {
                step: Step::SnapshotVolumes,
                status: StepStatus::Done,
                detail: None,
                locks: locks(),
            },
        ),
        report(548.8, Step::RevokeCredentials, StepStatus::failed(denied), ""),
        (549.0, EventBody::StateChanged { state: IncidentState::Partial { steps: vec![Step::RevokeCredentials] } }),
    ]
}

fn locks() -> Vec<SnapshotLock> {
    let until = Some(ALARM + Duration::days(90));
    let held = ObservedLock { mode: LockMode::Governance, days: 90, until };
    let denied = "UnauthorizedOperation: reconcile-incidents may not call ec2:LockSnapshot";
    vec![
        SnapshotLock::held(SnapshotId::new("snap-0aa1"), held),
        SnapshotLock::missing(SnapshotId::new("snap-0aa2"), denied),
    ]
}

/// Three hours of minutes, made by arithmetic alone so that every run has the same.
pub fn traffic() -> Traffic {
    traffic_with_peers(5)
}

fn traffic_with_peers(peers: i64) -> Traffic {
    let minute = |index: i64| datetime!(2026-11-23 00:02 UTC) + Duration::minutes(index);
    let wave = |index: i64, phase: f64| 1.0 + 0.25 * ((index as f64) / 23.0 + phase).sin();
    let noise = |index: i64, seed: i64| 0.9 + ((index * 7_919 + seed * 104_729) % 211) as f64 / 1_055.0;
    let value = |index: i64| match index {
        ..160 => 8.1e7 * wave(index, 0.0) * noise(index, 1),
        160..165 => [4.1e8, 9.6e8, 1.24e9, 1.19e9, 1.21e9][usize::try_from(index - 160).unwrap()],
        165 => 2.2e8,
        _ => 0.0,
    };
    let peer = |seed: i64| Peer {
        instance: format!("i-0{seed:016x}"),
        points: (0..205)
            .map(|index| Point { at: minute(index), value: 7.8e7 * wave(index, 0.1) * noise(index, seed) })
            .collect(),
    };
    Traffic {
        metric: "NetworkOut".to_owned(),
        unit: "Bytes".to_owned(),
        period: 60,
        points: (0..168).map(|index| Point { at: minute(index), value: value(index) }).collect(),
        band: (0..205)
            .map(|index| BandPoint {
                at: minute(index),
                lower: 4.4e7 * wave(index, 0.0),
                upper: 1.25e8 * wave(index, 0.0),
            })
            .collect(),
        peers: (2..peers + 2).map(peer).collect(),
        alarm: Some(Window { from: ALARM, until: Some(ALARM + Duration::minutes(6)) }),
    }
}

fn evidence() -> Vec<EvidenceItem> {
    let folder = "s3://cordon-evidence-123456789012/evidence/inc-20261123-024704-3c9f0e12ab";
    let item = |what: &str, name: &str, bytes: u64, digest: &str| EvidenceItem {
        what: what.to_owned(),
        location: format!("{folder}/{name}"),
        version: Some("3sL4kqtJlcpXroDTDmJ-rmSpXd3dIbrHY".to_owned()),
        bytes: Some(bytes),
        sha256: Some(digest.repeat(16)),
        captured_at: ALARM + Duration::seconds(3),
    };
    vec![
        item("Instance, interfaces and security groups", "metadata.json", 18_204, "a1b2"),
        item("Console output", "console-output.txt", 65_536, "c3d4"),
        EvidenceItem {
            what: "Snapshot of /dev/xvda".to_owned(),
            location: "snap-0aa1".to_owned(),
            version: None,
            bytes: None,
            sha256: None,
            captured_at: ALARM + Duration::seconds(2),
        },
    ]
}
