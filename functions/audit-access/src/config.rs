use aws_adapters::AuditPlaces;
use signal::{AccountId, Region};
use std::fmt::Display;
use std::str::FromStr;
use thiserror::Error;
use time::Duration;

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) places: AuditPlaces,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) partition: String,
    pub(crate) stack: String,
    /// From the beginning of one audit to that of the next.
    pub(crate) every: Duration,
    /// Whether the deployment audits at all: a leftover rule, or a person, may invoke the function where it does not.
    pub(crate) audits: bool,
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
        let (bucket, key_arn) = (self.parsed("CORDON_AUDIT_BUCKET"), self.parsed("CORDON_AUDIT_KEY_ARN"));
        let topic_arn = self.parsed("CORDON_NOTIFICATION_TOPIC_ARN");
        let (account, region) = (self.parsed::<AccountId>("CORDON_ACCOUNT_ID"), self.parsed("AWS_REGION"));
        let (partition, stack) = (self.parsed("CORDON_PARTITION"), self.parsed("CORDON_STACK"));
        let (security_hub, audits) = (self.switch("CORDON_SECURITY_HUB"), self.switch("CORDON_AUDIT_ACCESS"));
        let hours = self.parsed::<u16>("CORDON_AUDIT_HOURS");
        if hours == Some(0) {
            self.problems.push("CORDON_AUDIT_HOURS must be 1 or more".to_owned());
        }
        let account = account?;
        Some(Config {
            places: AuditPlaces {
                bucket: bucket?,
                owner: account.clone(),
                key_arn: key_arn?,
                topic_arn: topic_arn?,
                security_hub: security_hub?,
            },
            account,
            region: region?,
            partition: partition?,
            stack: stack?,
            every: Duration::hours(i64::from(hours?)),
            audits: audits?,
        })
    }

    fn switch(&mut self, name: &str) -> Option<bool> {
        match self.parsed::<String>(name)?.as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => {
                self.problems.push(format!("{name} must be on or off"));
                None
            }
        }
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
            "CORDON_AUDIT_BUCKET" => "audits",
            "CORDON_AUDIT_KEY_ARN" => "arn:aws:kms:eu-west-1:123456789012:key/k",
            "CORDON_NOTIFICATION_TOPIC_ARN" => "arn:aws:sns:eu-west-1:123456789012:notices",
            "CORDON_ACCOUNT_ID" => "123456789012",
            "AWS_REGION" => "eu-west-1",
            "CORDON_PARTITION" => "aws",
            "CORDON_STACK" => "cordon",
            "CORDON_SECURITY_HUB" => "off",
            "CORDON_AUDIT_ACCESS" => "on",
            "CORDON_AUDIT_HOURS" => "24",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn what_the_template_sets_is_taken() {
        let config = Config::from_variables(variable).unwrap();
        assert_eq!((config.every.whole_hours(), config.audits, config.places.security_hub), (24, true, false));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = |name: &str| match name {
            "CORDON_AUDIT_BUCKET" => None,
            "CORDON_AUDIT_HOURS" => Some("0".to_owned()),
            "CORDON_SECURITY_HUB" => Some("perhaps".to_owned()),
            _ => variable(name),
        };
        let problems = Config::from_variables(wrong).unwrap_err().to_string();
        for name in ["CORDON_AUDIT_BUCKET", "CORDON_AUDIT_HOURS", "CORDON_SECURITY_HUB"] {
            assert!(problems.contains(name), "{problems}");
        }
    }
}
