use super::world::{HOME, OTHER, World, allow, delegation, grant, iam, key_arn, policy, to};
use serde_json::{Value, json};

const DECRYPT: &str = "kms:Decrypt";

fn nobody() -> Value {
    json!({"Service": "ec2.amazonaws.com"})
}

fn told<'a>(found: &'a [(String, &'static str, String)]) -> Vec<(&'a str, &'a str, &'a str)> {
    found.iter().map(|(who, decision, by)| (who.as_str(), *decision, by.as_str())).collect()
}

#[test]
fn the_key_policy_the_account_and_a_grant_each_open_a_key() {
    let reader = iam("role/reader");
    let world = World::default()
        .user("ann", json!([allow(json!("kms:Decrypt"))]))
        .user("bob", json!([allow(json!("s3:*"))]))
        .role("reader", nobody(), json!([]))
        .role("direct", nobody(), json!([]))
        .key(
            "k",
            json!([delegation(), to(json!({"AWS": iam("role/direct")}), json!("kms:Decrypt"))]),
            json!([grant("g", &reader, json!(["Decrypt"]))]),
        );
    let (direct, root, ann) = (iam("role/direct"), iam("root"), iam("user/ann"));
    let expected = [
        (direct.as_str(), "allow", "key-policy"),
        (&reader, "allow", "grant"),
        (&root, "allow", "key-policy"),
        (&ann, "allow", "iam"),
    ];
    assert_eq!(told(&world.who(DECRYPT)), expected);
    world.check_witnesses();
}

#[test]
fn without_delegation_iam_alone_opens_nothing() {
    let world = World::default().user("ann", json!([allow(json!("*"))])).key(
        "k",
        json!([to(json!({"AWS": iam("role/gone")}), json!("kms:*"))]),
        json!([]),
    );
    assert_eq!(told(&world.who(DECRYPT)), [(iam("role/gone").as_str(), "allow", "key-policy")]);
    let readers = world.readers();
    assert!(readers[0].witness[0].assumes.as_ref().is_some_and(|text| text.contains("exists")));
    world.check_witnesses();
}

#[test]
fn who_can_assume_a_reader_reads_and_a_circle_of_roles_ends() {
    let trusts = |name: &str| json!({"AWS": iam(&format!("role/{name}"))});
    let world = World::default()
        .user("ann", json!([allow(json!("sts:AssumeRole"))]))
        .role("a", trusts("b"), json!([allow(json!("kms:Decrypt"))]))
        .role("b", json!({"AWS": [iam("role/a"), iam("role/c"), iam("user/ann")]}), json!([]))
        .role("c", trusts("b"), json!([]))
        .key("k", json!([delegation()]), json!([]));
    let by_chain: Vec<_> = world.readers().into_iter().filter(|reader| reader.by == ["role-chain"]).collect();
    let seen: Vec<_> = by_chain.iter().map(|reader| (reader.principal.clone(), reader.via.clone())).collect();
    let way = |roles: &[&str]| roles.iter().map(|role| iam(&format!("role/{role}"))).collect::<Vec<_>>();
    assert_eq!(
        seen,
        [(iam("role/b"), way(&["a"])), (iam("role/c"), way(&["b", "a"])), (iam("user/ann"), way(&["b", "a"])),]
    );
    world.check_witnesses();
}

#[test]
fn accounts_providers_and_everyone_that_a_reading_role_trusts_are_named() {
    let provider = iam("oidc-provider/token.example.com");
    let read = || json!([allow(json!("kms:Decrypt"))]);
    let world = World::default()
        .role("for-account", json!({"AWS": OTHER}), read())
        .role("for-provider", json!({"Federated": provider}), read())
        .role("for-all", json!({"AWS": "*"}), read())
        .role("for-service", nobody(), read())
        .key("k", json!([delegation()]), json!([]));
    let readers = world.readers();
    let chains = readers.iter().filter(|reader| reader.by == ["role-chain"] && reader.reaches(DECRYPT));
    let told: Vec<_> = chains.map(|reader| (reader.principal.as_str(), reader.kind)).collect();
    let account = format!("arn:aws:iam::{OTHER}:root");
    for expected in [("*", "everyone"), (account.as_str(), "account"), (provider.as_str(), "identity-provider")] {
        assert!(told.contains(&expected), "{told:?}");
    }
    assert!(!told.iter().any(|(principal, _)| principal.contains("ec2")), "{told:?}");
    world.check_witnesses();
}

#[test]
fn a_condition_leaves_it_open_and_names_the_key() {
    let mut statement = to(json!({"AWS": iam("role/app")}), json!("kms:Decrypt"));
    statement["Condition"] = json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}});
    let world = World::default().role("app", nobody(), json!([])).key("k", json!([statement]), json!([]));
    let readers = world.readers();
    assert_eq!((readers.len(), readers[0].decision), (1, "depends"));
    assert_eq!(readers[0].witness[0].depends_on[0].key.as_deref(), Some("kms:ViaService"));
    world.check_witnesses();
}

