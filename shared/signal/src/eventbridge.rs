//! EventBridge's "CloudWatch Alarm State Change", and "CloudWatch Alarm Contributor State Change" for one series of a
//! multi-series alarm (CloudWatch user guide, "Alarm events and EventBridge").

use crate::alarm_event;
use crate::envelope::{Received, event_id};
use crate::error::SignalError;
use crate::model::{AlarmSignal, Via};
use crate::node::Node;
use crate::nomination::{self, agrees};
use crate::quoted::Quoted;

const STATE_CHANGE: &str = "CloudWatch Alarm State Change";
const CONTRIBUTOR_STATE_CHANGE: &str = "CloudWatch Alarm Contributor State Change";
/// An alarm's event concerns one alarm.
const RESOURCE_LIMIT: usize = 1;

pub(crate) fn read(event: &Node<'_>, received: Received<'_>) -> Result<AlarmSignal, SignalError> {
    let kind = event.require("detail-type")?;
    if !matches!(kind.text()?, STATE_CHANGE | CONTRIBUTOR_STATE_CHANGE) {
        let problem =
            format!("expected an alarm's state change, found {}; narrow the rule's pattern", Quoted(kind.text()?));
        return Err(SignalError::unknown_shape(kind.path(), problem));
    }
    let resources = event.require("resources")?;
    let entries = resources.list(RESOURCE_LIMIT)?;
    let entry = entries.first().ok_or_else(|| resources.invalid("expected the alarm's ARN, found an empty array"))?;
    let alarm = nomination::alarm_arn(entry, &received)?;
    agrees(event.get("account")?, alarm.account.as_str())?;
    agrees(event.get("region")?, alarm.region.as_str())?;
    let via = Via::EventBridge { event_id: event_id(&event.require("id")?)? };
    alarm_event::read(&event.require("detail")?, alarm, via, received)
}
