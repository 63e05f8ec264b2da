//! The scheduled audit: when it is due, how it goes on where it stopped, and what is told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

use async_trait::async_trait;
use engine::{AccessAudit, AuditError, AuditOutcome, AuditSummary};
use ports::{
    AccessReader, AuditPorts, AuditStore, Clock, ErrorKind, Finding, Findings, Notice, Notifier, Page, PortError,
    PortResult, RecordState, Section, Severity,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use time::{Duration, OffsetDateTime};

const HOME: &str = "123456789012";
const BEGIN: i64 = 1_790_000_000;

/// An account, its audits' bucket, and who is told, in memory.
#[derive(Default)]
struct World {
    now: i64,
    users: Vec<Value>,
    roles: Vec<Value>,
    /// Each call of this section fails so.
    failing: BTreeMap<Section, ErrorKind>,
    /// Users a page.
    page: usize,
    /// Seconds that a page takes.
    slow: i64,
    stored: BTreeMap<String, Vec<u8>>,
    denied_put: Option<&'static str>,
    notices: Vec<Notice>,
    findings: BTreeMap<String, Finding>,
    hub_is_off: bool,
    read: Vec<Section>,
}

#[derive(Clone)]
struct Cloud(Arc<Mutex<World>>);

impl Cloud {
    fn new() -> Self {
        let world = World { now: BEGIN, page: 100, users: vec![user("ann", &[])], ..World::default() };
        Self(Arc::new(Mutex::new(world)))
    }

    fn with<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    async fn run(&self) -> Result<AuditOutcome, AuditError> {
        self.run_for(Duration::minutes(15)).await
    }

    async fn run_for(&self, time: Duration) -> Result<AuditOutcome, AuditError> {
        self.audit(time).run().await
    }

    fn audit(&self, time: Duration) -> AccessAudit {
        let ports = AuditPorts {
            reader: Arc::new(self.clone()),
            store: Arc::new(self.clone()),
            notifier: Arc::new(self.clone()),
            findings: Some(Arc::new(self.clone())),
            clock: Arc::new(self.clone()),
        };
        AccessAudit {
            ports,
            account: HOME.parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            partition: "aws".to_owned(),
            stack: "prod".to_owned(),
            every: Duration::hours(24),
            deadline: self.now() + time,
        }
    }

    /// A day later.
    async fn next_day(&self) -> AuditSummary {
        self.with(|world| world.now += 24 * 3600);
        audited(self.run().await)
    }

    fn report(&self, summary: &AuditSummary) -> Value {
        self.with(|world| serde_json::from_slice(&world.stored[&summary.report]).unwrap())
    }
}

fn audited(outcome: Result<AuditOutcome, AuditError>) -> AuditSummary {
    match outcome {
        Ok(AuditOutcome::Audited(summary)) => summary,
        other => panic!("{other:?}"),
    }
}

fn statement(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

fn user(name: &str, actions: &[&str]) -> Value {
    let inline = json!([{"PolicyName": "own", "PolicyDocument": statement(actions)}]);
    json!({"Arn": format!("arn:aws:iam::{HOME}:user/{name}"), "UserName": name,
        "UserPolicyList": if actions.is_empty() { json!([]) } else { inline }})
}

#[async_trait]
impl AccessReader for Cloud {
    async fn page(&self, section: Section, after: Option<&str>) -> PortResult<Page> {
        self.with(|world| {
            world.now += world.slow;
            world.read.push(section);
            if let Some(kind) = world.failing.get(&section) {
                return Err(PortError::new("iam:Anything", *kind, None, "no"));
            }
            let whole = |content| Ok(Page { content, next: None });
            match section {
                Section::AuthorizationDetails => {
                    let from: usize = after.map_or(0, |after| after.parse().unwrap());
                    let to = (from + world.page).min(world.users.len());
                    let content = json!({"UserDetailList": world.users[from..to], "GroupDetailList": [],
                        "RoleDetailList": if from == 0 { world.roles.clone() } else { Vec::new() }, "Policies": []});
                    Ok(Page { content, next: (to < world.users.len()).then(|| to.to_string()) })
                }
                Section::AccountSummary => whole(json!({"SummaryMap": {"AccountMFAEnabled": 1, "Users": 1}})),
                Section::PasswordPolicy => whole(json!({"PasswordPolicy": {"MinimumPasswordLength": 8}})),
                Section::Keys => whole(json!({"keys": []})),
                Section::LastAccessed => whole(json!({"principals": []})),
                _ => whole(json!({})),
            }
        })
    }
}

#[async_trait]
impl AuditStore for Cloud {
    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        Ok(self.with(|world| world.stored.get(key).cloned()))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> PortResult<()> {
        self.with(|world| {
            if world.denied_put == Some(key) {
                return Err(PortError::new("s3:PutObject", ErrorKind::Denied, None, "no"));
            }
            world.stored.insert(key.to_owned(), bytes);
            Ok(())
        })
    }
}

#[async_trait]
impl Notifier for Cloud {
    async fn notify(&self, notice: &Notice) -> PortResult<()> {
        self.with(|world| world.notices.push(notice.clone()));
        Ok(())
    }
}

#[async_trait]
impl Findings for Cloud {
    async fn import(&self, findings: &[Finding]) -> PortResult<()> {
        self.with(|world| {
            if world.hub_is_off {
                return Err(PortError::new("securityhub:BatchImportFindings", ErrorKind::Rejected, None, "off"));
            }
            world.findings.extend(findings.iter().map(|finding| (finding.id.clone(), finding.clone())));
            Ok(())
        })
    }
}

#[async_trait]
impl Clock for Cloud {
    fn now(&self) -> OffsetDateTime {
        self.with(|world| OffsetDateTime::from_unix_timestamp(world.now).unwrap())
    }

    async fn sleep(&self, duration: std::time::Duration) {
        self.with(|world| world.now += i64::try_from(duration.as_secs()).unwrap());
    }
}

#[tokio::test]
async fn an_audit_is_made_when_it_is_due_and_not_before() {
    let cloud = Cloud::new();
    audited(cloud.run().await);
    cloud.with(|world| world.now += 3600);
    assert_eq!(cloud.run().await, Ok(AuditOutcome::NotDue));
    cloud.with(|world| world.now += 23 * 3600);
    audited(cloud.run().await);
}

#[tokio::test]
async fn the_first_audit_says_what_there_is_and_the_next_only_what_is_new() {
    let cloud = Cloud::new();
    audited(cloud.run().await);
    assert_eq!(cloud.next_day().await.new, 0);
    let said = cloud.with(|world| std::mem::take(&mut world.notices));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].subject.contains("first audit"));

    cloud.with(|world| world.users.push(user("eve", &["iam:PutUserPolicy"])));
    assert!(cloud.next_day().await.new > 0);
    let said = cloud.with(|world| std::mem::take(&mut world.notices));
    assert!(said[0].subject.contains("1 critical"), "{}", said[0].subject);
    assert!(said[0].text.contains("user/eve") && said[0].text.contains("make itself administrator"));
    assert_eq!(said[0].severity, Severity::Page);

    cloud.with(|world| world.users.truncate(1));
    assert!(cloud.next_day().await.gone > 0);
    assert!(cloud.with(|world| world.notices[0].text.contains("GONE")));
}

