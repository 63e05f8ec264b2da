//! What is remembered, and the keys that everything is encrypted with.

use super::check::{Check, Verdict, advised, mended_by};
use super::stack::{BUCKET, EvidencePlace, JOURNAL_KEY, KEYS, Stack, TABLE, is_key};
use aws_adapters::deployed::{Bucket, DeployedKey};
use futures::future::join_all;

pub(super) async fn checks(stack: &Stack) -> Vec<Check> {
    let keys = stack.ids(&KEYS).map(|(logical_id, id)| key(stack, logical_id, id));
    let (table, evidence, keys) = tokio::join!(table(stack), evidence(stack), join_all(keys));
    [table, evidence].into_iter().chain(keys).flatten().collect()
}

async fn table(stack: &Stack) -> Vec<Check> {
    let (Some(name), Some(key)) = (stack.id(TABLE), stack.id(JOURNAL_KEY)) else { return Vec::new() };
    let (table, recoverable) = tokio::join!(stack.reader.table(name), stack.reader.table_recoverable(name));
    vec![
        Check::of("table-encrypted", TABLE, &table, |table| table_encrypted(table.key.as_deref(), name, key)),
        Check::of("table-protected", TABLE, &table, |table| table_protected(table.deletion_protected, name)),
        Check::of("table-recoverable", TABLE, &recoverable, |recoverable| table_recoverable(*recoverable, name)),
    ]
}

fn table_encrypted(found: Option<&str>, name: &str, key: &str) -> Verdict {
    if found.is_some_and(|found| is_key(found, key)) {
        return Ok(());
    }
    mended_by(
        format!("it is encrypted with {}, not with JournalKey", found.unwrap_or("DynamoDB's own key")),
        format!(
            "aws dynamodb update-table --table-name {name} --sse-specification Enabled=true,SSEType=KMS,KMSMasterKeyId={key}"
        ),
    )
}

fn table_protected(protected: bool, name: &str) -> Verdict {
    if protected {
        return Ok(());
    }
    mended_by(
        "nothing protects it from deletion",
        format!("aws dynamodb update-table --table-name {name} --deletion-protection-enabled"),
    )
}

fn table_recoverable(recoverable: bool, name: &str) -> Verdict {
    if recoverable {
        return Ok(());
    }
    mended_by(
        "it has no point-in-time recovery: an altered journal could not be compared with its past",
        format!(
            "aws dynamodb update-continuous-backups --table-name {name} --point-in-time-recovery-specification \
             PointInTimeRecoveryEnabled=true"
        ),
    )
}

const BUCKET_CHECKS: [&str; 4] = ["bucket-versioned", "bucket-locked", "bucket-private", "bucket-encrypted"];

/// The bucket and the key that evidence goes to, whosever they are.
async fn evidence(stack: &Stack) -> Vec<Check> {
    let place = match &stack.evidence {
        Ok(place) => place,
        Err(error) => return BUCKET_CHECKS.map(|id| Check::unchecked(id, BUCKET, error)).into(),
    };
    let subject = if stack.id(BUCKET) == Some(place.bucket.as_str()) { BUCKET } else { place.bucket.as_str() };
    // A key that the stack made is among its keys.
    let foreign_key = async {
        if !stack.keeps_evidence_elsewhere() {
            return Vec::new();
        }
        key(stack, &place.key, &place.key).await
    };
    let (bucket, key) = tokio::join!(bucket(stack, subject, place), foreign_key);
    bucket.into_iter().chain(key).collect()
}

async fn bucket(stack: &Stack, subject: &str, place: &EvidencePlace) -> Vec<Check> {
    let (reader, name) = (&stack.reader, place.bucket.as_str());
    let bucket = Bucket { name, owner: place.account.as_deref() };
    let (versioned, locked, private, found) = tokio::join!(
        reader.bucket_versioned(&bucket),
        reader.bucket_locked(&bucket),
        reader.bucket_private(&bucket),
        reader.bucket_key(&bucket)
    );
    let [is_versioned, is_locked, is_private, is_encrypted] = BUCKET_CHECKS;
    vec![
        Check::of(is_versioned, subject, &versioned, |versioned| bucket_versioned(*versioned, name)),
        Check::of(is_locked, subject, &locked, |locked| bucket_locked(*locked, name)),
        Check::of(is_private, subject, &private, |private| bucket_private(*private, name)),
        Check::of(is_encrypted, subject, &found, |found| bucket_encrypted(found.as_deref(), name, &place.key)),
    ]
}

