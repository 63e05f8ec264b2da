//! Alarms and detectors of enrolment's form, to and from the SDK's types.

use crate::watches::DETECTORS;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AnomalyDetector, AnomalyDetectorConfiguration, ComparisonOperator, Dimension, Metric, MetricAlarm,
    MetricCharacteristics, MetricDataQuery, MetricStat, Range, SingleMetricAnomalyDetector, StateValue, Statistic,
};
use containment::attack::TimeRange;
use enrolment::{AlarmShape, Detector, Limit, SeenAlarm, Training};
use ports::{PortError, PortResult};
use time::OffsetDateTime;

pub(crate) fn watch(alarm: &MetricAlarm) -> SeenAlarm {
    SeenAlarm {
        arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
        shape: shape(alarm),
        actions_enabled: alarm.actions_enabled().unwrap_or_default(),
        quiet: alarm.state_value() == Some(&StateValue::Ok),
    }
}

/// `None` for every form that enrolment never gives: each part that is not in [`AlarmShape`] is checked here.
fn shape(alarm: &MetricAlarm) -> Option<AlarmShape> {
    let shape = if alarm.metrics().is_empty() { over_threshold(alarm)? } else { over_band(alarm)? };
    let acts_otherwise = !alarm.ok_actions().is_empty() || !alarm.insufficient_data_actions().is_empty();
    let treated = alarm.treat_missing_data().unwrap_or("missing");
    (!acts_otherwise && treated == shape.limit.missing_data()).then_some(shape)
}

fn over_band(alarm: &MetricAlarm) -> Option<AlarmShape> {
    let compares = alarm.comparison_operator() == Some(&ComparisonOperator::GreaterThanUpperThreshold)
        && alarm.threshold_metric_id() == Some(AlarmShape::BAND_ID);
    if !compares || alarm.metrics().len() != 2 {
        return None;
    }
    let query = |id: &str| alarm.metrics().iter().find(|query| query.id() == Some(id));
    let (metric, band) = (query(AlarmShape::METRIC_ID)?, query(AlarmShape::BAND_ID)?);
    if metric.account_id().is_some() || band.return_data() == Some(false) || metric.return_data() == Some(false) {
        return None;
    }
    let stat = metric.metric_stat()?;
    let of = stat.metric()?;
    let limit = Limit::Band(text(band.expression()));
    let watched = Watched {
        namespace: of.namespace(),
        metric: of.metric_name(),
        dimensions: of.dimensions(),
        statistic: stat.stat(),
        period: stat.period(),
    };
    described(alarm, watched, limit)
}

fn over_threshold(alarm: &MetricAlarm) -> Option<AlarmShape> {
    let thousandths = (alarm.threshold()? * 1000.0).round();
    let is_known =
        (0.0..=f64::from(u32::MAX)).contains(&thousandths) && alarm.threshold() == Some(thousandths / 1000.0);
    let compares = alarm.comparison_operator() == Some(&ComparisonOperator::GreaterThanThreshold);
    if !compares || !is_known || alarm.evaluation_criteria().is_some() || alarm.unit().is_some() {
        return None;
    }
    let limit = Limit::Threshold(thousandths as u32);
    let watched = Watched {
        namespace: alarm.namespace(),
        metric: alarm.metric_name(),
        dimensions: alarm.dimensions(),
        statistic: alarm.statistic().map(Statistic::as_str),
        period: alarm.period(),
    };
    described(alarm, watched, limit)
}

struct Watched<'a> {
    namespace: Option<&'a str>,
    metric: Option<&'a str>,
    dimensions: &'a [Dimension],
    statistic: Option<&'a str>,
    period: Option<i32>,
}

fn described(alarm: &MetricAlarm, watched: Watched<'_>, limit: Limit) -> Option<AlarmShape> {
    (watched.namespace == Some(limit.namespace())).then_some(())?;
    let dimensions = watched.dimensions.iter();
    Some(AlarmShape {
        description: text(alarm.alarm_description()),
        actions: alarm.alarm_actions().to_vec(),
        metric: text(watched.metric),
        dimensions: dimensions.map(|one| (text(one.name()), text(one.value()))).collect(),
        statistic: text(watched.statistic),
        period: u32::try_from(watched.period?).ok()?,
        limit,
        datapoints: u32::try_from(alarm.datapoints_to_alarm()?).ok()?,
        periods: u32::try_from(alarm.evaluation_periods()?).ok()?,
    })
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

/// What the alarm reads, and what it compares that with.
pub(crate) fn limited(call: PutMetricAlarmFluentBuilder, shape: &AlarmShape) -> PutMetricAlarmFluentBuilder {
    let period = i32::try_from(shape.period).unwrap_or(i32::MAX);
    match &shape.limit {
        Limit::Band(band) => call
            .set_metrics(Some(metric_queries(shape, band)))
            .threshold_metric_id(AlarmShape::BAND_ID)
            .comparison_operator(ComparisonOperator::GreaterThanUpperThreshold),
        Limit::Threshold(thousandths) => call
            .namespace(shape.limit.namespace())
            .metric_name(&shape.metric)
            .set_dimensions(Some(dimensions(shape)))
            .statistic(Statistic::from(shape.statistic.as_str()))
            .period(period)
            .threshold(f64::from(*thousandths) / 1000.0)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold),
    }
}

