//! The audit's time and memory over a made-up account: `cargo run --release -p access-audit --example large_account -- ROLES`.
//! `write ROLES FILE` writes the account's dump, and `audit FILE REPORT` does with one what `cordon audit` does: so the audit
//! can be measured from outside, beside others.
//!
//! A tenth as many users as roles. Policies are made from common services by a fixed seed: named resources, wildcards,
//! conditions, boundaries, shared managed policies, groups, roles that trust services, the account and each other. One in 250
//! roles is an administrator, and some others can become one.

#![expect(clippy::indexing_slicing, reason = "a made-up account is put together by index")]

use access_audit::{Files, Report, Status, audit};
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};
use std::time::Instant;
use time::macros::datetime;

const HOME: &str = "111122223333";
const CREATED: &str = "2025-06-01T00:00:00+00:00";
const SERVICES: [(&str, &str, [&str; 4]); 10] = [
    ("s3", "arn:aws:s3:::app-N/*", ["GetObject", "PutObject", "ListBucket", "DeleteObject"]),
    ("dynamodb", "arn:aws:dynamodb:*:111122223333:table/app-N", ["GetItem", "PutItem", "Query", "UpdateItem"]),
    ("sqs", "arn:aws:sqs:*:111122223333:app-N", ["SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueUrl"]),
    ("sns", "arn:aws:sns:*:111122223333:app-N", ["Publish", "Subscribe", "GetTopicAttributes", "ListTopics"]),
    ("kms", "arn:aws:kms:*:111122223333:key/N", ["Decrypt", "GenerateDataKey", "Encrypt", "DescribeKey"]),
    ("logs", "*", ["CreateLogGroup", "CreateLogStream", "PutLogEvents", "DescribeLogStreams"]),
    ("ec2", "*", ["DescribeInstances", "RunInstances", "CreateTags", "StopInstances"]),
    (
        "lambda",
        "arn:aws:lambda:*:111122223333:function:app-N",
        ["InvokeFunction", "GetFunction", "UpdateFunctionCode", "ListFunctions"],
    ),
    (
        "secretsmanager",
        "arn:aws:secretsmanager:*:111122223333:secret:app-N-*",
        ["GetSecretValue", "DescribeSecret", "PutSecretValue", "ListSecrets"],
    ),
    ("iam", "arn:aws:iam::111122223333:role/app-N", ["PassRole", "GetRole", "ListRoles", "AttachRolePolicy"]),
];

/// xorshift64*: the same account every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap_or(0) % most
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", roles, file] => Ok(fs::write(file, account(roles.parse()?).to_string())?),
        ["audit", file, out] => from_file(file, out),
        [] => in_memory(1_000),
        [roles] => in_memory(roles.parse()?),
        _ => Err("usage: large_account [ROLES] | write ROLES FILE | audit FILE REPORT".into()),
    }
}

/// All that `cordon audit` does with a dump: from the file to the report's JSON in another.
fn from_file(file: &str, out: &str) -> Result<(), Box<dyn Error>> {
    let dump = fs::read(file)?;
    let report = audited(&dump);
    let mut written = BufWriter::new(fs::File::create(out)?);
    serde_json::to_writer(&mut written, &report)?;
    Ok(written.flush()?)
}

fn in_memory(roles: usize) -> Result<(), Box<dyn Error>> {
    let dump = account(roles).to_string();
    let before = most_memory_mib();
    let begun = Instant::now();
    let report = audited(dump.as_bytes());
    let took = begun.elapsed();
    let found = |control: &str| report.with(Status::Fail).filter(|one| one.control == control).count();
    println!("{roles} roles, {} users, a dump of {:.1} MB", roles / 10, dump.len() as f64 / 1e6);
    println!(
        "{} administrators, {} can become one, {} findings, {} errors",
        found("iam-administrator"),
        found("iam-privilege-escalation"),
        report.with(Status::Fail).count(),
        report.errors.len()
    );
    println!(
        "{:.3} s; most resident memory {:.1} MiB, of it {:.1} before the audit",
        took.as_secs_f64(),
        most_memory_mib(),
        before
    );
    Ok(())
}

fn audited(dump: &[u8]) -> Report {
    audit(&Files { authorization_details: dump, now: Some(datetime!(2026-01-01 00:00 UTC)), ..Files::default() })
}

