//! Instances, networks, snapshots, alarms and roles behave as AWS says they do.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop at once")]

use containment::ids::{IncidentId, SecurityGroupId, VpcId};
use containment::observed::{AlarmDefinition, PowerState, SnapshotState};
use ports::{AlarmScope, ErrorKind, PortError, PortResult};
use signal::AlarmState;
use std::time::Duration;
use testkit::{ALARM_TOPIC, PROFILE, START, Scene, Vpc};

fn kind_and_code<T: std::fmt::Debug>(answer: PortResult<T>) -> (ErrorKind, String) {
    let PortError { kind, code, .. } = answer.unwrap_err();
    (kind, code.unwrap())
}

fn vpc() -> VpcId {
    VpcId::new("vpc-web")
}

#[tokio::test]
async fn a_stop_takes_its_time_and_gives_up_the_public_address() {
    let scene = Scene::standalone();
    let (instances, id) = (scene.ports().instances, scene.first());
    scene.cloud.change_instance(id, |instance| instance.public_ipv4 = Some("192.0.2.1".to_owned()));
    instances.stop(id, false).await.unwrap();
    let state = async || instances.describe(id).await.unwrap().unwrap().state;
    assert_eq!(state().await, PowerState::Stopping);
    scene.cloud.advance(Duration::from_secs(19));
    assert_eq!(state().await, PowerState::Stopping);
    scene.cloud.advance(Duration::from_secs(1));
    assert_eq!(state().await, PowerState::Stopped);
    assert_eq!(scene.cloud.instance(id).unwrap().public_ipv4, None);
    assert_eq!(instances.stop(id, false).await, Ok(()), "stopping a stopped instance is no error");
}

#[tokio::test]
async fn what_cannot_be_stopped_is_rejected_and_keeps_running() {
    let refusal = async |change: fn(&Scene), hibernate| {
        let scene = Scene::standalone();
        change(&scene);
        let answer = scene.ports().instances.stop(scene.first(), hibernate).await;
        assert_eq!(scene.cloud.instance(scene.first()).unwrap().state, PowerState::Running);
        kind_and_code(answer)
    };
    let rejected = |code: &str| (ErrorKind::Rejected, code.to_owned());
    let change = |scene: &Scene| scene.cloud.change_instance(scene.first(), |instance| instance.spot = true);
    assert_eq!(refusal(change, false).await, rejected("UnsupportedOperation"));
    let change =
        |scene: &Scene| scene.cloud.change_instance(scene.first(), |instance| instance.root_is_instance_store = true);
    assert_eq!(refusal(change, false).await, rejected("UnsupportedOperation"));
    let change = |scene: &Scene| {
        scene.cloud.world(|world| world.instances.get_mut(scene.first()).unwrap().protection.stop = true);
    };
    assert_eq!(refusal(change, false).await, rejected("OperationNotPermitted"));
    assert_eq!(refusal(|_| {}, true).await, rejected("UnsupportedHibernationConfiguration"));
}

#[tokio::test]
async fn an_instance_that_does_not_exist_is_none_to_a_description_and_gone_to_the_rest() {
    let scene = Scene::standalone();
    let instances = scene.ports().instances;
    let unknown = "i-0123456789abcdef0".parse().unwrap();
    assert_eq!(instances.describe(&unknown).await, Ok(None));
    let gone = (ErrorKind::Gone, "InvalidInstanceID.NotFound".to_owned());
    assert_eq!(kind_and_code(instances.protection(&unknown).await), gone);
    assert_eq!(kind_and_code(instances.stop(&unknown, false).await), gone);
}

#[tokio::test]
async fn volumes_that_are_kept_survive_the_instance() {
    let scene = Scene::fleet(2);
    let (kept, lost) = (&scene.instances[0], &scene.instances[1]);
    scene.ports().instances.keep_volumes(kept, &["/dev/xvda".to_owned()]).await.unwrap();
    let root = scene.cloud.instance(lost).unwrap().volumes[0].id.clone();
    scene.cloud.world(|world| {
        world.terminate(kept);
        world.terminate(lost);
    });
    scene.cloud.advance(Duration::from_secs(10));
    assert_eq!(scene.cloud.world(|world| world.lost_volumes.clone()), [root]);
    assert!(scene.cloud.interfaces_of(lost).is_empty());
    assert_eq!(scene.cloud.instance(lost).unwrap().state, PowerState::Terminated);
    scene.cloud.advance(Duration::from_secs(3600));
    assert_eq!(scene.cloud.instance(lost), None);
}

