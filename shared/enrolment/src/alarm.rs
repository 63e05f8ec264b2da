//! The alarm of one metric of one instance, as PutMetricAlarm takes it and DescribeAlarms shows it.

use crate::detector::{Detector, STATISTIC};
use crate::seen::Machine;
use crate::settings::Settings;
use containment::ids::GroupName;
use signal::AlarmHint;

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
    pub band: String,
    pub datapoints: u32,
    pub periods: u32,
}

/// `cordon/GROUP/INSTANCE/METRIC`, where the signal's parser reads the same back and CloudWatch takes it.
pub fn alarm_name(group: &GroupName, detector: &Detector) -> Option<String> {
    let Detector { instance, metric } = detector;
    let name = format!("cordon/{group}/{instance}/{metric}");
    let hint = AlarmHint::parse(&name)?;
    let fits = name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    let is_read_back = hint.group == group.as_str() && hint.instance == *instance && hint.metric == metric.as_str();
    (fits && is_read_back).then_some(name)
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
        band: format!("ANOMALY_DETECTION_BAND({}, {})", AlarmShape::METRIC_ID, settings.width),
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
    use super::alarm_name;
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
}
