//! Services and actions that a principal may use and hasn't used for 90 days.

use super::{Control, Look};
use crate::account::Subject;
use crate::age::{DAYS, days_since};
use crate::finding::{Finding, Severity, Status};
use crate::last_accessed::{Accessed, Service};
use crate::usage::Usage;
use iam_policy::{Catalogue, Policy, Statement};
use time::{Duration, OffsetDateTime};

pub(super) const CONTROL: Control = Control {
    id: "iam-unused-permission",
    title: "Permissions that their holder hasn't used for 90 days",
    severity: Severity::Low,
    look: Look::Usage(look),
};

/// Services, and actions, that a finding names before it counts.
const NAMED: usize = 5;

fn look(usage: &Usage<'_>, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut untold = 0_usize;
    for subject in usage.account.subjects.iter().filter(|one| !one.is_service_linked() && one.allows().next().is_some())
    {
        let arn = subject.principal.arn.as_str();
        let Some(accessed) = usage.accessed.principals.get(arn) else {
            untold += 1;
            continue;
        };
        // Nobody can have left unused for 90 days what is younger.
        let created = subject.principal.last_used.as_ref().and_then(|last| days_since(&last.created, now));
        if created.is_none_or(|days| days > DAYS) {
            findings.extend(finding(subject, accessed, now));
        }
    }
    if untold > 0 {
        let message = format!("{}: of {untold} principals --last-accessed FILE does not tell", CONTROL.title);
        findings.push(Finding::new(CONTROL.id, Status::NotEvaluated, CONTROL.severity, message));
    }
    findings
}

fn finding(subject: &Subject<'_>, accessed: &Accessed, now: OffsetDateTime) -> Option<Finding> {
    let since = accessed.completed.map_or(now, |completed| completed.min(now)) - Duration::days(DAYS);
    let (mut services, mut actions) = (Vec::new(), Vec::new());
    for (name, service) in &accessed.services {
        if service.used_since(since) {
            actions.extend(unused_actions(subject, name, service, since));
        } else if may_use(subject, name) {
            services.push(name.clone());
        }
    }
    let counted = |found: &[String], what: &str| {
        let plural = if found.len() == 1 { "" } else { "s" };
        (!found.is_empty()).then(|| format!("{} {what}{plural} ({})", found.len(), named(found)))
    };
    let parts: Vec<String> =
        counted(&services, "service").into_iter().chain(counted(&actions, "tracked action")).collect();
    if parts.is_empty() {
        return None;
    }
    let message = format!("may use and hasn't used for {DAYS} days: {}", parts.join(" and "));
    let fix = "cordon trim prints smaller policies; attempts that were denied count as used";
    Some(Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(&subject.principal.arn))
}

fn unused_actions(subject: &Subject<'_>, name: &str, service: &Service, since: OffsetDateTime) -> Vec<String> {
    let tracked = service.actions.iter().flatten();
    let unused = tracked.filter(|(_, action)| action.last.is_none_or(|last| last < since));
    let allowed = unused.filter(|(lower, _)| allows(subject, &format!("{name}:{lower}")));
    allowed.map(|(_, action)| format!("{name}:{}", action.name)).collect()
}

/// Of a service that the catalogue doesn't know: whether all of it is allowed.
fn may_use(subject: &Subject<'_>, service: &str) -> bool {
    let catalogue = Catalogue::shipped();
    match catalogue.service(service) {
        Some(known) => catalogue.actions_of(known).iter().any(|action| allows(subject, catalogue.lower(action))),
        None => allows(subject, &format!("{service}:-")),
    }
}

/// Whether a statement allows it somewhere, within the boundary, and none denies all of it.
fn allows(subject: &Subject<'_>, lower: &str) -> bool {
    let bounded = |policy: &Policy| policy.document.allows().iter().any(|one| one.covers_action(lower));
    let denies = |one: &Statement| one.covers_action(lower) && one.covers_every_resource() && !one.has_conditions();
    let holdings = &subject.holdings;
    subject.mentions(lower)
        && holdings.boundaries.iter().all(bounded)
        && !holdings
            .identity
            .iter()
            .chain(&holdings.boundaries)
            .any(|policy| policy.document.denies().iter().any(denies))
}

fn named(found: &[String]) -> String {
    let shown = found.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match found.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, allow, failing, looked, names, passes};
    use crate::finding::Status;
    use serde_json::{Value, json};

    fn service(name: &str, last: Value, actions: Value) -> Value {
        json!({"ServiceNamespace": name, "LastAuthenticated": last, "TrackedActionsLastAccessed": actions})
    }

    fn used(name: &str) -> Value {
        service(name, json!("2025-12-30T00:00:00Z"), json!(null))
    }

    #[test]
    fn services_and_tracked_actions_that_are_allowed_and_unused_are_one_finding_a_principal() {
        let many: Vec<Value> =
            ["ec2", "rds", "sns", "sqs", "kms", "ssm"].map(|name| service(name, json!(null), json!(null))).into();
        let tracked = json!([{"ActionName": "CreateBucket", "LastAccessedTime": "2025-12-30T00:00:00Z"},
            {"ActionName": "DeleteBucket", "LastAccessedTime": "2025-01-30T00:00:00Z"}, {"ActionName": "PutBucketPolicy"}]);
        let dump = Dump::default()
            .role("wide", &[allow(json!("*"), "*")])
            .role("some", &[allow(json!(["s3:*Bucket", "ec2:Describe*"]), "*")])
            .role("busy", &[allow(json!("sqs:SendMessage"), "*")])
            .accessed("wide", &many)
            .accessed("some", &[service("s3", json!("2025-12-30T00:00:00Z"), tracked), used("ec2")])
            .accessed("busy", &[used("SQS"), service("ec2", json!(null), json!(null))]);
        let found = failing(CONTROL.id, &dump);
        assert_eq!(names(&found), ["some", "wide"]);
        assert!(found[0].message.ends_with("1 tracked action (s3:DeleteBucket)"), "{}", found[0].message);
        assert!(found[1].message.ends_with("6 services (ec2, kms, rds, sns, sqs and 1 more)"), "{}", found[1].message);
    }

    #[test]
    fn without_the_file_and_for_whom_it_does_not_tell_nothing_is_a_pass() {
        let dump =
            Dump::default().role("told", &[allow(json!("sqs:*"), "*")]).role("untold", &[allow(json!("sqs:*"), "*")]);
        assert_eq!(looked(CONTROL.id, &dump, Status::NotEvaluated).len(), 1);
        let told = dump.accessed("told", &[used("sqs")]);
        let unlooked = looked(CONTROL.id, &told, Status::NotEvaluated);
        assert!(unlooked.len() == 1 && unlooked[0].message.contains("of 1 principals"));
        assert!(!passes(CONTROL.id, &told) && passes(CONTROL.id, &told.accessed("untold", &[used("sqs")])));
    }
}
