//! The faults themselves, and what the cloud's log and clock show of them.

use ports::{ErrorKind, PortResult, Ports};
use std::time::Duration;
use testkit::{Calls, Effect, Fault, Faults, START, Scene};

/// A process of one read, two mutations and another read.
async fn process(ports: Ports, scene: &Scene) -> PortResult<()> {
    let id = scene.first();
    ports.instances.describe(id).await?;
    ports.instances.set_termination_protection(id, true).await?;
    ports.instances.stop(id, false).await?;
    ports.instances.describe(id).await.map(|_| ())
}

fn names(scene: &Scene) -> Vec<&'static str> {
    scene.cloud.calls().all().iter().map(|call| call.operation.port).collect()
}

#[tokio::test]
async fn without_a_fault_a_process_runs_as_if_unwrapped() {
    let scene = Scene::standalone();
    let faults = Faults::none();
    let ended = faults.run(process(faults.wrap(&scene.ports()), &scene)).await;
    assert_eq!(ended, Some(Ok(())));
    let counted = [Calls::All, Calls::Reads, Calls::Mutations, Calls::JournalWrites].map(|calls| faults.seen(calls));
    assert_eq!(counted, [4, 2, 2, 0]);
    assert!(faults.met().is_empty());
}

#[tokio::test]
async fn a_call_that_is_made_to_fail_has_no_effect() {
    let scene = Scene::standalone();
    let faults = Faults::none().at(Calls::Mutations, 2, Fault::Fail(ErrorKind::Throttled));
    let error = process(faults.wrap(&scene.ports()), &scene).await.unwrap_err();
    assert_eq!((error.operation, error.kind), ("ec2:StopInstances", ErrorKind::Throttled));
    assert_eq!(names(&scene), ["instances.describe", "instances.set_termination_protection"]);
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_has_its_effect() {
    let scene = Scene::standalone();
    let faults = Faults::none().at(Calls::All, 3, Fault::LoseAnswer);
    let error = process(faults.wrap(&scene.ports()), &scene).await.unwrap_err();
    assert_eq!((error.operation, error.kind), ("ec2:StopInstances", ErrorKind::Transient));
    assert_eq!(scene.cloud.calls().count("ec2:StopInstances"), 1);
    assert_eq!(faults.met()[0].port, "instances.stop");
}

#[tokio::test]
async fn a_killed_process_makes_no_further_call() {
    for (fault, made) in [(Fault::KillBefore, 1), (Fault::KillAfter, 2)] {
        let scene = Scene::standalone();
        let faults = Faults::none().at(Calls::Mutations, 1, fault);
        let ports = faults.wrap(&scene.ports());
        assert_eq!(faults.run(process(ports.clone(), &scene)).await, None);
        assert_eq!(faults.run(process(ports, &scene)).await, None, "dead is dead");
        assert_eq!(names(&scene).len(), made, "{fault:?}");
    }
}

#[tokio::test]
async fn a_named_operation_fails_as_often_as_asked() {
    let scene = Scene::standalone();
    let faults = Faults::none().fail_operation("ec2:StopInstances", ErrorKind::Conflict, 2);
    let ports = faults.wrap(&scene.ports());
    let stop = async || ports.instances.stop(scene.first(), false).await.map_err(|error| error.kind);
    assert_eq!(stop().await, Err(ErrorKind::Conflict));
    assert_eq!(stop().await, Err(ErrorKind::Conflict));
    assert_eq!(stop().await, Ok(()));
}

#[tokio::test]
async fn a_held_process_goes_on_when_it_is_let_go() {
    let scene = Scene::standalone();
    let faults = Faults::none().at(Calls::Mutations, 1, Fault::Hold);
    let run = faults.run(process(faults.wrap(&scene.ports()), &scene));
    let door = async {
        faults.held().await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(names(&scene), ["instances.describe"]);
        faults.let_go();
    };
    let (ended, ()) = tokio::join!(run, door);
    assert_eq!(ended, Some(Ok(())));
}

#[tokio::test]
async fn the_log_tells_reads_from_mutations_and_keeps_refusals() {
    let scene = Scene::standalone();
    let instances = scene.ports().instances;
    instances.describe(scene.first()).await.unwrap();
    instances.stop(scene.first(), true).await.unwrap_err();
    let calls = scene.cloud.calls();
    assert_eq!(calls.mutations().len(), 1);
    let stop = calls.of("instances.stop")[0].clone();
    assert_eq!(
        (stop.operation.effect, stop.operation.name, stop.mutates()),
        (Effect::Mutates, "ec2:StopInstances", true)
    );
    assert!(stop.arguments.contains(scene.first().as_str()));
    assert!(stop.error.unwrap().contains("UnsupportedHibernationConfiguration"));
}

#[tokio::test]
async fn sleepers_of_the_same_time_sleep_at_once() {
    let scene = Scene::standalone();
    let clock = scene.ports().clock;
    tokio::join!(clock.sleep(Duration::from_secs(2)), clock.sleep(Duration::from_secs(3)));
    assert_eq!(clock.now(), START + Duration::from_secs(3));
}

#[tokio::test]
async fn calls_take_as_long_as_they_are_made_to() {
    let scene = Scene::standalone();
    scene.cloud.world(|world| world.delays.call = Duration::from_millis(20));
    process(scene.ports(), &scene).await.unwrap();
    assert_eq!(scene.cloud.now(), START + Duration::from_millis(80));
}
