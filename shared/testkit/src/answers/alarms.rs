use crate::cloud::Cloud;
use crate::operations::{CONTRIBUTORS, DESCRIBE_ALARMS, HISTORY, IN_ALARM};
use crate::world::alarms::Alarm;
use async_trait::async_trait;
use containment::observed::{AlarmDefinition, Alarming, Contributor, HistoryItem, ObservedAlarm};
use ports::{AlarmScope, Alarms, ErrorKind, PortError, PortResult};
use signal::AlarmState;
use time::OffsetDateTime;

/// CloudWatch: `AlarmNames` has at most 100 items.
const NAMES_LIMIT: usize = 100;

#[async_trait]
impl Alarms for Cloud {
    async fn describe(&self, names: &[String]) -> PortResult<Vec<ObservedAlarm>> {
        self.call(DESCRIBE_ALARMS, names.join(" "), |world| {
            if names.len() > NAMES_LIMIT {
                return Err(DESCRIBE_ALARMS.error(ErrorKind::Rejected, "ValidationError", "too many names"));
            }
            Ok(names.iter().filter_map(|name| world.alarms.get(name)).map(|alarm| alarm.observed.clone()).collect())
        })
        .await
    }

    async fn contributors(&self, name: &str) -> PortResult<Vec<Contributor>> {
        self.call(CONTRIBUTORS, name.to_owned(), |world| {
            Ok::<_, PortError>(world.alarms.get(name).map(|alarm| alarm.contributors.clone()).unwrap_or_default())
        })
        .await
    }

    async fn history(&self, name: &str, since: OffsetDateTime, until: OffsetDateTime) -> PortResult<Vec<HistoryItem>> {
        self.call(HISTORY, name.to_owned(), |world| {
            let items = world.alarms.get(name).into_iter().flat_map(|alarm| alarm.history.iter().rev());
            Ok::<_, PortError>(items.filter(|item| (since..=until).contains(&item.at)).cloned().collect())
        })
        .await
    }

    async fn in_alarm(&self, scope: &AlarmScope) -> PortResult<Alarming> {
        self.call(IN_ALARM, format!("{scope:?}"), |world| {
            let found: Vec<&Alarm> = world.alarms.values().filter(|alarm| is_in(scope, alarm)).collect();
            let read = found.iter().take(world.alarms_read_at_most);
            Ok::<_, PortError>(Alarming {
                instances: read.filter_map(|alarm| alarm.named_instance()).collect(),
                complete: found.len() <= world.alarms_read_at_most,
            })
        })
        .await
    }
}

/// Metric alarms only, as they are asked for.
fn is_in(scope: &AlarmScope, alarm: &Alarm) -> bool {
    let starts = |text: &str, prefix: &Option<String>| prefix.as_ref().is_none_or(|prefix| text.starts_with(prefix));
    let leads = |prefix: &String| alarm.observed.actions.iter().any(|action| action.starts_with(prefix));
    alarm.observed.state == AlarmState::Alarm
        && !matches!(alarm.observed.definition, AlarmDefinition::Composite { .. })
        && starts(alarm.observed.arn.name(), &scope.name_prefix)
        && scope.action_prefix.as_ref().is_none_or(leads)
}