fn dimensions(shape: &AlarmShape) -> Vec<Dimension> {
    shape.dimensions.iter().map(|(name, value)| dimension(name, value)).collect()
}

fn metric_queries(shape: &AlarmShape, band: &str) -> Vec<MetricDataQuery> {
    let metric = Metric::builder().namespace(shape.limit.namespace()).metric_name(&shape.metric);
    let stat = MetricStat::builder()
        .metric(metric.set_dimensions(Some(dimensions(shape))).build())
        .period(i32::try_from(shape.period).unwrap_or(i32::MAX))
        .stat(&shape.statistic)
        .build();
    vec![
        MetricDataQuery::builder().id(AlarmShape::METRIC_ID).metric_stat(stat).return_data(true).build(),
        MetricDataQuery::builder().id(AlarmShape::BAND_ID).expression(band).return_data(true).build(),
    ]
}

/// `None` for a detector over anything else than one metric of one instance, or over another statistic.
pub(crate) fn detector(found: &AnomalyDetector) -> Option<Detector> {
    let single = found.single_metric_anomaly_detector()?;
    let [only] = single.dimensions() else { return None };
    let has_form = single.namespace() == Some(Detector::NAMESPACE)
        && single.stat() == Some(Detector::STATISTIC)
        && single.account_id().is_none()
        && only.name() == Some(Detector::DIMENSION);
    let instance = has_form.then(|| only.value()).flatten()?.parse().ok()?;
    Some(Detector { instance, metric: single.metric_name()?.parse().ok()? })
}

pub(crate) fn single_metric(detector: &Detector) -> SingleMetricAnomalyDetector {
    SingleMetricAnomalyDetector::builder()
        .namespace(Detector::NAMESPACE)
        .metric_name(detector.metric.as_str())
        .dimensions(dimension(Detector::DIMENSION, detector.instance.as_str()))
        .stat(Detector::STATISTIC)
        .build()
}

/// A range without an end, or of whatever else is not understood, is an error: a change would drop it.
pub(crate) fn training(found: &AnomalyDetector) -> PortResult<Training> {
    let configuration = found.configuration();
    let ranges = configuration.map(AnomalyDetectorConfiguration::excluded_time_ranges).unwrap_or_default();
    let range = |range: &Range| -> Option<TimeRange> {
        let at = |time: Option<&DateTime>| OffsetDateTime::from_unix_timestamp(time?.secs()).ok();
        Some(TimeRange::around(at(range.start_time())?, at(range.end_time())?))
    };
    let broken = || PortError::unreadable(DETECTORS, "an excluded time range without a beginning or an end");
    Ok(Training {
        excluded: ranges.iter().map(|one| range(one).ok_or_else(broken)).collect::<PortResult<_>>()?,
        time_zone: configuration.and_then(|it| it.metric_timezone()).map(ToOwned::to_owned),
        periodic_spikes: found.metric_characteristics().and_then(MetricCharacteristics::periodic_spikes),
    })
}

/// `None` for the configuration of a new detector.
pub(crate) fn configuration(training: &Training) -> PortResult<Option<AnomalyDetectorConfiguration>> {
    if training.excluded.is_empty() && training.time_zone.is_none() {
        return Ok(None);
    }
    let time = DateTime::from_secs;
    let ranges = training
        .excluded
        .iter()
        .map(|range| Range::builder().start_time(time(range.from_s)).end_time(time(range.until_s)).build());
    Ok(Some(
        AnomalyDetectorConfiguration::builder()
            .set_excluded_time_ranges(Some(ranges.collect()))
            .set_metric_timezone(training.time_zone.clone())
            .build(),
    ))
}

