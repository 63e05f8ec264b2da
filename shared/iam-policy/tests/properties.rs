//! What holds for any policies at all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod obvious;

use iam_policy::{Case, Decision, Document, DocumentKind, Explanation, json};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

const PRINCIPALS: [&str; 4] = [
    "arn:aws:iam::111122223333:user/ann",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:sts::111122223333:assumed-role/app/s",
    "arn:aws:iam::444455556666:role/app",
];
const NAMES: [&str; 6] = [PRINCIPALS[0], PRINCIPALS[1], PRINCIPALS[2], PRINCIPALS[3], "111122223333", "444455556666"];
const ACTIONS: [&str; 4] = ["s3:GetObject", "s3:PutObject", "lambda:GetFunction", "kms:Decrypt"];
const ACTION_PATTERNS: [&str; 7] = ["*", "s3:*", "S3:get*", "lambda:Get?unction", "kms:Decrypt", "*:*Object", "ec2:*"];
const KEYS: [&str; 2] = ["aws:SourceVpc", "aws:TagKeys"];
const OPERATORS: [&str; 10] = [
    "StringEquals",
    "StringEqualsIfExists",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "ForAnyValue:StringEquals",
    "ForAnyValue:StringNotEquals",
    "ForAllValues:StringLike",
    "ForAllValues:StringNotEquals",
    "Null",
];

fn resource_of(action: &str) -> &'static str {
    match action.split_once(':').unwrap().0 {
        "s3" => "arn:aws:s3:::b/ann/k",
        "kms" => "arn:aws:kms:eu-west-1:111122223333:key/k",
        _ => "arn:aws:lambda:eu-west-1:111122223333:function:f",
    }
}

