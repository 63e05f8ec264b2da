use super::used::Used;
use super::{Ask, TrimError, Trimmed, proof, trim};
use crate::Inventory;
use crate::last_accessed::LastAccessed;
use serde_json::{Value, json};
use time::macros::datetime;

const APP: &str = "arn:aws:iam::111122223333:role/app";
const RECENT: &str = "2025-12-01T00:00:00Z";
const OLD: &str = "2025-01-01T00:00:00Z";

pub(super) fn service(name: &str, last: Option<&str>, actions: &[(&str, Option<&str>)]) -> Value {
    let actions: Vec<Value> =
        actions.iter().map(|(name, last)| json!({"ActionName": name, "LastAccessedTime": last})).collect();
    let actions = if actions.is_empty() { Value::Null } else { json!(actions) };
    json!({"ServiceNamespace": name, "LastAuthenticated": last, "TrackedActionsLastAccessed": actions})
}

pub(super) fn told(services: &[Value]) -> Value {
    json!({"JobStatus": "COMPLETED", "JobCompletionDate": "2026-01-01T00:00:00Z", "ServicesLastAccessed": services})
}

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(actions: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

fn role(document: &Value, more: Value) -> Value {
    let trust = json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}});
    let mut role = json!({"Arn": APP, "RoleName": "app", "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document}]});
    role.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    role
}

pub(super) fn dump(document: &Value) -> Value {
    json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role(document, json!({}))], "Policies": []})
}

pub(super) fn asked(dump: &Value, told: &Value, principal: &str, days: u16) -> Result<Trimmed, TrimError> {
    trim(&Ask {
        principal,
        authorization_details: dump.to_string().as_bytes(),
        last_accessed: told.to_string().as_bytes(),
        days,
        now: datetime!(2026-01-01 00:00 UTC),
    })
}

fn trimmed(statements: Value, services: &[Value]) -> Trimmed {
    asked(&dump(&document(statements)), &told(services), "app", 90).unwrap()
}

