//! Each rule of AWS's evaluation logic, by a request that it decides.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use iam_policy::{Case, Explanation};
use serde_json::{Map, Value, json};

const HOME: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/ann";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/i-1";
const STRANGER: &str = "arn:aws:iam::444455556666:role/other";
const BUCKET: &str = "arn:aws:s3:::b";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k-1";

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Sid": "A", "Effect": "Allow", "Action": action, "Resource": "*"}})
}

fn deny(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Sid": "D", "Effect": "Deny", "Action": action, "Resource": "*"}})
}

/// A resource's policy that allows, or denies, everything to a principal.
fn resource(effect: &str, principal: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Principal": principal, "Action": "*", "Resource": "*"}})
}

fn trusted(principal: &str) -> Value {
    resource("Allow", json!({"AWS": principal}))
}

fn answer(principal: &str, action: &str, on: &str, more: Value) -> Explanation {
    let mut case = Map::from_iter([
        ("principal".to_owned(), json!(principal)),
        ("action".to_owned(), json!(action)),
        ("resource".to_owned(), json!(on)),
        ("context".to_owned(), json!({})),
    ]);
    case.extend(more.as_object().unwrap().clone());
    Case::from_value(&Value::Object(case)).unwrap().explain()
}

fn decided(principal: &str, action: &str, on: &str, more: Value) -> &'static str {
    answer(principal, action, on, more).decision.name()
}

/// On a bucket of the account.
fn on_bucket(principal: &str, more: Value) -> &'static str {
    let mut more = more;
    more["resource_account"] = json!(HOME);
    decided(principal, "s3:ListBucket", BUCKET, more)
}

#[test]
fn nothing_is_allowed_unless_something_allows_it() {
    assert_eq!(on_bucket(ROLE, json!({})), "implicit-deny");
    assert_eq!(on_bucket(ROLE, json!({"identity_policies": [allow("s3:Get*"), allow("s3:List*")]})), "allow");
}

#[test]
fn an_explicit_deny_wins_wherever_it_stands() {
    let all = || json!({"identity_policies": [allow("*")], "resource_policy": resource("Allow", json!("*"))});
    assert_eq!(on_bucket(ROLE, all()), "allow");
    let everyone_denied = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}});
    for (field, value) in [
        ("identity_policies", json!([allow("*"), deny("s3:*")])),
        ("boundaries", json!([deny("s3:*")])),
        ("session_policies", json!([allow("*"), deny("s3:*")])),
        ("scps", json!([[allow("*")], [allow("*"), deny("s3:*")]])),
        ("rcps", json!([[everyone_denied.clone()]])),
        ("resource_policy", everyone_denied),
    ] {
        let mut more = all();
        more[field] = value;
        assert_eq!(on_bucket(ROLE, more), "explicit-deny", "{field}");
    }
}

#[test]
fn within_an_account_either_side_may_allow() {
    assert_eq!(on_bucket(USER, json!({"resource_policy": trusted(USER)})), "allow");
    assert_eq!(on_bucket(ROLE, json!({"resource_policy": trusted(ROLE)})), "allow");
    assert_eq!(on_bucket(SESSION, json!({"resource_policy": trusted(ROLE)})), "allow");
    assert_eq!(on_bucket(ROLE, json!({"resource_policy": resource("Allow", json!("*"))})), "allow");
}

#[test]
fn an_account_as_principal_leaves_the_decision_to_its_iam_policies() {
    assert_eq!(on_bucket(ROLE, json!({"resource_policy": trusted(HOME)})), "implicit-deny");
    let both = json!({"resource_policy": trusted(HOME), "identity_policies": [allow("s3:*")]});
    assert_eq!(on_bucket(ROLE, both), "allow");
}

#[test]
fn a_boundary_and_a_session_policy_must_allow_what_iam_allows() {
    for field in ["boundaries", "session_policies"] {
        let with = |action: &str| json!({"identity_policies": [allow("s3:*")], field: [allow(action)]});
        assert_eq!(on_bucket(ROLE, with("s3:ListBucket")), "allow", "{field}");
        assert_eq!(on_bucket(ROLE, with("ec2:*")), "implicit-deny", "{field}");
        assert_eq!(on_bucket(ROLE, json!({field: [allow("*")]})), "implicit-deny", "{field} grants nothing");
    }
}

