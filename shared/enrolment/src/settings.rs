//! What a deployment wants of enrolment.

use crate::cost::Price;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Of CloudWatch's own: an alarm's evaluation may look at so many periods.
const MOST_PERIODS: u32 = 100;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    #[error("a metric's name must be letters and digits, such as NetworkOut")]
    Metric,
    #[error("the band's width must be from 0.01 to 100 standard deviations, with two decimals at most")]
    Width,
    #[error("datapoints to alarm must be from 1 to the periods, and periods at most {MOST_PERIODS}")]
    Datapoints,
}

/// A metric of `AWS/EC2` by name. It becomes a part of alarm names, so it holds no `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricName(String);

impl MetricName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MetricName {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let is_name = !text.is_empty() && text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_name { Ok(Self(text.to_owned())) } else { Err(SettingsError::Metric) }
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Standard deviations from the model, in hundredths: two equal widths are equal, which fractions may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width(u32);

impl FromStr for Width {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || rest.len() > 2 || !digits(whole) || !digits(rest) {
            return Err(SettingsError::Width);
        }
        let hundredths: u32 = format!("{whole}{rest:0<2}").parse().map_err(|_| SettingsError::Width)?;
        if (1..=10_000).contains(&hundredths) { Ok(Self(hundredths)) } else { Err(SettingsError::Width) }
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match rest {
            0 => write!(f, "{whole}"),
            rest if rest % 10 == 0 => write!(f, "{whole}.{}", rest / 10),
            rest => write!(f, "{whole}.{rest:02}"),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Settings {
    /// The first is what an instance is watched by; the others come once every instance has the first.
    pub metrics: Vec<MetricName>,
    pub width: Width,
    pub datapoints: u32,
    pub periods: u32,
    /// The topic that alarms lead to. It is also the tag's value, so that two deployments leave each other's alone.
    pub topic: String,
    /// Detectors that the account may have in this Region, whoever made them.
    pub quota: usize,
    /// Whether detailed monitoring is turned on where it is off.
    pub detailed_monitoring: bool,
    pub price: Price,
}

impl Settings {
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.metrics.is_empty() {
            return Err(SettingsError::Metric);
        }
        let fits = self.datapoints >= 1 && self.datapoints <= self.periods && self.periods <= MOST_PERIODS;
        if fits { Ok(()) } else { Err(SettingsError::Datapoints) }
    }
}

#[cfg(test)]
mod tests {
    use super::{MetricName, Width};

    #[test]
    fn a_width_is_written_as_it_was_read() {
        for (text, written) in [("3", "3"), ("2.5", "2.5"), ("2.05", "2.05"), ("2.50", "2.5"), ("100", "100")] {
            assert_eq!(text.parse::<Width>().unwrap().to_string(), written);
        }
        for text in ["", "0", "-1", "1e3", "101", "2.005", "3)", ".5", "NaN"] {
            assert!(text.parse::<Width>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_metrics_name_cannot_change_the_hint() {
        for text in ["", "Network/Out", "NetworkOut ", "a,b", &"x".repeat(41)] {
            assert!(text.parse::<MetricName>().is_err(), "{text}");
        }
        assert_eq!("NetworkPacketsOut".parse::<MetricName>().unwrap().as_str(), "NetworkPacketsOut");
    }
}