/// Of the one policy: the actions of its first statement.
fn actions(trimmed: &Trimmed) -> Vec<&str> {
    let new = trimmed.policies[0].new.as_ref().unwrap();
    new["Statement"][0]["Action"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
}

#[test]
fn what_was_used_or_is_not_tracked_stays_and_what_was_not_used_goes() {
    let s3 = service(
        "s3",
        Some(RECENT),
        &[("CreateBucket", Some(RECENT)), ("DeleteBucket", Some(OLD)), ("PutBucketPolicy", None)],
    );
    let found = trimmed(
        json!([allow(json!(["S3:*Bucket", "s3:PutBucketPolicy", "s3:GetObject", "ec2:*", "xray:Put*"]))]),
        &[s3, service("ec2", None, &[])],
    );
    let kept = actions(&found);
    assert!(kept.contains(&"s3:CreateBucket") && kept.contains(&"s3:ListBucket") && kept.contains(&"s3:GetObject"));
    assert!(kept.contains(&"xray:Put*") && !kept.contains(&"s3:DeleteBucket"));
    let policy = &found.policies[0];
    assert_eq!(policy.dropped, ["s3:DeleteBucket", "s3:PutBucketPolicy", "ec2:*"]);
    assert!(
        policy.kept_untracked.contains(&"s3:GetObject".to_owned())
            && policy.kept_untracked.contains(&"xray:Put*".to_owned())
    );
    assert!(!policy.kept_untracked.contains(&"s3:CreateBucket".to_owned()));
    assert!(found.proof.same > 0 && found.proof.no_wider > 15_000);
    assert!(policy.size.new > 0 && policy.size.quota == 10_240);
}

#[test]
fn the_window_decides_and_service_names_are_compared_without_case() {
    let services = [service("S3", Some(OLD), &[])];
    let dump = dump(&document(json!([allow(json!("s3:GetObject"))])));
    assert_eq!(asked(&dump, &told(&services), "app", 90).unwrap().policies[0].new, None);
    let all = asked(&dump, &told(&services), APP, 400).unwrap();
    assert!(all.policies[0].dropped.is_empty() && all.policies[0].new.as_ref() == Some(&all.policies[0].old));
}

#[test]
fn conditions_resources_sids_and_denies_stay_and_a_statement_of_nothing_used_goes() {
    let kept = json!({"Sid": "Buckets", "Effect": "Allow", "Action": ["s3:CreateBucket", "s3:DeleteBucket"],
        "Resource": ["arn:aws:s3:::a*", "arn:aws:s3:::${aws:username}"], "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}});
    let deny = json!({"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::x/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let gone = json!({"Sid": "Machines", "Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"});
    let s3 = service("s3", Some(RECENT), &[("CreateBucket", Some(RECENT)), ("DeleteBucket", None)]);
    let found = trimmed(json!([gone, kept, deny]), &[s3, service("ec2", None, &[])]);
    let mut smaller = kept.clone();
    smaller["Action"] = json!(["s3:CreateBucket"]);
    assert_eq!(found.policies[0].new, Some(document(json!([smaller, deny]))));
    assert_eq!(found.policies[0].dropped_statements, ["Machines"]);
}

#[test]
fn what_may_be_passed_is_kept_though_iam_was_not_used() {
    let found = trimmed(json!([allow(json!("iam:*"))]), &[service("iam", None, &[])]);
    assert_eq!(actions(&found), ["iam:PassRole"]);
    assert_eq!(found.policies[0].kept_untracked, ["iam:PassRole"]);
    assert!(found.policies[0].dropped.contains(&"iam:CreateUser".to_owned()));
}

#[test]
fn not_action_becomes_a_list_that_is_never_wider_and_keeps_what_was_observed_and_is_new() {
    let s3 = service(
        "s3",
        Some(RECENT),
        &[("CreateBucket", Some(RECENT)), ("DeleteBucket", None), ("BrandNew", Some(RECENT))],
    );
    let statement = json!({"Effect": "Allow", "NotAction": ["iam:*", "s3:Get*"], "Resource": "*"});
    let found = trimmed(json!([statement]), &[s3, service("ec2", None, &[]), service("sqs", Some(RECENT), &[])]);
    let kept = actions(&found);
    assert!(["s3:CreateBucket", "s3:BrandNew", "sqs:*", "xray:*"].iter().all(|one| kept.contains(one)));
    assert!(!kept.iter().any(|one| one.starts_with("iam:") || one.starts_with("ec2:") || one.starts_with("s3:Get")));
    assert!(found.policies[0].new.as_ref().unwrap()["Statement"][0].get("NotAction").is_none());
    let untouched = trimmed(json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]), &[]);
    assert!(
        untouched.policies[0].new.as_ref() == Some(&untouched.policies[0].old),
        "nothing goes, so nothing is listed"
    );
}

#[test]
fn a_wildcard_over_services_keeps_those_that_are_not_tracked_whole() {
    let found = trimmed(
        json!([allow(json!("*"))]),
        &[service("ec2", None, &[]), service("newservice", Some(RECENT), &[("Do", None)])],
    );
    let kept = actions(&found);
    assert!(
        kept.contains(&"s3:*") && kept.contains(&"newservice:*") && !kept.iter().any(|one| one.starts_with("ec2:"))
    );
    assert_eq!(found.policies[0].dropped, ["ec2:*"]);
}

#[test]
fn a_key_that_a_statement_names_is_asked_about_as_if_its_owner_left_it_to_iam() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k-1";
    let statement = json!({"Effect": "Allow", "Action": "kms:*", "Resource": key});
    let kms = service("kms", Some(RECENT), &[("CreateGrant", Some(RECENT)), ("PutKeyPolicy", None)]);
    let found = trimmed(json!([statement]), &[kms]);
    assert!(actions(&found).contains(&"kms:CreateGrant") && found.policies[0].dropped == ["kms:PutKeyPolicy"]);
}

#[test]
fn attached_policies_have_their_arn_and_what_others_share_is_said() {
    let mine = "arn:aws:iam::111122223333:policy/mine";
    let aws = "arn:aws:iam::aws:policy/ReadOnly";
    let version = |statements: Value| json!([{"VersionId": "v1", "IsDefaultVersion": true, "Document": document(statements).to_string()}]);
    let attached = json!({"AttachedManagedPolicies": [{"PolicyArn": mine}, {"PolicyArn": aws}], "RolePolicyList": []});
    let mut other = role(&document(json!([])), attached.clone());
    other["Arn"] = json!("arn:aws:iam::111122223333:role/other");
    other["RoleName"] = json!("other");
    let user = json!({"Arn": "arn:aws:iam::111122223333:user/app", "UserName": "app", "GroupList": ["all"]});
    let group = json!({"GroupName": "all", "Arn": "arn:aws:iam::111122223333:group/all", "GroupPolicyList": []});
    let dump = json!({"UserDetailList": [user], "GroupDetailList": [group],
        "RoleDetailList": [role(&document(json!([])), attached), other],
        "Policies": [
            {"Arn": mine, "DefaultVersionId": "v1", "PolicyVersionList": version(json!([allow(json!("ec2:RunInstances"))]))},
            {"Arn": aws, "DefaultVersionId": "v1", "PolicyVersionList": version(json!([allow(json!("ec2:Describe*"))]))}]});
    let services = told(&[service("ec2", None, &[])]);
    let found = asked(&dump, &services, APP, 400).unwrap();
    assert_eq!(found.policies.iter().map(|one| one.arn.as_deref().unwrap()).collect::<Vec<_>>(), [mine, aws]);
    let said = found.notes.join("\n");
    assert!(said.contains("mine is attached to 1 others") && said.contains("ReadOnly is AWS's"), "{said}");
    assert!(
        matches!(asked(&dump, &services, "app", 400), Err(TrimError::Principal(said)) if said.contains("role/app and") || said.contains("user/app"))
    );
    let user = asked(&dump, &services, "arn:aws:iam::111122223333:user/app", 400).unwrap();
    assert!(
        user.policies.is_empty()
            && user.notes.iter().any(|note| note.contains("groups is left as it is") && note.ends_with("all"))
    );
}

#[test]
fn whom_nobody_knows_and_what_cannot_be_read_is_not_trimmed() {
    let good = dump(&document(json!([allow(json!("s3:*"))])));
    assert!(matches!(asked(&good, &told(&[]), "nobody", 90), Err(TrimError::Principal(_))));
    let mut failed = told(&[]);
    failed["JobStatus"] = json!("FAILED");
    let elsewhere = json!({"principals": []});
    let broken = dump(&document(json!([{"Effect": "Alow", "Action": "*", "Resource": "*"}])));
    for (dump, told) in
        [(&good, failed), (&good, elsewhere), (&good, json!(7)), (&broken, told(&[])), (&json!({}), told(&[]))]
    {
        assert!(matches!(asked(dump, &told, APP, 90), Err(TrimError::Unread(problems)) if !problems.is_empty()));
    }
}

#[test]
fn what_is_too_large_for_iam_and_data_of_long_ago_are_said() {
    let services = [service(
        "ec2",
        Some("2025-11-01T00:00:00Z"),
        &[("RunInstances", Some("2025-11-01T00:00:00Z")), ("StopInstances", None)],
    )];
    let mut told = told(&services);
    told["JobCompletionDate"] = json!("2025-12-01T00:00:00Z");
    let found = asked(&dump(&document(json!([allow(json!("ec2:*"))]))), &told, APP, 40).unwrap();
    let said = found.notes.join("\n");
    assert!(said.contains("31 days old") && said.contains("IAM takes 10240"), "{said}");
    assert!(found.policies[0].dropped == ["ec2:StopInstances"]);
}

#[test]
fn a_change_of_anything_but_actions_is_seen() {
    let statement = |action: &str, resource: &str| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"});
    let old = document(json!([statement("s3:*", "a"), statement("ec2:*", "b"), deny]));
    let alike = |new: Value| super::document::differs_in_actions_alone(&old, Some(&document(new)));
    assert!(alike(json!([statement("s3:Get*", "a"), deny])) && alike(json!([statement("x:*", "b"), deny])));
    assert!(!alike(json!([statement("s3:*", "a")])), "a Deny is gone");
    assert!(
        !alike(json!([statement("s3:*", "c"), deny]))
            && !alike(json!([statement("s3:*", "b"), statement("s3:*", "a"), deny]))
    );
    assert!(!super::document::differs_in_actions_alone(&old, None));
}

#[test]
fn a_policy_that_takes_away_what_is_kept_or_gives_more_is_not_proved() {
    let old = document(json!([allow(json!(["s3:CreateBucket", "s3:DeleteBucket"]))]));
    let read = Inventory::parse(dump(&old).to_string().as_bytes()).unwrap();
    let holdings = read.holdings(read.principal(APP).unwrap(), APP).unwrap();
    let actions = [("CreateBucket", Some(RECENT)), ("DeleteBucket", None)];
    let told = told(&[service("s3", Some(RECENT), &actions)]).to_string();
    let accessed = LastAccessed::parse(told.as_bytes(), Some(APP)).unwrap();
    let used = Used::new(&accessed.principals[APP], datetime!(2026-01-01 00:00 UTC), 90);
    let proof = |new: Option<Value>| proof::of(&holdings, &[("p", &old, new.as_ref())], &used);
    assert!(proof(Some(document(json!([allow(json!("s3:CreateBucket"))])))).is_ok());
    let lost = proof(None).unwrap_err();
    assert_eq!(lost[0], "s3:CreateBucket on *: allow became implicit-deny");
    let gained = proof(Some(document(json!([allow(json!(["s3:CreateBucket", "s3:PutBucketPolicy"]))])))).unwrap_err();
    assert_eq!(gained[0], "s3:PutBucketPolicy on *: implicit-deny became allow");
    let wider = document(json!([{"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": ["*", "*"]}]));
    assert!(proof(Some(wider)).unwrap_err()[0].contains("more than the actions"));
}