#[test]
fn the_keys_own_facts_decide_conditions_on_them() {
    let mut statement = to(json!({"AWS": iam("role/app")}), json!("kms:Decrypt"));
    statement["Condition"] = json!({"StringEquals": {"kms:KeySpec": "RSA_2048", "aws:RequestedRegion": "eu-west-1"}});
    let world = World::default().role("app", nobody(), json!([])).key("k", json!([statement]), json!([]));
    assert_eq!(world.readers(), []);
}

#[test]
fn a_grant_gives_its_operations_within_its_constraints_to_its_grantee() {
    let mut bound = grant("g", &iam("role/app"), json!(["Decrypt", "CreateGrant"]));
    bound["Constraints"] = json!({"EncryptionContextEquals": {"table": "t"}});
    let world = World::default().role("app", nobody(), json!([])).role("app2", nobody(), json!([])).key(
        "k",
        json!([]),
        json!([bound]),
    );
    let readers = world.readers();
    let told: Vec<_> = readers.iter().map(|reader| (reader.operations.clone(), reader.decision)).collect();
    assert_eq!(told, [(vec!["kms:Decrypt"], "depends"), (vec!["kms:CreateGrant"], "allow")]);
    let depends = &readers[0].witness[0].depends_on;
    assert!(depends.iter().any(|one| one.key.as_deref() == Some("kms:EncryptionContext:table")), "{depends:?}");
    world.check_witnesses();
}

#[test]
fn grants_of_services_are_told_apart() {
    let mut volume =
        grant("v", &format!("arn:aws:sts::{HOME}:assumed-role/aws:ec2-infrastructure/i-1"), json!(["Decrypt"]));
    volume["RetiringPrincipal"] = json!("ec2.eu-west-1.amazonaws.com");
    let table = grant("t", "dynamodb.eu-west-1.amazonaws.com", json!(["Decrypt", "Encrypt"]));
    let own = grant("o", &iam("role/app"), json!(["Decrypt"]));
    let world = World::default().role("app", nobody(), json!([])).key("k", json!([]), json!([volume, table, own]));
    let made = |kind: &str| {
        let readers = world.readers();
        readers.iter().find(|reader| reader.kind == kind).and_then(|reader| reader.made_by_service)
    };
    assert_eq!((made("session"), made("service"), made("role")), (Some(true), Some(true), Some(false)));
    world.check_witnesses();
}

#[test]
fn another_accounts_principal_depends_on_its_account_unless_a_grant_is_to_it() {
    let stranger = format!("arn:aws:iam::{OTHER}:role/app");
    let named = World::default().role("x", nobody(), json!([])).key(
        "k",
        json!([to(json!({"AWS": stranger}), json!("kms:Decrypt"))]),
        json!([]),
    );
    assert_eq!(told(&named.who(DECRYPT)), [(stranger.as_str(), "depends", "key-policy")]);
    named.check_witnesses();
    let granted = World::default().role("x", nobody(), json!([])).key(
        "k",
        json!([]),
        json!([grant("g", &stranger, json!(["Decrypt"]))]),
    );
    assert_eq!(told(&granted.who(DECRYPT)), [(stranger.as_str(), "allow", "grant")]);
    granted.check_witnesses();
}

