//! Enrolment's one item of the table: the lease, what Cordon made, and where the last run stopped.

use crate::error::map;
use crate::journal::{BATCH_GET, JournalTable};
use crate::journal_items::{Item, Reader, hold_key, key, milliseconds, string};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use enrolment::Detector;
use ports::{EnrolmentRecord, Enrolments, Holds, Lease, PortError, PortResult, RecordChange};
use signal::InstanceId;
use std::collections::BTreeSet;
use time::OffsetDateTime;

const UPDATE: &str = "dynamodb:UpdateItem";
const NAME: &str = "enrolment";
/// As many keys as BatchGetItem takes.
const BATCH: usize = 100;

pub(crate) struct EnrolmentItem {
    client: Client,
    name: String,
    table: JournalTable,
}

impl EnrolmentItem {
    pub(crate) fn new(client: Client, table: &str) -> Self {
        Self { client: client.clone(), name: table.to_owned(), table: JournalTable::new(client, table) }
    }
}

#[async_trait]
impl Enrolments for EnrolmentItem {
    async fn take(&self, lease: &Lease, now: OffsetDateTime) -> PortResult<Option<EnrolmentRecord>> {
        let call = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(NAME, NAME)))
            .update_expression("SET lease_owner = :owner, lease_expires_at = :until")
            .condition_expression(
                "attribute_not_exists(lease_owner) OR lease_expires_at < :now OR lease_owner = :owner",
            )
            .expression_attribute_values(":owner", string(&lease.owner))
            .expression_attribute_values(":until", milliseconds(lease.expires_at))
            .expression_attribute_values(":now", milliseconds(now))
            .return_values(ReturnValue::AllNew);
        match call.send().await.map_err(map(UPDATE)) {
            Ok(answer) => record(&answer.attributes.unwrap_or_default()).map(Some),
            Err(error) if is_condition(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn change(&self, owner: &str, change: &RecordChange) -> PortResult<bool> {
        let (expression, detectors) = match change {
            RecordChange::Made(detectors) => ("ADD made :detectors", detectors),
            RecordChange::Forgotten(detectors) => ("DELETE made :detectors", detectors),
        };
        // DynamoDB knows no empty set.
        if detectors.is_empty() {
            return Ok(true);
        }
        let set = AttributeValue::Ss(detectors.iter().map(ToString::to_string).collect());
        let call = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(NAME, NAME)))
            .update_expression(expression)
            .condition_expression("lease_owner = :owner")
            .expression_attribute_values(":owner", string(owner))
            .expression_attribute_values(":detectors", set);
        holds(call.send().await.map(|_| ()).map_err(map(UPDATE)))
    }

    async fn give_back(&self, owner: &str, cursor: Option<&Detector>) -> PortResult<()> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(key(NAME, NAME)));
        let call = match cursor {
            Some(cursor) => call
                .update_expression("REMOVE lease_owner, lease_expires_at SET #cursor = :cursor")
                .expression_attribute_values(":cursor", string(cursor.to_string())),
            None => call.update_expression("REMOVE lease_owner, lease_expires_at, #cursor"),
        };
        let call = call
            .condition_expression("lease_owner = :owner")
            .expression_attribute_names("#cursor", "cursor")
            .expression_attribute_values(":owner", string(owner));
        holds(call.send().await.map(|_| ()).map_err(map(UPDATE))).map(|_| ())
    }

    async fn holds(&self, instances: &[InstanceId]) -> PortResult<Holds> {
        let mut holds = Holds::default();
        for some in instances.chunks(BATCH) {
            for item in self.table.batch(some.iter().map(hold_key).collect()).await? {
                let reader = Reader { operation: BATCH_GET, item: &item };
                let Some(instance) = reader.text("pk")?.strip_prefix("instance#") else { continue };
                let instance: InstanceId = instance.parse().map_err(|error| PortError::unreadable(BATCH_GET, error))?;
                let hold = reader.hold()?;
                if hold.held_by.is_some() {
                    holds.held.insert(instance.clone());
                }
                if !hold.attacks.is_empty() {
                    holds.attacks.insert(instance, hold.attacks);
                }
            }
        }
        Ok(holds)
    }
}

/// An entry that can't be read fails the run: to pass over it would be to forget what Cordon made.
fn record(item: &Item) -> PortResult<EnrolmentRecord> {
    let read = |text: &str| {
        text.parse::<Detector>()
            .map_err(|()| PortError::unreadable(UPDATE, format!("no detector: {}", signal::Quoted(text))))
    };
    let made = match item.get("made") {
        Some(AttributeValue::Ss(made)) => made.iter().map(|text| read(text)).collect::<PortResult<_>>()?,
        Some(_) => return Err(PortError::unreadable(UPDATE, "`made` is no set of texts")),
        None => BTreeSet::new(),
    };
    // A place that can't be read is no place: the run begins at the beginning.
    let cursor = item.get("cursor").and_then(|cursor| cursor.as_s().ok()).and_then(|text| read(text).ok());
    Ok(EnrolmentRecord { made, cursor })
}

fn is_condition(error: &PortError) -> bool {
    error.code.as_deref() == Some("ConditionalCheckFailedException")
}

fn holds(answer: PortResult<()>) -> PortResult<bool> {
    match answer {
        Ok(()) => Ok(true),
        Err(error) if is_condition(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, record, string};
    use aws_sdk_dynamodb::types::AttributeValue;

    #[test]
    fn an_item_that_somebody_broke_is_no_empty_record() {
        let with = |made| Item::from([("made".to_owned(), made)]);
        assert!(record(&Item::new()).unwrap().made.is_empty());
        let good = with(AttributeValue::Ss(vec!["i-0123456789abcdef0/NetworkOut".to_owned()]));
        assert_eq!(record(&good).unwrap().made.len(), 1);
        assert!(record(&with(AttributeValue::Ss(vec!["i-x/NetworkOut".to_owned()]))).is_err());
        assert!(record(&with(string("all"))).is_err());
    }
}
