//! The two kinds of ARN that a signal carries.

use crate::identifiers::{AccountId, IdentifierError, Region};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const ALARM_FORM: &str = "an alarm's ARN (arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:NAME)";
const TOPIC_FORM: &str = "a topic's ARN (arn:PARTITION:sns:REGION:ACCOUNT:NAME)";
/// CloudWatch counts an alarm's name in characters (PutMetricAlarm, `AlarmName`).
const ALARM_NAME_LIMIT: usize = 255;
/// SNS CreateTopic, `Name`.
const TOPIC_NAME_LIMIT: usize = 256;

/// The ARN of a CloudWatch alarm. Its name may hold any text but ASCII control characters: escape it with
/// [`crate::Quoted`] before printing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AlarmArn {
    pub partition: String,
    pub region: Region,
    pub account: AccountId,
    name: String,
}

impl AlarmArn {
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for AlarmArn {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let invalid = || IdentifierError::new(ALARM_FORM, text);
        let arn = Arn::split(text, "cloudwatch").ok_or_else(invalid)?;
        let name = arn.resource.strip_prefix("alarm:").ok_or_else(invalid)?;
        let is_name = !name.is_empty()
            && name.chars().count() <= ALARM_NAME_LIMIT
            && !name.chars().any(|character| character.is_ascii_control());
        if !is_name {
            return Err(invalid());
        }
        Ok(Self { partition: arn.partition, region: arn.region, account: arn.account, name: name.to_owned() })
    }
}

impl fmt::Display for AlarmArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:cloudwatch:{}:{}:alarm:{}", self.partition, self.region, self.account, self.name)
    }
}

/// The ARN of an SNS topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicArn {
    pub partition: String,
    pub region: Region,
    pub account: AccountId,
    name: String,
}

impl TopicArn {
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for TopicArn {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let invalid = || IdentifierError::new(TOPIC_FORM, text);
        let arn = Arn::split(text, "sns").ok_or_else(invalid)?;
        let stem = arn.resource.strip_suffix(".fifo").unwrap_or(arn.resource);
        let is_name = !stem.is_empty()
            && arn.resource.len() <= TOPIC_NAME_LIMIT
            && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !is_name {
            return Err(invalid());
        }
        let name = arn.resource.to_owned();
        Ok(Self { partition: arn.partition, region: arn.region, account: arn.account, name })
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:sns:{}:{}:{}", self.partition, self.region, self.account, self.name)
    }
}

macro_rules! text_form {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = IdentifierError;

            fn try_from(text: String) -> Result<Self, IdentifierError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(arn: $name) -> Self {
                arn.to_string()
            }
        }
    )+};
}

text_form!(AlarmArn, TopicArn);

/// An ARN's common parts, with whatever the service calls the resource left as it is.
struct Arn<'a> {
    partition: String,
    region: Region,
    account: AccountId,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn split(text: &'a str, service: &str) -> Option<Self> {
        // At most six parts: an alarm's name may hold colons.
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let partition = parts.next().filter(|partition| is_partition(partition))?.to_owned();
        if parts.next()? != service {
            return None;
        }
        let region = parts.next()?.parse().ok()?;
        let account = parts.next()?.parse().ok()?;
        Some(Self { partition, region, account, resource: parts.next()? })
    }
}

fn is_partition(text: &str) -> bool {
    let rest = text.strip_prefix("aws").unwrap_or_default();
    text == "aws"
        || (text.len() <= 16
            && rest.strip_prefix('-').is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_name_may_hold_colons_slashes_and_any_script() {
        for name in ["a:b:c", "cordon/web/i-1a2b3c4d/NetworkOut", "# Fehler | Überlauf  日本", "x"] {
            let text = format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}");
            let arn: AlarmArn = text.parse().unwrap();
            assert_eq!(arn.name(), name);
            assert_eq!(arn.to_string(), text);
        }
    }

    #[test]
    fn an_alarm_name_of_255_characters_is_the_longest() {
        let arn = |length| format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{}", "é".repeat(length));
        assert!(arn(255).parse::<AlarmArn>().is_ok());
        assert!(arn(256).parse::<AlarmArn>().is_err());
    }

    #[test]
    fn what_is_not_an_alarm_arn_is_refused() {
        for invalid in [
            "",
            "arn:aws:cloudwatch",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:",
            "arn:aws:cloudwatch:us-east-1:123456789012:dashboard:x",
            "arn:aws:cloudwatch:US East (N. Virginia):123456789012:alarm:x",
            "arn:aws:cloudwatch:us-east-1::alarm:x",
            "arn:AWS:cloudwatch:us-east-1:123456789012:alarm:x",
            "arn:aws-:cloudwatch:us-east-1:123456789012:alarm:x",
            "arn:aws:sns:us-east-1:123456789012:alarm:x",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:x\u{1b}[0m",
            " arn:aws:cloudwatch:us-east-1:123456789012:alarm:x",
        ] {
            assert!(invalid.parse::<AlarmArn>().is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn topics_of_every_partition_parse_and_topics_with_odd_names_do_not() {
        for valid in
            ["arn:aws-us-gov:sns:us-gov-west-1:123456789012:alarms", "arn:aws:sns:eu-west-1:123456789012:a_b-c.fifo"]
        {
            assert_eq!(valid.parse::<TopicArn>().unwrap().to_string(), valid);
        }
        for invalid in [
            "arn:aws:sns:eu-west-1:123456789012:",
            "arn:aws:sns:eu-west-1:123456789012:.fifo",
            "arn:aws:sns:eu-west-1:123456789012:a:0b69",
            "arn:aws:sns:eu-west-1:123456789012:a/../b",
        ] {
            assert!(invalid.parse::<TopicArn>().is_err(), "{invalid}");
        }
    }
}