fn account(roles: usize) -> Value {
    let mut dice = Dice(7);
    let managed = (roles / 20).max(5);
    let policies: Vec<Value> = (0..managed)
        .map(|number| {
            let version = json!({"VersionId": "v1", "IsDefaultVersion": true, "Document": document(&mut dice, roles),
                "CreateDate": CREATED});
            json!({"Arn": policy_arn(number), "PolicyName": format!("shared-{number}"), "PolicyId": format!("ANPA{number:016}"),
                "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 0,
                "IsAttachable": true, "CreateDate": CREATED, "UpdateDate": CREATED, "PolicyVersionList": [version]})
        })
        .collect();
    let attached = |dice: &mut Dice| {
        let number = dice.below(managed);
        json!([{"PolicyName": format!("shared-{number}"), "PolicyArn": policy_arn(number)}])
    };
    let role_details: Vec<Value> = (0..roles)
        .map(|number| {
            let own = if number % 250 == 7 { everything() } else { document(&mut dice, roles) };
            let mut role = json!({
            "Arn": format!("arn:aws:iam::{HOME}:role/app-{number}"), "RoleName": format!("app-{number}"),
            "RoleId": format!("AROA{number:016}"), "CreateDate": CREATED, "Path": "/", "InstanceProfileList": [], "Tags": [],
            "RoleLastUsed": {"LastUsedDate": "2025-12-20T00:00:00+00:00"},
            "AssumeRolePolicyDocument": trust(&mut dice, roles),
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": own}],
            "AttachedManagedPolicies": attached(&mut dice)});
            if dice.below(4) == 0 {
                role["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": policy_arn(dice.below(managed))});
            }
            role
        })
        .collect();
    let groups: Vec<Value> = (0..10)
        .map(|number| {
            json!({"GroupName": format!("team-{number}"), "Arn": format!("arn:aws:iam::{HOME}:group/team-{number}"),
            "Path": "/",
            "GroupId": format!("AGPA{number:016}"), "CreateDate": CREATED, "AttachedManagedPolicies": [],
            "GroupPolicyList": [{"PolicyName": "team", "PolicyDocument": document(&mut dice, roles)}]})
        })
        .collect();
    let users: Vec<Value> = (0..roles / 10)
        .map(|number| {
            json!({"Arn": format!("arn:aws:iam::{HOME}:user/user-{number}"), "UserName": format!("user-{number}"),
            "UserId": format!("AIDA{number:016}"), "Path": "/", "CreateDate": CREATED, "UserPolicyList": [], "Tags": [],
            "GroupList": [format!("team-{}", dice.below(10))],
            "AttachedManagedPolicies": attached(&mut dice)})
        })
        .collect();
    json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": role_details, "Policies": policies})
}

fn policy_arn(number: usize) -> String {
    format!("arn:aws:iam::{HOME}:policy/shared-{number}")
}

fn everything() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

fn trust(dice: &mut Dice, roles: usize) -> Value {
    let principal = match dice.below(10) {
        0 => json!({"AWS": format!("arn:aws:iam::{HOME}:root")}),
        1 => json!({"AWS": format!("arn:aws:iam::{HOME}:role/app-{}", dice.below(roles))}),
        2..=5 => json!({"Service": "lambda.amazonaws.com"}),
        6 | 7 => json!({"Service": "ec2.amazonaws.com"}),
        _ => json!({"Service": "ecs-tasks.amazonaws.com"}),
    };
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})
}

fn document(dice: &mut Dice, roles: usize) -> Value {
    let statements: Vec<Value> = (0..2 + dice.below(5))
        .map(|_| {
            let (service, resource, actions) = SERVICES.get(dice.below(SERVICES.len())).copied().unwrap_or(SERVICES[0]);
            let some: Vec<String> = (0..1 + dice.below(4)).map(|at| format!("{service}:{}", actions[at])).collect();
            let resource = if dice.below(12) == 0 {
                "*".to_owned()
            } else {
                resource.replace('N', &dice.below(roles).to_string())
            };
            let mut statement = json!({"Effect": "Allow", "Action": some, "Resource": resource});
            match dice.below(10) {
                0 => statement["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
                1 => statement["Condition"] = json!({"StringEquals": {"aws:ResourceTag/team": "red"}}),
                2 => statement["Effect"] = json!("Deny"),
                _ => {}
            }
            statement
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// `VmHWM` of /proc/self/status; 0 where there is none.
fn most_memory_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}
