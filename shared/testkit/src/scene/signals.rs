//! Signals as the scene's alarms send them.

use super::{ALARM_TOPIC, Scene};
use containment::observed::{AlarmDefinition, Contributor};
use signal::{AlarmKind, AlarmSignal, AlarmState, InstanceId, Transition, Via};
use std::collections::BTreeMap;
use time::Duration;

/// From the transition to SNS's time of publication.
const PUBLISHED_AFTER: Duration = Duration::milliseconds(50);

impl Scene {
    /// The name of the metric alarm that nominates the instance.
    pub fn alarm_of(&self, instance: &InstanceId) -> String {
        self.cloud.world(|world| {
            let mut named = world.alarms.iter().filter(|(_, alarm)| alarm.named_instance().as_ref() == Some(instance));
            named.next().expect("an alarm of this instance").0.clone()
        })
    }

    /// The last transition of the instance's alarm, through SNS.
    pub fn signal_for(&self, instance: &InstanceId) -> AlarmSignal {
        self.signal_of(&self.alarm_of(instance), AlarmKind::AnomalyBand, vec![instance.clone()])
    }

    /// Lets CloudWatch evaluate the instance's alarm to ALARM now; one that is in ALARM already does not change.
    pub fn alarm(&self, instance: &InstanceId) -> AlarmSignal {
        self.cloud.evaluate_alarm(&self.alarm_of(instance), AlarmState::Alarm);
        self.signal_for(instance)
    }

    /// Sets the instance's alarm to ALARM by hand. The deployment and the group don't allow drills of themselves.
    pub fn drill(&self, instance: &InstanceId) -> AlarmSignal {
        self.cloud.set_alarm_state(&self.alarm_of(instance), AlarmState::Alarm);
        self.signal_for(instance)
    }

    /// A composite alarm over the alarms of all instances, set off by the one of `instance`, whom only its child names.
    pub fn composite_alarm(&self, instance: &InstanceId) -> AlarmSignal {
        let children: Vec<String> = self.instances.iter().map(|instance| self.alarm_of(instance)).collect();
        let rule = children.iter().map(|name| format!("ALARM(\"{name}\")")).collect::<Vec<_>>().join(" OR ");
        self.add_alarm("any-instance", AlarmDefinition::Composite { rule });
        self.cloud.evaluate_alarm(&self.alarm_of(instance), AlarmState::Alarm);
        self.cloud.evaluate_alarm("any-instance", AlarmState::Alarm);
        let child = self.signal_for(instance).alarm;
        let mut signal = self.signal_of("any-instance", AlarmKind::Composite, vec![instance.clone()]);
        signal.triggering_children.push(child);
        signal
    }

    /// A Metrics Insights alarm over all instances, with the one of `instance` in ALARM.
    pub fn multi_series_alarm(&self, instance: &InstanceId) -> AlarmSignal {
        let query = r#"SELECT MAX(NetworkOut) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId"#.to_owned();
        self.add_alarm("every-instance", AlarmDefinition::MultiSeries { query, account: None });
        self.cloud.evaluate_alarm("every-instance", AlarmState::Alarm);
        let attributes = BTreeMap::from([("InstanceId".to_owned(), instance.to_string())]);
        let contributor = Contributor { attributes: attributes.clone(), transitioned_at: Some(self.cloud.now()) };
        self.cloud.world(|world| {
            world.alarms.entry("every-instance".to_owned()).and_modify(|alarm| alarm.contributors.push(contributor));
        });
        let mut signal = self.signal_of("every-instance", AlarmKind::MultiSeries, vec![instance.clone()]);
        signal.contributor = Some(attributes);
        signal
    }

    fn signal_of(&self, alarm: &str, kind: AlarmKind, nominated: Vec<InstanceId>) -> AlarmSignal {
        let observed = self.cloud.world(|world| world.alarms[alarm].observed.clone());
        let at = observed.transitioned_at;
        let digest = signal::digest(format!("{} {} {at}", observed.arn, observed.state).as_bytes());
        AlarmSignal {
            alarm: observed.arn,
            kind,
            transition: Transition { from: Some(AlarmState::Ok), to: observed.state, at },
            nominated,
            triggering_children: Vec::new(),
            contributor: None,
            metric_accounts: Vec::new(),
            via: Via::Sns {
                topic: ALARM_TOPIC.parse().unwrap(),
                message_id: format!("message-{}", &digest[..8]),
                published_at: at + PUBLISHED_AFTER,
            },
            digest,
        }
    }
}
