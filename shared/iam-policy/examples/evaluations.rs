//! How many evaluations a second one core makes, and how long the catalogue takes to read:
//! `cargo run --release -p iam-policy --example evaluations`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "an example stops at what it does not expect")]

use iam_policy::{ActionPattern, Case, Catalogue, Decision, decide};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 200_000;

/// Eight actions of one service, and a condition.
fn statement(service: &str, resource: &str) -> Value {
    let actions = ["Get*", "List*", "Describe*", "PutItem", "UpdateItem", "Query", "BatchGetItem", "CreateThing"];
    let actions: Vec<_> = actions.iter().map(|name| format!("{service}:{name}")).collect();
    json!({"Sid": "S", "Effect": "Allow", "Action": actions, "Resource": resource})
}

/// What a role of an application usually has: four policies, a boundary, two levels of SCPs.
fn case(action: &str, resource: &str, context: Value) -> Case {
    let policy = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
    let table = statement("dynamodb", "arn:aws:dynamodb:*:111122223333:table/${aws:PrincipalTag/team}-*");
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let regions = json!({"Effect": "Deny", "NotAction": ["iam:*", "sts:*", "s3:*", "support:*", "cloudfront:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}});
    let organization = json!({"Effect": "Deny", "Action": ["organizations:LeaveOrganization", "cloudtrail:StopLogging"], "Resource": "*"});
    let pass = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/app-*",
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}});
    Case::from_value(&json!({
        "principal": "arn:aws:iam::111122223333:role/app", "action": action, "resource": resource, "context": context,
        "identity_policies": [
            policy(json!([statement("s3", "arn:aws:s3:::data-*/*"), statement("sqs", "*"), statement("sns", "*")])),
            policy(json!([statement("logs", "arn:aws:logs:*:*:log-group:/app/*"), statement("ec2", "*")])),
            policy(json!([table, statement("kms", "*"), pass])),
            policy(json!([{"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}])),
        ],
        "boundaries": [policy(json!([{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}, everything]))],
        "scps": [[policy(everything.clone())], [policy(json!([everything, regions, organization]))]],
    }))
    .unwrap()
}

fn main() {
    let since = Instant::now();
    let catalogue = Catalogue::shipped();
    println!(
        "catalogue of {} {}: {} actions read in {:?}",
        catalogue.source,
        catalogue.version,
        catalogue.actions().len(),
        since.elapsed()
    );
    let since = Instant::now();
    let matched = catalogue.matching(&ActionPattern::new("*:*Tag*")).count();
    println!("one pattern over it: {matched} actions in {:?}", since.elapsed());
    let asked = [
        ("s3:GetObject", "arn:aws:s3:::data-1/a/b/c"),
        ("s3:DeleteObject", "arn:aws:s3:::data-1/a/b/c"),
        ("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:111122223333:table/red-orders"),
        ("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:111122223333:function:f"),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/app-worker"),
        ("ec2:DescribeInstances", "*"),
    ];
    let given = json!({"aws:RequestedRegion": "eu-west-1", "aws:PrincipalTag/team": "red", "iam:PassedToService": "lambda.amazonaws.com"});
    for (world, context) in [("closed", given), ("open", Value::Null)] {
        let cases: Vec<_> = asked.iter().map(|(action, resource)| case(action, resource, context.clone())).collect();
        let since = Instant::now();
        let mut allowed = 0;
        for round in 0..ROUNDS {
            let case = &cases[round % cases.len()];
            allowed += usize::from(decide(black_box(&case.policies()), black_box(&case.request)) == Decision::Allow);
        }
        let seconds = since.elapsed().as_secs_f64();
        let each = seconds / f64::from(u32::try_from(ROUNDS).unwrap());
        println!(
            "{world} world: {:.2} million evaluations a second ({:.0} ns each; {allowed} allowed)",
            1e-6 / each,
            each * 1e9
        );
    }
}
