//! Ordinary observations, to be changed by each test.
#![allow(dead_code, reason = "each test file uses its own part")]

use containment::authority::{DRILLS_TAG, MODE_TAG, Mode};
use containment::breaker::{Breaker, Slot};
use containment::decide::{AuthorizedInstance, Standing, Subject, authorize};
use containment::guards::Limits;
use containment::ids::{GroupName, IncidentId, InterfaceId, SecurityGroupId, VolumeId, VpcId};
use containment::judged::Judged;
use containment::observed::*;
use containment::refusal::Refusal;
use containment::verify::{Deployment, VerifiedAlarm};
use detection::reason::Decision;
use signal::{AlarmArn, InstanceId};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

pub const NOW: i64 = 1_790_000_000;

pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

pub fn instance_id(number: usize) -> InstanceId {
    format!("i-{number:017x}").parse().unwrap()
}

pub fn alarm_arn(name: &str) -> AlarmArn {
    format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}").parse().unwrap()
}

pub fn deployment() -> Deployment {
    Deployment {
        account: "123456789012".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        partition: "aws".to_owned(),
        alarm_topics: vec!["arn:aws:sns:eu-west-1:123456789012:cordon-alarms".to_owned()],
        function_arn: Some("arn:aws:lambda:eu-west-1:123456789012:function:contain-instance".to_owned()),
        drills_allowed: false,
    }
}

pub fn member(number: usize) -> GroupMember {
    GroupMember {
        instance: instance_id(number),
        lifecycle: Lifecycle::InService,
        healthy: true,
        protected_from_scale_in: false,
    }
}

/// A group in mode enforce whose members are instances 0 to `size - 1`.
pub fn group(size: usize) -> ObservedGroup {
    let desired = u32::try_from(size).unwrap();
    ObservedGroup {
        name: GroupName::new("web"),
        desired,
        min: 0,
        max: desired * 2,
        members: (0..size).map(member).collect(),
        target_groups: Vec::new(),
        tags: BTreeMap::from([(MODE_TAG.to_owned(), "enforce".to_owned())]),
    }
}

pub fn instance() -> ObservedInstance {
    ObservedInstance {
        id: instance_id(0),
        state: PowerState::Running,
        vpc: Some(VpcId::new("vpc-1")),
        root_is_instance_store: false,
        spot: false,
        hibernation_configured: false,
        launched_at: Some(now() - Duration::days(30)),
        operator_managed: false,
        profile_arn: Some("arn:aws:iam::123456789012:instance-profile/web".to_owned()),
        public_ipv4: None,
        volumes: vec![ObservedVolume {
            id: VolumeId::new("vol-1"),
            device: "/dev/xvda".to_owned(),
            delete_on_termination: true,
        }],
        tags: BTreeMap::new(),
    }
}

pub fn interface(name: &str, groups: &[&str]) -> ObservedInterface {
    ObservedInterface {
        id: InterfaceId::new(name),
        vpc: VpcId::new("vpc-1"),
        subnet: "subnet-1".to_owned(),
        device_index: 0,
        groups: groups.iter().map(|group| SecurityGroupId::new(*group)).collect(),
        managed_by: None,
    }
}

pub fn quarantine_group() -> ObservedSecurityGroup {
    ObservedSecurityGroup {
        id: SecurityGroupId::new("sg-quarantine"),
        vpc: VpcId::new("vpc-1"),
        tagged: true,
        ingress_rules: 0,
        egress_rules: 0,
    }
}

pub fn subject() -> Subject {
    let group = group(6);
    Subject {
        instance: Some(instance()),
        interfaces: vec![interface("eni-1", &["sg-web"]), interface("eni-2", &["sg-web", "sg-db"])],
        protection: Protection::default(),
        membership: group.membership(&instance_id(0)),
        group: Some(group),
        standalone: None,
    }
}

pub fn standing() -> Standing {
    Standing { alarming: Alarming { instances: [instance_id(0)].into(), complete: true }, ..Standing::default() }
}

pub fn verified() -> VerifiedAlarm {
    VerifiedAlarm {
        alarm: alarm_arn("cordon/web/i-00000000000000000/NetworkOut"),
        instance: instance_id(0),
        transitioned_at: now() - Duration::seconds(1),
        drill: false,
        figure: None,
    }
}

/// What the verifier says of traffic that is beyond doubt.
pub fn unusual() -> Judged {
    Judged { decision: Decision::Isolate, reasons: vec!["sent 3.0 MB/s".to_owned()], data_until: Some(0) }
}

pub fn decide(subject: &Subject, standing: &Standing) -> Result<AuthorizedInstance, Refusal> {
    authorize(&verified(), Some(&unusual()), subject, standing, &Limits::default(), Mode::Enforce, now())
}

pub fn allow_drills(group: &mut ObservedGroup) {
    group.tags.insert(DRILLS_TAG.to_owned(), "allowed".to_owned());
}

/// A breaker with one slot for each age.
pub fn breaker(ages: &[Duration]) -> Breaker {
    let slot = |(number, age): (usize, &Duration)| Slot {
        incident: IncidentId::new(format!("inc-{number}")),
        instance: instance_id(1000 + number),
        at: now() - *age,
    };
    Breaker { version: ages.len() as u64, slots: ages.iter().enumerate().map(slot).collect() }
}
