//! What happens, as it happens: the functions' changes from the account's call record, and what the account then shows.

use crate::calls::Call;
use crate::readback::Seen;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// The parameters worth showing, the telling ones first.
const TELLING: [&str; 12] = [
    "NetworkInterfaceId",
    "InstanceSpecification.InstanceId",
    "InstanceId",
    "InstanceId.1",
    "InstanceIds.member.1",
    "ResourceId.1",
    "TargetGroupArn",
    "RoleName",
    "FunctionName",
    "Key",
    "TopicArn",
    "TableName",
];

pub struct Timeline {
    began_ms: f64,
    last: Seen,
    size: usize,
    /// Reads of a function since its last change.
    reads: BTreeMap<String, usize>,
    /// Lines not yet shown, with their time: a call and its effect are learned in either order.
    lines: Vec<(f64, String)>,
}

/// Nothing older than this is learned any more.
const SETTLED_MS: f64 = 400.0;

impl Timeline {
    pub fn begin(before: Seen) -> Self {
        let size = before.group_size;
        Self { began_ms: now_ms(), size, last: before, reads: BTreeMap::new(), lines: Vec::new() }
    }

    pub fn call(&mut self, call: &Call) {
        let Some(function) = call.function.as_deref() else { return };
        let reads = self.reads.entry(function.to_owned()).or_default();
        if call.is_read() {
            *reads += 1;
            return;
        }
        let read_before = match std::mem::take(reads) {
            0 => String::new(),
            1 => " (after 1 read)".to_owned(),
            count => format!(" (after {count} reads)"),
        };
        let subject = TELLING.iter().map(|name| call.parameter(name)).find(|value| !value.is_empty());
        let outcome = call.error.as_deref().map(|error| format!(" -> {error}")).unwrap_or_default();
        let text = format!("{} {}{outcome}{read_before}", call.action, subject.unwrap_or_default());
        self.line(call.ended_ms, function, &text);
    }

    pub fn seen(&mut self, seen: Seen) {
        for (who, text) in changes(&self.last, &seen) {
            self.line(seen.at_ms, who, &text);
        }
        self.last = seen;
    }

    /// Whether nothing more will come of itself: contained and replaced, or decided against.
    pub fn is_over(&self) -> bool {
        match self.last.state.as_deref() {
            Some("Contained") => self.last.group_size >= self.size,
            state => matches!(state, Some("Observed" | "Refused" | "Released")),
        }
    }

    pub fn show_settled(&mut self) {
        self.show_until(now_ms() - SETTLED_MS);
    }

    /// Shows the rest; what was seen last.
    pub fn end(mut self) -> Seen {
        self.show_until(f64::INFINITY);
        self.last
    }

    fn show_until(&mut self, until_ms: f64) {
        self.lines.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let settled = self.lines.partition_point(|(at_ms, _)| *at_ms <= until_ms);
        for (_, line) in self.lines.drain(..settled) {
            println!("{line}");
        }
    }

    fn line(&mut self, at_ms: f64, who: &str, text: &str) {
        let seconds = (at_ms - self.began_ms).max(0.0) / 1_000.0;
        self.lines.push((at_ms, format!("  +{seconds:6.3} s  {who:<28} {text}")));
    }
}

fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1_000.0)
}

/// What the account shows now and didn't before: who shows it, and what.
fn changes(before: &Seen, after: &Seen) -> Vec<(&'static str, String)> {
    let mut changes = Vec::new();
    if before.state != after.state {
        let state = after.state.as_deref().unwrap_or("gone");
        changes.push(("the journal", format!("{} is {state}", after.incident.as_deref().unwrap_or("the incident"))));
    }
    for (interface, groups) in &after.eni_groups {
        if before.eni_groups.get(interface) != Some(groups) {
            changes.push(("EC2", format!("{interface} is in {}", groups.join(", "))));
        }
    }
    if before.instance_state != after.instance_state {
        changes.push(("EC2", format!("the instance is {}", after.instance_state)));
    }
    if before.lifecycle_state != after.lifecycle_state {
        let state = after.lifecycle_state.as_deref().unwrap_or("no member any more");
        changes.push(("Auto Scaling", format!("the instance is {state}")));
    }
    for member in after.members.iter().filter(|member| !before.members.contains(member)) {
        changes.push(("Auto Scaling", format!("{member} has taken its place")));
    }
    let completed = |seen: &Seen| seen.snapshots.iter().filter(|snapshot| snapshot.state == "completed").count();
    if completed(before) != completed(after) {
        changes.push(("EC2", format!("{} of {} volumes have a snapshot", completed(after), after.volumes.len())));
    }
    if before.credentials_revoked != after.credentials_revoked && after.credentials_revoked == Some(true) {
        changes.push(("IAM", "the instance's sessions are denied everything".to_owned()));
    }
    changes
}
