use super::{Baseline, Changes};
use crate::decrypt::world::{HOME, World, allow, delegation, grant, iam, key_arn};
use crate::finding::{Severity, Status};
use crate::{Files, Report, audit};
use serde_json::{Value, json};

fn small() -> World {
    World::default().user("ann", json!([])).role("app", json!({"Service": "ec2.amazonaws.com"}), json!([])).key(
        "k",
        json!([delegation()]),
        json!([]),
    )
}

fn nobody(_: &str) -> bool {
    false
}

fn baseline(report: &Report) -> Baseline {
    let kept = Baseline::of(report, None).to_json().unwrap();
    Baseline::parse(&kept).unwrap()
}

fn between(before: &Report, now: &Report) -> Changes {
    Changes::between(&baseline(before), now, nobody)
}

fn messages(changes: &[super::Change]) -> Vec<&str> {
    changes.iter().map(|one| one.message.as_str()).collect()
}

/// A report whose file of keys can't be read.
fn blind_to_keys() -> Report {
    let details = json!({"UserDetailList": [{"Arn": iam("user/ann"), "UserName": "ann"}], "GroupDetailList": [],
        "RoleDetailList": [], "Policies": []});
    audit(&Files {
        authorization_details: details.to_string().as_bytes(),
        kms: Some(br#"{"Unread":"kms:ListKeys was denied"}"#),
        ..Files::default()
    })
}

#[test]
fn nothing_changed_between_a_report_and_itself() {
    for world in [small(), small().user("bob", json!([allow(json!("iam:*"))]))] {
        let changes = between(&world.report(), &world.report());
        assert_eq!((changes.is_empty(), changes.unknown), (true, 0), "{changes:?}");
        assert_eq!(changes.notice(HOME), None);
    }
}

#[test]
fn who_gained_a_key_is_told_with_what_through_what_and_who_lost_it() {
    let with = World { keys: Vec::new(), ..small() };
    let with = with.key("k", json!([delegation()]), json!([grant("g-1", &iam("role/app"), json!(["Decrypt"]))]));
    let changes = between(&small().report(), &with.report());
    let wanted = format!("{} gained kms:Decrypt on {} through grant", iam("role/app"), key_arn("k"));
    assert!(messages(&changes.new).contains(&wanted.as_str()), "{changes:?}");
    let back = between(&with.report(), &small().report());
    let wanted = wanted.replace("gained", "lost");
    assert!(messages(&back.gone).contains(&wanted.as_str()), "{back:?}");
}

#[test]
fn a_power_over_a_key_is_worse_than_its_use() {
    let admin = small().user("bob", json!([allow(json!("kms:PutKeyPolicy"))]));
    let changes = between(&small().report(), &admin.report());
    let gained = changes.new.iter().find(|one| one.message.contains("gained kms:PutKeyPolicy")).unwrap();
    assert_eq!(gained.severity, Severity::High);
}

#[test]
fn who_can_make_themselves_administrator_is_new_once_and_gone_when_they_can_not() {
    let climbs = small().user("bob", json!([allow(json!("iam:PutUserPolicy"))]));
    let changes = between(&small().report(), &climbs.report());
    let new = changes.new.iter().find(|one| one.control == "iam-privilege-escalation").unwrap();
    assert_eq!((new.severity, new.principal.as_deref()), (Severity::Critical, Some(iam("user/bob").as_str())));
    let notice = changes.notice(HOME).unwrap();
    assert!(notice.subject.contains("new (1 critical)"), "{}", notice.subject);
    // By another way, still: not new.
    let otherwise = small().user("bob", json!([allow(json!("iam:AttachUserPolicy"))]));
    let later = between(&climbs.report(), &otherwise.report());
    assert!(!later.new.iter().chain(&later.gone).any(|one| one.control == "iam-privilege-escalation"), "{later:?}");
    let gone = between(&climbs.report(), &small().report());
    assert!(gone.gone.iter().any(|one| one.control == "iam-privilege-escalation"));
}

#[test]
fn what_can_not_be_looked_at_now_is_not_gone_and_stays_known() {
    let with = small().key("open", json!([delegation(), to_everyone()]), json!([]));
    let before = baseline(&with.report());
    let now = blind_to_keys();
    let changes = Changes::between(&before, &now, nobody);
    assert!(!changes.gone.iter().any(|one| one.control.starts_with("kms-")), "{changes:?}");
    assert!(changes.unknown > 0);
    // Seen again, nothing of it is new.
    let kept = Baseline::of(&now, Some(&before));
    let again = Changes::between(&kept, &with.report(), nobody);
    let of_keys = |one: &&super::Change| one.control.starts_with("kms-");
    assert_eq!(again.new.iter().chain(&again.first_seen).filter(of_keys).count(), 0, "{again:?}");
    // And when it is truly gone, it is told.
    let gone = Changes::between(&kept, &small().report(), nobody);
    assert!(gone.gone.iter().any(|one| one.control == "kms-public-key"), "{gone:?}");
}

fn to_everyone() -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"})
}

