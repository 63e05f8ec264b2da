//! The message that CloudWatch publishes to an SNS topic when an alarm changes its state.
//!
//! Form: CloudWatch user guide, "Notifying users on alarm changes". A composite has `AlarmRule` and
//! `TriggeringChildren` in place of `Trigger`; a multi-series alarm adds `AlarmContributorAttributes` and sends one
//! message a contributor. `Region` is a display name and `AlarmDescription` may be null, so neither is read.

use crate::envelope::Received;
use crate::error::SignalError;
use crate::metrics::{IN_SNS, Watched};
use crate::model::{AlarmSignal, Transition, Via};
use crate::node::Node;
use crate::nomination::{self, Reading, agrees};
use crate::timestamp;

pub(crate) fn read(message: &Node<'_>, via: Via, received: Received<'_>) -> Result<AlarmSignal, SignalError> {
    message.object()?;
    let alarm = match message.get("AlarmArn")? {
        Some(arn) => nomination::alarm_arn(&arn, &received)?,
        None if message.get("NewStateValue")?.is_some() => message.require("AlarmArn").and_then(|arn| arn.parse())?,
        None => {
            return Err(SignalError::unknown_shape(message.path(), "a notification, but not of a CloudWatch alarm"));
        }
    };
    agrees(message.get("AlarmName")?, alarm.name())?;
    agrees(message.get("AWSAccountId")?, alarm.account.as_str())?;

    let mut watched = Watched::default();
    if let Some(trigger) = message.get("Trigger")? {
        read_trigger(&trigger, &mut watched)?;
    }
    let children = match message.get("TriggeringChildren")? {
        Some(list) => nomination::children(&list, "Arn", &received)?,
        None => Vec::new(),
    };
    let contributor = message.get("AlarmContributorAttributes")?.map(|map| nomination::attributes(&map)).transpose()?;
    let reading = Reading {
        transition: Transition {
            from: message.get("OldStateValue")?.map(|state| state.parse()).transpose()?,
            to: message.require("NewStateValue")?.parse()?,
            at: timestamp::read(&message.require("StateChangeTime")?)?,
        },
        is_composite: message.get("AlarmRule")?.is_some(),
        alarm,
        watched,
        children,
        contributor,
        via,
    };
    Ok(reading.into_signal(&received))
}

/// A fixed threshold on one metric is written flat; everything else is a list of queries.
fn read_trigger(trigger: &Node<'_>, watched: &mut Watched) -> Result<(), SignalError> {
    if trigger.get("MetricName")?.is_some() {
        watched.metric(trigger, &IN_SNS)?;
    }
    match trigger.get("Metrics")? {
        Some(queries) => watched.queries(&queries, &IN_SNS),
        None => Ok(()),
    }
}
