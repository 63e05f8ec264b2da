//! The search against a plain one, which asks everybody about everybody, on accounts of every shape that tells targets apart.

use super::{Graph, Lead, admin::Powers, both, edges::Edges, held_by, is_service_linked, paths};
use crate::account::Account;
use crate::finding::{Confidence, Witness};
use crate::{Inventory, Organization};
use proptest::prelude::*;
use serde_json::{Value, json};

const HOME: &str = "111122223333";

/// Of each subject that is led: whether it has a way, how sure it is, and what is done.
type Told = Vec<(usize, bool, Confidence, Vec<String>, Vec<Witness>)>;

fn told(account: &Account<'_>, graph: &Graph) -> Told {
    let led = graph.0.iter().enumerate().filter_map(|(at, lead)| lead.as_ref().map(|lead| (at, lead)));
    led.map(|(at, lead)| {
        let path = graph.path(account, at);
        (at, lead.way.is_some(), path.confidence, path.paths, path.witness)
    })
    .collect()
}

/// As the search, without anything that saves it questions.
fn plainly(account: &Account<'_>) -> Graph {
    let mut edges = Edges::new(account, Powers::of(account).unwrap(), paths::shipped().unwrap());
    edges.open_every_path();
    let count = account.subjects.len();
    let mut leads: Vec<Option<Lead>> = (0..count).map(|_| None).collect();
    let mut waiting: Vec<Option<((Confidence, usize), Lead)>> =
        (0..count).map(|at| end(&mut edges, at).map(|lead| ((lead.confidence, lead.way.iter().len()), lead))).collect();
    loop {
        let next = waiting.iter().enumerate().filter_map(|(at, one)| one.as_ref().map(|(rank, _)| (*rank, at))).min();
        let Some((rank, at)) = next else { break };
        leads[at] = waiting[at].take().map(|(_, lead)| lead);
        for who in (0..count).filter(|who| !is_service_linked(account, *who)) {
            if leads[who].is_some() {
                continue;
            }
            let Some(way) = edges.become_it(who, at) else { continue };
            let rank = (rank.0.max(way.confidence), rank.1 + 1);
            if waiting[who].as_ref().is_none_or(|(known, _)| rank < *known) {
                waiting[who] = Some((rank, Lead { confidence: rank.0, way: Some(way), next: Some(at) }));
            }
        }
    }
    Graph(leads)
}

fn end(edges: &mut Edges<'_>, at: usize) -> Option<Lead> {
    if let Some(confidence) = edges.powers.held(edges.account, at, &[]) {
        return Some(Lead { confidence, way: None, next: None });
    }
    if is_service_linked(edges.account, at) {
        return None;
    }
    let mut found = edges.change(at, at);
    for other in 0..edges.account.subjects.len() {
        let Some(acts) = edges.become_it(at, other).or_else(|| held_by(edges, at, other)) else { continue };
        let Some(change) = edges.change(at, other) else { continue };
        let way = both(change, acts);
        if found.as_ref().is_none_or(|known| way.confidence < known.confidence) {
            found = Some(way);
        }
    }
    found.map(|way| Lead { confidence: way.confidence, way: Some(way), next: None })
}

/// xorshift64*
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % most
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn often(&mut self, of_ten: usize) -> bool {
        self.below(10) < of_ten
    }
}

