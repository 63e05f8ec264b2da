//! Buckets of the Region, and tables: who is let in, and whose key encrypts them.

use super::{map, member, moment, of_each};
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_s3::Client as S3;
use aws_sdk_s3::types::{Bucket, Grant, PublicAccessBlockConfiguration, ServerSideEncryptionRule};
use ports::{ErrorKind, Page, PortError, PortResult};
use serde_json::{Value, json};

/// Four calls each.
const BUCKETS: i32 = 50;
const TABLES: i32 = 100;

pub(super) async fn buckets(client: &S3, region: Option<&str>, after: Option<&str>) -> PortResult<Page> {
    let call = client.list_buckets().max_buckets(BUCKETS).set_bucket_region(region.map(str::to_owned));
    let answer =
        call.set_continuation_token(after.map(str::to_owned)).send().await.map_err(map("s3:ListAllMyBuckets"))?;
    // Not every endpoint heeds the filter, and a bucket elsewhere can't be read from here.
    let here = |bucket: &&Bucket| bucket.bucket_region().is_none_or(|of| region.is_none_or(|region| region == of));
    let names: Vec<&str> = answer.buckets().iter().filter(here).filter_map(Bucket::name).collect();
    let buckets = of_each(names, |name| bucket(client, name)).await?;
    Ok(Page { content: json!({"Buckets": buckets}), next: answer.continuation_token().map(str::to_owned) })
}

async fn bucket(client: &S3, name: &str) -> PortResult<Value> {
    let (policy, encryption, block, acl) = tokio::join!(
        async { client.get_bucket_policy().bucket(name).send().await.map_err(map("s3:GetBucketPolicy")) },
        async {
            client.get_bucket_encryption().bucket(name).send().await.map_err(map("s3:GetEncryptionConfiguration"))
        },
        async {
            client.get_public_access_block().bucket(name).send().await.map_err(map("s3:GetBucketPublicAccessBlock"))
        },
        async { client.get_bucket_acl().bucket(name).send().await.map_err(map("s3:GetBucketAcl")) },
    );
    let rules = encryption.map(|answer| {
        let rules =
            answer.server_side_encryption_configuration().map_or(&[][..], |configuration| configuration.rules());
        json!({"Rules": rules.iter().map(rule).collect::<Vec<_>>()})
    });
    let block = block.map(|answer| answer.public_access_block_configuration().map_or(Value::Null, access_block));
    let grants = acl.map(|answer| Value::Array(answer.grants().iter().map(grant).collect()));
    Ok(json!({
        "Name": name,
        "Policy": member(policy.map(|answer| json!(answer.policy())))?,
        "ServerSideEncryptionConfiguration": member(rules)?,
        "PublicAccessBlockConfiguration": member(block)?,
        "Grants": member(grants)?,
    }))
}

fn rule(rule: &ServerSideEncryptionRule) -> Value {
    let by_default = rule.apply_server_side_encryption_by_default().map(|by_default| {
        json!({"SSEAlgorithm": by_default.sse_algorithm().as_str(), "KMSMasterKeyID": by_default.kms_master_key_id()})
    });
    json!({"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": rule.bucket_key_enabled()})
}

fn access_block(block: &PublicAccessBlockConfiguration) -> Value {
    json!({
        "BlockPublicAcls": block.block_public_acls(), "IgnorePublicAcls": block.ignore_public_acls(),
        "BlockPublicPolicy": block.block_public_policy(), "RestrictPublicBuckets": block.restrict_public_buckets(),
    })
}

fn grant(grant: &Grant) -> Value {
    let grantee = grant
        .grantee()
        .map(|grantee| json!({"Type": grantee.r#type().as_str(), "ID": grantee.id(), "URI": grantee.uri()}));
    json!({"Grantee": grantee, "Permission": grant.permission().map(|permission| permission.as_str())})
}

pub(super) async fn tables(client: &DynamoDb, after: Option<&str>) -> PortResult<Page> {
    let call = client.list_tables().limit(TABLES).set_exclusive_start_table_name(after.map(str::to_owned));
    let answer = call.send().await.map_err(map("dynamodb:ListTables"))?;
    let tables = of_each(answer.table_names(), |name| table(client, name)).await?;
    let tables: Vec<_> = tables.into_iter().filter(|table| !table.is_null()).collect();
    Ok(Page { content: json!({"Tables": tables}), next: answer.last_evaluated_table_name().map(str::to_owned) })
}

async fn table(client: &DynamoDb, name: &str) -> PortResult<Value> {
    let answer = match client.describe_table().table_name(name).send().await.map_err(map("dynamodb:DescribeTable")) {
        Ok(answer) => answer,
        Err(error) => {
            let answer = member(Err(error))?;
            return Ok(if answer.is_null() {
                answer
            } else {
                json!({"TableName": name, "Unread": answer.get("Unread")})
            });
        }
    };
    let Some(table) = answer.table() else { return Ok(Value::Null) };
    let encryption = table.sse_description().map(|encryption| {
        json!({
            "Status": encryption.status().map(|status| status.as_str()),
            "SSEType": encryption.sse_type().map(|kind| kind.as_str()),
            "KMSMasterKeyArn": encryption.kms_master_key_arn(),
        })
    });
    let described = json!({
        "TableName": table.table_name(), "TableArn": table.table_arn(), "SSEDescription": encryption,
        "CreationDateTime": moment(table.creation_date_time()),
    });
    Ok(json!({"Table": described, "ResourcePolicy": member(table_policy(client, table.table_arn()).await)?}))
}

async fn table_policy(client: &DynamoDb, arn: Option<&str>) -> PortResult<Value> {
    let answer = client.get_resource_policy().set_resource_arn(arn.map(str::to_owned)).send().await;
    let absent = |error: PortError| match error.code.as_deref() {
        Some("PolicyNotFoundException") => PortError { kind: ErrorKind::Gone, ..error },
        _ => error,
    };
    Ok(json!(answer.map_err(map("dynamodb:GetResourcePolicy")).map_err(absent)?.policy()))
}
