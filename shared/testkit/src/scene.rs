//! A fleet whose first instance alarms, and runs of Cordon against it.

use crate::account::Account;
use crate::process::Process;
use containment::authority::Mode;
use containment::figure::{Amount, Figure};
use containment::guards::Limits;
use containment::ids::{GroupName, SecurityGroupId, VpcId};
use containment::observed::{AlarmDefinition, ObservedAlarm, ObservedMetric, ObservedSecurityGroup};
use containment::verify::Deployment;
use ports::Resources;
use signal::{AlarmArn, AlarmKind, AlarmSignal, AlarmState, InstanceId, Transition, Via};
use std::sync::{Arc, Mutex, MutexGuard};
use time::{Duration, OffsetDateTime};

pub const GROUP: &str = "web";
/// The function that the scene's requests are meant for.
pub const FUNCTION: &str = "cordon";
const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:cordon-alarms";

pub fn instance_id(number: usize) -> InstanceId {
    format!("i-{number:017x}").parse().unwrap()
}

/// Deployment, mode, limits and resources of the scene: enforcing, with limits that are in no test's way. Operators'
/// requests go to [`FUNCTION`].
pub fn config() -> (Deployment, Mode, Limits, Resources) {
    let deployment = Deployment {
        account: "123456789012".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        partition: "aws".to_owned(),
        alarm_topics: vec![TOPIC.to_owned()],
        function_arn: Some(format!("arn:aws:lambda:eu-west-1:123456789012:function:{FUNCTION}")),
        drills_allowed: false,
    };
    let limits = Limits { group_count: 1000, group_percent: 100, account_count: 1000, ..Limits::default() };
    let resources = Resources {
        table: "table".to_owned(),
        evidence_bucket: "bucket".to_owned(),
        evidence_account: "210987654321".parse().unwrap(),
        evidence_key_arn: "key".to_owned(),
        signing_key_arn: "arn:aws:kms:eu-west-1:123456789012:key/signing".to_owned(),
        notification_topic_arn: "topic".to_owned(),
        revoke_function: "revoke-credentials".to_owned(),
        security_hub: false,
    };
    (deployment, Mode::Enforce, limits, resources)
}

pub struct Scene {
    account: Arc<Mutex<Account>>,
}

impl Scene {
    /// Instances 0 to `size - 1` in one enforced group; instance 0 alarms; the quarantine group exists.
    pub fn fleet(size: usize) -> Self {
        let now = OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
        let mut account = Account::new(now);
        let members: Vec<InstanceId> = (0..size).map(instance_id).collect();
        account.add_group(&GroupName::new(GROUP), &members);
        account.security_groups.push(ObservedSecurityGroup {
            id: SecurityGroupId::new("sg-quarantine"),
            vpc: VpcId::new(crate::fleet::VPC),
            tagged: true,
            ingress_rules: 0,
            egress_rules: 0,
        });
        let scene = Self { account: Arc::new(Mutex::new(account)) };
        scene.alarm(&instance_id(0));
        scene
    }

    /// An account in which nothing runs yet.
    pub fn empty() -> Self {
        let now = OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
        Self { account: Arc::new(Mutex::new(Account::new(now))) }
    }

    pub fn account(&self) -> MutexGuard<'_, Account> {
        let mut account = self.account.lock().unwrap();
        account.settle_time();
        account
    }

    /// A new run of a function.
    pub fn process(&self) -> Process {
        Process::new(Arc::clone(&self.account))
    }

    pub fn pass(&self, time: Duration) {
        self.account.lock().unwrap().now += time;
        self.account().settle_time();
    }

    /// The instance's alarm goes into ALARM; answers the signal that CloudWatch sends.
    pub fn alarm(&self, instance: &InstanceId) -> AlarmSignal {
        let mut account = self.account();
        let alarm = ObservedAlarm {
            arn: arn(instance),
            definition: AlarmDefinition::Metric {
                metrics: vec![ObservedMetric {
                    namespace: "AWS/EC2".to_owned(),
                    name: "NetworkOut".to_owned(),
                    dimensions: vec![("InstanceId".to_owned(), instance.to_string())],
                    account: None,
                }],
            },
            state: AlarmState::Alarm,
            transitioned_at: account.now,
            evaluated: true,
            actions_enabled: true,
            actions: vec![TOPIC.to_owned()],
            figure: figure(9e8),
        };
        account.surging.insert(instance.clone());
        account.alarms.retain(|known| known.arn != alarm.arn);
        account.alarms.push(alarm);
        let at = account.now;
        drop(account);
        signal(instance, at)
    }

    /// The group's fleet alarm goes into ALARM, whatever its instances do; answers the signal that CloudWatch sends.
    pub fn fleet_alarm(&self) -> AlarmSignal {
        let mut account = self.account();
        let arn: AlarmArn = format!("{ALARM}cordon/{GROUP}/fleet/FleetLogRatio").parse().unwrap();
        let alarm = ObservedAlarm {
            arn: arn.clone(),
            definition: AlarmDefinition::Metric {
                metrics: vec![ObservedMetric {
                    namespace: "Cordon".to_owned(),
                    name: "FleetLogRatio".to_owned(),
                    dimensions: vec![("AutoScalingGroupName".to_owned(), GROUP.to_owned())],
                    account: None,
                }],
            },
            state: AlarmState::Alarm,
            transitioned_at: account.now,
            evaluated: true,
            actions_enabled: true,
            actions: vec![TOPIC.to_owned()],
            figure: None,
        };
        account.alarms.retain(|known| known.arn != arn);
        account.alarms.push(alarm);
        let at = account.now;
        AlarmSignal { alarm: arn, nominated: Vec::new(), ..signal(&instance_id(0), at) }
    }

    /// The signal of an alarm that was raised before.
    pub fn signal(&self, instance: &InstanceId) -> AlarmSignal {
        let account = self.account();
        let raised = account.alarms.iter().find(|alarm| alarm.arn == arn(instance)).expect("the instance has an alarm");
        signal(instance, raised.transitioned_at)
    }
}

fn arn(instance: &InstanceId) -> AlarmArn {
    format!("{ALARM}cordon/{GROUP}/{instance}/NetworkOut").parse().unwrap()
}

/// What CloudWatch compared: the value with a threshold of a million.
fn figure(value: f64) -> Option<Figure> {
    Some(Figure { threshold: Amount::new(1e6), period: Some(60), ..Figure::new("NetworkOut", Amount::new(value)?) })
}

fn signal(instance: &InstanceId, at: OffsetDateTime) -> AlarmSignal {
    AlarmSignal {
        alarm: arn(instance),
        kind: AlarmKind::Metric,
        transition: Transition { from: Some(AlarmState::Ok), to: AlarmState::Alarm, at },
        nominated: vec![instance.clone()],
        triggering_children: Vec::new(),
        contributor: None,
        metric_accounts: Vec::new(),
        via: Via::Sns { topic: TOPIC.parse().unwrap(), message_id: "m".to_owned(), published_at: at },
        digest: format!("digest of {instance} at {at}"),
    }
}
