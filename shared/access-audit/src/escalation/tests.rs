//! Each path on both sides: found when everything it needs is granted, and not when any one need is denied, out of scope, or
//! outside the boundary.

use super::paths::{Gain, Need, On, Path, shipped};
use crate::{Files, Report, Status, audit};
use serde_json::{Value, json};

const HOME: &str = "111122223333";

fn arn(rest: &str) -> String {
    format!("arn:aws:iam::{HOME}:{rest}")
}

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn everything() -> Value {
    policy(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]))
}

fn inline(document: Value) -> Value {
    json!([{"PolicyName": "p", "PolicyDocument": document}])
}

fn managed(name: &str, document: Value, other: Option<Value>) -> Value {
    let mut versions = vec![json!({"VersionId": "v2", "IsDefaultVersion": true, "Document": document})];
    versions.extend(other.map(|other| json!({"VersionId": "v1", "IsDefaultVersion": false, "Document": other})));
    json!({"Arn": arn(&format!("policy/{name}")), "DefaultVersionId": "v2", "PolicyVersionList": versions})
}

fn attached(name: &str) -> Value {
    json!([{"PolicyName": name, "PolicyArn": arn(&format!("policy/{name}"))}])
}

/// The caller is the user `eve`, or the role `eve` where the path is a role's.
struct World {
    caller_is_role: bool,
    /// Whom the trust policy of the role `target` names.
    trusts: Value,
    target_is_admin: bool,
    statements: Vec<Value>,
    boundary: Option<Value>,
}

impl World {
    fn caller(&self) -> String {
        arn(if self.caller_is_role { "role/eve" } else { "user/eve" })
    }

    fn report(&self) -> Report {
        let own = inline(policy(json!(self.statements)));
        let boundary = self.boundary.as_ref().map(|_| json!({"PermissionsBoundaryArn": arn("policy/limit")}));
        let nobody = policy(
            json!([{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}]),
        );
        let trust = policy(json!([{"Effect": "Allow", "Principal": self.trusts, "Action": "sts:AssumeRole"}]));
        let of_target = if self.target_is_admin { inline(everything()) } else { json!([]) };
        let user = json!({"Arn": arn("user/target"), "UserName": "target", "GroupList": [], "UserPolicyList": of_target,
            "AttachedManagedPolicies": attached("shared")});
        let role = json!({"Arn": arn("role/target"), "RoleName": "target", "RolePolicyList": of_target,
            "AssumeRolePolicyDocument": trust, "AttachedManagedPolicies": attached("shared")});
        let (mut users, mut roles) = (vec![user], vec![role]);
        if self.caller_is_role {
            roles.push(json!({"Arn": arn("role/eve"), "RoleName": "eve", "RolePolicyList": own, "AssumeRolePolicyDocument": nobody,
                "AttachedManagedPolicies": attached("mine"), "PermissionsBoundary": boundary}));
        } else {
            users.push(
                json!({"Arn": arn("user/eve"), "UserName": "eve", "UserPolicyList": own, "GroupList": ["friends"],
                "AttachedManagedPolicies": attached("mine"), "PermissionsBoundary": boundary}),
            );
        }
        let harmless = || policy(json!([{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]));
        let mut policies = vec![managed("mine", harmless(), Some(everything())), managed("shared", harmless(), None)];
        policies.extend(self.boundary.clone().map(|boundary| managed("limit", boundary, None)));
        let groups = json!([{"GroupName": "friends", "Arn": arn("group/friends")},
            {"GroupName": "chiefs", "Arn": arn("group/chiefs"), "GroupPolicyList": inline(everything())}]);
        let dump =
            json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies});
        audit(&Files { authorization_details: dump.to_string().as_bytes(), ..Files::default() })
    }

    fn is_found(&self) -> bool {
        let report = self.report();
        assert_eq!(report.errors, []);
        let caller = self.caller();
        let fails = report.with(Status::Fail).filter(|finding| finding.control == "iam-privilege-escalation");
        let found: Vec<_> = fails.filter(|finding| finding.principal.as_ref() == Some(&caller)).collect();
        found.iter().for_each(|finding| assert!(!finding.witness.is_empty(), "{}", finding.message));
        !found.is_empty()
    }
}

/// The caller's grants for some needs, one statement each, and the world in which they lead somewhere.
fn world(paths: &[&Path]) -> (World, Vec<Value>) {
    let act = paths.iter().find(|path| path.gain != Gain::Change);
    let changes_self = act.is_none();
    let needs: Vec<&Need> = paths.iter().flat_map(|path| &path.needs).collect();
    let caller_is_role = changes_self && needs.iter().any(|need| need.on == On::Role);
    let trusts = match act {
        Some(path) if !path.trusts.is_empty() => json!({"Service": path.trusts[0]}),
        Some(path) if path.needs[0].on == On::Trust => json!({"AWS": HOME}),
        _ => json!({"Service": "x.amazonaws.com"}),
    };
    let target = |kind: &str| arn(&format!("{kind}/{}", if changes_self { "eve" } else { "target" }));
    let kind = if act.is_some_and(|path| path.gain == Gain::User) { "user" } else { "role" };
    let grant = |need: &&Need| {
        let resource = match need.on {
            On::Target | On::Trust => target(kind),
            On::Role => target("role"),
            On::User => target("user"),
            On::Group => arn("group/friends"),
            On::OtherGroup => arn("group/chiefs"),
            On::Policy | On::OtherVersion => arn(if changes_self { "policy/mine" } else { "policy/shared" }),
            On::Anything => "*".to_owned(),
            On::Type(form) => form
                .replace("${Partition}", "aws")
                .replace("${Account}", HOME)
                .replace("${Region}", "eu-west-1")
                .split("${")
                .next()
                .map(|start| format!("{start}team-*"))
                .unwrap_or_default(),
        };
        json!({"Effect": "Allow", "Action": need.action.as_str(), "Resource": resource})
    };
    let statements: Vec<_> = needs.iter().map(grant).collect();
    let target_is_admin = !paths.iter().any(|path| path.gain == Gain::Change);
    let world = World { caller_is_role, trusts, target_is_admin, statements: statements.clone(), boundary: None };
    (world, statements)
}

