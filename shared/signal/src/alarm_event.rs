//! The part that EventBridge's alarm event and the alarm's direct Lambda invocation have in common: `alarmName`,
//! `state`, `previousState`, `configuration` and, for one series of a multi-series alarm, `alarmContributor`.
//!
//! Forms: CloudWatch user guide, "Alarm events and EventBridge" and "Using CloudWatch alarms with Lambda".

use crate::arn::AlarmArn;
use crate::document;
use crate::envelope::Received;
use crate::error::SignalError;
use crate::metrics::{IN_EVENTS, Watched};
use crate::model::{AlarmSignal, Transition, Via};
use crate::node::Node;
use crate::nomination::{self, Reading, agrees};
use crate::timestamp;

/// Reads `data` as what happened to `alarm`.
pub(crate) fn read(
    data: &Node<'_>,
    alarm: AlarmArn,
    via: Via,
    received: Received<'_>,
) -> Result<AlarmSignal, SignalError> {
    agrees(data.get("alarmName")?, alarm.name())?;
    let state = data.require("state")?;
    let mut watched = Watched::default();
    let mut is_composite = false;
    if let Some(configuration) = data.get("configuration")? {
        is_composite = configuration.get("alarmRule")?.is_some();
        if let Some(queries) = configuration.get("metrics")? {
            watched.queries(&queries, &IN_EVENTS)?;
        }
    }
    let children = if is_composite { triggering_children(&state, received)? } else { Vec::new() };
    let previous = data.get("previousState")?.map(|previous| previous.get("value")).transpose()?.flatten();
    let contributor = data.get("alarmContributor")?.map(|contributor| contributor.require("attributes")).transpose()?;
    let reading = Reading {
        transition: Transition {
            from: previous.map(|value| value.parse()).transpose()?,
            to: state.require("value")?.parse()?,
            at: timestamp::read(&state.require("timestamp")?)?,
        },
        contributor: contributor.map(|map| nomination::attributes(&map)).transpose()?,
        alarm,
        watched,
        is_composite,
        children,
        via,
    };
    Ok(reading.into_signal(&received))
}

/// A composite names its children in `reasonData`, which is a JSON document written as text.
fn triggering_children(state: &Node<'_>, received: Received<'_>) -> Result<Vec<AlarmArn>, SignalError> {
    let Some(text) = state.get("reasonData")? else { return Ok(Vec::new()) };
    let document = document::read(text.text()?.as_bytes(), text.path())?;
    match Node::root(text.path(), &document).get("triggeringAlarms")? {
        Some(list) => nomination::children(&list, "arn", &received),
        None => Ok(Vec::new()),
    }
}
