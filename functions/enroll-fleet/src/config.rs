use enrolment::{MetricName, Price, Settings};
use signal::{AccountId, Region};
use std::fmt::Display;
use std::str::FromStr;
use thiserror::Error;

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) table: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) settings: Settings,
    /// Whether the deployment enrols at all: a leftover rule, or a person, may invoke the function where it does not.
    pub(crate) enrols: bool,
}

/// Every problem of the environment at once.
#[derive(Debug, Error)]
#[error("problems in the environment; set them in template.yaml: {}", .0.join("; "))]
pub(crate) struct ConfigError(Vec<String>);

impl Config {
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { variable, problems: Vec::new() };
        match reader.config() {
            Some(config) if reader.problems.is_empty() => Ok(config),
            _ => Err(ConfigError(reader.problems)),
        }
    }
}

struct Reader<F> {
    variable: F,
    problems: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// Reads every variable before giving up on any.
    fn config(&mut self) -> Option<Config> {
        let (table, topic) = (self.parsed("CORDON_TABLE"), self.parsed("CORDON_ALARM_TOPIC_ARN"));
        let (account, region) = (self.parsed("CORDON_ACCOUNT_ID"), self.parsed("AWS_REGION"));
        let metrics = self.metrics();
        let enrols = self.switch();
        let width = self.parsed("CORDON_BAND_WIDTH");
        let datapoints = self.parsed("CORDON_ALARM_DATAPOINTS");
        let periods = self.parsed("CORDON_ALARM_PERIODS");
        let quota = self.parsed("CORDON_DETECTOR_QUOTA");
        let detailed_monitoring = self.parsed("CORDON_DETAILED_MONITORING");
        let settings = Settings {
            metrics: metrics?,
            width: width?,
            datapoints: datapoints?,
            periods: periods?,
            topic: topic?,
            quota: quota?,
            detailed_monitoring: detailed_monitoring?,
            price: Price::LIST,
        };
        if let Err(problem) = settings.check() {
            self.problems.push(problem.to_string());
        }
        Some(Config { table: table?, account: account?, region: region?, settings, enrols: enrols? })
    }

    fn switch(&mut self) -> Option<bool> {
        match self.parsed::<String>("CORDON_ENROLL_FLEET")?.as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => {
                self.problems.push("CORDON_ENROLL_FLEET must be on or off".to_owned());
                None
            }
        }
    }

    fn metrics(&mut self) -> Option<Vec<MetricName>> {
        let text: String = self.parsed("CORDON_ENROLLED_METRICS")?;
        let mut metrics = Vec::new();
        for name in text.split(',').map(str::trim) {
            match name.parse::<MetricName>() {
                Ok(metric) if !metrics.contains(&metric) => metrics.push(metric),
                Ok(_) => {}
                Err(problem) => self.problems.push(format!("CORDON_ENROLLED_METRICS: {problem}")),
            }
        }
        Some(metrics)
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let text = (self.variable)(name).filter(|text| !text.trim().is_empty());
        let Some(text) = text else {
            self.problems.push(format!("{name} is missing"));
            return None;
        };
        text.trim().parse().map_err(|problem| self.problems.push(format!("{name}: {problem}"))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn variable(name: &str) -> Option<String> {
        let value = match name {
            "CORDON_TABLE" => "table",
            "CORDON_ALARM_TOPIC_ARN" => "arn:aws:sns:eu-west-1:123456789012:alarms",
            "CORDON_ACCOUNT_ID" => "123456789012",
            "AWS_REGION" => "eu-west-1",
            "CORDON_ENROLLED_METRICS" => "NetworkOut, NetworkPacketsOut,NetworkOut",
            "CORDON_BAND_WIDTH" => "3",
            "CORDON_ALARM_DATAPOINTS" | "CORDON_ALARM_PERIODS" => "3",
            "CORDON_DETECTOR_QUOTA" => "500",
            "CORDON_DETAILED_MONITORING" => "false",
            "CORDON_ENROLL_FLEET" => "on",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_metric_named_twice_is_watched_once() {
        let config = Config::from_variables(variable).unwrap();
        assert_eq!(config.settings.metrics.len(), 2);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = |name: &str| match name {
            "CORDON_TABLE" => None,
            "CORDON_BAND_WIDTH" => Some("wide".to_owned()),
            "CORDON_ENROLLED_METRICS" => Some("Network/Out".to_owned()),
            _ => variable(name),
        };
        let problems = Config::from_variables(wrong).unwrap_err().to_string();
        for name in ["CORDON_TABLE", "CORDON_BAND_WIDTH", "CORDON_ENROLLED_METRICS"] {
            assert!(problems.contains(name), "{problems}");
        }
        let short = |name: &str| if name == "CORDON_ALARM_PERIODS" { Some("2".to_owned()) } else { variable(name) };
        assert!(Config::from_variables(short).is_err());
    }
}