fn bucket_versioned(versioned: bool, name: &str) -> Verdict {
    if versioned {
        return Ok(());
    }
    mended_by(
        "it keeps no versions: evidence can be overwritten",
        format!("aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"),
    )
}

fn bucket_locked(locked: bool, name: &str) -> Verdict {
    if locked {
        return Ok(());
    }
    mended_by(
        "new evidence is not locked: it can be deleted",
        format!(
            "aws s3api put-object-lock-configuration --bucket {name} --object-lock-configuration \
             '{{\"ObjectLockEnabled\":\"Enabled\",\"Rule\":{{\"DefaultRetention\":{{\"Mode\":\"GOVERNANCE\",\"Days\":90}}}}}}'"
        ),
    )
}

fn bucket_private(private: bool, name: &str) -> Verdict {
    if private {
        return Ok(());
    }
    mended_by(
        "public access is not blocked",
        format!(
            "aws s3api put-public-access-block --bucket {name} --public-access-block-configuration \
             BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
        ),
    )
}

fn bucket_encrypted(found: Option<&str>, name: &str, key: &str) -> Verdict {
    if found.is_some_and(|found| is_key(found, key) || is_key(key, found)) {
        return Ok(());
    }
    mended_by(
        format!("it is encrypted with {}, not with the evidence key", found.unwrap_or("S3's own key")),
        format!(
            "aws s3api put-bucket-encryption --bucket {name} --server-side-encryption-configuration \
             '{{\"Rules\":[{{\"ApplyServerSideEncryptionByDefault\":{{\"SSEAlgorithm\":\"aws:kms\",\"KMSMasterKeyID\":\"{key}\"}},\
             \"BucketKeyEnabled\":true}}]}}'"
        ),
    )
}

async fn key(stack: &Stack, logical_id: &str, id: &str) -> Vec<Check> {
    let key = stack.reader.key(id).await;
    let mut checks = vec![Check::of("key-enabled", logical_id, &key, |key| key_enabled(key, id))];
    // Whether an asymmetric key rotates is no question; whether an unknown one does is.
    if !matches!(&key, Ok(key) if !key.symmetric) {
        let rotates = stack.reader.key_rotates(id).await;
        checks.push(Check::of("key-rotates", logical_id, &rotates, |rotates| key_rotates(*rotates, id)));
    }
    checks
}

fn key_enabled(key: &DeployedKey, id: &str) -> Verdict {
    match key.state.as_str() {
        "Enabled" => Ok(()),
        "PendingDeletion" => mended_by(
            "it is about to be deleted, with everything that only it can decrypt",
            format!("aws kms cancel-key-deletion --key-id {id} && aws kms enable-key --key-id {id}"),
        ),
        "Disabled" => mended_by("it is disabled", format!("aws kms enable-key --key-id {id}")),
        other => advised(format!("it is {other}"), format!("see aws kms describe-key --key-id {id}")),
    }
}

fn key_rotates(rotates: bool, id: &str) -> Verdict {
    if rotates {
        return Ok(());
    }
    mended_by("it does not rotate", format!("aws kms enable-key-rotation --key-id {id}"))
}

#[cfg(test)]
mod tests {
    use super::{bucket_encrypted, key_enabled, table_encrypted};
    use aws_adapters::deployed::DeployedKey;

    #[test]
    fn only_an_enabled_key_is_well() {
        let judged = |state: &str| key_enabled(&DeployedKey { state: state.to_owned(), symmetric: true }, "id");
        assert!(judged("Enabled").is_ok());
        for state in ["Disabled", "PendingDeletion", "Unavailable", "(not said)"] {
            assert!(judged(state).is_err(), "{state}");
        }
    }

    #[test]
    fn awss_own_keys_and_other_keys_are_not_the_stacks() {
        let own = "arn:aws:kms:eu-west-1:123456789012:key/k1";
        assert!(table_encrypted(Some(own), "t", "k1").is_ok());
        assert!(bucket_encrypted(Some(own), "b", "k1").is_ok());
        for other in [None, Some("alias/aws/s3"), Some("arn:aws:kms:eu-west-1:123456789012:key/k2")] {
            assert!(table_encrypted(other, "t", "k1").is_err(), "{other:?}");
            assert!(bucket_encrypted(other, "b", "k1").is_err(), "{other:?}");
        }
    }
}
