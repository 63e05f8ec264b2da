//! What holds for any account with keys at all.

use super::ask::OPERATIONS;
use super::world::{HOME, OTHER, World, entry, grant, iam, policy};
use crate::Witness;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NAMES: [&str; 5] = ["user/u", "user/v", "role/a", "role/b", "role/c"];
const PATTERNS: [&str; 5] = ["*", "kms:*", "kms:Decrypt", "kms:ReEncrypt*", "sts:AssumeRole"];

/// `depends` is 1, `allow` 2.
type Ranks = BTreeMap<(String, String, &'static str), u8>;

fn rank(decision: &str) -> u8 {
    match decision {
        "allow" => 2,
        "depends" => 1,
        _ => 0,
    }
}

fn ranks(world: &World) -> Ranks {
    let mut ranks = Ranks::new();
    for reader in world.readers() {
        for operation in &reader.operations {
            let known = ranks.entry((reader.key.clone(), reader.principal.clone(), operation)).or_default();
            *known = (*known).max(rank(reader.decision));
        }
    }
    ranks
}

fn condition() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(json!({})),
        1 => Just(json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})),
        1 => Just(json!({"StringNotEquals": {"kms:EncryptionContext:app": "x"}})),
        1 => Just(json!({"StringEquals": {"aws:PrincipalAccount": HOME}})),
    ]
}

fn statement() -> impl Strategy<Value = Value> {
    let effect = prop_oneof![5 => Just("Allow"), 1 => Just("Deny")];
    (effect, subsequence(PATTERNS.to_vec(), 1..3), condition()).prop_map(|(effect, actions, condition)| {
        json!({"Effect": effect, "Action": actions, "Resource": "*", "Condition": condition})
    })
}

fn named() -> impl Strategy<Value = Value> {
    let mut names: Vec<String> = NAMES.iter().map(|name| iam(name)).collect();
    names.extend([HOME.to_owned(), format!("arn:aws:iam::{OTHER}:role/x"), OTHER.to_owned()]);
    prop_oneof![
        6 => subsequence(names, 1..3).prop_map(|names| json!({"AWS": names})),
        1 => Just(json!("*")),
        1 => Just(json!({"Service": "sns.amazonaws.com"})),
    ]
}

fn of_key() -> impl Strategy<Value = Value> {
    (statement(), named(), prop::bool::weighted(0.1)).prop_map(|(mut statement, named, not)| {
        statement[if not { "NotPrincipal" } else { "Principal" }] =
            if not { json!({"AWS": iam("role/a")}) } else { named };
        statement
    })
}

fn grants() -> impl Strategy<Value = Value> {
    let constraint = prop_oneof![2 => Just(json!({})), 1 => Just(json!({"EncryptionContextSubset": {"app": "x"}}))];
    let grantee = select(vec![iam("role/a"), iam("user/v"), iam("root"), format!("arn:aws:iam::{OTHER}:user/w")]);
    let one = (grantee, subsequence(vec!["Decrypt", "ReEncryptFrom", "CreateGrant"], 1..3), constraint);
    prop::collection::vec(one, 0..3).prop_map(|all| {
        let grants = all.into_iter().enumerate().map(|(index, (grantee, operations, constraints))| {
            let mut grant = grant(&format!("g{index}"), &grantee, json!(operations));
            grant["Constraints"] = constraints;
            grant
        });
        grants.collect()
    })
}

/// Two users and three roles, which trust whomever, in circles too, and one or two keys.
fn world() -> impl Strategy<Value = World> {
    let own = prop::collection::vec(prop::collection::vec(statement(), 0..3), 5);
    let trust = prop::collection::vec(named(), 3);
    let keys = prop::collection::vec((prop::collection::vec(of_key(), 0..4), grants()), 1..3);
    (own, trust, keys).prop_map(|(own, trust, keys)| {
        let mut world = World::default();
        for (name, own) in NAMES.iter().zip(own) {
            let (kind, name) = name.split_once('/').unwrap();
            world = match kind {
                "user" => world.user(name, json!(own)),
                _ => world.role(name, json!({"Service": "ec2.amazonaws.com"}), json!(own)),
            };
        }
        for (role, trust) in world.roles.iter_mut().zip(trust) {
            role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = trust;
        }
        for (index, (statements, grants)) in keys.into_iter().enumerate() {
            world.keys.push(entry(&format!("k{index}"), json!(statements), grants));
        }
        world
    })
}

