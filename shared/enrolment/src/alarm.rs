//! The alarms that enrolment makes, as PutMetricAlarm takes them and DescribeAlarms shows them: of one metric of one
//! instance over its band, and of one group over the fleet metric's threshold.

use crate::detector::{Detector, STATISTIC};
use crate::seen::Machine;
use crate::settings::Settings;
use containment::ids::GroupName;
use detection::fleet::{DIMENSION, METRIC, NAMESPACE, threshold_thousandths};
use detection::fleet_periods::{DATAPOINTS, PERIODS};
use detection::thresholds::Thresholds;
use signal::{AlarmHint, FleetHint};

/// What Cordon tags its alarms with; the value is the topic that they lead to.
pub const TAG: &str = "cordon:enrolled";
const LONGEST_NAME: usize = 255;
const DETAILED: u32 = 60;
const BASIC: u32 = 300;

/// Everything about an alarm that enrolment decides. What has any other form is not equal to one that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmShape {
    pub description: String,
    /// What it does when it goes into ALARM.
    pub actions: Vec<String>,
    pub metric: String,
    pub dimensions: Vec<(String, String)>,
    pub statistic: String,
    pub period: u32,
    pub limit: Limit,
    pub datapoints: u32,
    pub periods: u32,
}

/// What the alarm compares with; the namespace and what a missing datapoint means go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// The upper edge of an anomaly detector's band, as an expression.
    Band(String),
    /// Above so many thousandths.
    Threshold(u32),
}

impl Limit {
    pub fn namespace(&self) -> &'static str {
        match self {
            Self::Band(_) => Detector::NAMESPACE,
            Self::Threshold(_) => NAMESPACE,
        }
    }

    /// `TreatMissingData`. Where too few instances report, the fleet metric is not published, and that is no alarm.
    pub fn missing_data(&self) -> &'static str {
        match self {
            Self::Band(_) => "missing",
            Self::Threshold(_) => "notBreaching",
        }
    }
}

/// `cordon/GROUP/INSTANCE/METRIC`, where the signal's parser reads the same back and CloudWatch takes it.
pub fn alarm_name(group: &GroupName, detector: &Detector) -> Option<String> {
    let Detector { instance, metric } = detector;
    let name = format!("cordon/{group}/{instance}/{metric}");
    let hint = AlarmHint::parse(&name)?;
    let is_read_back = hint.group == group.as_str() && hint.instance == *instance && hint.metric == metric.as_str();
    (fits(&name) && is_read_back).then_some(name)
}

/// `cordon/GROUP/fleet/FleetLogRatio`; `None` where CloudWatch takes the group's name for neither name nor dimension.
pub fn fleet_alarm_name(group: &GroupName) -> Option<String> {
    let name = FleetHint::name(group.as_str(), METRIC);
    let is_read_back = FleetHint::parse(&name).is_some_and(|hint| hint.group == group.as_str());
    (group.is_dimension() && fits(&name) && is_read_back).then_some(name)
}

fn fits(name: &str) -> bool {
    name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

/// The group's own figures say by how much an instance must stand out.
pub fn wanted_fleet_shape(settings: &Settings, group: &GroupName, figures: &Thresholds) -> AlarmShape {
    AlarmShape {
        description: format!(
            "Cordon: an instance of the Auto Scaling group {group} sends more than the others do. Cordon reads EC2's own \
             metrics to see which, verifies it, and isolates the instance if the group's tag cordon:mode is enforce. \
             `cordon incidents` shows what it did. Made and deleted by enroll-fleet; changes by hand do not last."
        ),
        actions: vec![settings.topic.clone()],
        metric: METRIC.to_owned(),
        dimensions: vec![(DIMENSION.to_owned(), group.to_string())],
        statistic: "Maximum".to_owned(),
        period: BASIC,
        limit: Limit::Threshold(threshold_thousandths(figures)),
        datapoints: DATAPOINTS,
        periods: PERIODS,
    }
}

pub fn wanted_shape(settings: &Settings, group: &GroupName, detector: &Detector, machine: &Machine) -> AlarmShape {
    let Detector { instance, metric } = detector;
    AlarmShape {
        description: format!(
            "Cordon: {metric} of {instance} in the Auto Scaling group {group} is above what its anomaly detector \
             expects. Cordon verifies this and isolates the instance if the group's tag cordon:mode is enforce. \
             `cordon incidents` shows what it did. Made and deleted by enroll-fleet; changes by hand do not last."
        ),
        actions: vec![settings.topic.clone()],
        metric: metric.to_string(),
        dimensions: vec![(Detector::DIMENSION.to_owned(), instance.to_string())],
        statistic: STATISTIC.to_owned(),
        // Where monitoring is about to be turned on: the alarm comes after it, and only if that succeeded.
        period: if machine.detailed || settings.detailed_monitoring { DETAILED } else { BASIC },
        limit: Limit::Band(format!("ANOMALY_DETECTION_BAND({}, {})", AlarmShape::METRIC_ID, settings.width)),
        datapoints: settings.datapoints,
        periods: settings.periods,
    }
}

impl AlarmShape {
    pub const METRIC_ID: &'static str = "m1";
    pub const BAND_ID: &'static str = "band";
}

#[cfg(test)]
mod tests {
    use super::{alarm_name, fleet_alarm_name};
    use crate::detector::Detector;
    use containment::ids::GroupName;

    #[test]
    fn a_group_whose_alarm_cannot_carry_the_hint_has_no_name() {
        let detector =
            Detector { instance: "i-0123456789abcdef0".parse().unwrap(), metric: "NetworkOut".parse().unwrap() };
        let name = |group: &str| alarm_name(&GroupName::new(group), &detector);
        assert_eq!(name("a/b").as_deref(), Some("cordon/a/b/i-0123456789abcdef0/NetworkOut"));
        assert!(name(&"g".repeat(217)).is_some());
        for group in [String::new(), "g".repeat(219), "line\nbreak".to_owned()] {
            assert_eq!(name(&group), None, "{group:?}");
        }
    }
    #[test]
    fn a_fleet_alarm_has_a_name_where_its_group_can_be_a_dimension() {
        let name = |group: &str| fleet_alarm_name(&GroupName::new(group));
        assert_eq!(name("team/web").as_deref(), Some("cordon/team/web/fleet/FleetLogRatio"));
        assert!(name(&"g".repeat(228)).is_some());
        for group in [String::new(), "g".repeat(229), "line\nbreak".to_owned(), "café".to_owned(), " ".to_owned()] {
            assert_eq!(name(&group), None, "{group:?}");
        }
    }
}
