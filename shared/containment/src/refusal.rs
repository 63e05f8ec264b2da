//! Every reason for which Cordon leaves an instance alone. A refusal is a decision, recorded as an incident; an error
//! that kept Cordon from deciding is not one of these.

use crate::guards::Guard;
use crate::ids::IncidentId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    #[error("no alarm of this name exists in this account and Region")]
    AlarmNotFound,
    #[error("the alarm belongs to account {account}, Region {region}, not to this deployment")]
    AlarmElsewhere { account: String, region: String },
    #[error("the alarm is in state {state} now, not in ALARM")]
    NotInAlarm { state: String },
    #[error("the alarm has no action that leads to this deployment")]
    NotRoutedHere,
    #[error("the message came through topic {topic}, which is not one of this deployment's alarm topics")]
    ForeignTopic { topic: String },
    #[error("the alarm does not name exactly this instance: {why}")]
    DoesNotNameInstance { why: String },
    #[error("the alarm reads a metric of namespace {namespace}, which others than EC2 may write")]
    UntrustedMetric { namespace: String },
    #[error("the alarm reads a metric of account {account}")]
    MetricElsewhere { account: String },
    #[error("no child alarm that the composite's rule names nominates this instance and is in ALARM")]
    NoChildInAlarm,
    #[error("the instance is not among the alarm's contributors now")]
    NotAContributor,
    #[error("the alarm's state was set by hand, and drills are not allowed here: {why}")]
    DrillNotAllowed { why: String },
    #[error("no such instance in this account and Region")]
    InstanceNotFound,
    #[error("the instance cannot be contained: {why}")]
    NotContainable { why: String },
    #[error("neither an Auto Scaling group tagged cordon:mode nor the list of standalone instances opts it in")]
    NotOptedIn,
    #[error("the signal nominates no instance")]
    NothingNominated,
    #[error("nothing in EC2's own metrics bears the fleet alarm out: {why}")]
    NothingStandsOut { why: String },
    #[error("it is already held by incident {incident}")]
    AlreadyContained { incident: IncidentId },
    #[error("its traffic is not unusual: {why}")]
    NotUnusual { why: String },
    #[error("its traffic may be unusual, but not beyond doubt: {why}")]
    InDoubt { why: String },
    #[error("guard {guard}: {why}")]
    Guarded { guard: Guard, why: String },
}

impl Refusal {
    /// A stable, short name for metrics and filters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlarmNotFound => "alarm-not-found",
            Self::AlarmElsewhere { .. } => "alarm-elsewhere",
            Self::NotInAlarm { .. } => "not-in-alarm",
            Self::NotRoutedHere => "not-routed-here",
            Self::ForeignTopic { .. } => "foreign-topic",
            Self::DoesNotNameInstance { .. } => "does-not-name-instance",
            Self::UntrustedMetric { .. } => "untrusted-metric",
            Self::MetricElsewhere { .. } => "metric-elsewhere",
            Self::NoChildInAlarm => "no-child-in-alarm",
            Self::NotAContributor => "not-a-contributor",
            Self::DrillNotAllowed { .. } => "drill-not-allowed",
            Self::InstanceNotFound => "instance-not-found",
            Self::NotContainable { .. } => "not-containable",
            Self::NotOptedIn => "not-opted-in",
            Self::NothingNominated => "nothing-nominated",
            Self::NothingStandsOut { .. } => "nothing-stands-out",
            Self::AlreadyContained { .. } => "already-contained",
            Self::NotUnusual { .. } => "not-unusual",
            Self::InDoubt { .. } => "in-doubt",
            Self::Guarded { guard, .. } => guard.name(),
        }
    }

    /// Whether somebody must look now: the instance really alarms and is left running.
    pub fn pages(&self) -> bool {
        matches!(self, Self::Guarded { .. } | Self::NotContainable { .. } | Self::InDoubt { .. })
    }
}
