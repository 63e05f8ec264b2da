//! An alarm as DescribeAlarms answers it, in the shape that verification needs.

use crate::metric_expression::{is_arithmetic, is_query};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{ComparisonOperator, CompositeAlarm, Metric, MetricAlarm, StateValue};
use containment::figure::{Figure, Side};
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
    let definition = definition(alarm)?;
    Ok(ObservedAlarm {
        arn: arn.parse().map_err(|error| PortError::unreadable(DESCRIBE, error))?,
        state: state(alarm.state_value())?,
        transitioned_at: required_time(transitioned)?,
        evaluated: has_reason(alarm.state_reason_data(), "queryDate"),
        actions_enabled: alarm.actions_enabled().unwrap_or_default(),
        actions: alarm.alarm_actions().to_vec(),
        figure: figure(alarm, &definition),
        definition,
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
        evaluated: has_reason(alarm.state_reason_data(), "triggeringAlarms"),
        actions_enabled: alarm.actions_enabled().unwrap_or_default(),
        actions: alarm.alarm_actions().to_vec(),
        figure: None,
    })
}

fn definition(alarm: &MetricAlarm) -> PortResult<AlarmDefinition> {
    // PromQL, or whatever criteria come next. Its text is left out: it must not be read as a Metrics Insights query,
    // whose namespace would be trusted.
    let of_another_form = || AlarmDefinition::MultiSeries { query: String::new(), account: None };
    if alarm.evaluation_criteria().is_some() {
        return Ok(of_another_form());
    }
    if alarm.metrics().is_empty() {
        let Some(name) = alarm.metric_name() else { return Ok(of_another_form()) };
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

/// What the last evaluation compared. Of metric math it is the result, named by what it reads.
fn figure(alarm: &MetricAlarm, definition: &AlarmDefinition) -> Option<Figure> {
    let AlarmDefinition::Metric { metrics } = definition else { return None };
    let mut names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    names.dedup();
    let side = match alarm.comparison_operator() {
        Some(ComparisonOperator::LessThanThreshold | ComparisonOperator::LessThanOrEqualToThreshold) => Side::Below,
        _ => Side::Above,
    };
    Figure::of_reason(&names.join(", "), alarm.state_reason_data()?, side)
}

/// An evaluated transition carries a JSON object: the date of its query, or for a composite the children behind it.
fn has_reason(reason_data: Option<&str>, member: &str) -> bool {
    let data = reason_data.and_then(|data| serde_json::from_str::<Value>(data).ok());
    data.is_some_and(|data| data.get(member).is_some())
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
    use super::{composite, definition, has_reason, metric, named_instance};
    use aws_sdk_cloudwatch::primitives::DateTime;
    use aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder;
    use aws_sdk_cloudwatch::types::{
        AlarmPromQlCriteria, ComparisonOperator, CompositeAlarm, Dimension, EvaluationCriteria, Metric, MetricAlarm,
        MetricDataQuery, MetricStat, StateValue,
    };
    use containment::observed::AlarmDefinition;
    use signal::AlarmState;

    const ARN: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a";

    fn of_instance(id: &str) -> MetricAlarmBuilder {
        let dimension = Dimension::builder().name("InstanceId").value(id).build();
        MetricAlarm::builder().namespace("AWS/EC2").metric_name("NetworkOut").dimensions(dimension)
    }

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
    fn the_text_of_a_promql_alarm_is_never_taken_for_a_metrics_insights_query() {
        let text = r#"SELECT x FROM "AWS/EC2" "#;
        let criteria = EvaluationCriteria::PromQlCriteria(AlarmPromQlCriteria::builder().query(text).build());
        let alarm = of_instance("i-00000000000000001").evaluation_criteria(criteria).build();
        assert!(matches!(definition(&alarm).unwrap(), AlarmDefinition::MultiSeries { query, .. } if query.is_empty()));
    }

    #[test]
    fn an_alarm_is_read_with_the_time_of_its_transition_or_not_at_all() {
        let alarm = || of_instance("i-00000000000000001").alarm_arn(ARN).state_value(StateValue::Alarm);
        let (updated, transitioned) = (DateTime::from_secs(1_790_000_060), DateTime::from_secs(1_790_000_000));
        let both = alarm().state_updated_timestamp(updated).state_transitioned_timestamp(transitioned).build();
        let read = metric(&both).unwrap();
        assert_eq!((read.state, read.transitioned_at.unix_timestamp()), (AlarmState::Alarm, 1_790_000_000));
        let older = metric(&alarm().state_updated_timestamp(updated).build()).unwrap();
        assert_eq!(older.transitioned_at.unix_timestamp(), 1_790_000_060);
        assert!(metric(&alarm().build()).is_err());
        assert!(metric(&alarm().alarm_arn("nonsense").state_updated_timestamp(updated).build()).is_err());
    }

    #[test]
    fn an_alarm_is_read_with_the_figure_of_its_last_evaluation() {
        let alarm = || of_instance("i-00000000000000001").alarm_arn(ARN).state_value(StateValue::Alarm);
        let alarm = || alarm().state_updated_timestamp(DateTime::from_secs(1_790_000_000));
        let data = r#"{"version":"1.0","period":60,"recentDatapoints":[4.0,9.0],"threshold":5.0}"#;
        let value = |operator| {
            let read = metric(&alarm().state_reason_data(data).comparison_operator(operator).build()).unwrap();
            read.figure.map(|figure| (figure.metric, figure.value.get(), figure.threshold.map(f64::from)))
        };
        let named = |value| Some(("NetworkOut".to_owned(), value, Some(5.0)));
        assert_eq!(value(ComparisonOperator::GreaterThanThreshold), named(9.0));
        assert_eq!(value(ComparisonOperator::LessThanThreshold), named(4.0));
        assert_eq!(metric(&alarm().build()).unwrap().figure, None);
    }

    #[test]
    fn a_composite_is_read_as_its_rule() {
        let alarm = CompositeAlarm::builder()
            .alarm_arn(ARN)
            .alarm_rule("ALARM(child)")
            .state_value(StateValue::Alarm)
            .state_reason_data(r#"{"triggeringAlarms": []}"#)
            .state_updated_timestamp(DateTime::from_secs(1_790_000_000))
            .build();
        let read = composite(&alarm).unwrap();
        assert_eq!(read.definition, AlarmDefinition::Composite { rule: "ALARM(child)".to_owned() });
        assert!(read.evaluated && !read.actions_enabled);
    }

    #[test]
    fn an_alarm_names_an_instance_by_its_hint_or_its_only_dimension() {
        let named = |alarm: MetricAlarm| named_instance(&alarm).map(|id| id.to_string());
        let by_dimension = of_instance("i-00000000000000001");
        assert_eq!(named(by_dimension.clone().build()).as_deref(), Some("i-00000000000000001"));
        let hinted = by_dimension.alarm_name("cordon/web/i-00000000000000002/NetworkOut").build();
        assert_eq!(named(hinted).as_deref(), Some("i-00000000000000002"));
        let about = |id: &str| {
            let dimension = Dimension::builder().name("InstanceId").value(id).build();
            let metric = Metric::builder().namespace("AWS/EC2").dimensions(dimension).build();
            let stat = MetricStat::builder().metric(metric).period(60).stat("Sum").build();
            MetricDataQuery::builder().id("q").metric_stat(stat).build()
        };
        let (one, other) = (about("i-00000000000000001"), about("i-00000000000000002"));
        let twice = MetricAlarm::builder().metrics(one.clone()).metrics(one.clone()).build();
        assert_eq!(named(twice).as_deref(), Some("i-00000000000000001"));
        assert_eq!(named(MetricAlarm::builder().metrics(one).metrics(other).build()), None);
    }

    #[test]
    fn a_state_set_by_hand_is_not_an_evaluation() {
        let evaluated = |data| has_reason(data, "queryDate");
        assert!(evaluated(Some("{\"version\":\"1.0\",\"queryDate\":\"2026-01-01T00:00:00.000+0000\"}")));
        for by_hand in [None, Some("because"), Some("{\"a\":1}"), Some("[\"queryDate\"]"), Some("\"queryDate\"")] {
            assert!(!evaluated(by_hand), "{by_hand:?}");
        }
    }
}
