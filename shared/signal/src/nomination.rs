//! Puts together what the three alarm forms have in common, and finds whom the alarm points at.

use crate::arn::AlarmArn;
use crate::envelope::Received;
use crate::error::SignalError;
use crate::hint::AlarmHint;
use crate::identifiers::{AccountId, InstanceId};
use crate::metrics::Watched;
use crate::model::{AlarmKind, AlarmSignal, Transition, Via};
use crate::node::Node;
use crate::quoted::Quoted;
use std::collections::{BTreeMap, BTreeSet};

/// DescribeAlarmContributors, `ContributorAttributes`.
const ATTRIBUTE_LIMIT: usize = 150;
/// A composite's rule names at most 100 alarms (PutCompositeAlarm, `AlarmRule`).
const CHILD_LIMIT: usize = 100;
const INSTANCE_ATTRIBUTE: &str = "InstanceId";

/// What one alarm message says, whatever its form.
pub(crate) struct Reading {
    pub(crate) alarm: AlarmArn,
    pub(crate) transition: Transition,
    pub(crate) watched: Watched,
    /// The message says that the alarm is a rule over other alarms.
    pub(crate) is_composite: bool,
    pub(crate) children: Vec<AlarmArn>,
    pub(crate) contributor: Option<BTreeMap<String, String>>,
    pub(crate) via: Via,
}

impl Reading {
    pub(crate) fn into_signal(self, received: &Received<'_>) -> AlarmSignal {
        let kind = if self.contributor.is_some() {
            AlarmKind::MultiSeries
        } else if self.is_composite {
            AlarmKind::Composite
        } else {
            self.watched.kind()
        };
        let by_contributor =
            self.contributor.iter().filter_map(|attributes| attributes.get(INSTANCE_ATTRIBUTE)?.parse().ok());
        let by_name = std::iter::once(&self.alarm)
            .chain(&self.children)
            .filter_map(|alarm| AlarmHint::parse(alarm.name()).map(|hint| hint.instance));
        let nominated: Vec<InstanceId> =
            distinct(self.watched.instances.into_iter().chain(by_contributor).chain(by_name));
        let elsewhere = self.watched.accounts.into_iter().filter(|account| *account != self.alarm.account);
        let metric_accounts: Vec<AccountId> = distinct(elsewhere);
        AlarmSignal {
            kind,
            nominated,
            metric_accounts,
            alarm: self.alarm,
            transition: self.transition,
            triggering_children: distinct(self.children.into_iter()),
            contributor: self.contributor,
            via: self.via,
            digest: crate::digest(received.message),
        }
    }
}

/// An alarm's ARN, of the partition that Cordon is deployed in.
pub(crate) fn alarm_arn(node: &Node<'_>, received: &Received<'_>) -> Result<AlarmArn, SignalError> {
    let arn: AlarmArn = node.parse()?;
    received.same_partition(node, &arn.partition)?;
    Ok(arn)
}

/// `[{key: ARN, …}]`, the form in which both SNS and events list the alarms that triggered a composite.
pub(crate) fn children(list: &Node<'_>, key: &str, received: &Received<'_>) -> Result<Vec<AlarmArn>, SignalError> {
    list.list(CHILD_LIMIT)?.iter().map(|child| alarm_arn(&child.require(key)?, received)).collect()
}

/// A contributor's attributes: a map of text to text.
pub(crate) fn attributes(map: &Node<'_>) -> Result<BTreeMap<String, String>, SignalError> {
    map.at_most(ATTRIBUTE_LIMIT, map.object()?.len())?;
    map.entries()?.map(|(name, value)| Ok((name.to_owned(), value.text()?.to_owned()))).collect()
}

/// Refuses a message that says two things about the same alarm: a true one never does.
pub(crate) fn agrees(node: Option<Node<'_>>, expected: &str) -> Result<(), SignalError> {
    let Some(node) = node else { return Ok(()) };
    let found = node.text()?;
    if found == expected {
        return Ok(());
    }
    Err(node.invalid(format!("{} differs from the alarm's ARN, which says {}", Quoted(found), Quoted(expected))))
}

fn distinct<T: Clone + Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    all.filter(|one| seen.insert(one.clone())).collect()
}