/// All single paths, and every change of a target together with a way to act as it.
fn cases() -> Vec<Vec<&'static Path>> {
    let paths = shipped().unwrap();
    let of = |id: &str| paths.iter().find(|path| path.id == id).unwrap();
    let mut cases: Vec<Vec<_>> = paths.iter().map(|path| vec![path]).collect();
    for (change, act) in [
        ("iam-009", "sts-001"),
        ("iam-008", "iam-002"),
        ("iam-001", "sts-001"),
        ("iam-005", "sts-001"),
        ("iam-007", "iam-002"),
        ("iam-009", "iam-012"),
        ("iam-001", "iam-012"),
        ("iam-005", "iam-012"),
        ("iam-001", "iam-004"),
    ] {
        cases.push(vec![of(change), of(act)]);
    }
    cases
}

fn name(case: &[&Path]) -> String {
    case.iter().map(|path| path.id.as_str()).collect::<Vec<_>>().join(" + ")
}

/// Whether what is left without the action is a known path of its own: a smaller one inside the larger.
fn leaves_a_path(case: &[&Path], without: &str) -> bool {
    let left: Vec<&str> = case
        .iter()
        .flat_map(|path| &path.needs)
        .map(|need| need.action.as_str())
        .filter(|action| *action != without)
        .collect();
    let trusts = |path: &Path| path.trusts.is_empty() || case.iter().any(|one| one.trusts == path.trusts);
    let target_is_admin = case.iter().all(|path| path.gain != Gain::Change);
    shipped().unwrap().iter().any(|path| {
        let is_open = path.gain != Gain::Change && target_is_admin && trusts(path);
        is_open && path.needs.iter().all(|need| left.contains(&need.action.as_str()))
    })
}

#[test]
fn every_path_is_found_when_what_it_needs_is_granted() {
    for case in cases() {
        assert!(world(&case).0.is_found(), "{}", name(&case));
    }
}

#[test]
fn no_path_is_found_when_one_need_is_denied_or_elsewhere_or_outside_the_boundary() {
    for case in cases() {
        let (whole, statements) = world(&case);
        for (index, statement) in statements.iter().enumerate() {
            let action = statement["Action"].as_str().unwrap();
            if leaves_a_path(&case, action) {
                continue;
            }
            let told = format!("{} without {action}", name(&case));
            let with = |statements: Vec<Value>, boundary: Option<Value>| World {
                statements,
                boundary,
                trusts: whole.trusts.clone(),
                ..whole
            };
            let mut denied = statements.clone();
            denied.push(json!({"Effect": "Deny", "Action": action, "Resource": "*"}));
            assert!(!with(denied, None).is_found(), "denied: {told}");
            let mut elsewhere = statements.clone();
            elsewhere[index]["Resource"] = json!("arn:aws:sqs:eu-west-1:999988887777:other");
            assert!(!with(elsewhere, None).is_found(), "elsewhere: {told}");
            let boundary = policy(json!([{"Effect": "Allow", "NotAction": action, "Resource": "*"}]));
            assert!(!with(statements.clone(), Some(boundary)).is_found(), "outside the boundary: {told}");
        }
    }
}

#[test]
fn a_boundary_that_holds_an_administrator_back_makes_a_change_worthless() {
    let put = shipped().unwrap().iter().find(|path| path.id == "iam-007").unwrap();
    let (mut world, _) = world(&[put]);
    assert!(world.is_found());
    world.boundary =
        Some(policy(json!([{"Effect": "Allow", "Action": ["iam:PutUserPolicy", "s3:*"], "Resource": "*"}])));
    assert!(!world.is_found());
}

#[test]
fn roles_that_trust_each_other_in_a_circle_end_the_search() {
    let role = |name: &str, next: &str| {
        let trust =
            json!({"Effect": "Allow", "Principal": {"AWS": arn(&format!("role/{next}"))}, "Action": "sts:AssumeRole"});
        json!({"Arn": arn(&format!("role/{name}")), "RoleName": name, "AssumeRolePolicyDocument": policy(trust)})
    };
    let dump = |last: Value| {
        json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [role("a", "b"), role("b", "a"), last]})
    };
    let found = |dump: Value| {
        let report = audit(&Files { authorization_details: dump.to_string().as_bytes(), ..Files::default() });
        let fails = report.with(Status::Fail).filter(|finding| finding.control == "iam-privilege-escalation");
        fails.map(|finding| (finding.principal.clone().unwrap(), finding.witness.len())).collect::<Vec<_>>()
    };
    assert_eq!(found(dump(role("c", "a"))), []);
    let mut admin = role("c", "a");
    admin["RolePolicyList"] = inline(everything());
    assert_eq!(found(dump(admin)), [(arn("role/a"), 1), (arn("role/b"), 2)]);
}
