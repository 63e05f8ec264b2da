//! Every KMS key of the Region with its policy, rotation, grants and last use.

use super::{map, member, moment, of_each, unread};
use aws_sdk_kms::Client;
use aws_sdk_kms::types::{GrantListEntry, KeyMetadata};
use ports::{Page, PortResult};
use serde_json::{Value, json};

/// Four calls a key, and one more for each page of its grants.
const ENTRIES: i32 = 50;
const GRANTS: i32 = 100;

pub(super) async fn page(client: &Client, after: Option<&str>) -> PortResult<Page> {
    let call = client.list_keys().limit(ENTRIES).set_marker(after.map(str::to_owned));
    let answer = call.send().await.map_err(map("kms:ListKeys"))?;
    let ids: Vec<&str> = answer.keys().iter().filter_map(|key| key.key_id()).collect();
    let keys = of_each(ids, |id| key(client, id)).await?;
    let next = answer.next_marker().filter(|_| answer.truncated()).map(str::to_owned);
    // One that was deleted since it was listed is none.
    let keys: Vec<_> = keys.into_iter().filter(|key| !key.is_null()).collect();
    Ok(Page { content: json!({"keys": keys}), next })
}

async fn key(client: &Client, id: &str) -> PortResult<Value> {
    let (metadata, policy, rotation, grants, usage) = tokio::join!(
        async { client.describe_key().key_id(id).send().await.map_err(map("kms:DescribeKey")) },
        policy(client, id),
        rotation(client, id),
        grants(client, id),
        usage(client, id),
    );
    let metadata = match metadata {
        Ok(answer) => answer.key_metadata().map_or(Value::Null, describe),
        Err(error) => {
            let answer = member(Err(error))?;
            return Ok(if answer.is_null() { answer } else { json!({"KeyId": id, "Unread": answer.get("Unread")}) });
        }
    };
    let mut entry = json!({
        "KeyMetadata": metadata, "Policy": member(policy)?, "KeyRotationEnabled": member(rotation)?, "Grants": member(grants)?,
    });
    if let (Some(entry), usage @ Value::Object(_)) = (entry.as_object_mut(), member(usage)?) {
        entry.insert("KeyLastUsage".to_owned(), usage);
    }
    Ok(entry)
}

fn describe(key: &KeyMetadata) -> Value {
    json!({
        "Arn": key.arn(), "KeyId": key.key_id(), "AWSAccountId": key.aws_account_id(),
        "CreationDate": moment(key.creation_date()), "DeletionDate": moment(key.deletion_date()),
        "Enabled": key.enabled(), "KeyState": key.key_state().map(|state| state.as_str()),
        "KeyUsage": key.key_usage().map(|usage| usage.as_str()), "Origin": key.origin().map(|origin| origin.as_str()),
        "KeyManager": key.key_manager().map(|who| who.as_str()), "KeySpec": key.key_spec().map(|spec| spec.as_str()),
        "MultiRegion": key.multi_region(), "Description": key.description(),
    })
}

async fn policy(client: &Client, id: &str) -> PortResult<Value> {
    let answer =
        client.get_key_policy().key_id(id).policy_name("default").send().await.map_err(map("kms:GetKeyPolicy"))?;
    Ok(json!(answer.policy()))
}

/// Null for a key that has no rotation to speak of, such as an asymmetric one.
async fn rotation(client: &Client, id: &str) -> PortResult<Value> {
    match client.get_key_rotation_status().key_id(id).send().await.map_err(map("kms:GetKeyRotationStatus")) {
        Ok(answer) => Ok(json!(answer.key_rotation_enabled())),
        Err(error)
            if matches!(error.code.as_deref(), Some("UnsupportedOperationException" | "KMSInvalidStateException")) =>
        {
            Ok(Value::Null)
        }
        Err(error) => Err(error),
    }
}

async fn grants(client: &Client, id: &str) -> PortResult<Value> {
    let (mut grants, mut after) = (Vec::new(), None);
    loop {
        let call = client.list_grants().key_id(id).limit(GRANTS).set_marker(after);
        let answer = call.send().await.map_err(map("kms:ListGrants"))?;
        grants.extend(answer.grants().iter().map(grant));
        after = answer.next_marker().filter(|_| answer.truncated()).map(str::to_owned);
        if after.is_none() {
            return Ok(Value::Array(grants));
        }
    }
}

fn grant(grant: &GrantListEntry) -> Value {
    let operations: Vec<_> = grant.operations().iter().map(|operation| operation.as_str()).collect();
    let constraints = grant.constraints().map(|constraints| {
        let mut members = serde_json::Map::new();
        let pairs = [
            ("EncryptionContextSubset", constraints.encryption_context_subset()),
            ("EncryptionContextEquals", constraints.encryption_context_equals()),
        ];
        members.extend(pairs.into_iter().filter_map(|(name, pairs)| Some((name.to_owned(), json!(pairs?)))));
        members.extend(constraints.source_arn().map(|arn| ("SourceArn".to_owned(), json!(arn))));
        members
    });
    let mut entry = serde_json::Map::new();
    let texts = [
        ("KeyId", grant.key_id()),
        ("GrantId", grant.grant_id()),
        ("Name", grant.name()),
        ("GranteePrincipal", grant.grantee_principal()),
        ("RetiringPrincipal", grant.retiring_principal()),
        ("IssuingAccount", grant.issuing_account()),
        ("GranteeServicePrincipal", grant.grantee_service_principal()),
        ("RetiringServicePrincipal", grant.retiring_service_principal()),
    ];
    entry.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))));
    entry.extend(grant.creation_date().map(|at| ("CreationDate".to_owned(), moment(Some(at)))));
    entry.insert("Operations".to_owned(), json!(operations));
    entry.extend(constraints.map(|constraints| ("Constraints".to_owned(), Value::Object(constraints))));
    Value::Object(entry)
}

/// Null where KMS doesn't tell.
async fn usage(client: &Client, id: &str) -> PortResult<Value> {
    let answer = client.get_key_last_usage().key_id(id).send().await.map_err(map("kms:GetKeyLastUsage"));
    let answer = match answer {
        Ok(answer) => answer,
        // A Region, or a partition, without the operation: not evaluated, as of a file that doesn't hold it.
        Err(error)
            if matches!(error.code.as_deref(), Some("UnknownOperationException" | "UnsupportedOperationException")) =>
        {
            return Ok(Value::Null);
        }
        Err(error) => return Ok(if error.kind.is_temporary() { return Err(error) } else { unread(&error) }),
    };
    let used = answer.key_last_usage().and_then(|usage| usage.timestamp());
    Ok(json!({
        "TrackingStartDate": moment(answer.tracking_start_date()),
        "KeyLastUsage": used.map_or(json!({}), |at| json!({"Timestamp": moment(Some(at))})),
    }))
}
