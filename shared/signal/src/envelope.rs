//! Recognises the form of an event and hands each message on to the module that reads it.

use crate::alarm_message;
use crate::arn::TopicArn;
use crate::document;
use crate::error::SignalError;
use crate::eventbridge;
use crate::lambda_action;
use crate::model::{Signal, Via};
use crate::node::Node;
use crate::operator;
use crate::quoted::Quoted;
use crate::timestamp;
use crate::{Expectation, MAX_RECORDS};

/// A message and the deployment it came to.
#[derive(Clone, Copy)]
pub(crate) struct Received<'a> {
    /// As received: the text of an SNS message, or the whole event.
    pub(crate) message: &'a [u8],
    pub(crate) expectation: &'a Expectation<'a>,
}

impl Received<'_> {
    pub(crate) fn same_partition(&self, node: &Node<'_>, found: &str) -> Result<(), SignalError> {
        if found == self.expectation.partition {
            return Ok(());
        }
        Err(SignalError::OtherPartition {
            field: node.path().to_owned(),
            found: Quoted(found).to_string(),
            expected: Quoted(self.expectation.partition).to_string(),
        })
    }
}

/// Reads every signal of one event.
pub(crate) fn open(received: Received<'_>) -> Result<Vec<Result<Signal, SignalError>>, SignalError> {
    let document = document::read(received.message, "event")?;
    let event = Node::root("", &document);
    let (records, request, source) = (event.get("Records")?, event.get("cordon")?, event.get("source")?);
    match (records, request, source) {
        (Some(records), None, None) => open_records(&records, received.expectation),
        (None, Some(request), None) => Ok(vec![operator::read(&event, &request).map(Signal::Operator)]),
        (None, None, Some(source)) => Ok(vec![read_event(&event, &source, received)]),
        (None, None, None) => Err(unrecognised(&event)?),
        _ => Err(SignalError::unknown_shape(
            event.path(),
            "mixes the fields of several forms; send exactly one of Records, cordon and source",
        )),
    }
}

fn read_event(event: &Node<'_>, source: &Node<'_>, received: Received<'_>) -> Result<Signal, SignalError> {
    if source.text()? == "aws.events" {
        let kind = event.require("detail-type")?;
        return match kind.text()? {
            "Scheduled Event" => Ok(Signal::LookAgain),
            other => Err(kind.invalid(format!("expected Scheduled Event, found {}", Quoted(other)))),
        };
    }
    if source.text()? != "aws.cloudwatch" {
        return Err(source.invalid(format!("expected aws.cloudwatch, found {}", Quoted(source.text()?))));
    }
    let signal = if event.get("detail-type")?.is_some() {
        eventbridge::read(event, received)?
    } else {
        lambda_action::read(event, received)?
    };
    Ok(Signal::Alarm(signal))
}

/// The Lambda event of an SNS subscription (Lambda developer guide, "Invoking Lambda functions with Amazon SNS").
fn open_records(
    records: &Node<'_>,
    expectation: &Expectation<'_>,
) -> Result<Vec<Result<Signal, SignalError>>, SignalError> {
    let records = records.list(usize::MAX)?;
    if records.len() > MAX_RECORDS {
        return Err(SignalError::TooManyRecords { found: records.len(), limit: MAX_RECORDS });
    }
    if records.is_empty() {
        return Err(SignalError::invalid("Records", "expected at least one record, found none"));
    }
    Ok(records.iter().map(|record| read_record(record, expectation)).collect())
}

fn read_record(record: &Node<'_>, expectation: &Expectation<'_>) -> Result<Signal, SignalError> {
    // Only SNS writes this field with a capital letter; a queue's or a bucket's record has `eventSource`.
    let source = record.require("EventSource")?;
    if source.text()? != "aws:sns" {
        return Err(source.invalid(format!("expected aws:sns, found {}", Quoted(source.text()?))));
    }
    let sns = record.require("Sns")?;
    let text = sns.require("Message")?;
    let received = Received { message: text.text()?.as_bytes(), expectation };
    let topic_field = sns.require("TopicArn")?;
    let topic: TopicArn = topic_field.parse()?;
    received.same_partition(&topic_field, &topic.partition)?;
    let via = Via::Sns {
        topic,
        message_id: event_id(&sns.require("MessageId")?)?,
        published_at: timestamp::read(&sns.require("Timestamp")?)?,
    };
    let document = document::read(received.message, text.path())?;
    let signal = alarm_message::read(&Node::root(text.path(), &document), via, received)?;
    Ok(Signal::Alarm(signal))
}

/// The id that SNS or EventBridge gave a message: letters, digits and hyphens.
pub(crate) fn event_id(node: &Node<'_>) -> Result<String, SignalError> {
    let id = node.text()?;
    let is_id = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_id {
        return Ok(id.to_owned());
    }
    Err(node.invalid(format!("expected 1 to 64 letters, digits and hyphens, found {}", Quoted(id))))
}

fn unrecognised(event: &Node<'_>) -> Result<SignalError, SignalError> {
    let problem = if event.get("AlarmArn")?.is_some() || event.get("AlarmName")?.is_some() {
        "a CloudWatch alarm's message without its SNS envelope; subscribe the function to the topic itself"
    } else {
        "neither an SNS event (Records), nor an alarm's event (source), nor an operator's request (cordon)"
    };
    Ok(SignalError::unknown_shape(event.path(), problem))
}
