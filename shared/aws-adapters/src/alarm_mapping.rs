//! An alarm as DescribeAlarms answers it, in the shape that verification needs.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{CompositeAlarm, Metric, MetricAlarm, StateValue};
use containment::observed::{AlarmDefinition, ObservedAlarm, ObservedMetric};
use ports::{PortError, PortResult};
use serde_json::Value;
use signal::{AccountId, AlarmHint, AlarmState, InstanceId};
use time::OffsetDateTime;

const DESCRIBE: &str = "cloudwatch:DescribeAlarms";
/// Stands in for a metric that cannot be named: no namespace of AWS's has this form, so nothing trusts it.
const UNKNOWN_NAMESPACE: &str = "(expression)";

pub(crate) fn metric(alarm: &MetricAlarm) -> PortResult<ObservedAlarm> {
    let arn = alarm.alarm_arn().unwrap_or_default();
    let transitioned = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
    Ok(ObservedAlarm {
        arn: arn.parse().map_err(|error| PortError::unreadable(DESCRIBE, error))?,
        definition: definition(alarm)?,
        state: state(alarm.state_value())?,
        transitioned_at: required_time(transitioned)?,
        evaluated: is_evaluation(alarm.state_reason_data()),
        actions_enabled: alarm.actions_enabled().unwrap_or_default(),
        actions: alarm.alarm_actions().to_vec(),
    })
}

pub(crate) fn composite(alarm: &CompositeAlarm) -> PortResult<ObservedAlarm> {
    let arn = alarm.alarm_arn().unwrap_or_default();
    let transitioned = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
    Ok(ObservedAlarm {
        arn: arn.parse().map_err(|error| PortError::unreadable(DESCRIBE, error))?,
        definition: AlarmDefinition::Composite { rule: alarm.alarm_rule().unwrap_or_default().to_owned() },
        state: state(alarm.state_value())?,
        transitioned_at: required_time(transitioned)?,
        evaluated: false,
        actions_enabled: alarm.actions_enabled().unwrap_or_default(),
        actions: alarm.alarm_actions().to_vec(),
    })
}

fn definition(alarm: &MetricAlarm) -> PortResult<AlarmDefinition> {
    if alarm.metrics().is_empty() {
        let Some(name) = alarm.metric_name() else {
            // Neither a metric nor queries: a form of alarm not known here (PromQL, say).
            return Ok(AlarmDefinition::MultiSeries { query: String::new(), account: None });
        };
        let dimensions = alarm.dimensions().iter();
        let dimensions = dimensions.map(|one| (text(one.name()), text(one.value()))).collect();
        let namespace = text(alarm.namespace());
        return Ok(AlarmDefinition::Metric {
            metrics: vec![ObservedMetric { namespace, name: name.to_owned(), dimensions, account: None }],
        });
    }
    let (mut metrics, mut series) = (Vec::new(), None);
    for query in alarm.metrics() {
        let account = query.account_id().map(str::parse::<AccountId>).transpose();
        let account = account.map_err(|error| PortError::unreadable(DESCRIBE, error))?;
        if let Some(expression) = query.expression() {
            if is_query(expression) && series.is_none() {
                series = Some(AlarmDefinition::MultiSeries { query: expression.to_owned(), account });
            } else if !is_arithmetic(expression) {
                metrics.push(unknown(expression, account));
            }
        } else if let Some(metric) = query.metric_stat().and_then(|stat| stat.metric()) {
            metrics.push(observed_metric(metric, account));
        } else {
            metrics.push(unknown("", account));
        }
    }
    match series {
        Some(series) if metrics.is_empty() => Ok(series),
        // A query beside other metrics: which of them made the alarm cannot be told.
        Some(_) => Ok(AlarmDefinition::Metric { metrics: vec![unknown("a query beside other metrics", None)] }),
        None => Ok(AlarmDefinition::Metric { metrics }),
    }
}

fn observed_metric(metric: &Metric, account: Option<AccountId>) -> ObservedMetric {
    let dimensions = metric.dimensions().iter();
    ObservedMetric {
        namespace: text(metric.namespace()),
        name: text(metric.metric_name()),
        dimensions: dimensions.map(|one| (text(one.name()), text(one.value()))).collect(),
        account,
    }
}

fn unknown(expression: &str, account: Option<AccountId>) -> ObservedMetric {
    ObservedMetric {
        namespace: UNKNOWN_NAMESPACE.to_owned(),
        name: expression.chars().take(64).collect(),
        dimensions: Vec::new(),
        account,
    }
}

fn is_query(expression: &str) -> bool {
    let start = expression.trim_start();
    start.get(..6).is_some_and(|keyword| keyword.eq_ignore_ascii_case("select"))
}

/// Whether the expression can read nothing but the alarm's own metrics. Only functions known to be pure are let
/// through; SEARCH, LAMBDA, METRICS and whatever is new are not among them.
fn is_arithmetic(expression: &str) -> bool {
    const PURE: [&str; 14] = [
        "ANOMALY_DETECTION_BAND",
        "ABS",
        "AVG",
        "CEIL",
        "DIFF",
        "FILL",
        "FLOOR",
        "IF",
        "MAX",
        "MIN",
        "PERIOD",
        "RATE",
        "RUNNING_SUM",
        "SUM",
    ];
    if expression.contains(['\'', '"']) {
        return false;
    }
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut rest = expression;
    while let Some(open) = rest.find('(') {
        let before = rest.get(..open).unwrap_or_default().trim_end();
        let word = before.rsplit(|character| !is_word(character)).next().unwrap_or_default();
        if !word.is_empty() && !PURE.contains(&word.to_ascii_uppercase().as_str()) {
            return false;
        }
        rest = rest.get(open + 1..).unwrap_or_default();
    }
    true
}

