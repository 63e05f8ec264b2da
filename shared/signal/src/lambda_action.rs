//! The event of an alarm whose action is the function itself (CloudWatch user guide, "Invoke a Lambda function from an
//! alarm").

use crate::alarm_event;
use crate::envelope::Received;
use crate::error::SignalError;
use crate::model::{AlarmSignal, Via};
use crate::node::Node;
use crate::nomination::{self, agrees};

pub(crate) fn read(event: &Node<'_>, received: Received<'_>) -> Result<AlarmSignal, SignalError> {
    let alarm = nomination::alarm_arn(&event.require("alarmArn")?, &received)?;
    agrees(event.get("accountId")?, alarm.account.as_str())?;
    agrees(event.get("region")?, alarm.region.as_str())?;
    alarm_event::read(&event.require("alarmData")?, alarm, Via::LambdaAction, received)
}