const NAMES: [&str; 14] = [
    "role/team-a",
    "role/team-b",
    "role/team-c",
    "role/app-a",
    "role/app-b",
    "role/x/app-c",
    "role/x/app-d",
    "role/ops",
    "role/ops2",
    "role/aws-service-role/x.amazonaws.com/y",
    "user/ann",
    "user/bob",
    "user/team-carl",
    "user/x/dan",
];
const ACTIONS: [&[&str]; 18] = [
    &["iam:PassRole"],
    &["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
    &["iam:PassRole", "ec2:RunInstances"],
    &["lambda:UpdateFunctionCode"],
    &["ssm:SendCommand"],
    &["sts:AssumeRole"],
    &["sts:AssumeRole", "s3:GetObject"],
    &["iam:AttachRolePolicy"],
    &["iam:PutRolePolicy", "sts:AssumeRole"],
    &["iam:PutUserPolicy", "iam:CreateAccessKey"],
    &["iam:AttachUserPolicy"],
    &["iam:CreateAccessKey"],
    &["iam:UpdateAssumeRolePolicy"],
    &["iam:CreatePolicyVersion"],
    &["iam:AddUserToGroup"],
    &["iam:*"],
    &["*"],
    &["s3:GetObject"],
];
const RESOURCES: [&str; 12] = [
    "*",
    "*",
    "*",
    "*",
    "iam:role/*",
    "iam:role/team-*",
    "iam:*/x/*",
    "iam:user/${aws:username}",
    "iam:role/${aws:PrincipalTag/team}-*",
    "iam:role/${aws:ResourceTag/team}-*",
    "iam:group/*",
    "iam:policy/shared-?",
];

fn iam(rest: &str) -> String {
    format!("arn:aws:iam::{HOME}:{rest}")
}

fn resource(dice: &mut Dice) -> String {
    let form = if dice.often(3) { return iam(dice.one(&NAMES)) } else { dice.one(&RESOURCES) };
    form.strip_prefix("iam:").map_or(form.to_owned(), iam)
}

fn condition(dice: &mut Dice, statement: &mut Value) {
    let (red, boundary) = (json!("red"), json!(iam("policy/shared-0")));
    let (operator, key, value) = match dice.below(14) {
        0 | 1 => ("StringEquals", "aws:ResourceTag/team", red),
        2 => ("StringEquals", "iam:ResourceTag/team", json!("${aws:PrincipalTag/team}")),
        3 => ("StringNotEquals", "iam:PermissionsBoundary", boundary),
        4 => ("StringEquals", "iam:PassedToService", json!("lambda.amazonaws.com")),
        5 => ("StringEquals", "aws:RequestedRegion", json!("eu-west-1")),
        6 | 7 => ("StringEquals", "iam:PermissionsBoundary", json!(iam("policy/shared-0"))),
        8 => ("StringLike", "aws:PrincipalArn", json!(["*team*", "*/${aws:ResourceTag/team}"])),
        _ => return,
    };
    statement["Condition"] = json!({operator: {key: value}});
}

fn statement(dice: &mut Dice, denies: usize) -> Value {
    let effect = if dice.often(denies) { "Deny" } else { "Allow" };
    let mut actions = ACTIONS[dice.below(ACTIONS.len())];
    while effect == "Deny" && dice.often(9) && actions.iter().any(|action| action.ends_with('*')) {
        actions = ACTIONS[dice.below(ACTIONS.len())];
    }
    let resources: Vec<_> = (0..1 + dice.below(2)).map(|_| resource(dice)).collect();
    let place = if dice.below(12) == 0 { "NotResource" } else { "Resource" };
    let mut statement = json!({"Effect": effect, "Action": actions, place: resources});
    condition(dice, &mut statement);
    statement
}

fn document(dice: &mut Dice) -> Value {
    let statements: Vec<_> = (0..1 + dice.below(4)).map(|_| statement(dice, 2)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn administrator() -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
}

fn trust(dice: &mut Dice) -> Value {
    let principal = match dice.below(12) {
        0..=2 => json!({"Service": dice.one(&["lambda.amazonaws.com", "ec2.amazonaws.com"])}),
        3 | 4 => json!({"Service": "ec2.amazonaws.com", "AWS": iam("root")}),
        5..=8 => json!({"AWS": iam("root")}),
        9 => json!({"AWS": iam(dice.one(&NAMES))}),
        10 => json!({"AWS": dice.one(&["AIDA0000000000000010", "AROA0000000000000001", "444455556666"])}),
        _ => json!({"AWS": if dice.often(3) { json!("*") } else { json!([iam("root"), iam(dice.one(&NAMES))]) }}),
    };
    let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    if dice.often(2) {
        statement["Principal"] = json!({"AWS": iam("root")});
        statement["Condition"] = json!({"StringEquals": {"aws:ResourceTag/team": "red"}});
    } else {
        condition(dice, &mut statement);
    }
    json!({"Version": "2012-10-17", "Statement": statement})
}

fn dump(dice: &mut Dice) -> Value {
    let policies: Vec<_> = (0..3)
        .map(|number| {
            // As a boundary, one that holds nobody back.
            let now = if number == 0 && dice.often(6) { administrator() } else { document(dice) };
            let mut versions = vec![json!({"VersionId": "v2", "IsDefaultVersion": true, "Document": now})];
            if dice.often(3) {
                versions.push(json!({"VersionId": "v1", "IsDefaultVersion": false, "Document": administrator()}));
            }
            json!({"Arn": iam(&format!("policy/shared-{number}")), "DefaultVersionId": "v2", "PolicyVersionList": versions})
        })
        .collect();
    let policy = |dice: &mut Dice| iam(&format!("policy/shared-{}", dice.below(3)));
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    for (number, name) in NAMES.iter().enumerate() {
        let own = if dice.below(9) == 0 { administrator() } else { document(dice) };
        let inline = json!([{"PolicyName": "own", "PolicyDocument": own}]);
        let mut one = json!({"Arn": iam(name), "Tags": [{"Key": "Team", "Value": dice.one(&["red", "blue", "team"])}]});
        if dice.often(3) {
            one["AttachedManagedPolicies"] = json!([{"PolicyName": "p", "PolicyArn": policy(dice)}]);
        }
        if dice.often(3) {
            one["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": policy(dice)});
        }
        if dice.often(3) {
            one["Tags"] = json!([]);
        }
        let last = name.rsplit('/').next().unwrap();
        if name.starts_with("user") {
            one["UserName"] = json!(last);
            one["UserId"] = json!(format!("AIDA{number:016}"));
            one["UserPolicyList"] = inline;
            one["GroupList"] = if dice.often(3) { json!(["friends"]) } else { json!([]) };
            users.push(one);
        } else {
            one["RoleName"] = json!(last);
            one["RoleId"] = json!(format!("AROA{number:016}"));
            one["RolePolicyList"] = inline;
            one["AssumeRolePolicyDocument"] = trust(dice);
            roles.push(one);
        }
    }
    let group = |name: &str, document: Value| json!({"GroupName": name, "Arn": iam(&format!("group/{name}")), "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": document}]});
    let groups = [group("friends", document(dice)), group("chiefs", administrator())];
    json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies})
}