#[test]
fn a_resource_policy_that_names_the_user_or_the_session_passes_their_limits_and_one_that_names_the_role_does_not() {
    let limited = |named: &str| json!({"boundaries": [allow("ec2:*")], "session_policies": [allow("ec2:*")], "resource_policy": trusted(named)});
    let bounded = json!({"boundaries": [allow("ec2:*")], "resource_policy": trusted(USER)});
    assert_eq!(on_bucket(USER, bounded), "allow");
    assert_eq!(on_bucket(SESSION, limited(SESSION)), "allow");
    assert_eq!(on_bucket(SESSION, limited(ROLE)), "implicit-deny");
    assert_eq!(on_bucket(ROLE, limited(ROLE)), "implicit-deny");
    let everyone = json!({"boundaries": [allow("ec2:*")], "resource_policy": resource("Allow", json!("*"))});
    assert_eq!(on_bucket(ROLE, everyone), "allow");
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let ask = |more: Value| {
        let mut more = more;
        more["resource_account"] = json!(HOME);
        decided(STRANGER, "s3:ListBucket", BUCKET, more)
    };
    let identity = || json!([allow("s3:*")]);
    assert_eq!(ask(json!({"identity_policies": identity()})), "implicit-deny");
    assert_eq!(ask(json!({"resource_policy": trusted(STRANGER)})), "implicit-deny");
    for named in [STRANGER, "444455556666", "arn:aws:iam::444455556666:root", "*"] {
        assert_eq!(
            ask(json!({"identity_policies": identity(), "resource_policy": trusted(named)})),
            "allow",
            "{named}"
        );
    }
    assert_eq!(ask(json!({"identity_policies": identity(), "resource_policy": trusted(HOME)})), "implicit-deny");
    let bounded =
        json!({"identity_policies": identity(), "resource_policy": trusted(STRANGER), "boundaries": [allow("ec2:*")]});
    assert_eq!(ask(bounded), "implicit-deny");
}

#[test]
fn every_level_of_service_control_policies_must_allow() {
    let with = |scps: Value| json!({"identity_policies": [allow("*")], "scps": scps});
    assert_eq!(on_bucket(ROLE, with(json!([]))), "allow");
    assert_eq!(on_bucket(ROLE, with(json!([[allow("*")], [allow("ec2:*"), allow("s3:*")]]))), "allow");
    assert_eq!(on_bucket(ROLE, with(json!([[allow("*")], [allow("ec2:*")]]))), "implicit-deny");
    assert_eq!(on_bucket(ROLE, with(json!([[allow("*")], []]))), "implicit-deny");
}

#[test]
fn control_policies_limit_neither_service_linked_roles_nor_the_first_the_management_account() {
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    let with = |management: bool| json!({"identity_policies": [allow("*")], "scps": [[deny("*")]], "management_account": management});
    assert_eq!(on_bucket(ROLE, with(false)), "explicit-deny");
    assert_eq!(on_bucket(linked, with(false)), "allow");
    assert_eq!(on_bucket(ROLE, with(true)), "allow");
}

#[test]
fn service_control_policies_limit_what_a_resource_policy_grants_and_the_root_user() {
    assert_eq!(on_bucket(USER, json!({"resource_policy": trusted(USER), "scps": [[allow("ec2:*")]]})), "implicit-deny");
    assert_eq!(on_bucket(HOME, json!({})), "allow");
    assert_eq!(on_bucket(HOME, json!({"scps": [[allow("ec2:*")]]})), "implicit-deny");
}

