//! Enabled keys that nothing has used for long: GetKeyLastUsage tells (KMS API Reference).

use super::{Control, Look};
use crate::finding::{Confidence, Finding, Severity, Status};
use crate::key_parts::LastUsage;
use crate::keys::{Key, Keys, Section};
use time::{Duration, OffsetDateTime};

pub(super) const CONTROL: Control =
    Control { id: "kms-unused", title: "Keys that nothing uses", severity: Severity::Low, look: Look::Keys(look) };

const LONG: Duration = Duration::days(90);

fn look(keys: &Keys, now: Option<OffsetDateTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in keys.keys.iter().filter(|key| !key.is_aws_managed && key.is_enabled()) {
        findings.extend(key.unjudged(&CONTROL, &[Section::LastUsage]));
        let Some(usage) = key.last_usage else { continue };
        let Some(now) = now else {
            let message = format!("{}: not told without the time of the audit", CONTROL.title);
            findings.push(Finding::new(CONTROL.id, Status::NotEvaluated, CONTROL.severity, message).on(&key.arn));
            continue;
        };
        findings.extend(unused(key, usage, now));
    }
    findings
}

fn unused(key: &Key, usage: LastUsage, now: OffsetDateTime) -> Option<Finding> {
    // KMS knows nothing of the time before it began to track.
    let is_whole = usage.tracked_since.zip(key.created).is_some_and(|(tracked, created)| tracked <= created);
    let known = match usage.last {
        Some(last) => Some((last, "last used", Confidence::High)),
        None if is_whole => key.created.map(|created| (created, "not used since it was made", Confidence::High)),
        None => {
            let since = usage.tracked_since.or(key.created);
            since.map(|since| (since, "not used since KMS began to track", Confidence::Medium))
        }
    };
    let Some((since, told, confidence)) = known else {
        let message = format!("{}: no use is known, and not since when one would be", CONTROL.title);
        return Some(Finding::new(CONTROL.id, Status::NotEvaluated, CONTROL.severity, message).on(&key.arn));
    };
    let age = now - since;
    if age <= LONG {
        return None;
    }
    let message = format!("{told}, {} days ago", age.whole_days());
    let fix = "disable it; delete it when nothing has asked for it for as long as your data is kept";
    let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, fix).on(&key.arn);
    Some(fail.with(confidence, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::world::{World, key_arn};
    use serde_json::{Value, json};

    /// The audit's time is 2026-06-01; the key was made on 2025-01-01.
    fn found(entry: &[(&str, Value)]) -> Vec<(Status, Confidence, String)> {
        let mut world = World::default().user("ann", json!([])).key("k", json!([]), json!([]));
        for (name, value) in entry {
            world.keys[0][name] = value.clone();
        }
        world.findings(CONTROL.id).into_iter().map(|one| (one.status, one.confidence, one.message)).collect()
    }

    #[track_caller]
    fn assert_fails(entry: &[(&str, Value)], confidence: Confidence, told: &str) {
        let found = found(entry);
        assert!(found.len() == 1 && found[0].1 == confidence && found[0].2.contains(told), "{found:?}");
    }

    #[test]
    fn a_key_last_used_long_ago_or_never_is_found() {
        assert_fails(&[("LastUsedDate", json!("2026-01-02T00:00:00Z"))], Confidence::High, "150 days");
        let tracked = |since: &str| [("KeyLastUsage", json!({})), ("TrackingStartDate", json!(since))];
        assert_fails(&tracked("2024-12-31T00:00:00Z"), Confidence::High, "since it was made");
        assert_fails(&tracked("2026-02-01T00:00:00Z"), Confidence::Medium, "began to track");
        assert_eq!(found(&tracked("2026-05-01T00:00:00Z")), []);
        let used = json!({"Operation": "Decrypt", "Timestamp": "2026-05-31T00:00:00Z"});
        assert_eq!(found(&[("KeyLastUsage", used)]), []);
    }

    #[test]
    fn without_its_last_use_a_key_is_not_evaluated() {
        assert_eq!(found(&[])[0].0, Status::NotEvaluated);
        let undated = json!({"Arn": key_arn("k"), "KeyState": "Enabled"});
        assert_eq!(found(&[("KeyLastUsage", json!({})), ("KeyMetadata", undated)])[0].0, Status::NotEvaluated);
        assert_eq!(found(&[("KeyLastUsage", json!({"Timestamp": "soon"}))])[0].0, Status::Error);
    }
}