#[test]
fn everyone_is_shown_as_a_star_and_whom_conditions_leave_by_name() {
    let open = |condition: Value| {
        let mut statement = to(json!("*"), json!("kms:Decrypt"));
        statement["Condition"] = condition;
        World::default().role("x", nobody(), json!([])).key("k", json!([statement]), json!([]))
    };
    let has = |world: &World, who: &str| world.who(DECRYPT).iter().any(|(principal, ..)| principal == who);
    let all = open(json!({}));
    assert!(has(&all, "*") && has(&all, &iam("role/x")) && has(&all, &iam("root")));
    let account = open(json!({"StringEquals": {"kms:CallerAccount": OTHER}}));
    assert!(
        !has(&account, "*") && !has(&account, &iam("role/x")) && has(&account, &format!("arn:aws:iam::{OTHER}:root"))
    );
    let pattern = open(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team-*"}}));
    assert!(!has(&pattern, "*") && has(&pattern, "arn:aws:iam::*:role/team-*"));
    for world in [all, account, pattern] {
        world.check_witnesses();
    }
}

#[test]
fn a_key_that_aws_manages_stands_open_to_its_account_and_not_to_each_of_it() {
    let mut statement = to(json!({"AWS": "*"}), json!(["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant"]));
    statement["Condition"] =
        json!({"StringEquals": {"kms:CallerAccount": HOME, "kms:ViaService": "s3.eu-west-1.amazonaws.com"}});
    let mut world = World::default().user("ann", json!([allow(json!("*"))])).key("k", json!([statement]), json!([]));
    world.keys[0]["KeyMetadata"]["KeyManager"] = json!("AWS");
    assert_eq!(told(&world.who(DECRYPT)), [(iam("root").as_str(), "depends", "key-policy")]);
}

#[test]
fn a_deny_in_the_key_policy_beats_a_grant_and_so_does_a_control_policy() {
    let app = iam("role/app");
    let deny = json!({"Effect": "Deny", "Principal": {"AWS": app}, "Action": "kms:Decrypt", "Resource": "*"});
    let base = World::default().role("app", nobody(), json!([]));
    let grants = || json!([grant("g", &app, json!(["Decrypt", "CreateGrant"]))]);
    assert_eq!(base.clone().key("k", json!([]), grants()).who(DECRYPT).len(), 1);
    assert_eq!(base.clone().key("k", json!([deny]), grants()).who(DECRYPT), []);
    let mut limited = base.key("k", json!([]), grants());
    limited.scp = Some(policy(json!([{"Effect": "Allow", "NotAction": "kms:Decrypt", "Resource": "*"}])));
    assert_eq!((limited.who(DECRYPT).len(), limited.who("kms:CreateGrant").len()), (0, 1));
}

#[test]
fn a_resource_control_policy_limits_everybody_and_keys_of_the_account_only() {
    let strangers = json!({"Effect": "Deny", "Principal": "*", "Action": ["kms:*", "sts:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": HOME}}});
    let mut world = World::default()
        .user("ann", json!([allow(json!("kms:*"))]))
        .role("open", json!({"AWS": OTHER}), json!([allow(json!("kms:*"))]))
        .key("k", json!([delegation(), to(json!({"AWS": OTHER}), json!("kms:*"))]), json!([]));
    let outside = |world: &World| {
        let readers = world.readers().into_iter();
        readers.filter(|reader| !reader.principal.contains(HOME)).map(|reader| reader.principal).collect::<Vec<_>>()
    };
    assert!(!outside(&world).is_empty());
    world.rcp = Some(policy(json!([strangers])));
    assert_eq!(outside(&world), [""; 0]);
    world.check_witnesses();
    let everybody = json!({"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"});
    world.rcp = Some(policy(json!([everybody])));
    assert_eq!((world.who(DECRYPT).len(), world.who("kms:CreateGrant").is_empty()), (0, false));
    world.check_witnesses();
    world.keys[0]["KeyMetadata"]["Arn"] = json!(format!("arn:aws:kms:eu-west-1:{OTHER}:key/k"));
    assert!(!world.who(DECRYPT).is_empty());
}

#[test]
fn a_policy_that_cannot_be_read_hides_its_key_and_no_other() {
    let mut world = World::default()
        .user("ann", json!([allow(json!("kms:*"))]))
        .key("k", json!([delegation()]), json!([]))
        .key("l", json!([delegation()]), json!([]));
    world.keys[0]["Policy"] = json!("{\"Statement\":");
    let report = world.report();
    assert!(report.errors.iter().any(|problem| problem.at == key_arn("k")), "{:?}", report.errors);
    let readers = report.decrypt.unwrap();
    assert!(!readers.is_empty() && readers.iter().all(|reader| reader.key == key_arn("l")));
}

#[test]
fn without_the_account_nothing_is_said_of_its_keys() {
    let world = World::default().key("k", json!([delegation()]), json!([]));
    let kms = json!({"keys": world.keys}).to_string();
    let report = crate::audit(&crate::Files {
        authorization_details: b"{",
        kms: Some(kms.as_bytes()),
        ..crate::Files::default()
    });
    assert!(report.decrypt.is_none() && !report.errors.is_empty());
}

#[test]
fn a_key_of_another_account_is_its_own_root_users_and_its_policy_must_name_ours() {
    let owner = format!("arn:aws:iam::{OTHER}:root");
    let mut world = World::default()
        .user("ann", json!([allow(json!("kms:*"))]))
        .user("bob", json!([allow(json!("kms:*"))]))
        .key("k", json!([to(json!({"AWS": [owner, iam("user/ann")]}), json!("kms:*"))]), json!([]));
    world.keys[0]["KeyMetadata"]["Arn"] = json!(format!("arn:aws:kms:eu-west-1:{OTHER}:key/k"));
    let readers = world.readers();
    let told: Vec<_> = readers.iter().map(|reader| (reader.principal.as_str(), reader.kind, reader.decision)).collect();
    assert_eq!(told, [(iam("user/ann").as_str(), "user", "allow"), (&owner, "root", "allow")]);
    assert_eq!(world.findings("kms-missing-conditions"), []);
}