#[test]
fn resource_control_policies_limit_everybody_on_services_that_have_them() {
    let rcp = json!([[resource("Deny", json!("*"))]]);
    let with = || json!({"identity_policies": [allow("*")], "rcps": rcp});
    assert_eq!(on_bucket(ROLE, with()), "explicit-deny");
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:f";
    assert_eq!(decided(ROLE, "lambda:InvokeFunction", function, with()), "allow");
    let grant = json!({"GranteePrincipal": USER, "RetiringPrincipal": ROLE, "Operations": ["Decrypt"]});
    let retiring = json!({"kms_grants": [grant], "rcps": rcp});
    assert_eq!(decided(ROLE, "kms:RetireGrant", KEY, retiring), "allow");
    let service =
        json!({"resource_policy": resource("Allow", json!({"Service": "logging.s3.amazonaws.com"})), "rcps": rcp});
    assert_eq!(on_bucket("logging.s3.amazonaws.com", service), "explicit-deny");
}

#[test]
fn a_role_is_assumed_only_where_its_trust_policy_lets_it() {
    let target = "arn:aws:iam::111122223333:role/target";
    let assume = |principal, more| decided(principal, "sts:AssumeRole", target, more);
    let trust = |principal: &str| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}});
    let identity = || json!([allow("sts:*")]);
    assert_eq!(assume(ROLE, json!({"identity_policies": identity()})), "implicit-deny");
    assert_eq!(assume(ROLE, json!({"resource_policy": trust(ROLE)})), "allow");
    assert_eq!(assume(ROLE, json!({"resource_policy": trust(HOME)})), "implicit-deny");
    assert_eq!(assume(ROLE, json!({"resource_policy": trust(HOME), "identity_policies": identity()})), "allow");
    assert_eq!(assume(STRANGER, json!({"resource_policy": trust(STRANGER)})), "implicit-deny");
    assert_eq!(assume(STRANGER, json!({"resource_policy": trust(STRANGER), "identity_policies": identity()})), "allow");
}

#[test]
fn a_service_and_an_identity_provider_need_the_trust_policy_alone() {
    let target = "arn:aws:iam::111122223333:role/target";
    let trust = |principal: Value, action: &str| json!({"resource_policy": {"Statement": {"Effect": "Allow", "Principal": principal, "Action": action}}});
    let service = || trust(json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole");
    assert_eq!(decided("ec2.amazonaws.com", "sts:AssumeRole", target, service()), "allow");
    assert_eq!(decided("lambda.amazonaws.com", "sts:AssumeRole", target, service()), "implicit-deny");
    let provider = "arn:aws:iam::111122223333:oidc-provider/example.com";
    let federated = trust(json!({"Federated": provider}), "sts:AssumeRoleWithWebIdentity");
    assert_eq!(decided(provider, "sts:AssumeRoleWithWebIdentity", target, federated), "allow");
}

#[test]
fn an_anonymous_request_needs_a_policy_for_everyone() {
    assert_eq!(on_bucket("*", json!({"resource_policy": resource("Allow", json!("*"))})), "allow");
    assert_eq!(on_bucket("*", json!({"resource_policy": trusted(HOME)})), "implicit-deny");
}

#[test]
fn iam_policies_reach_a_key_only_through_its_key_policy() {
    let ask = |more| decided(ROLE, "kms:Decrypt", KEY, more);
    let identity = || json!([allow("kms:*")]);
    assert_eq!(ask(json!({"identity_policies": identity()})), "implicit-deny");
    assert_eq!(ask(json!({"identity_policies": identity(), "resource_policy": trusted(STRANGER)})), "implicit-deny");
    assert_eq!(ask(json!({"identity_policies": identity(), "resource_policy": trusted(HOME)})), "allow");
    assert_eq!(ask(json!({"resource_policy": trusted(HOME)})), "implicit-deny");
    assert_eq!(ask(json!({"resource_policy": trusted(ROLE)})), "allow");
    assert_eq!(decided(ROLE, "kms:ListKeys", "*", json!({"identity_policies": identity()})), "allow");
}

#[test]
fn a_key_in_another_account_needs_both_sides() {
    let ask = |more| decided(STRANGER, "kms:Decrypt", KEY, more);
    assert_eq!(ask(json!({"resource_policy": trusted("444455556666")})), "implicit-deny");
    assert_eq!(
        ask(json!({"resource_policy": trusted("444455556666"), "identity_policies": [allow("kms:Decrypt")]})),
        "allow"
    );
}

#[test]
fn a_grant_allows_beside_the_policies_and_no_deny() {
    let grant = |who: &str| json!({"GrantId": "g-1", "GranteePrincipal": who, "Operations": ["Decrypt"]});
    let ask = |principal, more| decided(principal, "kms:Decrypt", KEY, more);
    assert_eq!(ask(ROLE, json!({"kms_grants": [grant(ROLE)]})), "allow");
    assert_eq!(ask(SESSION, json!({"kms_grants": [grant(ROLE)]})), "allow");
    assert_eq!(ask(STRANGER, json!({"kms_grants": [grant(STRANGER)]})), "allow");
    assert_eq!(ask(USER, json!({"kms_grants": [grant(ROLE)]})), "implicit-deny");
    assert_eq!(
        ask(ROLE, json!({"kms_grants": [grant(ROLE)], "resource_policy": resource("Deny", json!("*"))})),
        "explicit-deny"
    );
    assert_eq!(ask(ROLE, json!({"kms_grants": [grant(ROLE)], "scps": [[allow("s3:*")]]})), "implicit-deny");
    assert_eq!(decided(ROLE, "kms:Encrypt", KEY, json!({"kms_grants": [grant(ROLE)]})), "implicit-deny");
}

#[test]
fn not_action_and_not_resource_cover_the_rest() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": ["iam:*", "s3:Delete*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}]});
    let ask = |action, on| decided(ROLE, action, on, json!({"identity_policies": [policy]}));
    assert_eq!(ask("s3:GetObject", "arn:aws:s3:::b/k"), "allow");
    assert_eq!(ask("s3:DeleteObject", "arn:aws:s3:::b/k"), "implicit-deny");
    assert_eq!(ask("s3:GetObject", "arn:aws:s3:::c/k"), "explicit-deny");
    assert_eq!(ask("iam:PassRole", ROLE), "implicit-deny");
}

