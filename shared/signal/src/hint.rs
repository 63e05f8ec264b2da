//! What enrolment wrote into an alarm's name, so that the group is known without asking for it.

use crate::identifiers::InstanceId;

const PREFIX: &str = "cordon/";
/// Where the name of an instance's alarm has the instance: no instance's id is so.
const FLEET: &str = "fleet";

/// The parts of the name `cordon/GROUP/INSTANCE/METRIC`.
///
/// Only a hint: anyone who may create alarms may write such a name, so the group is believed only when Auto Scaling
/// lists the instance in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmHint {
    /// The Auto Scaling group's name, which may itself hold slashes.
    pub group: String,
    pub instance: InstanceId,
    /// The metric's name, such as `NetworkOut`.
    pub metric: String,
}

impl AlarmHint {
    /// Reads the name from the right, because a group's name may hold `/` and the two last parts may not.
    pub fn parse(alarm_name: &str) -> Option<Self> {
        let [group, instance, metric] = parts(alarm_name)?;
        Some(Self { group: group.to_owned(), instance: instance.parse().ok()?, metric: metric.to_owned() })
    }

    /// The prefix that the names of all alarms of the same group begin with.
    pub fn group_prefix(&self) -> String {
        format!("{PREFIX}{}/", self.group)
    }
}

/// The group in the name `cordon/GROUP/fleet/METRIC`, of the alarm that watches a group's instances against each other.
/// Only a hint, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetHint {
    pub group: String,
}

impl FleetHint {
    pub fn parse(alarm_name: &str) -> Option<Self> {
        let [group, fleet, _] = parts(alarm_name)?;
        (fleet == FLEET).then(|| Self { group: group.to_owned() })
    }

    /// The name that carries it.
    pub fn name(group: &str, metric: &str) -> String {
        format!("{PREFIX}{group}/{FLEET}/{metric}")
    }
}

/// `GROUP/X/METRIC`, read from the right.
fn parts(alarm_name: &str) -> Option<[&str; 3]> {
    let rest = alarm_name.strip_prefix(PREFIX)?;
    let (rest, metric) = rest.rsplit_once('/')?;
    let (group, middle) = rest.rsplit_once('/')?;
    let is_metric = !metric.is_empty()
        && metric.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    (is_metric && !group.is_empty()).then_some([group, middle, metric])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_group_name_may_hold_slashes() {
        let hint = AlarmHint::parse("cordon/team/web/blue/i-0123456789abcdef0/NetworkOut").unwrap();
        assert_eq!(hint.group, "team/web/blue");
        assert_eq!(hint.instance.as_str(), "i-0123456789abcdef0");
        assert_eq!(hint.metric, "NetworkOut");
        assert_eq!(hint.group_prefix(), "cordon/team/web/blue/");
    }

    #[test]
    fn other_names_hint_at_nothing() {
        for name in [
            "",
            "cordon/",
            "cordon/web/i-0123456789abcdef0",
            "cordon//i-0123456789abcdef0/NetworkOut",
            "cordon/web/i-0123456789abcdef0/",
            "cordon/web/i-xyz/NetworkOut",
            "cordon/web/NetworkOut/i-0123456789abcdef0",
            "Cordon/web/i-0123456789abcdef0/NetworkOut",
            "cordon/web/i-0123456789abcdef0/Network Out",
            "x/cordon/web/i-0123456789abcdef0/NetworkOut",
        ] {
            assert_eq!(AlarmHint::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_groups_alarm_and_an_instances_are_told_apart() {
        let name = FleetHint::name("team/web", "FleetLogRatio");
        assert_eq!(name, "cordon/team/web/fleet/FleetLogRatio");
        assert_eq!(FleetHint::parse(&name), Some(FleetHint { group: "team/web".to_owned() }));
        assert_eq!(AlarmHint::parse(&name), None);
        let of_instance = "cordon/fleet/i-0123456789abcdef0/NetworkOut";
        assert!(FleetHint::parse(of_instance).is_none() && AlarmHint::parse(of_instance).is_some());
        for other in ["cordon/fleet/FleetLogRatio", "cordon/web/fleets/FleetLogRatio", "web/fleet/FleetLogRatio"] {
            assert_eq!(FleetHint::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn whatever_enrolment_writes_is_read_back(group in "[ -~]{1,60}", digits in "[0-9a-f]{17}", metric in "[A-Za-z]{1,30}") {
            let hint = AlarmHint::parse(&format!("cordon/{group}/i-{digits}/{metric}")).unwrap();
            prop_assert_eq!(hint.instance.as_str(), format!("i-{digits}"));
            prop_assert_eq!(hint.group, group);
            prop_assert_eq!(hint.metric, metric);
        }
    }
}