#[tokio::test]
async fn a_new_quarantine_group_has_default_egress_and_its_name_is_taken_in_its_vpc() {
    for ipv6 in [false, true] {
        let scene = Scene::fleet(1);
        let network = scene.ports().network;
        scene.cloud.world(|world| world.vpcs.insert(vpc(), Vpc { ipv6 }));
        let id = network.create_quarantine_group(&vpc()).await.unwrap().unwrap();
        assert_eq!(network.create_quarantine_group(&vpc()).await, Ok(None));
        let groups = network.quarantine_groups().await.unwrap();
        assert_eq!((groups.len(), groups[0].tagged, groups[0].egress_rules), (1, true, 1 + usize::from(ipv6)));
        network.revoke_default_rules(&id).await.unwrap();
        assert!(network.quarantine_groups().await.unwrap()[0].is_empty());
    }
}

#[tokio::test]
async fn a_name_that_differs_only_in_case_is_taken_too() {
    let scene = Scene::fleet(1);
    scene.cloud.world(|world| world.add_security_group(&vpc(), "Cordon-Quarantine", false));
    assert_eq!(scene.ports().network.create_quarantine_group(&vpc()).await, Ok(None));
    assert!(scene.ports().network.quarantine_groups().await.unwrap().is_empty());
}

#[tokio::test]
async fn revoking_default_rules_leaves_rules_that_somebody_added() {
    let scene = Scene::fleet(1);
    let network = scene.ports().network;
    let id = network.create_quarantine_group(&vpc()).await.unwrap().unwrap();
    scene.cloud.world(|world| world.security_groups.get_mut(&id).unwrap().ingress_rules = 1);
    network.revoke_default_rules(&id).await.unwrap();
    assert!(!network.quarantine_groups().await.unwrap()[0].is_empty());
    network.empty_quarantine_group(&id).await.unwrap();
    assert!(network.quarantine_groups().await.unwrap()[0].is_empty());
}

#[tokio::test]
async fn an_interface_moves_only_into_a_tagged_group_of_its_own_vpc() {
    let scene = Scene::fleet(1);
    let network = scene.ports().network;
    let interface = scene.cloud.interfaces_of(scene.first())[0].clone();
    let elsewhere = VpcId::new("vpc-other");
    let (untagged, foreign) = scene.cloud.world(|world| {
        world.vpcs.insert(elsewhere.clone(), Vpc { ipv6: false });
        (world.add_security_group(&vpc(), "other", false), world.add_security_group(&elsewhere, "other", true))
    });
    let refusal = async |group: &SecurityGroupId| kind_and_code(network.set_only_group(&interface.id, group).await);
    let missing = SecurityGroupId::new("sg-missing");
    assert_eq!(refusal(&missing).await, (ErrorKind::Gone, "InvalidGroup.NotFound".to_owned()));
    assert_eq!(refusal(&untagged).await, (ErrorKind::Denied, "UnauthorizedOperation".to_owned()));
    assert_eq!(refusal(&foreign).await, (ErrorKind::Rejected, "InvalidParameter".to_owned()));
    assert_eq!(scene.cloud.interfaces_of(scene.first())[0].groups, interface.groups);
    let group = network.create_quarantine_group(&vpc()).await.unwrap().unwrap();
    network.set_only_group(&interface.id, &group).await.unwrap();
    assert_eq!(network.interfaces(scene.first()).await.unwrap()[0].groups, [group]);
}

#[tokio::test]
async fn the_groups_of_a_managed_interface_are_not_ours_to_change() {
    let scene = Scene::fleet(1);
    let network = scene.ports().network;
    let group = network.create_quarantine_group(&vpc()).await.unwrap().unwrap();
    let interface = scene.cloud.interfaces_of(scene.first())[0].id.clone();
    scene.cloud.world(|world| {
        world.interfaces.get_mut(&interface).unwrap().observed.managed_by = Some("amazon-elb".to_owned());
    });
    assert_eq!(kind_and_code(network.set_only_group(&interface, &group).await).0, ErrorKind::Denied);
}