fn edited(world: &World, edit: impl Fn(&mut Vec<Value>)) -> World {
    let mut world = world.clone();
    for key in &mut world.keys {
        let mut document: Value = serde_json::from_str(key["Policy"].as_str().unwrap()).unwrap();
        edit(document["Statement"].as_array_mut().unwrap());
        key["Policy"] = json!(document.to_string());
    }
    world
}

/// One question at a time, without candidates, groups or searches: what the users and roles reach by themselves, and then,
/// until nothing changes, through whom they can assume.
fn slowly(world: &World) -> Ranks {
    let ask = |who: &str, action: &str, resource: &str| {
        let step = Witness {
            principal: who.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            decision: "",
            statements: Vec::new(),
            depends_on: Vec::new(),
            assumes: None,
        };
        rank(world.again(&step, action))
    };
    let names: Vec<String> = NAMES.iter().map(|name| iam(name)).collect();
    let mut ranks = Ranks::new();
    for key in &world.keys {
        let key = key["KeyMetadata"]["Arn"].as_str().unwrap();
        for who in &names {
            for operation in OPERATIONS {
                ranks.insert((key.to_owned(), who.clone(), operation), ask(who, operation, key));
            }
        }
    }
    let mut assumes = Vec::new();
    for who in &names {
        for role in names.iter().filter(|role| role.contains(":role/") && *role != who) {
            assumes.push((who, role, ask(who, "sts:AssumeRole", role)));
        }
    }
    loop {
        let before = ranks.clone();
        for ((key, role, operation), reached) in &before {
            for (who, _, sure) in assumes.iter().filter(|(_, assumed, _)| *assumed == role) {
                let known = ranks.entry((key.clone(), (*who).clone(), operation)).or_default();
                *known = (*known).max(*sure.min(reached));
            }
        }
        if ranks == before {
            ranks.retain(|_, rank| *rank > 0);
            return ranks;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_search_finds_what_one_question_at_a_time_does(world in world()) {
        let mut found = ranks(&world);
        found.retain(|(_, principal, _), _| NAMES.iter().any(|name| *principal == iam(name)));
        prop_assert_eq!(found, slowly(&world));
    }

    #[test]
    fn every_witness_is_accepted_when_it_is_asked_again(world in world()) {
        world.check_witnesses();
    }

    #[test]
    fn a_grant_more_never_takes_a_reader_away(world in world(), grantee in select(NAMES.to_vec())) {
        let mut more = world.clone();
        let new = grant("new", &iam(grantee), json!(["Decrypt", "CreateGrant"]));
        more.keys[0]["Grants"].as_array_mut().unwrap().push(new);
        let after = ranks(&more);
        for (reached, before) in ranks(&world) {
            prop_assert!(after.get(&reached).is_some_and(|after| *after >= before), "{reached:?}");
        }
    }

    #[test]
    fn without_delegation_nobody_reads_by_iam_alone(world in world()) {
        let named = |statement: &Value| statement["Principal"]["AWS"].as_array().is_some_and(|all| all.contains(&json!(HOME)));
        let without = edited(&world, |statements| statements.retain(|one| one["Effect"] == "Deny" || !named(one)));
        let mut without = without;
        without.keys.iter_mut().for_each(|key| key["Grants"] = json!([]));
        prop_assert!(without.readers().iter().all(|reader| !reader.by.contains(&"iam")));
    }

    #[test]
    fn a_deny_for_all_in_the_key_policy_leaves_no_reader_not_even_by_grant(world in world()) {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"});
        let denied = edited(&world, |statements| statements.push(deny.clone()));
        prop_assert!(denied.readers().iter().all(|reader| !reader.reaches("kms:Decrypt")));
    }

    #[test]
    fn a_deny_more_never_adds_a_reader(world in world(), deny in of_key()) {
        let mut deny = deny;
        deny["Effect"] = json!("Deny");
        let before = ranks(&world);
        for (reached, after) in ranks(&edited(&world, |statements| statements.push(deny.clone()))) {
            prop_assert!(before.get(&reached).is_some_and(|before| *before >= after), "{reached:?}");
        }
    }

    #[test]
    fn a_control_policy_that_allows_nothing_leaves_only_outsiders(world in world()) {
        let mut world = world;
        world.scp = Some(policy(json!([{"Effect": "Deny", "Action": "kms:*", "Resource": "*"}])));
        prop_assert!(world.readers().iter().all(|reader| !reader.principal.contains(HOME)), "{:?}", world.readers());
    }
}