fn resources() -> impl Strategy<Value = Vec<&'static str>> {
    let patterns =
        ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}/*", "arn:aws:*:111122223333:*", "arn:aws:s3:::c/?"];
    subsequence(patterns.to_vec(), 1..3)
}

fn conditions() -> impl Strategy<Value = Value> {
    let one = (select(OPERATORS.to_vec()), select(KEYS.to_vec()), subsequence(vec!["a", "b", "?", "*b"], 1..3));
    prop::collection::vec(one, 0..3).prop_map(|all| {
        let mut found = Map::new();
        for (operator, key, values) in all {
            let values = if operator == "Null" {
                json!(if values.len() == 1 { "true" } else { "false" })
            } else {
                json!(values)
            };
            found.insert(operator.to_owned(), json!({ key: values }));
        }
        Value::Object(found)
    })
}

/// `whom`: an identity's statement names nobody, a control policy's over resources everybody, a resource's anybody.
fn statement(kind: DocumentKind) -> impl Strategy<Value = Value> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let actions = subsequence(ACTION_PATTERNS.to_vec(), 1..4);
    let whom = prop_oneof![1 => Just(vec!["*"]), 4 => subsequence(NAMES.to_vec(), 1..3)];
    let negated = prop::array::uniform3(prop::bool::weighted(0.15));
    (effect, actions, resources(), conditions(), whom, negated).prop_map(move |parts| {
        let (effect, actions, resources, conditions, whom, [not_action, not_resource, not_principal]) = parts;
        let mut statement = json!({"Effect": effect, "Condition": conditions});
        statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
        statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
        match kind {
            DocumentKind::Resource => {
                statement[if not_principal { "NotPrincipal" } else { "Principal" }] = json!({"AWS": whom});
            }
            DocumentKind::ResourceControl => statement["Principal"] = json!("*"),
            DocumentKind::Identity | DocumentKind::ServiceControl => {}
        }
        statement
    })
}

fn policies(kind: DocumentKind, count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Value>> {
    let policy = prop::collection::vec(statement(kind), 1..3);
    let policy = policy.prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}));
    prop::collection::vec(policy, count)
}

fn levels(kind: DocumentKind) -> impl Strategy<Value = Vec<Vec<Value>>> {
    prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(policies(kind, 1..3), 1..3)]
}

/// A case without a context.
fn case() -> impl Strategy<Value = Value> {
    let limits = || prop_oneof![2 => Just(Vec::new()), 1 => policies(DocumentKind::Identity, 1..2)];
    let request = (select(PRINCIPALS.to_vec()), select(ACTIONS.to_vec()));
    let own = (policies(DocumentKind::Identity, 0..3), limits(), limits());
    let controls = (levels(DocumentKind::ServiceControl), levels(DocumentKind::ResourceControl));
    (request, own, controls, policies(DocumentKind::Resource, 0..2)).prop_map(
        |((principal, action), (identity, boundaries, session), (scps, rcps), resource_policy)| {
            json!({
                "principal": principal, "action": action, "resource": resource_of(action),
                "resource_account": "111122223333", "identity_policies": identity, "boundaries": boundaries,
                "session_policies": session, "scps": scps, "rcps": rcps, "resource_policy": resource_policy.first(),
            })
        },
    )
}

/// Every context that the conditions of `case` can tell apart, up to what they compare with.
fn contexts() -> Vec<Value> {
    let values = [Value::Null, json!("a"), json!("b"), json!("xb"), json!(["a", "b"])];
    let pair = |first: &Value| values.clone().map(|second| json!({KEYS[0]: first, KEYS[1]: second}));
    values.iter().flat_map(pair).collect()
}

fn in_context(case: &Value, context: &Value) -> Value {
    let mut case = case.clone();
    case["context"] = context.clone();
    case
}

fn answer(case: &Value) -> Explanation {
    Case::from_value(case).unwrap().explain()
}

fn allows(case: &Value) -> bool {
    answer(case).decision == Decision::Allow
}

fn with_statement(case: &Value, statement: &Value) -> Value {
    let mut case = case.clone();
    let policy = json!({"Version": "2012-10-17", "Statement": statement});
    case["identity_policies"].as_array_mut().unwrap().push(policy);
    case
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_decision_is_what_the_obvious_evaluator_says(case in case(), context in select(contexts())) {
        let case = in_context(&case, &context);
        prop_assert_eq!(answer(&case).decision.name(), obvious::decide(&case), "{}", case);
    }

    #[test]
    fn a_closed_world_never_depends_and_an_open_one_agrees_with_every_closed_one(case in case()) {
        let open = answer(&case).decision;
        let mut seen = Vec::new();
        for context in contexts() {
            let closed = answer(&in_context(&case, &context));
            prop_assert_ne!(closed.decision, Decision::Depends);
            prop_assert!(closed.depends_on.is_empty());
            seen.push(closed.decision);
        }
        let denied = |decision: &Decision| matches!(decision, Decision::ExplicitDeny | Decision::ImplicitDeny);
        match open {
            Decision::Allow | Decision::ExplicitDeny => prop_assert!(seen.iter().all(|each| *each == open), "{open:?} {seen:?}"),
            Decision::ImplicitDeny => prop_assert!(seen.iter().all(denied), "{seen:?}"),
            Decision::Depends => prop_assert!(!answer(&case).depends_on.is_empty()),
        }
    }

    #[test]
    fn one_more_allow_never_takes_away_and_one_more_deny_never_adds(
        case in case(), context in select(contexts()), statement in statement(DocumentKind::Identity),
    ) {
        for case in [in_context(&case, &context), case] {
            let more = with_statement(&case, &statement);
            if statement["Effect"] == "Allow" {
                prop_assert!(allows(&more) || !allows(&case));
                prop_assert_eq!(answer(&more).decision == Decision::ExplicitDeny, answer(&case).decision == Decision::ExplicitDeny);
            } else {
                prop_assert!(allows(&case) || !allows(&more));
            }
        }
    }

    #[test]
    fn one_more_limit_never_adds(case in case(), context in select(contexts()), limit in policies(DocumentKind::Identity, 1..2)) {
        let case = in_context(&case, &context);
        let mut limited = case.clone();
        limited["scps"].as_array_mut().unwrap().push(json!(limit));
        prop_assert!(allows(&case) || !allows(&limited));
    }

    #[test]
    fn an_allow_names_an_allowing_statement_and_a_deny_a_denying_one(case in case(), context in select(contexts())) {
        let found = answer(&in_context(&case, &context));
        match found.decision {
            Decision::Allow => prop_assert!(found.statements.iter().any(|each| each.effect == "Allow" && ["identity", "resource"].contains(&each.layer))),
            Decision::ExplicitDeny => prop_assert!(!found.statements.is_empty() && found.statements.iter().all(|each| each.effect == "Deny")),
            Decision::ImplicitDeny => prop_assert!(found.statements.is_empty()),
            Decision::Depends => prop_assert!(false, "a closed world depends"),
        }
    }

    #[test]
    fn any_bytes_give_a_document_or_an_error_that_is_fit_for_a_log(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Err(error) = Document::parse(&bytes, DocumentKind::Resource) {
            prop_assert!(!error.to_string().chars().any(char::is_control));
        }
    }

    #[test]
    fn any_json_in_the_place_of_any_value_gives_an_answer_or_an_error(case in case(), at in any::<prop::sample::Index>(), put in arbitrary()) {
        let paths = pointers(&case);
        let mut case = case;
        *case.pointer_mut(&paths[at.index(paths.len())]).unwrap() = put;
        match Case::from_value(&case) {
            Ok(case) => { case.explain(); }
            Err(error) => prop_assert!(!error.to_string().chars().any(char::is_control), "{error}"),
        }
    }

    #[test]
    fn a_truncated_case_is_an_error(case in case(), cut in any::<prop::sample::Index>()) {
        let text = case.to_string();
        let cut = cut.index(text.len());
        prop_assert!(json::read(&text.as_bytes()[..cut], 1 << 20, "case").is_err());
    }
}

fn arbitrary() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        select(vec!["*", "arn:aws:s3:::*", "Allow", "${", "${aws:x}", "\u{202e}*"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let keys = select(vec!["Statement", "Effect", "Action", "AWS", "StringEquals", "k\n", "Version"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let below = children
        .into_iter()
        .flat_map(|(key, value)| pointers(value).into_iter().map(move |rest| format!("/{key}{rest}")));
    below.chain([String::new()]).collect()
}