#[tokio::test]
async fn snapshots_complete_in_their_own_time_and_every_call_makes_new_ones() {
    let scene = Scene::fleet(1);
    let (snapshots, incident) = (scene.ports().snapshots, IncidentId::new("inc-1"));
    let made = snapshots.create(scene.first(), &incident).await.unwrap();
    assert_eq!(made.len(), 2);
    let states = async || {
        let found = snapshots.of_incident(&incident).await.unwrap();
        found.iter().map(|snapshot| snapshot.state).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [SnapshotState::Pending; 2]);
    scene.cloud.advance(Duration::from_secs(120));
    assert_eq!(states().await, [SnapshotState::Completed; 2]);
    snapshots.create(scene.first(), &incident).await.unwrap();
    assert_eq!(states().await.len(), 4);
    assert!(snapshots.of_incident(&IncidentId::new("inc-2")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_state_set_by_hand_is_taken_back_and_stays_in_the_history() {
    let scene = Scene::fleet(2);
    let alarms = scene.ports().alarms;
    scene.cloud.advance(Duration::from_secs(60));
    let signal = scene.drill(&scene.instances[1]);
    let name = signal.alarm.name().to_owned();
    let observed = async || alarms.describe(std::slice::from_ref(&name)).await.unwrap()[0].clone();
    let by_hand = observed().await;
    assert_eq!((by_hand.state, by_hand.evaluated), (AlarmState::Alarm, false));
    assert_eq!(by_hand.transitioned_at, signal.transition.at);
    scene.cloud.advance(Duration::from_secs(10));
    let evaluated = observed().await;
    assert_eq!((evaluated.state, evaluated.evaluated), (AlarmState::Ok, true));
    let history = alarms.history(&name, START, scene.cloud.now()).await.unwrap();
    let states: Vec<_> = history.iter().map(|item| item.to).collect();
    assert_eq!(states, [AlarmState::Ok, AlarmState::Alarm], "newest first");
}

#[tokio::test]
async fn alarms_in_alarm_are_those_of_the_scope_and_say_when_they_are_too_many() {
    let scene = Scene::fleet(3);
    let alarms = scene.ports().alarms;
    scene.alarm(&scene.instances[2]);
    scene.add_alarm("cordon/other/i-0123456789abcdef0/NetworkOut", AlarmDefinition::Metric { metrics: Vec::new() });
    scene.cloud.evaluate_alarm("cordon/other/i-0123456789abcdef0/NetworkOut", AlarmState::Alarm);
    let of =
        |prefix: &str| AlarmScope { name_prefix: Some(prefix.to_owned()), action_prefix: Some(ALARM_TOPIC.to_owned()) };
    let found = alarms.in_alarm(&of("cordon/web/")).await.unwrap();
    let expected = [scene.instances[0].clone(), scene.instances[2].clone()];
    assert_eq!((found.instances, found.complete), (expected.into(), true));
    assert_eq!(alarms.in_alarm(&of("cordon/")).await.unwrap().instances.len(), 3);
    scene.cloud.world(|world| world.alarms_read_at_most = 1);
    assert!(!alarms.in_alarm(&of("cordon/web/")).await.unwrap().complete);
}

#[tokio::test]
async fn a_role_holds_only_so_much_inline_policy() {
    let scene = Scene::fleet(1);
    let roles = scene.cloud.roles();
    let role = roles.of_profile(PROFILE).await.unwrap().unwrap();
    assert_eq!(roles.of_profile("arn:aws:iam::123456789012:instance-profile/other").await, Ok(None));
    let policy = "x".repeat(6_000);
    roles.put_inline_policy(&role.name, "one", &policy).await.unwrap();
    roles.put_inline_policy(&role.name, "one", &policy).await.unwrap();
    let full = kind_and_code(roles.put_inline_policy(&role.name, "two", &policy).await);
    assert_eq!(full, (ErrorKind::Rejected, "LimitExceeded".to_owned()));
    assert_eq!(roles.inline_policy(&role.name, "one").await, Ok(Some(policy)));
    assert_eq!(roles.inline_policy(&role.name, "two").await, Ok(None));
}

#[tokio::test]
async fn a_disassociated_profile_is_gone_once() {
    let scene = Scene::standalone();
    let instances = scene.ports().instances;
    let association = instances.profile_association(scene.first()).await.unwrap().unwrap();
    assert_eq!(association.profile_arn, PROFILE);
    instances.disassociate_profile(&association).await.unwrap();
    assert_eq!(instances.profile_association(scene.first()).await, Ok(None));
    assert_eq!(kind_and_code(instances.disassociate_profile(&association).await).0, ErrorKind::Gone);
}