fn organization(dice: &mut Dice) -> Option<Value> {
    let limit = json!({"Statement": [administrator()["Statement"], statement(dice, 10)]});
    let mut deny = statement(dice, 10);
    deny["Principal"] = json!("*");
    deny["Action"] = json!("sts:AssumeRole");
    let of_resources = if dice.often(5) { json!([deny]) } else { json!([]) };
    let node = |id: &str, children: Value| {
        json!({"Id": id, "Arn": format!("arn:aws:organizations::999988887777:x/o-1/{id}"),
            "Policies": [{"Name": "limit", "Content": limit},
                {"Name": "more", "Type": "RESOURCE_CONTROL_POLICY", "Content": {"Statement": of_resources}}], "Children": children})
    };
    dice.often(2).then(|| node("r-1", json!([node(HOME, json!([]))])))
}

/// How many are led, after the two searches were compared.
fn compared(seed: u64) -> Result<usize, TestCaseError> {
    let mut dice = Dice(seed | 1);
    let inventory = Inventory::parse(dump(&mut dice).to_string().as_bytes()).unwrap();
    let limits = organization(&mut dice).map(|tree| Organization::parse(tree.to_string().as_bytes()).unwrap());
    let account = Account::new(&inventory, limits.as_ref(), None).unwrap();
    prop_assert!(account.unread.is_empty(), "{:?}", account.unread);
    let (found, plain) = (Graph::of(&account).unwrap(), plainly(&account));
    let (found, plain) = (told(&account, &found), told(&account, &plain));
    prop_assert_eq!(&found, &plain);
    Ok(found.iter().filter(|(_, has_way, ..)| *has_way).count())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_search_finds_what_asking_everybody_about_everybody_does(seed in any::<u64>()) {
        compared(seed)?;
    }
}

#[test]
fn the_compared_accounts_have_ways_of_every_confidence_and_principals_without_any() {
    let led: Vec<usize> = (1..40).map(|seed| compared(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed)).unwrap()).collect();
    assert!(led.iter().any(|led| *led > 4) && led.iter().any(|led| *led < 10), "{led:?}");
}
