//! Ordinary situations, to be changed by each test through [`Scene::cloud`].

mod signals;

use crate::cloud::Cloud;
use crate::world::World;
use crate::world::alarms::Alarm;
use crate::world::compute::Template;
use crate::world::credentials::Role;
use crate::world::network::Vpc;
use crate::world::scaling::Group;
use crate::world::schedule::Change;
use containment::authority::{MODE_TAG, Mode, StandaloneEntry};
use containment::ids::{GroupName, SecurityGroupId, TargetGroupArn, VpcId};
use containment::observed::{AlarmDefinition, Lifecycle, ObservedAlarm, ObservedGroup, ObservedMetric};
use containment::verify::Deployment;
use ports::{ObservedRole, Ports, Resources};
use signal::{AlarmState, InstanceId};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::macros::datetime;

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";
pub const START: OffsetDateTime = datetime!(2026-11-22 12:00:00 UTC);
pub const ALARM_TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:cordon-alarms";
/// The instance profile of every instance.
pub const PROFILE: &str = "arn:aws:iam::123456789012:instance-profile/web";

const GROUP: &str = "web";
const TARGET_GROUP: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef";
const ONLY_EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub struct Scene {
    pub cloud: Cloud,
    pub deployment: Deployment,
    /// `None` for a standalone instance.
    pub group: Option<GroupName>,
    /// The members first made; the first of them is in ALARM.
    pub instances: Vec<InstanceId>,
}

impl Scene {
    /// Group `web` with `size` members in service, opted in to enforce. The first one's alarm is in ALARM.
    pub fn fleet(size: usize) -> Self {
        let cloud = Cloud::at(START);
        let group = GroupName::new(GROUP);
        let instances = cloud.world(|world| {
            let template = add_network(world);
            add_role(world);
            add_group(world, &group, &template, size);
            (0..size).map(|_| world.add_member(&group)).collect()
        });
        Self { cloud, deployment: deployment(), group: Some(group), instances }.with_alarms()
    }

    /// A fleet of four whose first member has a second interface, in other security groups.
    pub fn two_interfaces() -> Self {
        let scene = Self::fleet(4);
        scene.cloud.world(|world| {
            let vpc = VpcId::new("vpc-web");
            let database = world.add_security_group(&vpc, "database", false);
            world.attach_interface(scene.first(), &vpc, 1, &database);
        });
        scene
    }

    /// One instance in no group, listed as one that may be contained.
    pub fn standalone() -> Self {
        let cloud = Cloud::at(START);
        let instance = cloud.world(|world| {
            let template = add_network(world);
            add_role(world);
            world.launch(&template)
        });
        let entry = StandaloneEntry { mode: Some(Mode::Enforce), protected: false, drills_allowed: false };
        cloud.list_standalone(&instance, entry);
        Self { cloud, deployment: deployment(), group: None, instances: vec![instance] }.with_alarms()
    }

    /// A fleet of four whose first member is in this lifecycle state; what AWS finishes by itself, it will.
    pub fn in_lifecycle(lifecycle: Lifecycle) -> Self {
        let scene = Self::fleet(4);
        let first = scene.first().clone();
        scene.cloud.world(|world| {
            world.member_mut(&first).unwrap().lifecycle = lifecycle;
            match lifecycle {
                Lifecycle::Pending => world.after(world.delays.launch, Change::InService(first)),
                Lifecycle::Detaching => world.after(world.delays.detach, Change::Detached(first)),
                Lifecycle::Terminating => world.terminate(&first),
                Lifecycle::InService | Lifecycle::Standby | Lifecycle::Detached | Lifecycle::Warmed => {}
            }
        });
        scene
    }

    pub fn first(&self) -> &InstanceId {
        &self.instances[0]
    }

    pub fn ports(&self) -> Ports {
        self.cloud.ports()
    }

    /// Names of what the deployment made.
    pub fn resources(&self) -> Resources {
        Resources {
            table: "cordon-journal".to_owned(),
            evidence_bucket: "cordon-evidence".to_owned(),
            evidence_key_arn: format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/evidence"),
            notification_topic_arn: format!("arn:aws:sns:{REGION}:{ACCOUNT}:cordon-notices"),
            revoke_function: "revoke-credentials".to_owned(),
        }
    }

    fn with_alarms(self) -> Self {
        for instance in &self.instances {
            let group = self.group.as_ref().map_or("standalone", |group| group.as_str());
            let metric = ObservedMetric {
                namespace: "AWS/EC2".to_owned(),
                name: "NetworkOut".to_owned(),
                dimensions: vec![("InstanceId".to_owned(), instance.to_string())],
                account: None,
            };
            self.add_alarm(
                &format!("cordon/{group}/{instance}/NetworkOut"),
                AlarmDefinition::Metric { metrics: vec![metric] },
            );
        }
        self.cloud.evaluate_alarm(&self.alarm_of(self.first()), AlarmState::Alarm);
        self
    }

    /// An alarm in state OK that leads to the deployment's topic.
    pub fn add_alarm(&self, name: &str, definition: AlarmDefinition) {
        let observed = ObservedAlarm {
            arn: format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}").parse().unwrap(),
            definition,
            state: AlarmState::Ok,
            transitioned_at: START - time::Duration::days(1),
            evaluated: true,
            actions_enabled: true,
            actions: vec![ALARM_TOPIC.to_owned()],
        };
        let alarm = Alarm { observed, true_state: AlarmState::Ok, history: Vec::new(), contributors: Vec::new() };
        self.cloud.world(|world| world.alarms.insert(name.to_owned(), alarm));
    }
}

fn deployment() -> Deployment {
    Deployment {
        account: ACCOUNT.parse().unwrap(),
        region: REGION.parse().unwrap(),
        partition: "aws".to_owned(),
        alarm_topics: vec![ALARM_TOPIC.to_owned()],
        function_arn: Some(format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:contain-instance")),
        drills_allowed: false,
    }
}

fn add_network(world: &mut World) -> Template {
    let vpc = VpcId::new("vpc-web");
    world.vpcs.insert(vpc.clone(), Vpc { ipv6: false });
    let security_group: SecurityGroupId = world.add_security_group(&vpc, "web", false);
    Template { vpc, security_group, interfaces: 1, profile_arn: Some(PROFILE.to_owned()) }
}

fn add_role(world: &mut World) {
    let observed = ObservedRole {
        name: "web".to_owned(),
        arn: format!("arn:aws:iam::{ACCOUNT}:role/web"),
        unique_id: "AROAEXAMPLEWEB".to_owned(),
        trust_policy: ONLY_EC2.to_owned(),
    };
    world.roles.insert(PROFILE.to_owned(), Role { observed, listed: true, inline_policies: BTreeMap::new() });
}

fn add_group(world: &mut World, name: &GroupName, template: &Template, size: usize) {
    let desired = u32::try_from(size).unwrap();
    let target_group = TargetGroupArn::new(TARGET_GROUP);
    world.target_groups.insert(target_group.clone(), Vec::new());
    let observed = ObservedGroup {
        name: name.clone(),
        desired,
        min: desired,
        max: desired * 2,
        members: Vec::new(),
        target_groups: vec![target_group],
        tags: BTreeMap::from([(MODE_TAG.to_owned(), "enforce".to_owned())]),
    };
    world.groups.insert(name.clone(), Group { observed, template: template.clone(), checks_load_balancer: true });
}