#[test]
fn not_principal_denies_everybody_else_and_every_bounded_principal() {
    let except =
        json!({"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": [ROLE, HOME]}, "Action": "*", "Resource": "*"}});
    let with = |boundaries: Value| json!({"identity_policies": [allow("*")], "boundaries": boundaries, "resource_policy": except});
    assert_eq!(on_bucket(ROLE, with(json!([]))), "allow");
    assert_eq!(on_bucket(ROLE, with(json!([allow("*")]))), "explicit-deny");
    assert_eq!(on_bucket(STRANGER, with(json!([]))), "explicit-deny");
}

#[test]
fn a_variable_is_the_callers_own_and_text_in_a_document_of_2008() {
    let policy = |version: &str| json!({"Version": version, "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}/*"}});
    let ask = |principal, version, on| {
        decided(principal, "s3:GetObject", on, json!({"identity_policies": [policy(version)]}))
    };
    assert_eq!(ask(USER, "2012-10-17", "arn:aws:s3:::b/ann/1"), "allow");
    assert_eq!(ask(USER, "2012-10-17", "arn:aws:s3:::b/bob/1"), "implicit-deny");
    assert_eq!(ask(ROLE, "2012-10-17", "arn:aws:s3:::b/ann/1"), "implicit-deny");
    assert_eq!(ask(USER, "2008-10-17", "arn:aws:s3:::b/ann/1"), "implicit-deny");
    assert_eq!(ask(USER, "2008-10-17", "arn:aws:s3:::b/${aws:username}/1"), "allow");
}

