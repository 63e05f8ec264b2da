use crate::PortResult;
use async_trait::async_trait;
use containment::observed::{Alarming, Contributor, HistoryItem, ObservedAlarm};
use time::OffsetDateTime;

/// Which alarms in ALARM may tell of a fleet event. Both filters apply where both are given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmScope {
    /// `cordon/GROUP/`, where the alarm's name carries the hint.
    pub name_prefix: Option<String>,
    /// The topic or function that the alarms lead to.
    pub action_prefix: Option<String>,
}

#[async_trait]
pub trait Alarms: Send + Sync {
    /// Metric and composite alarms by name (at most 100); those that don't exist are missing from the answer.
    async fn describe(&self, names: &[String]) -> PortResult<Vec<ObservedAlarm>>;

    /// The series of a multi-series alarm that are in ALARM.
    async fn contributors(&self, name: &str) -> PortResult<Vec<Contributor>>;

    /// State changes of an alarm in a range of time, newest first.
    async fn history(&self, name: &str, since: OffsetDateTime, until: OffsetDateTime) -> PortResult<Vec<HistoryItem>>;

    /// Metric alarms in ALARM whose actions lead to this topic; pages are bounded, and the next look has the rest.
    async fn ringing(&self, topic: &str) -> PortResult<Vec<ObservedAlarm>>;

    /// Instances that alarms in ALARM name, by their hint or their only `InstanceId` dimension. Pages are bounded;
    /// `complete` says whether all were read.
    async fn in_alarm(&self, scope: &AlarmScope) -> PortResult<Alarming>;
}
