//! What a signal says, once it has been read. A signal nominates; it proves nothing.

use crate::arn::{AlarmArn, TopicArn};
use crate::identifiers::{AccountId, IdentifierError, InstanceId};
use crate::proof::Proof;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a handful exist at a time, and boxing would show in every match")]
pub enum Signal {
    Alarm(AlarmSignal),
    Operator(OperatorRequest),
    /// A schedule asks to look at what rings by now. It names nothing, so there is nothing in it to believe.
    LookAgain,
}

/// A CloudWatch alarm changed its state, or so the message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmSignal {
    pub alarm: AlarmArn,
    pub kind: AlarmKind,
    pub transition: Transition,
    /// Distinct instances named by the alarm's dimensions, its contributor, or the names of the alarm and of the
    /// children that triggered it, in the order found. Empty where none is named.
    pub nominated: Vec<InstanceId>,
    /// The alarms that made a composite alarm change.
    pub triggering_children: Vec<AlarmArn>,
    /// The attributes of the one time series that a multi-series alarm reports.
    pub contributor: Option<BTreeMap<String, String>>,
    /// Accounts, other than the alarm's own, whose metrics the alarm reads.
    pub metric_accounts: Vec<AccountId>,
    pub via: Via,
    /// SHA-256 of the message as it was received, in lower-case hexadecimal. Equal for repeated deliveries by SNS.
    pub digest: String,
}

/// What the alarm watches, as far as the message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// One metric against a fixed threshold.
    Metric,
    /// A metric against the band that anomaly detection expects.
    AnomalyBand,
    /// An expression over metrics.
    MetricMath,
    /// A rule over other alarms.
    Composite,
    /// A query that yields many time series, each of which alarms by itself.
    MultiSeries,
    /// The message carries no configuration.
    Unspecified,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// Absent where AWS sends none, as for single contributors.
    pub from: Option<AlarmState>,
    pub to: AlarmState,
    /// In UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

impl FromStr for AlarmState {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        match text {
            "OK" => Ok(Self::Ok),
            "ALARM" => Ok(Self::Alarm),
            "INSUFFICIENT_DATA" => Ok(Self::InsufficientData),
            other => Err(IdentifierError::new("a state (OK, ALARM or INSUFFICIENT_DATA)", other)),
        }
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

/// The way a signal came. What each way is worth is for the verifier to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Sns {
        topic: TopicArn,
        message_id: String,
        /// In UTC.
        #[serde(with = "time::serde::rfc3339")]
        published_at: OffsetDateTime,
    },
    EventBridge {
        event_id: String,
    },
    /// CloudWatch invoked the function directly.
    LambdaAction,
}

/// Somebody of the security team asks for something. Who it is, the proof has yet to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperatorRequest {
    pub action: OperatorAction,
    /// The function that it is meant for, so that it is of no use to another deployment.
    pub function: String,
    /// 1 to 1,000 characters, none of them a control or hidden format character.
    pub reason: String,
    /// Plan and report, change nothing.
    pub dry_run: bool,
    /// Where the sender says it is.
    pub claimed_source: Option<String>,
    pub proof: Proof,
    /// SHA-256 of the request's text, in lower-case hexadecimal.
    pub digest: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum OperatorAction {
    Contain {
        instance: InstanceId,
        /// Keep the instance running, isolated, for live forensics.
        hold: bool,
        /// Cut its tracked connections by a group swap that opens it for a moment. Only with `hold`.
        untrack: bool,
        /// Names of guards that shall not stand in the way.
        overrides: Vec<String>,
    },
    Approve {
        request: String,
    },
    Release {
        incident: String,
        /// Go on although the instance isn't as Cordon left it.
        accept_drift: bool,
        /// The traffic was what the instance is there for: the alarm was wrong.
        false_alarm: bool,
    },
    Freeze {
        minutes: u64,
    },
    Unfreeze,
}
