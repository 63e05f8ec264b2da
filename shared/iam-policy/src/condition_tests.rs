use super::*;
use crate::{Action, Caller, Context, Resource};
use serde_json::{Value, json};

fn parsed(conditions: &Value) -> Result<Box<[Condition]>, PolicyError> {
    Condition::parse_all(&Field::root("Condition", conditions), true)
}

fn holds_in(conditions: Value, context: Context) -> Truth {
    let caller = Caller::parse("arn:aws:iam::123456789012:user/ann").unwrap();
    let resource = Resource::parse("*", None).unwrap();
    let request = Request::new(caller, Action::parse("s3:ListBucket").unwrap(), resource, context);
    Truth::all(parsed(&conditions).unwrap().iter().map(|condition| condition.holds(&request)))
}

/// With the key `k` given so.
fn holds(operator: &str, values: Value, given: &[&str]) -> bool {
    let truth = holds_in(json!({operator: {"k": values}}), Context::closed().with("k", given));
    assert_ne!(truth, Truth::Unknown);
    truth == Truth::Yes
}

fn holds_absent(operator: &str, values: Value) -> bool {
    holds(operator, values, &[])
}

#[test]
fn strings_are_compared_with_case_unless_the_operator_ignores_it() {
    assert!(holds("StringEquals", json!(["a", "b"]), &["b"]) && !holds("StringEquals", json!("a"), &["A"]));
    assert!(
        holds("StringEqualsIgnoreCase", json!("a"), &["A"]) && !holds("StringNotEqualsIgnoreCase", json!("a"), &["A"])
    );
    assert!(!holds("StringEquals", json!("a*"), &["ab"]) && holds("StringLike", json!("a*"), &["ab"]));
    assert!(
        holds("StringNotLike", json!(["x*", "y?"]), &["ab"]) && !holds("StringNotLike", json!(["x*", "a?"]), &["ab"])
    );
}

#[test]
fn numbers_and_dates_and_truth_and_addresses_are_compared_as_such() {
    assert!(holds("NumericLessThan", json!(10), &["9.5"]) && !holds("NumericLessThan", json!("10"), &["10"]));
    assert!(
        holds("NumericGreaterThanEquals", json!([100, 10]), &["10"]) && holds("NumericNotEquals", json!(1), &["2"])
    );
    assert!(holds("DateGreaterThan", json!("2026-01-01T00:00:00Z"), &["2026-06-01"]));
    assert!(holds("DateLessThanEquals", json!("2026-01-01T00:00:00Z"), &["1767225600"]));
    assert!(holds("Bool", json!(true), &["True"]) && !holds("Bool", json!("false"), &["true"]));
    assert!(
        holds("IpAddress", json!("10.0.0.0/8"), &["10.1.2.3"])
            && !holds("NotIpAddress", json!("10.0.0.0/8"), &["10.1.2.3"])
    );
    assert!(holds("IpAddress", json!(["10.0.0.0/8", "2001:db8::/32"]), &["2001:db8::1"]));
    assert!(
        holds("BinaryEquals", json!("QmluYXJ5"), &["QmluYXJ5"]) && !holds("BinaryEquals", json!("QQ=="), &["Qg=="])
    );
}

#[test]
fn what_cannot_be_compared_does_not_match() {
    assert!(!holds("NumericLessThan", json!(1), &["x"]) && holds("NumericNotEquals", json!(1), &["x"]));
    assert!(!holds("IpAddress", json!("0.0.0.0/0"), &["x"]) && holds("NotIpAddress", json!("0.0.0.0/0"), &["x"]));
}

#[test]
fn arn_equals_takes_wildcards_as_arn_like_does() {
    for operator in ["ArnEquals", "ArnLike"] {
        assert!(holds(operator, json!("arn:aws:s3:::b*"), &["arn:aws:s3:::bucket"]));
        assert!(!holds(operator, json!("arn:aws:sns:*:topic"), &["arn:aws:sns:eu-west-1:123456789012:topic"]));
    }
    assert!(!holds("ArnNotLike", json!("arn:aws:s3:::b*"), &["arn:aws:s3:::bucket"]));
}

#[test]
fn an_absent_key_fails_unless_negated_or_if_exists() {
    for operator in ["StringEquals", "StringLike", "NumericLessThan", "DateEquals", "Bool", "IpAddress", "ArnLike"] {
        let value = match operator {
            "NumericLessThan" => json!(1),
            "DateEquals" => json!("2026-01-01"),
            "Bool" => json!("false"),
            "IpAddress" => json!("0.0.0.0/0"),
            _ => json!("*"),
        };
        assert!(!holds_absent(operator, value.clone()), "{operator}");
        assert!(holds_absent(&format!("{operator}IfExists"), value), "{operator}");
    }
    assert!(holds_absent("StringNotEquals", json!("a")) && holds_absent("ArnNotLike", json!("a")));
    assert!(holds_absent("NotIpAddress", json!("0.0.0.0/0")) && holds_absent("StringNotLikeIfExists", json!("a")));
}

