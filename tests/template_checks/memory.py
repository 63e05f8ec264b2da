"""The journal, the evidence and the audits."""

from __future__ import annotations

import json

from local_account.iam_policy import Decision, evaluate
from tests.template_checks.deployed import Deployed, check
from tests.template_checks.signals import refuses_plain_http


@check("JournalTable")
def the_journal_is_encrypted_recoverable_and_cannot_be_deleted(deployed: Deployed) -> None:
    dynamodb, name = deployed.clients["dynamodb"], deployed.id("JournalTable")
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]} == {"HASH": "pk", "RANGE": "sk"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSEDescription"]["KMSMasterKeyArn"] == deployed.arn("JournalKey")
    assert table["DeletionProtectionEnabled"] is True
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    keys = {name: [key["AttributeName"] for key in index["KeySchema"]] for name, index in indexes.items()}
    assert keys == {"open-incidents": ["open", "opened_at"], "listed-incidents": ["listed", "opened_at"]}
    assert indexes["open-incidents"]["Projection"] == {"ProjectionType": "ALL"}
    assert indexes["listed-incidents"]["Projection"]["NonKeyAttributes"] == ["state", "instance", "group_name", "verdict"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


@check("EvidenceBucket")
def evidence_is_locked_versioned_encrypted_and_private(deployed: Deployed) -> None:
    s3, bucket = deployed.clients["s3"], deployed.id("EvidenceBucket")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert lock["ObjectLockEnabled"] == "Enabled"
    retention = lock["Rule"]["DefaultRetention"]
    assert (retention["Mode"], retention["Days"]) == ("GOVERNANCE", 90)
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == deployed.arn("EvidenceKey")
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@check("EvidenceBucketPolicy")
def evidence_is_taken_over_tls_and_under_its_own_key_only(deployed: Deployed) -> None:
    document = json.loads(deployed.clients["s3"].get_bucket_policy(Bucket=deployed.id("EvidenceBucket"))["Policy"])
    stored = f"{deployed.arn('EvidenceBucket')}/evidence/x"
    assert refuses_plain_http(document, "s3:GetObject", stored)
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    assert evaluate([document], "s3:PutObject", stored, {header: deployed.arn("EvidenceKey")}) is not Decision.DENIED
    assert evaluate([document], "s3:PutObject", stored, {header: deployed.arn("JournalKey")}) is Decision.DENIED
    assert evaluate([document], "s3:PutObject", stored, {}) is Decision.DENIED


@check("AuditBucket")
def audits_are_versioned_encrypted_private_and_end(deployed: Deployed) -> None:
    s3, bucket = deployed.clients["s3"], deployed.id("AuditBucket")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == deployed.arn("AuditKey")
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (rule["Filter"]["Prefix"], rule["Expiration"]["Days"], rule["Status"]) == ("runs/", 400, "Enabled")


@check("AuditBucketPolicy")
def audits_are_taken_over_tls_and_under_no_other_key(deployed: Deployed) -> None:
    document = json.loads(deployed.clients["s3"].get_bucket_policy(Bucket=deployed.id("AuditBucket"))["Policy"])
    stored = f"{deployed.arn('AuditBucket')}/runs/1/report.json"
    assert refuses_plain_http(document, "s3:GetObject", stored)
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    assert evaluate([document], "s3:PutObject", stored, {header: deployed.arn("AuditKey")}) is not Decision.DENIED
    assert evaluate([document], "s3:PutObject", stored, {header: deployed.arn("JournalKey")}) is Decision.DENIED