#[tokio::test]
async fn a_large_account_takes_several_invocations_each_going_on_where_the_last_stopped() {
    let cloud = Cloud::new();
    cloud.with(|world| {
        world.users = (0..50).map(|number| user(&format!("u{number:02}"), &[])).collect();
        (world.page, world.slow) = (1, 60);
    });
    let mut invocations = 0;
    let summary = loop {
        invocations += 1;
        assert!(invocations < 20);
        match cloud.run().await {
            Ok(AuditOutcome::Unfinished { left }) => assert!(!left.is_empty()),
            other => break audited(other),
        }
    };
    assert!(invocations > 3, "{invocations}");
    let pages = cloud.with(|world| world.read.iter().filter(|one| **one == Section::AuthorizationDetails).count());
    assert_eq!(pages, 50, "no page was read twice");
    let inventory = cloud.with(|world| world.stored.keys().filter(|key| key.contains("authorization-details")).count());
    assert_eq!(inventory, 50);
    assert!(summary.failing > 0);
}

#[tokio::test]
async fn a_section_that_may_not_be_read_is_an_error_of_the_report_and_the_others_are_judged() {
    let cloud = Cloud::new();
    cloud.with(|world| world.failing.insert(Section::Keys, ErrorKind::Denied));
    let summary = audited(cloud.run().await);
    let report = cloud.report(&summary);
    let errors = report["errors"].to_string();
    assert!(summary.errors > 0 && errors.contains("was denied"), "{errors}");
    let statuses = |control: &str| {
        let all = report["findings"].as_array().unwrap().iter().filter(|one| one["control"] == control);
        all.map(|one| one["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(statuses("kms-rotation"), ["error"]);
    assert_eq!(statuses("iam-administrator"), ["pass"]);
}

#[tokio::test]
async fn without_the_principals_nothing_is_judged_and_the_invocation_fails() {
    let cloud = Cloud::new();
    cloud.with(|world| world.failing.insert(Section::AuthorizationDetails, ErrorKind::Denied));
    assert!(matches!(cloud.run().await, Err(AuditError::Unread(_))));
    assert!(cloud.with(|world| world.notices.is_empty()));
    cloud.with(|world| world.failing.clear());
    audited(cloud.run().await);
}

#[tokio::test]
async fn throttled_it_stops_and_goes_on_and_gives_a_section_up_after_hours_only() {
    let cloud = Cloud::new();
    cloud.with(|world| world.failing.insert(Section::Keys, ErrorKind::Throttled));
    let mut unfinished = 0;
    let summary = loop {
        match cloud.run().await {
            Ok(AuditOutcome::Unfinished { .. }) => unfinished += 1,
            other => break audited(other),
        }
        cloud.with(|world| world.now += 15 * 60);
    };
    assert_eq!(unfinished, 5);
    assert!(cloud.report(&summary)["errors"].to_string().contains("throttled"));

    let cloud = Cloud::new();
    cloud.with(|world| world.failing.insert(Section::Keys, ErrorKind::Throttled));
    assert!(matches!(cloud.run().await, Ok(AuditOutcome::Unfinished { .. })));
    cloud.with(|world| world.failing.clear());
    // The fake gives no credential report.
    let usual = audited(Cloud::new().run().await).errors;
    assert_eq!(audited(cloud.run().await).errors, usual);
}

#[tokio::test]
async fn a_state_or_baseline_that_somebody_broke_begins_an_audit_anew_and_is_told() {
    let cloud = Cloud::new();
    audited(cloud.run().await);
    for key in ["state.json", "baseline.json"] {
        cloud.with(|world| world.stored.insert(key.to_owned(), b"{\"schema\": 1".to_vec()));
    }
    let summary = cloud.next_day().await;
    assert!(cloud.report(&summary)["errors"].to_string().contains("earlier audit"));
    assert!(cloud.with(|world| world.notices.last().unwrap().subject.contains("first audit")));
    assert_eq!(cloud.next_day().await.new, 0);
}

#[tokio::test]
async fn what_was_not_kept_is_told_again() {
    let cloud = Cloud::new();
    audited(cloud.run().await);
    cloud.with(|world| {
        world.notices.clear();
        world.users.push(user("eve", &["iam:PutUserPolicy"]));
        world.denied_put = Some("baseline.json");
        world.now += 24 * 3600;
    });
    assert!(matches!(cloud.run().await, Err(AuditError::Unkept(_))));
    cloud.with(|world| world.denied_put = None);
    audited(cloud.run().await);
    assert_eq!(cloud.with(|world| world.notices.len()), 2);
    assert_eq!(cloud.next_day().await.new, 0);
}

#[tokio::test]
async fn findings_keep_their_id_and_are_archived_when_they_are_gone() {
    let cloud = Cloud::new();
    cloud.with(|world| world.users.push(user("eve", &["iam:PutUserPolicy"])));
    audited(cloud.run().await);
    let of_eve = || {
        cloud.with(|world| {
            let all = world.findings.values().filter(|one| one.resource_arn.ends_with("/eve"));
            all.map(|one| (one.id.clone(), one.record_state, one.resource_type)).collect::<Vec<_>>()
        })
    };
    let active = of_eve();
    assert!(
        !active.is_empty()
            && active.iter().all(|(_, state, kind)| (*state, *kind) == (RecordState::Active, "AwsIamUser"))
    );
    cloud.with(|world| world.users.truncate(1));
    cloud.next_day().await;
    let archived = of_eve();
    assert!(archived.iter().all(|(_, state, _)| *state == RecordState::Archived));
    let ids = |all: Vec<(String, RecordState, &str)>| all.into_iter().map(|one| one.0).collect::<Vec<_>>();
    assert_eq!(ids(active), ids(archived));
}

#[tokio::test]
async fn a_security_hub_that_is_off_fails_the_invocation_and_does_not_have_people_told_twice() {
    let cloud = Cloud::new();
    cloud.with(|world| world.hub_is_off = true);
    assert!(matches!(cloud.run().await, Err(AuditError::Unimported(_))));
    assert_eq!(cloud.run().await, Ok(AuditOutcome::NotDue));
    assert_eq!(cloud.with(|world| world.notices.len()), 1);
}

#[tokio::test]
async fn cordons_own_roles_are_marked_and_what_is_not_on_the_list_pages() {
    let cloud = Cloud::new();
    let role = |actions: &[&str]| {
        json!({"Arn": format!("arn:aws:iam::{HOME}:role/cordon/prod-AuditAccessRole-1A2B"), "RoleName": "prod-AuditAccessRole-1A2B",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"}}]},
            "RolePolicyList": [{"PolicyName": "audit-access", "PolicyDocument": statement(actions)}]})
    };
    cloud.with(|world| world.roles = vec![role(&["iam:ListRoles"])]);
    let first = audited(cloud.run().await);
    assert_eq!((first.own, first.suppressed), (0, 2), "{first:?}");
    cloud.with(|world| world.roles = vec![role(&["iam:*"])]);
    let second = cloud.next_day().await;
    assert!(second.own > 0);
    let notice = cloud.with(|world| world.notices.last().cloned().unwrap());
    assert_eq!(notice.severity, Severity::Page);
    assert!(notice.text.contains("CORDON'S OWN critical"), "{}", notice.text);
}

#[tokio::test]
async fn an_audit_that_does_not_come_to_its_end_is_overdue() {
    let cloud = Cloud::new();
    let overdue = async || cloud.audit(Duration::minutes(15)).is_overdue().await.unwrap();
    assert!(!overdue().await, "nothing began yet");
    audited(cloud.run().await);
    cloud.with(|world| world.now += 47 * 3600);
    assert!(!overdue().await);
    cloud.with(|world| world.now += 2 * 3600);
    assert!(overdue().await);
}

#[tokio::test]
async fn what_people_accept_is_read_from_the_store_and_counts_no_more() {
    let cloud = Cloud::new();
    let accepted = json!({"suppressions": [{"control": "iam-user-policy", "resource": format!("arn:aws:iam::{HOME}:user/eve"),
        "reason": "break-glass", "expires": "2099-01-01"}]});
    cloud.with(|world| {
        world.users.push(user("eve", &["s3:GetObject"]));
        world.stored.insert("suppressions.json".to_owned(), accepted.to_string().into_bytes());
    });
    let summary = audited(cloud.run().await);
    assert_eq!(summary.suppressed, 1, "{}", cloud.report(&summary));
}
