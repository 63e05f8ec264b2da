//! Auto Scaling groups: who leaves, who is terminated, who takes the place.

use containment::ids::GroupName;
use containment::observed::{Lifecycle, PowerState, Target};
use ports::ErrorKind;
use signal::InstanceId;
use std::time::Duration;
use testkit::Scene;

fn web() -> GroupName {
    GroupName::new("web")
}

fn lifecycle(scene: &Scene, instance: &InstanceId) -> Option<Lifecycle> {
    scene.cloud.membership_of(instance).map(|membership| membership.lifecycle)
}

fn counted(scene: &Scene, lifecycle: Lifecycle) -> usize {
    scene.cloud.group(&web()).members.iter().filter(|member| member.lifecycle == lifecycle).count()
}

fn targets(scene: &Scene, instance: &InstanceId) -> Vec<Target> {
    let all = scene.cloud.world(|world| world.target_groups.values().flatten().cloned().collect::<Vec<_>>());
    all.into_iter().filter(|target| target.id == instance.as_str()).collect()
}

#[tokio::test]
async fn a_detached_member_drains_then_leaves_and_a_replacement_comes_into_service() {
    let scene = Scene::fleet(3);
    let id = scene.first();
    scene.ports().groups.detach(id, &web()).await.unwrap();
    assert_eq!(lifecycle(&scene, id), Some(Lifecycle::Detaching));
    assert!(targets(&scene, id)[0].draining);
    assert_eq!((counted(&scene, Lifecycle::InService), counted(&scene, Lifecycle::Pending)), (2, 1));
    scene.cloud.advance(Duration::from_secs(20));
    assert_eq!(lifecycle(&scene, id), None);
    scene.cloud.advance(Duration::from_secs(40));
    assert!(targets(&scene, id).is_empty());
    let group = scene.cloud.group(&web());
    assert_eq!((group.desired, group.in_service().count()), (3, 3));
    assert_eq!(scene.cloud.instance(id).unwrap().state, PowerState::Running);
}

#[tokio::test]
async fn a_member_at_the_minimum_size_detaches_all_the_same() {
    let scene = Scene::fleet(2);
    assert_eq!(scene.cloud.group(&web()).min, 2);
    scene.ports().groups.detach(scene.first(), &web()).await.unwrap();
    assert_eq!(scene.cloud.group(&web()).desired, 2);
}

#[tokio::test]
async fn only_members_in_service_or_in_standby_detach() {
    for (state, detaches) in [
        (Lifecycle::Pending, false),
        (Lifecycle::InService, true),
        (Lifecycle::Standby, true),
        (Lifecycle::Detaching, false),
        (Lifecycle::Terminating, false),
        (Lifecycle::Warmed, false),
    ] {
        let scene = Scene::in_lifecycle(state);
        let answer = scene.ports().groups.detach(scene.first(), &web()).await;
        assert_eq!(answer.map_err(|error| error.kind), if detaches { Ok(()) } else { Err(ErrorKind::Conflict) });
    }
    let scene = Scene::standalone();
    let stranger = scene.ports().groups.detach(scene.first(), &web()).await;
    assert_eq!(stranger.unwrap_err().kind, ErrorKind::Rejected, "there is no such group");
}

#[tokio::test]
async fn a_pending_member_comes_into_service_by_itself() {
    let scene = Scene::in_lifecycle(Lifecycle::Pending);
    scene.cloud.advance(Duration::from_secs(30));
    assert_eq!(lifecycle(&scene, scene.first()), Some(Lifecycle::InService));
}

#[tokio::test]
async fn a_member_that_stops_in_service_is_terminated_with_its_volumes_and_replaced() {
    let scene = Scene::fleet(3);
    let id = scene.first();
    let root = scene.cloud.instance(id).unwrap().volumes[0].id.clone();
    scene.ports().instances.set_termination_protection(id, true).await.unwrap();
    scene.ports().instances.stop(id, false).await.unwrap();
    scene.cloud.advance(Duration::from_secs(30));
    assert_eq!(lifecycle(&scene, id), Some(Lifecycle::Terminating));
    scene.cloud.advance(Duration::from_secs(30));
    assert_eq!(lifecycle(&scene, id), None);
    assert_eq!(scene.cloud.instance(id).unwrap().state, PowerState::Terminated);
    assert_eq!(scene.cloud.world(|world| world.lost_volumes.clone()), [root]);
    assert_eq!(scene.cloud.group(&web()).in_service().count(), 3);
}

#[tokio::test]
async fn a_member_that_was_detached_before_it_stopped_is_kept() {
    let scene = Scene::fleet(3);
    scene.ports().groups.detach(scene.first(), &web()).await.unwrap();
    scene.ports().instances.stop(scene.first(), false).await.unwrap();
    scene.cloud.advance(Duration::from_secs(600));
    assert_eq!(scene.cloud.instance(scene.first()).unwrap().state, PowerState::Stopped);
}

#[tokio::test]
async fn a_member_in_standby_is_not_judged_and_has_a_replacement() {
    let scene = Scene::fleet(3);
    scene.ports().groups.enter_standby(scene.first(), &web()).await.unwrap();
    scene.ports().instances.stop(scene.first(), false).await.unwrap();
    scene.cloud.advance(Duration::from_secs(600));
    assert_eq!(lifecycle(&scene, scene.first()), Some(Lifecycle::Standby));
    assert_eq!(scene.cloud.instance(scene.first()).unwrap().state, PowerState::Stopped);
    assert_eq!(counted(&scene, Lifecycle::InService), 3);
}

#[tokio::test]
async fn a_member_in_service_whose_network_is_cut_is_terminated_by_its_load_balancer_check() {
    for (checks_load_balancer, state) in [(true, PowerState::Terminated), (false, PowerState::Running)] {
        let scene = Scene::fleet(2);
        let network = scene.ports().network;
        scene.cloud.world(|world| world.groups.get_mut(&web()).unwrap().checks_load_balancer = checks_load_balancer);
        let interface = scene.cloud.interfaces_of(scene.first())[0].clone();
        let group = network.create_quarantine_group(&interface.vpc).await.unwrap().unwrap();
        network.set_only_group(&interface.id, &group).await.unwrap();
        scene.cloud.advance(Duration::from_secs(60));
        assert_eq!(scene.cloud.instance(scene.first()).unwrap().state, state);
    }
}

#[tokio::test]
async fn an_unhealthy_member_is_terminated_and_replaced() {
    let scene = Scene::fleet(2);
    scene.cloud.world(|world| world.set_health(scene.first(), false));
    scene.cloud.advance(Duration::from_secs(60));
    assert_eq!(lifecycle(&scene, scene.first()), None);
    assert_eq!(counted(&scene, Lifecycle::InService), 2);
}

#[tokio::test]
async fn deregistering_drains_and_is_no_error_for_a_target_that_is_not_there() {
    let scene = Scene::fleet(1);
    let (ports, id) = (scene.ports(), scene.first());
    let groups = ports.targets.groups().await.unwrap();
    let registered = ports.targets.registrations(id, &groups).await.unwrap();
    ports.targets.deregister(&registered[0]).await.unwrap();
    assert!(ports.targets.registrations(id, &groups).await.unwrap()[0].draining);
    scene.cloud.advance(Duration::from_secs(60));
    assert!(ports.targets.registrations(id, &groups).await.unwrap().is_empty());
    assert_eq!(ports.targets.deregister(&registered[0]).await, Ok(()));
}
