//! Names that people and messages chose can neither forge a line nor lead elsewhere.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

mod support;

use containment::figure::Figure;
use containment::incident::{Incident, IncidentState};
use notice::{finding, news};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use support::*;

const HOSTS: [(&str, &str, &str); 3] = [
    ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
    ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
];

fn links(incident: &Incident, partition: &str, region: &str) -> BTreeMap<String, String> {
    let details = with_place(partition, region, |place| news(incident, place).details);
    let details: Value = serde_json::from_str(&details).unwrap();
    serde_json::from_value(details["links"].clone()).unwrap()
}

#[test]
fn an_alarm_of_any_name_has_a_link_that_names_it_and_nothing_else() {
    for name in ["a #1 | b", "日本 é", "x/../y?z=1&w", "100%", "a;view=details#https://evil.example"] {
        let incident = after(incident(name, name, IncidentState::Committed), vec![captured(None)]);
        for (partition, region, host) in HOSTS {
            let links = links(&incident, partition, region);
            assert!(links.values().all(|link| link.starts_with(&format!("https://{host}/"))), "{links:?}");
            let last = links["alarm"].rsplit_once("#alarmsV2:alarm/").unwrap().1;
            assert_eq!(percent_decode_str(last).decode_utf8().unwrap(), name);
            assert!(last.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-._~".contains(&byte)), "{last}");
        }
    }
}

#[test]
fn a_partition_without_a_known_console_has_no_link() {
    assert!(links(&isolated(), "aws-iso", "us-iso-east-1").is_empty());
}

proptest! {
    #[test]
    fn no_name_begins_a_line_or_steers_a_terminal(name in "[^\\x00-\\x1f\\x7f]{1,60}", group in any::<String>()) {
        let figure = Figure::new(&group, amount(1.0));
        let incident = Incident { figure: Some(figure), ..incident(&name, &group, IncidentState::Observed) };
        let text = here(|place| news(&incident, place).text);
        let labels = ["What", "Incident", "Where", "Group", "Alarm", "State", "Why", "Peers", "Plan", "See", "Contain", "Console", " "];
        for line in text.lines().filter(|line| !line.is_empty()) {
            prop_assert!(labels.iter().any(|label| line.starts_with(label)), "{line:?}");
        }
        prop_assert_eq!(text.lines().filter(|line| line.starts_with("State")).count(), 1);
        prop_assert!(text.chars().all(|one| one == '\n' || !one.is_control()));
    }

    #[test]
    fn a_finding_stays_within_the_formats_bounds(name in "[^\\x00-\\x1f\\x7f]{1,250}", group in any::<String>()) {
        let incident = incident(&name, &group, IncidentState::Observed);
        let finding = here(|place| finding(&incident, place, at())).unwrap();
        prop_assert!(finding.title.chars().count() <= 256 && finding.description.chars().count() <= 1024);
        prop_assert!(finding.advice.chars().count() <= 512);
        prop_assert!(finding.fields.iter().all(|(_, value)| value.chars().count() <= 2048));
        prop_assert!(finding.description.chars().all(|one| !one.is_control()));
    }
}
