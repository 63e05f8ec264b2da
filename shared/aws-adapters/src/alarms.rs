use crate::alarm_mapping::{composite, metric, named_instance, timestamp};
use crate::error::map;
use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmType, HistoryItemType, ScanBy, StateValue};
use containment::observed::{Alarming, Contributor, HistoryItem, ObservedAlarm};
use ports::{AlarmScope, Alarms, ErrorKind, PortError, PortResult};
use serde_json::Value;
use time::OffsetDateTime;

const DESCRIBE: &str = "cloudwatch:DescribeAlarms";
const HISTORY: &str = "cloudwatch:DescribeAlarmHistory";
const CONTRIBUTORS: &str = "cloudwatch:DescribeAlarmContributors";
/// Pages of 100 alarms that are read before a fleet event is assumed.
const MAX_PAGES: usize = 20;
const MAX_CONTRIBUTOR_PAGES: usize = 20;

pub(crate) struct CloudWatchAlarms {
    client: Client,
}

impl CloudWatchAlarms {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Alarms for CloudWatchAlarms {
    async fn describe(&self, names: &[String]) -> PortResult<Vec<ObservedAlarm>> {
        // No name would mean every alarm of the account.
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let call = self
            .client
            .describe_alarms()
            .set_alarm_names(Some(names.to_vec()))
            // Composites are left out unless asked for.
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm);
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(map(DESCRIBE))?;
            for alarm in page.metric_alarms() {
                found.push(metric(alarm)?);
            }
            for alarm in page.composite_alarms() {
                found.push(composite(alarm)?);
            }
        }
        Ok(found)
    }

    async fn contributors(&self, name: &str) -> PortResult<Vec<Contributor>> {
        let mut found = Vec::new();
        let mut token = None;
        for _ in 0..MAX_CONTRIBUTOR_PAGES {
            let call = self.client.describe_alarm_contributors().alarm_name(name).set_next_token(token);
            let answer = match call.send().await.map_err(map(CONTRIBUTORS)) {
                Ok(answer) => answer,
                Err(error) if error.kind == ErrorKind::Gone => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            for contributor in answer.alarm_contributors() {
                let attributes = contributor.contributor_attributes();
                found.push(Contributor {
                    attributes: attributes
                        .into_iter()
                        .flatten()
                        .map(|(name, value)| (name.clone(), value.clone()))
                        .collect(),
                    transitioned_at: contributor.state_transitioned_timestamp().and_then(timestamp),
                });
            }
            token = answer.next_token().map(ToOwned::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
        Err(PortError::unreadable(CONTRIBUTORS, "more contributors than can be read"))
    }

    async fn history(&self, name: &str, since: OffsetDateTime, until: OffsetDateTime) -> PortResult<Vec<HistoryItem>> {
        let call = self
            .client
            .describe_alarm_history()
            .alarm_name(name)
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .history_item_type(HistoryItemType::StateUpdate)
            .start_date(DateTime::from_secs(since.unix_timestamp()))
            .end_date(DateTime::from_secs(until.unix_timestamp()))
            .scan_by(ScanBy::TimestampDescending)
            .max_records(100);
        let answer = match call.send().await.map_err(map(HISTORY)) {
            Ok(answer) => answer,
            Err(error) if error.kind == ErrorKind::Gone => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let items = answer.alarm_history_items().iter();
        Ok(items.filter_map(|item| history_item(item.timestamp(), item.history_data())).collect())
    }

    async fn ringing(&self, topic: &str) -> PortResult<Vec<ObservedAlarm>> {
        let call = self.client.describe_alarms().state_value(StateValue::Alarm).alarm_types(AlarmType::MetricAlarm);
        let mut pages = call.action_prefix(topic).max_records(100).into_paginator().send();
        let mut ringing = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(map(DESCRIBE))?;
            // One that cannot be read is no reason to leave the others.
            ringing.extend(page.metric_alarms().iter().filter_map(|alarm| metric(alarm).ok()));
        }
        Ok(ringing)
    }

    async fn in_alarm(&self, scope: &AlarmScope) -> PortResult<Alarming> {
        let call = self
            .client
            .describe_alarms()
            .state_value(StateValue::Alarm)
            .alarm_types(AlarmType::MetricAlarm)
            .set_alarm_name_prefix(scope.name_prefix.clone())
            .set_action_prefix(scope.action_prefix.clone())
            .max_records(100);
        let mut pages = call.into_paginator().send();
        let mut alarming = Alarming { complete: true, ..Alarming::default() };
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await else { return Ok(alarming) };
            let page = page.map_err(map(DESCRIBE))?;
            alarming.instances.extend(page.metric_alarms().iter().filter_map(named_instance));
            if page.next_token().is_none() {
                return Ok(alarming);
            }
        }
        alarming.complete = false;
        Ok(alarming)
    }
}

/// `HistoryData` is JSON with `newState.stateValue`. An item that can't be read proves nothing and is left out.
fn history_item(at: Option<&DateTime>, data: Option<&str>) -> Option<HistoryItem> {
    let data: Value = serde_json::from_str(data?).ok()?;
    let to = data.get("newState")?.get("stateValue")?.as_str()?.parse().ok()?;
    Some(HistoryItem { at: timestamp(at?)?, to })
}

#[cfg(test)]
mod tests {
    use super::{DateTime, history_item};
    use signal::AlarmState;

    #[test]
    fn only_a_readable_change_of_state_is_history() {
        let at = DateTime::from_secs(1_790_000_000);
        let data = r#"{"version":"1.0","oldState":{"stateValue":"OK"},"newState":{"stateValue":"ALARM"}}"#;
        let item = history_item(Some(&at), Some(data)).unwrap();
        assert_eq!((item.to, item.at.unix_timestamp()), (AlarmState::Alarm, 1_790_000_000));
        for unreadable in ["", "{}", r#"{"newState":{"stateValue":"BURNING"}}"#] {
            assert_eq!(history_item(Some(&at), Some(unreadable)), None, "{unreadable}");
        }
        assert_eq!(history_item(None, Some(data)), None);
    }
}