#[test]
fn null_asks_whether_the_key_is_there() {
    assert!(holds_absent("Null", json!("true")) && !holds("Null", json!("true"), &["x"]));
    assert!(!holds_absent("Null", json!(false)) && holds("Null", json!(false), &["x"]));
}

#[test]
fn for_any_value_needs_one_value_that_matches() {
    assert!(holds("ForAnyValue:StringEquals", json!(["a", "b"]), &["x", "b"]));
    assert!(!holds("ForAnyValue:StringEquals", json!(["a"]), &["x", "y"]));
    assert!(holds("ForAnyValue:StringNotEquals", json!(["a"]), &["a", "y"]));
    assert!(
        !holds_absent("ForAnyValue:StringEquals", json!("a"))
            && !holds_absent("ForAnyValue:StringNotEquals", json!("a"))
    );
    assert!(holds_absent("ForAnyValue:StringEqualsIfExists", json!("a")));
}

#[test]
fn for_all_values_needs_every_value_to_match_and_holds_where_there_is_none() {
    assert!(holds("ForAllValues:StringEquals", json!(["a", "b"]), &["b", "a"]));
    assert!(!holds("ForAllValues:StringEquals", json!(["a", "b"]), &["b", "c"]));
    assert!(!holds("ForAllValues:StringNotEquals", json!(["a"]), &["a", "c"]));
    assert!(
        holds_absent("ForAllValues:StringEquals", json!("a")) && holds("ForAllValues:StringEquals", json!("a"), &[""])
    );
}

#[test]
fn several_values_of_a_key_without_a_set_operator_match_where_one_does() {
    assert!(holds("StringEquals", json!("a"), &["a", "b"]) && !holds("StringNotEquals", json!("a"), &["a", "b"]));
}

#[test]
fn all_operators_and_all_keys_must_hold() {
    let context = || Context::closed().with("k", ["a"]).with("l", ["b"]);
    assert_eq!(holds_in(json!({"StringEquals": {"k": "a", "l": "b"}, "Bool": {}}), context()), Truth::Yes);
    assert_eq!(holds_in(json!({"StringEquals": {"k": "a", "l": "c"}}), context()), Truth::No);
    assert_eq!(holds_in(json!({"StringEquals": {"k": "a"}, "StringLike": {"l": "c*"}}), context()), Truth::No);
}

#[test]
fn in_an_open_world_an_unknown_key_leaves_the_condition_open() {
    for operator in ["StringEquals", "StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals"] {
        assert_eq!(holds_in(json!({operator: {"aws:SourceVpc": "v"}}), Context::open()), Truth::Unknown, "{operator}");
    }
    assert_eq!(holds_in(json!({"Null": {"aws:SourceVpc": "true"}}), Context::open()), Truth::Unknown);
    assert_eq!(holds_in(json!({"StringEquals": {"AWS:username": "ann"}}), Context::open()), Truth::Yes);
}

#[test]
fn a_variable_in_a_value_is_replaced_in_string_and_arn_operators() {
    let context = || Context::closed().with("k", ["home/ann"]);
    assert_eq!(holds_in(json!({"StringEquals": {"k": "home/${aws:username}"}}), context()), Truth::Yes);
    assert_eq!(holds_in(json!({"StringLike": {"k": "*/${aws:x, 'ann'}"}}), context()), Truth::Yes);
    assert_eq!(holds_in(json!({"StringLike": {"k": "*/${aws:x}"}}), context()), Truth::No);
    assert!(parsed(&json!({"Bool": {"k": "${aws:x}"}})).is_err());
}

#[test]
fn what_is_no_condition_is_an_error_that_names_its_place() {
    let error = parsed(&json!({"NumericLessThan": {"k": [1, "x"]}})).unwrap_err();
    assert_eq!(error.to_string(), "Condition.NumericLessThan.k[1]: expected a number");
    for bad in [
        json!({"StringIs": {"k": "a"}}),
        json!([]),
        json!({"StringEquals": "a"}),
        json!({"StringEquals": {"": "a"}}),
        json!({"StringEquals": {"k": null}}),
        json!({"StringEquals": {"k": [["a"]]}}),
        json!({"Bool": {"k": "yes"}}),
        json!({"IpAddress": {"k": "10.0.0.0/40"}}),
        json!({"DateLessThan": {"k": "soon"}}),
    ] {
        assert!(parsed(&bad).is_err(), "{bad}");
    }
}
