//! Runs of the engine against the in-memory account.
#![allow(dead_code, reason = "each test file uses its own part")]

use containment::incident::{Incident, IncidentState};
use containment::journal::replay;
use containment::request::ManualScope;
use containment::snapshot_lock::{LockMode, LockStatus, LockTerms, ObservedLock};
use engine::{Config, Engine, EngineError, Outcome};
use signal::{AlarmSignal, InstanceId, OperatorAction, OperatorRequest};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use testkit::{Process, Scene, config, instance_id, request};
use time::Duration;

static RUNS: AtomicUsize = AtomicUsize::new(0);

pub fn settings() -> Config {
    let (deployment, mode, limits, resources) = config();
    let snapshot_lock = Some(LockTerms { mode: LockMode::Governance, days: 90 });
    let manual_scope = ManualScope::OptedIn;
    Config { deployment, mode, manual_scope, untracking_allowed: true, snapshot_lock, limits, resources }
}

pub fn engine(process: &Process, config: Config) -> Engine {
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let ports = process.ports();
    let deadline = ports.clock.now() + Duration::seconds(60);
    Engine::new(ports, config, format!("run-{run}"), deadline)
}

/// One delivery of the signal, in a process of its own.
pub async fn deliver(scene: &Scene, signal: &AlarmSignal) -> Result<Vec<Outcome>, EngineError> {
    engine(&scene.process(), settings()).handle(signal).await
}

pub const ALICE: &str = "arn:aws:iam::123456789012:user/alice";
pub const BOB: &str = "arn:aws:iam::123456789012:user/bob";

static REQUESTS: AtomicU32 = AtomicU32::new(1);

/// A request that `arn` signs now, never made before.
pub fn ask(scene: &Scene, arn: &str, action: OperatorAction) -> OperatorRequest {
    let now = scene.account().now;
    request(arn, action, now, REQUESTS.fetch_add(1, Ordering::Relaxed))
}

pub async fn operate(scene: &Scene, request: &OperatorRequest) -> Result<Outcome, EngineError> {
    engine(&scene.process(), settings()).operate(request).await
}

/// A contained first instance of a fleet of six, with two interfaces.
pub async fn contained_scene() -> Scene {
    let scene = Scene::fleet(6);
    scene.account().add_interface(&first(), "subnet-2");
    deliver(&scene, &scene.signal(&first())).await.unwrap();
    reconcile(&scene).await;
    assert_contained(&scene, &first());
    scene
}

pub fn release_of(scene: &Scene, accept_drift: bool) -> OperatorRequest {
    let incident = incident(scene, &first()).id.to_string();
    ask(scene, ALICE, OperatorAction::Release { incident, accept_drift, false_alarm: false })
}

/// Minutes of the reconciler until nothing is open, 60 at most.
pub async fn reconcile(scene: &Scene) {
    for _ in 0..60 {
        let process = scene.process();
        if !scene.account().incidents().iter().any(|incident| incident.is_open()) {
            return;
        }
        let engine = engine(&process, settings());
        for id in engine.open_incidents().await.unwrap() {
            engine.settle(&id).await.unwrap();
        }
        scene.pass(Duration::minutes(1));
    }
}

pub fn incident(scene: &Scene, instance: &InstanceId) -> Incident {
    let account = scene.account();
    let of_instance = |incident: &&&Incident| incident.instance.as_ref() == Some(instance);
    let found: Vec<_> = account.incidents().into_iter().collect();
    let found: Vec<_> = found.iter().filter(of_instance).collect();
    assert_eq!(found.len(), 1, "incidents of {instance}: {found:#?}");
    (**found[0]).clone()
}

/// The end that every run must come to, whatever went wrong on the way.
pub fn assert_contained(scene: &Scene, instance: &InstanceId) {
    let incident = incident(scene, instance);
    assert_eq!(incident.state, IncidentState::Contained, "{:#?}", incident.steps);
    let mut account = scene.account();
    assert!(
        account.groups_of(instance).iter().all(|groups| groups.len() == 1 && groups[0].as_str() == "sg-quarantine")
    );
    assert!(account.membership(instance).is_none());
    assert!(!account.instance(instance).volumes.iter().any(|volume| volume.delete_on_termination));
    assert!(account.protection(instance).termination);
    assert_eq!(account.instance(instance).state, containment::observed::PowerState::Stopped);
    assert_eq!(account.lost_volumes, []);
    for (_, _, snapshot) in account.snapshots.iter().filter(|(of, _, _)| *of == incident.id) {
        assert!(account.locks.contains_key(&snapshot.id), "{} can be deleted", snapshot.id);
        let locked = incident.locks.of(&snapshot.id).map(|lock| &lock.status);
        let until = matches!(locked, Some(LockStatus::Held(ObservedLock { until: Some(_), .. })));
        assert!(until, "{} is locked, and the record says {locked:?}", snapshot.id);
    }
    let (events, head) = account.journal(&incident.id);
    assert_eq!(replay(events, &head).unwrap(), incident, "the head is the fold of its events");
}

pub fn first() -> InstanceId {
    instance_id(0)
}