#[test]
fn an_open_world_depends_on_what_a_closed_one_decides() {
    let guarded = |effect: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Sid": "Vpc", "Effect": effect, "Action": "s3:*",
        "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}})
    };
    let open = |policies: Value| {
        answer(ROLE, "s3:ListBucket", BUCKET, json!({"context": null, "identity_policies": policies}))
    };
    let depends = open(json!([guarded("Allow")]));
    assert_eq!(depends.decision.name(), "depends");
    let on = serde_json::to_value(&depends.depends_on).unwrap();
    assert_eq!(on[0]["key"], "aws:SourceVpc");
    assert_eq!(on[0]["values"], json!(["vpc-1"]));
    assert_eq!(on[0]["statement"]["sid"], "Vpc");
    assert_eq!(open(json!([guarded("Allow"), allow("s3:*")])).decision.name(), "allow");
    assert_eq!(open(json!([guarded("Deny"), allow("s3:*")])).decision.name(), "depends");
    assert_eq!(open(json!([guarded("Deny")])).decision.name(), "implicit-deny");
    let closed =
        |vpc| json!({"identity_policies": [guarded("Deny"), allow("s3:*")], "context": {"AWS:sourcevpc": vpc}});
    assert_eq!(on_bucket(ROLE, closed("vpc-1")), "explicit-deny");
    assert_eq!(on_bucket(ROLE, closed("vpc-2")), "allow");
}

#[test]
fn an_answer_names_the_statements_that_decided_it() {
    let more = json!({"identity_policies": [allow("ec2:*"), allow("s3:*")], "scps": [[allow("*")], [allow("s3:*")]]});
    let found = serde_json::to_value(answer(ROLE, "s3:ListBucket", BUCKET, more).statements).unwrap();
    let named =
        |index: usize| (found[index]["layer"].clone(), found[index]["policy"].clone(), found[index]["sid"].clone());
    assert_eq!(found.as_array().unwrap().len(), 3);
    assert_eq!(named(0), (json!("identity"), json!("identity_policies[1]"), json!("A")));
    assert_eq!(named(2), (json!("scp"), json!("scps[1][0]"), json!("A")));
    let denied = json!({"identity_policies": [allow("*"), deny("s3:*")]});
    let found = answer(ROLE, "s3:ListBucket", BUCKET, denied).statements;
    assert_eq!((found.len(), found[0].effect, found[0].policy_index), (1, "Deny", 1));
}

#[test]
fn a_canonical_user_and_a_named_session_are_never_an_allow_nor_the_absence_of_a_deny() {
    let canonical = json!({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"});
    let allowing = json!({"resource_policy": resource("Allow", canonical.clone())});
    let denying = json!({"identity_policies": [allow("*")], "resource_policy": resource("Deny", canonical)});
    assert_eq!((on_bucket(ROLE, allowing), on_bucket(ROLE, denying)), ("implicit-deny", "explicit-deny"));
    let mut open = json!({"resource_policy": trusted(SESSION), "context": null});
    assert_eq!(on_bucket(ROLE, open.clone()), "depends");
    open["context"] = json!({});
    assert_eq!(on_bucket(ROLE, open), "implicit-deny");
}

#[test]
fn a_case_that_cannot_be_read_whole_is_an_error_that_names_the_place() {
    let read = |case: Value| Case::from_value(&case).unwrap_err().to_string();
    let with = |field: &str, value: Value| json!({"principal": ROLE, "action": "s3:ListBucket", "resource": BUCKET, field: value});
    assert_eq!(read(json!({"principal": ROLE})), "request: has no action");
    assert!(read(with("identity_policy", json!([]))).starts_with("request.identity_policy: no such field"));
    assert!(read(with("scps", json!([[{"Statement": [{}]}]]))).starts_with("scps[0][0]: Statement[0]"));
    assert!(read(with("principal_account", json!("444455556666"))).contains("principal_account"));
    assert!(read(with("context", json!({"a": {}}))).contains("request.context.a"));
}

#[test]
fn what_might_allow_does_not_count_where_something_does() {
    let maybe = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}}});
    let grant = json!({"GrantId": "g", "GranteePrincipal": ROLE, "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"app": "x"}}});
    let more = json!({"context": null, "identity_policies": [maybe, allow("kms:Decrypt")],
        "resource_policy": trusted(HOME), "kms_grants": [grant]});
    let found = answer(ROLE, "kms:Decrypt", KEY, more);
    let named: Vec<_> = found.statements.iter().map(|one| (one.layer, one.policy_index)).collect();
    assert_eq!((found.decision.name(), named), ("allow", vec![("identity", 1), ("resource", 0)]));
    assert!(found.depends_on.is_empty());
}
