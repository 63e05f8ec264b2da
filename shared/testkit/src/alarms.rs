use crate::process::Process;
use async_trait::async_trait;
use containment::observed::{AlarmDefinition, Alarming, Contributor, HistoryItem, ObservedAlarm};
use ports::{AlarmScope, Alarms, PortResult};
use signal::{AlarmHint, AlarmState, InstanceId};
use time::OffsetDateTime;

#[async_trait]
impl Alarms for Process {
    async fn describe(&self, names: &[String]) -> PortResult<Vec<ObservedAlarm>> {
        self.read("cloudwatch:DescribeAlarms", |account| {
            let asked = |alarm: &&ObservedAlarm| names.iter().any(|name| name == alarm.arn.name());
            Ok(account.alarms.iter().filter(asked).cloned().collect())
        })
        .await
    }

    async fn contributors(&self, name: &str) -> PortResult<Vec<Contributor>> {
        self.read("cloudwatch:DescribeAlarmContributors", |account| {
            Ok(account.contributors.get(name).cloned().unwrap_or_default())
        })
        .await
    }

    async fn history(&self, name: &str, since: OffsetDateTime, until: OffsetDateTime) -> PortResult<Vec<HistoryItem>> {
        self.read("cloudwatch:DescribeAlarmHistory", |account| {
            let items = account.history.get(name).cloned().unwrap_or_default();
            Ok(items.into_iter().filter(|item| item.at >= since && item.at <= until).collect())
        })
        .await
    }

    async fn ringing(&self, topic: &str) -> PortResult<Vec<ObservedAlarm>> {
        self.read("cloudwatch:DescribeAlarms", |account| {
            let rings = |alarm: &&ObservedAlarm| {
                alarm.state == AlarmState::Alarm && alarm.actions.iter().any(|action| action.starts_with(topic))
            };
            Ok(account.alarms.iter().filter(rings).cloned().collect())
        })
        .await
    }

    async fn in_alarm(&self, scope: &AlarmScope) -> PortResult<Alarming> {
        self.read("cloudwatch:DescribeAlarms", |account| {
            let in_scope = |alarm: &&ObservedAlarm| {
                let named = scope.name_prefix.as_ref().is_none_or(|prefix| alarm.arn.name().starts_with(prefix));
                let leads = scope.action_prefix.as_ref();
                let leads = leads.is_none_or(|prefix| alarm.actions.iter().any(|action| action.starts_with(prefix)));
                alarm.state == AlarmState::Alarm && named && leads
            };
            let instances = account.alarms.iter().filter(in_scope).filter_map(named_instance).collect();
            Ok(Alarming { instances, complete: true })
        })
        .await
    }
}

fn named_instance(alarm: &ObservedAlarm) -> Option<InstanceId> {
    AlarmHint::parse(alarm.arn.name()).map(|hint| hint.instance).or_else(|| match &alarm.definition {
        AlarmDefinition::Metric { metrics } => metrics.first()?.dimensions.first()?.1.parse().ok(),
        _ => None,
    })
}
