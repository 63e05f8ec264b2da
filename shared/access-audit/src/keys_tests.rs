use super::*;
use crate::{Files, audit};
use proptest::prelude::*;
use proptest::sample::select;
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
        assert!(keys.keys[0].gaps[0].problem.contains(hidden), "{name}");
        let errors: Vec<_> = keys.problems().map(|problem| problem.at).collect();
        assert_eq!(errors, if status == Status::Error { vec![KEY] } else { vec![] }, "{name}");
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

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("*")),
        Just(json!({"AWS": "*"})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let name =
            select(vec!["Arn", "Statement", "Effect", "Principal", "Timestamp", "GranteePrincipal", "Constraints"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name.prop_map(str::to_owned), inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_in_a_keys_entry_stops_the_audit(
        place in select(vec!["/KeyMetadata", "/KeyMetadata/Arn", "/KeyMetadata/KeyState", "/Policy", "/Policy/Statement",
            "/Policy/Statement/Principal", "/KeyRotationEnabled", "/LastUsedDate", "/Grants", "/Grants/0",
            "/Grants/0/GranteePrincipal", "/Grants/0/Operations"]),
        value in anything(),
    ) {
        let mut entry = entry();
        *entry.pointer_mut(place).unwrap() = value;
        let role = json!({"Arn": "arn:aws:iam::111122223333:role/app", "RoleName": "app", "AssumeRolePolicyDocument":
            {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}});
        let details = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [role]}).to_string();
        let kms = json!({"keys": [entry]}).to_string();
        let report = audit(&Files { authorization_details: details.as_bytes(), kms: Some(kms.as_bytes()), ..Files::default() });
        prop_assert!(report.decrypt.is_some() && crate::CONTROLS.iter().all(|control| report.findings.iter().any(|one| one.control == control.id)));
    }

    #[test]
    fn no_bytes_stop_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(Keys::parse(&bytes).is_err());
    }
}