/// The instance of an alarm in ALARM: by its name's hint, or by its dimensions if they name just one.
pub(crate) fn named_instance(alarm: &MetricAlarm) -> Option<InstanceId> {
    let hinted = alarm.alarm_name().and_then(AlarmHint::parse).map(|hint| hint.instance);
    hinted.or_else(|| {
        let Ok(AlarmDefinition::Metric { metrics }) = definition(alarm) else { return None };
        let values = metrics.iter().flat_map(|metric| &metric.dimensions).filter(|(name, _)| name == "InstanceId");
        let mut named: Vec<InstanceId> = values.filter_map(|(_, value)| value.parse().ok()).collect();
        named.dedup();
        (named.len() == 1).then(|| named.pop()).flatten()
    })
}

/// An evaluated transition carries JSON with the date of its query.
fn is_evaluation(reason_data: Option<&str>) -> bool {
    let data = reason_data.and_then(|data| serde_json::from_str::<Value>(data).ok());
    data.is_some_and(|data| data.get("queryDate").is_some())
}

fn state(value: Option<&StateValue>) -> PortResult<AlarmState> {
    match value {
        Some(StateValue::Alarm) => Ok(AlarmState::Alarm),
        Some(StateValue::Ok) => Ok(AlarmState::Ok),
        Some(StateValue::InsufficientData) => Ok(AlarmState::InsufficientData),
        _ => Err(PortError::unreadable(DESCRIBE, "an alarm without a known state")),
    }
}

fn required_time(at: Option<&DateTime>) -> PortResult<OffsetDateTime> {
    at.and_then(timestamp).ok_or_else(|| PortError::unreadable(DESCRIBE, "an alarm without the time of its transition"))
}

pub(crate) fn timestamp(at: &DateTime) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(at.as_nanos()).ok()
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{definition, is_arithmetic, is_evaluation};
    use aws_sdk_cloudwatch::types::{Metric, MetricAlarm, MetricDataQuery, MetricStat};
    use containment::observed::AlarmDefinition;

    fn query(expression: Option<&str>, namespace: Option<&str>) -> MetricDataQuery {
        let metric = Metric::builder().set_namespace(namespace.map(ToOwned::to_owned)).build();
        let stat = MetricStat::builder().metric(metric).period(60).stat("Sum").build();
        let query = MetricDataQuery::builder().id("q").set_expression(expression.map(ToOwned::to_owned));
        query.set_metric_stat(namespace.map(|_| stat)).build()
    }

    fn namespaces(queries: Vec<MetricDataQuery>) -> Vec<String> {
        match definition(&MetricAlarm::builder().set_metrics(Some(queries)).build()).unwrap() {
            AlarmDefinition::Metric { metrics } => metrics.into_iter().map(|metric| metric.namespace).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_band_reads_its_metric_alone_and_a_search_reads_the_unknown() {
        let metric = || query(None, Some("AWS/EC2"));
        assert_eq!(namespaces(vec![metric(), query(Some("ANOMALY_DETECTION_BAND(m1, 2)"), None)]), ["AWS/EC2"]);
        let search = query(Some("SUM(SEARCH('{Mine,InstanceId} x', 'Sum', 60))"), None);
        assert_eq!(namespaces(vec![metric(), search]), ["AWS/EC2", "(expression)"]);
    }

    #[test]
    fn only_pure_functions_over_the_alarms_own_metrics_are_arithmetic() {
        for pure in ["m1 / PERIOD(m1)", "(m1 + m2) * 8", "IF(m1 > 3, 1, 0)", "ANOMALY_DETECTION_BAND(m1, 1.5)"] {
            assert!(is_arithmetic(pure), "{pure}");
        }
        for other in ["METRICS()", "SEARCH ('x')", "LAMBDA(\"f\")", "NEW_THING(m1)", "SUM(METRICS(\"m\"))"] {
            assert!(!is_arithmetic(other), "{other}");
        }
    }

    #[test]
    fn a_metrics_insights_query_and_an_unknown_form_are_multi_series() {
        let insights = query(Some("SELECT SUM(NetworkOut) FROM \"AWS/EC2\" GROUP BY InstanceId"), None);
        let alarm = MetricAlarm::builder().metrics(insights).build();
        assert!(matches!(definition(&alarm).unwrap(), AlarmDefinition::MultiSeries { query, .. } if !query.is_empty()));
        let insights = || query(Some("SELECT SUM(NetworkOut) FROM \"AWS/EC2\" GROUP BY InstanceId"), None);
        assert_eq!(namespaces(vec![insights(), query(None, Some("Mine"))]), ["(expression)"]);
        let unknown = definition(&MetricAlarm::builder().build()).unwrap();
        assert!(matches!(unknown, AlarmDefinition::MultiSeries { query, .. } if query.is_empty()));
    }

    #[test]
    fn a_state_set_by_hand_is_not_an_evaluation() {
        assert!(is_evaluation(Some("{\"version\":\"1.0\",\"queryDate\":\"2026-01-01T00:00:00.000+0000\"}")));
        assert!(!is_evaluation(None) && !is_evaluation(Some("because")) && !is_evaluation(Some("{\"a\":1}")));
    }
}
