//! The audit's page: whatever an account's names are, the page stays the page.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

mod page;

use access_audit::{Files, audit};
use page::elements;
use proptest::prelude::*;
use report::{Audit, audit_html, audit_ocsf};
use serde_json::{Value, json};
use time::macros::datetime;

/// An account in which everybody's name is the same text.
fn account(name: &str) -> Vec<u8> {
    let climbs = json!([{"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Sid": "S", "Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}]}}]);
    let arn = format!("arn:aws:iam::111122223333:user/{name}");
    json!({"UserDetailList": [{"Arn": arn, "UserName": name, "UserPolicyList": climbs}], "GroupDetailList": [],
        "RoleDetailList": [], "Policies": []})
    .to_string()
    .into_bytes()
}

fn rendered(details: &[u8]) -> (String, String) {
    let report = audit(&Files { authorization_details: details, ..Files::default() });
    let told = Audit { report: &report, at: datetime!(2026-06-01 12:00 UTC) };
    (audit_html(&told).unwrap(), audit_ocsf(&told).unwrap())
}

fn check(page: &str) {
    for element in elements(page) {
        assert!(!["script", "iframe", "object", "embed", "img", "link", "form"].contains(&element.name.as_str()));
        for (attribute, _) in &element.attributes {
            assert!(!attribute.starts_with("on") && attribute != "href", "{attribute}");
        }
        assert_eq!(element.attribute("style"), None);
    }
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
}

#[test]
fn a_hostile_name_is_shown_and_does_nothing() {
    for name in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "\u{202e}txt.exe\u{1b}[31m",
        "{{ 7 * 7 }}",
        &"long".repeat(5_000),
    ] {
        let (page, lines) = rendered(&account(name));
        check(&page);
        assert!(page.len() < 400_000, "{}", page.len());
        let shows = elements(&page).iter().any(|element| element.name == "article");
        assert!(shows || !name.starts_with("<script"));
        for line in lines.lines() {
            let finding: Value = serde_json::from_str(line).unwrap();
            assert_eq!(finding["class_uid"], 2003);
        }
    }
}

#[test]
fn a_page_of_nothing_readable_claims_nothing() {
    let (page, lines) = rendered(b"{");
    check(&page);
    assert!(elements(&page).iter().any(|element| element.is("header", "top waiting")));
    assert!(page.contains("not everything could be read") && !page.contains("nothing found"));
    let passes = lines.lines().filter(|line| line.contains(r#""status_id":1,"status":"Pass""#));
    assert_eq!(passes.count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_name_leaves_the_page_as_it_is(name in "\\PC{0,80}") {
        check(&rendered(&account(&name)).0);
    }
}