pub(crate) fn characteristics(training: &Training) -> Option<MetricCharacteristics> {
    training.periodic_spikes.map(|spikes| MetricCharacteristics::builder().periodic_spikes(spikes).build())
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

#[cfg(test)]
mod tests {
    use super::{characteristics, configuration, detector, dimensions, metric_queries, shape, single_metric, training};
    use aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder;
    use aws_sdk_cloudwatch::types::{AnomalyDetector, ComparisonOperator, MetricAlarm, StandardUnit, Statistic};
    use containment::attack::TimeRange;
    use containment::ids::GroupName;
    use detection::thresholds::Thresholds;
    use enrolment::{AlarmShape, Detector, Machine, Price, Settings, Training, wanted_fleet_shape, wanted_shape};

    fn settings() -> Settings {
        Settings {
            metrics: vec!["NetworkOut".parse().unwrap()],
            width: "3".parse().unwrap(),
            datapoints: 2,
            periods: 3,
            topic: "arn:aws:sns:eu-west-1:123456789012:cordon".to_owned(),
            quota: 500,
            detailed_monitoring: false,
            price: Price::LIST,
        }
    }

    fn wanted() -> AlarmShape {
        let machine = Machine { vpc: None, detailed: true };
        wanted_shape(&settings(), &GroupName::new("web"), &of_instance(), &machine)
    }

    fn of_instance() -> Detector {
        Detector { instance: "i-0123456789abcdef0".parse().unwrap(), metric: "NetworkOut".parse().unwrap() }
    }

    fn alarm() -> MetricAlarmBuilder {
        let wanted = wanted();
        MetricAlarm::builder()
            .alarm_description(&wanted.description)
            .set_alarm_actions(Some(wanted.actions.clone()))
            .set_metrics(Some(metric_queries(&wanted, "ANOMALY_DETECTION_BAND(m1, 3)")))
            .threshold_metric_id("band")
            .comparison_operator(ComparisonOperator::GreaterThanUpperThreshold)
            .evaluation_periods(3)
            .datapoints_to_alarm(2)
            .treat_missing_data("missing")
    }

    #[test]
    fn an_alarm_is_read_back_as_it_is_written() {
        assert_eq!(shape(&alarm().build()), Some(wanted()));
    }

    #[test]
    fn a_part_that_somebody_changed_makes_the_alarm_another() {
        let changes: [fn(MetricAlarmBuilder) -> MetricAlarmBuilder; 8] = [
            |alarm| alarm.treat_missing_data("breaching"),
            |alarm| alarm.comparison_operator(ComparisonOperator::LessThanLowerThreshold),
            |alarm| alarm.threshold_metric_id("m1"),
            |alarm| alarm.ok_actions("arn:aws:sns:eu-west-1:123456789012:other"),
            |alarm| alarm.alarm_actions("arn:aws:sns:eu-west-1:123456789012:other"),
            |alarm| alarm.evaluation_periods(4),
            |alarm| alarm.alarm_description("mine"),
            |alarm| alarm.set_metrics(None),
        ];
        for change in changes {
            assert_ne!(shape(&change(alarm()).build()), Some(wanted()));
        }
    }

    fn fleet_alarm(wanted: &AlarmShape) -> MetricAlarmBuilder {
        MetricAlarm::builder()
            .alarm_description(&wanted.description)
            .set_alarm_actions(Some(wanted.actions.clone()))
            .namespace("Cordon")
            .metric_name("FleetLogRatio")
            .set_dimensions(Some(dimensions(wanted)))
            .statistic(Statistic::Maximum)
            .period(300)
            .threshold(1.386)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .evaluation_periods(3)
            .datapoints_to_alarm(2)
            .treat_missing_data("notBreaching")
    }

    #[test]
    fn a_fleet_alarm_is_read_back_as_it_is_written_and_in_no_other_form() {
        let wanted = wanted_fleet_shape(&settings(), &GroupName::new("web"), &Thresholds::default());
        assert_eq!(shape(&fleet_alarm(&wanted).build()), Some(wanted.clone()));
        let changes: [fn(MetricAlarmBuilder) -> MetricAlarmBuilder; 7] = [
            |alarm| alarm.treat_missing_data("missing"),
            |alarm| alarm.comparison_operator(ComparisonOperator::LessThanThreshold),
            |alarm| alarm.namespace("AWS/EC2"),
            |alarm| alarm.threshold(1.3862),
            |alarm| alarm.threshold(f64::NAN),
            |alarm| alarm.statistic(Statistic::Average),
            |alarm| alarm.unit(StandardUnit::Bytes),
        ];
        for change in changes {
            assert_ne!(shape(&change(fleet_alarm(&wanted)).build()), Some(wanted.clone()));
        }
    }

    #[test]
    fn what_a_detector_learns_from_is_read_back_as_it_is_written() {
        let range = |from_s| TimeRange { from_s, until_s: from_s + 600 };
        let all = Training {
            excluded: [range(60), range(3600)].into(),
            time_zone: Some("Europe/Zurich".to_owned()),
            periodic_spikes: Some(false),
        };
        for written in [Training::default(), all] {
            let shown = AnomalyDetector::builder()
                .set_configuration(configuration(&written).unwrap())
                .set_metric_characteristics(characteristics(&written));
            assert_eq!(training(&shown.build()).unwrap(), written);
        }
    }

    #[test]
    fn a_detector_of_any_other_form_is_not_cordons() {
        let shown = |single| AnomalyDetector::builder().single_metric_anomaly_detector(single).build();
        let single = || single_metric(&of_instance());
        assert_eq!(detector(&shown(single())), Some(of_instance()));
        let mut others = [single(), single(), single(), single()];
        others[0].stat = Some("Average".to_owned());
        others[1].namespace = Some("Custom".to_owned());
        others[2].dimensions = None;
        others[3].account_id = Some("210987654321".to_owned());
        for other in others {
            assert_eq!(detector(&shown(other)), None);
        }
        assert_eq!(detector(&AnomalyDetector::builder().build()), None);
    }
}
