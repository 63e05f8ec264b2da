//! What the demonstration showed, and whether it is all that it must be.

use super::refusals::Refusals;
use crate::account::LocalAccount;
use crate::calls::{self, unix_milliseconds};
use crate::failure::Result;
use crate::readback::Seen;
use serde_json::{Value, json};

pub struct Demonstrated {
    pub after: Seen,
    /// From the moment SNS took the alarm's message to the end of the last interface's swap.
    pub milliseconds_to_isolated: Option<f64>,
    /// The longest chain of calls within which the function isolated the instance.
    pub round_trips_to_isolated: Option<usize>,
    /// From the same moment until EC2 showed the instance stopped: tracked connections live until then.
    pub milliseconds_to_severed: Option<f64>,
}

impl Demonstrated {
    pub fn read(
        account: &LocalAccount,
        instance: &str,
        before: &Seen,
        after: Seen,
        severed_ms: Option<f64>,
    ) -> Result<Self> {
        let all = calls::since(account, 0)?;
        let invocations = calls::invocations(account)?;
        let interfaces: Vec<_> = before.eni_groups.keys().map(String::as_str).collect();
        let swap = calls::last_swap(&all, &interfaces);
        let published_ms = invocations
            .iter()
            .filter(|invocation| invocation.payload.to_string().contains(instance))
            .find_map(|invocation| unix_milliseconds(invocation.published_at()?));
        let since_published = |end_ms: Option<f64>| Some(end_ms? - published_ms?);
        Ok(Self {
            milliseconds_to_isolated: since_published(swap.map(|swap| swap.ended_ms)),
            round_trips_to_isolated: swap
                .and_then(|swap| Some(calls::round_trips(&all, swap.request_id.as_deref()?, swap.ended_ms))),
            milliseconds_to_severed: since_published(severed_ms),
            after,
        })
    }

    /// What is not as a whole containment leaves it, each in a sentence's end.
    pub fn amiss(&self, before: &Seen) -> Vec<String> {
        let after = &self.after;
        let quarantine: Vec<_> = after.quarantine_group.iter().cloned().collect();
        let snapshotted: Vec<_> = after.snapshots.iter().map(|snapshot| &snapshot.volume).collect();
        let checks = [
            (after.state.as_deref() == Some("Contained"), format!("the incident is {:?}", after.state)),
            (after.instance_state == "stopped", format!("the instance is {}", after.instance_state)),
            (!after.instance_in_group, "the instance is in its group".to_owned()),
            (
                after.group_size == before.group_size,
                format!("{} of {} instances are in service", after.group_size, before.group_size),
            ),
            (
                after.eni_groups.keys().eq(before.eni_groups.keys()) && !quarantine.is_empty(),
                "the interfaces or the quarantine group are missing".to_owned(),
            ),
            (
                after.eni_groups.values().all(|groups| *groups == quarantine),
                "an interface is not quarantined".to_owned(),
            ),
            (after.quarantine_rules == Some(0), format!("the quarantine group has {:?} rules", after.quarantine_rules)),
            (
                snapshotted == before.volumes.iter().collect::<Vec<_>>(),
                format!("{} of {} volumes have a snapshot", snapshotted.len(), before.volumes.len()),
            ),
            (after.credentials_revoked == Some(true), "the instance's credentials are not revoked".to_owned()),
            (self.milliseconds_to_isolated.is_some(), "the time to isolated is not known".to_owned()),
            (self.round_trips_to_isolated.is_some(), "the round trips to isolated are not known".to_owned()),
            (self.milliseconds_to_severed.is_some(), "the time to severed is not known".to_owned()),
        ];
        checks.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect()
    }

    pub fn as_json(&self, refusals: &[Refusals], audit: Option<&Value>) -> Value {
        let after = &self.after;
        json!({
            "incident": after.incident,
            "state": after.state,
            "instance_state": after.instance_state,
            "instance_in_group": after.instance_in_group,
            "group_size": after.group_size,
            "eni_groups": after.eni_groups,
            "quarantine_group": after.quarantine_group,
            "quarantine_rules": after.quarantine_rules,
            "snapshots": after.snapshots.len(),
            "credentials_revoked": after.credentials_revoked,
            "milliseconds_to_isolated": self.milliseconds_to_isolated.map(whole),
            "round_trips_to_isolated": self.round_trips_to_isolated,
            "milliseconds_to_severed": self.milliseconds_to_severed.map(whole),
            "refused": refusals.iter().map(Refusals::as_json).collect::<Vec<_>>(),
            "audit": audit,
        })
    }
}

fn whole(milliseconds: f64) -> i64 {
    milliseconds.round() as i64
}
