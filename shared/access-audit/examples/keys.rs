//! How long it takes to tell who reaches which key: `cargo run --release -p access-audit --example keys [ROLES] [KEYS]`.

#![allow(clippy::unwrap_used, reason = "an example stops at what it does not expect")]

use access_audit::{Files, audit};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const HOME: &str = "111122223333";

fn iam(rest: &str) -> String {
    format!("arn:aws:iam::{HOME}:{rest}")
}

fn allow(actions: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

/// Of twenty roles one administers, four use all keys, six use one, nine use none. Most trust a service, some the account,
/// some another role.
fn role(index: usize, keys: usize, all_use_all: bool) -> Value {
    let key = format!("arn:aws:kms:eu-west-1:{HOME}:key/{}", index % keys.max(1));
    let use_all = allow(json!(["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant"]), json!("*"));
    let statement = match index % 20 {
        _ if all_use_all => use_all,
        0 => allow(json!("*"), json!("*")),
        1..=4 => use_all,
        5..=10 => allow(json!(["kms:Decrypt", "kms:Encrypt"]), json!(key)),
        _ => allow(json!(["sts:AssumeRole", "logs:*"]), json!("*")),
    };
    let data = allow(json!(["s3:Get*", "s3:Put*", "dynamodb:*Item"]), json!(format!("arn:aws:s3:::data-{index}/*")));
    let trusted = match index % 10 {
        0..=6 => json!({"Service": "lambda.amazonaws.com"}),
        7 | 8 => json!({"AWS": HOME}),
        _ => json!({"AWS": iam(&format!("role/r{}", index / 2))}),
    };
    let trust = json!({"Statement": {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}});
    json!({"Arn": iam(&format!("role/r{index}")), "RoleName": format!("r{index}"), "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement, data]}}]})
}

/// `volumes`: grants that EC2 made, one for each volume.
fn key(index: usize, volumes: usize) -> Value {
    let to =
        |who: Value, actions: Value| json!({"Effect": "Allow", "Principal": who, "Action": actions, "Resource": "*"});
    let named: Vec<_> = (0..3).map(|one| iam(&format!("role/r{}", index * 7 + one))).collect();
    let grants = (0..10).map(|one| {
        json!({"GrantId": format!("g{index}-{one}"), "GranteePrincipal": iam(&format!("role/r{}", index * 11 + one)),
            "Operations": ["Decrypt", "GenerateDataKey"], "Constraints": {"EncryptionContextSubset": {"app": "x"}}})
    });
    let attached = (0..volumes).map(|one| {
        json!({"GrantId": format!("v{index}-{one}"), "Operations": ["Decrypt"], "RetiringPrincipal": "ec2.eu-west-1.amazonaws.com",
            "GranteePrincipal": format!("arn:aws:sts::{HOME}:assumed-role/aws:ec2-infrastructure/i-{one}")})
    });
    let grants: Vec<_> = grants.chain(attached).collect();
    json!({
        "KeyMetadata": {"Arn": format!("arn:aws:kms:eu-west-1:{HOME}:key/{index}"), "KeyManager": "CUSTOMER", "KeyState": "Enabled"},
        "Policy": {"Version": "2012-10-17", "Statement": [
            to(json!({"AWS": iam("root")}), json!("kms:*")), to(json!({"AWS": named}), json!("kms:Decrypt")),
        ]},
        "KeyRotationEnabled": true, "Grants": grants,
    })
}

fn timed(details: &str, kms: Option<&str>) -> (Duration, usize) {
    let since = Instant::now();
    let files = Files { authorization_details: details.as_bytes(), kms: kms.map(str::as_bytes), ..Files::default() };
    let report = audit(&files);
    (since.elapsed(), report.decrypt.map_or(0, |readers| readers.len()))
}

fn main() {
    let mut sizes = std::env::args().skip(1).map(|size| size.parse::<usize>().unwrap());
    let (roles, keys) = (sizes.next().unwrap_or(1_000), sizes.next().unwrap_or(20));
    let cases = [
        ("a mix of roles", false, 0),
        ("each role uses each key", true, 0),
        ("a mix, 1,000 volumes a key", false, 1_000),
    ];
    for (name, all_use_all, volumes) in cases {
        let list: Vec<_> = (0..roles).map(|index| role(index, keys, all_use_all)).collect();
        let details =
            json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": list}).to_string();
        let kms = json!({"keys": (0..keys).map(|index| key(index, volumes)).collect::<Vec<_>>()}).to_string();
        let (without, _) = timed(&details, None);
        let (with, readers) = timed(&details, Some(&kms));
        println!(
            "{roles} roles, {keys} keys, {name}: {with:.0?}, of which keys {:.0?}; {readers} readers",
            with.saturating_sub(without)
        );
    }
}
