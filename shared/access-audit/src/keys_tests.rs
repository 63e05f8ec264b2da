use super::*;
use serde_json::json;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k-1";

fn entry() -> Value {
    json!({"KeyMetadata": {"Arn": KEY, "KeyManager": "CUSTOMER", "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT"},
        "Policy": {"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}},
        "KeyRotationEnabled": true, "LastUsedDate": "2026-01-01T00:00:00Z",
        "Grants": [{"GrantId": "g", "GranteePrincipal": "arn:aws:iam::111122223333:role/app", "Operations": ["Decrypt"]}]})
}

fn parsed(entries: &[Value]) -> Keys {
    Keys::parse(json!({"keys": entries}).to_string().as_bytes()).unwrap()
}

fn with(name: &str, value: Value) -> Value {
    let mut entry = entry();
    entry[name] = value;
    entry
}

#[test]
fn a_whole_entry_has_no_gaps_and_its_policy_may_be_text() {
    let text = with("Policy", json!(entry()["Policy"].to_string()));
    for entry in [entry(), text] {
        let keys = parsed(&[entry]);
        assert_eq!(keys.problems().next(), None);
        let key = &keys.keys[0];
        assert_eq!(
            (key.account.as_str(), key.region.as_str(), key.is_aws_managed),
            ("111122223333", "eu-west-1", false)
        );
        assert!(key.policy.is_some() && key.grants.len() == 1 && key.last_usage.is_some());
    }
}

#[test]
fn each_missing_or_broken_part_is_a_gap_that_says_what_it_hides_and_leaves_the_rest() {
    for (name, value, section, status, hidden) in [
        ("Policy", json!(null), Section::Policy, Status::NotEvaluated, "who may use and administer it"),
        ("Policy", json!("{"), Section::Policy, Status::Error, "who may use and administer it"),
        ("Policy", json!({"Statement": [{"Effect": "allow"}]}), Section::Policy, Status::Error, "administer"),
        ("Policy", json!(7), Section::Policy, Status::Error, "administer"),
        ("Grants", json!(null), Section::Grants, Status::NotEvaluated, "by a grant"),
        ("Grants", json!({}), Section::Grants, Status::Error, "by a grant"),
        ("Grants", json!([{"Operations": ["Decrypt"]}]), Section::Grants, Status::Error, "by a grant"),
        ("Truncated", json!(true), Section::Grants, Status::Error, "by a grant"),
        ("KeyRotationEnabled", json!(null), Section::Rotation, Status::NotEvaluated, "rotates"),
        ("KeyRotationEnabled", json!("yes"), Section::Rotation, Status::Error, "rotates"),
        ("KeyLastUsage", json!([]), Section::LastUsage, Status::Error, "last used"),
        ("KeyMetadata", json!({"Arn": KEY}), Section::Metadata, Status::NotEvaluated, "deleted"),
    ] {
        let keys = parsed(&[with(name, value)]);
        let gaps: Vec<_> = keys.keys[0].gaps.iter().map(|gap| (gap.section, gap.status)).collect();
        assert_eq!(gaps, [(section, status)], "{name}");
        let problem = keys.problems().next().unwrap();
        assert!(problem.at == KEY && problem.problem.contains(hidden), "{problem:?}");
    }
}

#[test]
fn one_grant_that_cannot_be_read_leaves_the_others() {
    let mut entry = entry();
    entry["Grants"].as_array_mut().unwrap().push(json!({"GranteePrincipal": 7, "Operations": []}));
    let keys = parsed(&[entry]);
    assert_eq!((keys.keys[0].grants.len(), keys.keys[0].gaps.len()), (1, 1));
}

#[test]
fn an_entry_that_is_no_key_or_stands_twice_is_named() {
    let bad = [json!(null), json!({}), json!({"KeyMetadata": {"Arn": "arn:aws:s3:::b"}}), entry(), entry()];
    let keys = parsed(&bad);
    let at: Vec<_> = keys.unread.iter().map(|problem| problem.at.as_str()).collect();
    assert_eq!((at, keys.keys.len()), (vec!["keys[0]", "keys[1]", "keys[2]", "keys[4]"], 1));
}

#[test]
fn what_is_no_file_of_keys_is_an_error() {
    for bad in
        ["", "[]", "{}", r#"{"keys": {}}"#, "\u{feff}{\"keys\": []}", r#"{"keys": [], "keys": []}"#, r#"{"keys": ["#]
    {
        assert!(Keys::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(Keys::parse(br#"{"keys": [], "Truncated": true}"#).is_err());
}