#[test]
fn what_could_not_be_looked_at_before_is_seen_for_the_first_time_and_not_new() {
    let now = small().key("open", json!([delegation(), to_everyone()]), json!([])).report();
    let changes = Changes::between(&baseline(&blind_to_keys()), &now, nobody);
    assert!(changes.first_seen.iter().any(|one| one.control == "kms-public-key"), "{changes:?}");
    assert!(!changes.new.iter().any(|one| one.control == "kms-public-key"));
}

#[test]
fn a_number_of_days_that_grew_is_no_change_and_another_account_is_one() {
    for (one, other, same) in [
        ("its access key 1 is 95 days old", "its access key 1 is 96 days old", true),
        ("account 111122223333 may assume it", "account 999922223333 may assume it", false),
    ] {
        assert_eq!(super::gist(one) == super::gist(other), same, "{one}");
    }
}

#[test]
fn a_report_of_the_command_is_a_baseline_and_what_is_none_is_refused() {
    let report = small().report();
    let printed = serde_json::to_vec(&report).unwrap();
    let changes = Changes::between(&Baseline::parse(&printed).unwrap(), &report, nobody);
    assert!(changes.is_empty(), "{changes:?}");
    for other in ["", "{}", r#"{"schema": 99, "account": "", "findings": []}"#, r#"{"schema": 1, "findings": 5}"#] {
        assert!(Baseline::parse(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn a_baseline_that_can_not_be_read_is_an_error_and_never_nothing_changed() {
    let details =
        json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}).to_string();
    let files = Files { authorization_details: details.as_bytes(), since: Some(b"{\"sche"), ..Files::default() };
    let report = audit(&files);
    assert!(report.changes.is_none() && report.errors.iter().any(|one| one.at.contains("earlier audit")));
}

#[test]
fn cordons_own_roles_come_first_and_hostile_names_stay_on_their_line() {
    let climbs = small()
        .user("bob\u{202e}\nevil", json!([allow(json!("iam:*"))]))
        .user("zed", json!([allow(json!("iam:PutUserPolicy"))]));
    let changes = Changes::between(&baseline(&small().report()), &climbs.report(), |arn| arn.ends_with("/zed"));
    assert!(changes.new[0].own && changes.new.iter().skip_while(|one| one.own).all(|one| !one.own));
    let notice = changes.notice(HOME).unwrap();
    assert!(!notice.text.contains('\u{202e}') && notice.text.lines().all(|line| line.chars().count() < 700));
    assert!(notice.text.contains("CORDON'S OWN"));
}

#[test]
fn what_is_suppressed_is_neither_new_nor_gone() {
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{
        "Arn": iam("role/app"), "RoleName": "app", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}}]})
    .to_string();
    let accepted = json!({"suppressions": [{"control": "iam-trust-anyone", "resource": iam("role/app"),
        "reason": "a honeypot", "expires": "2027-01-01"}]})
    .to_string();
    let report = |suppressions: Option<&str>| {
        audit(&Files {
            authorization_details: details.as_bytes(),
            suppressions: suppressions.map(str::as_bytes),
            now: Some(time::macros::datetime!(2026-06-01 00:00 UTC)),
            ..Files::default()
        })
    };
    let (open, closed) = (report(None), report(Some(&accepted)));
    assert!(closed.findings.iter().any(|one| one.suppressed.is_some() && one.status == Status::Fail));
    assert!(open.worst() > closed.worst());
    let is_it = |one: &super::Change| one.control == "iam-trust-anyone";
    assert!(between(&open, &closed).gone.iter().any(is_it), "who accepts it ends it");
    assert!(between(&closed, &open).new.iter().any(is_it), "when that ends, it is new");
    assert!(between(&closed, &closed).is_empty());
}
