"""S3 requests, with what they need of the KMS key that encrypts the object.

Source: "Required permissions for Amazon S3 API operations" in the Amazon S3 user guide, and "Actions, resources, and
condition keys for Amazon S3" in the Service Authorization Reference.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from moto.s3.models import s3_backends

from .account import Account
from .authorization import Authorization, request_tags
from .aws_request import AwsRequest
from .kms_keys import uses

_PERMISSIONS = {
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListBuckets": "ListAllMyBuckets",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
}
_CONTEXT_HEADERS = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-acl",
    "x-amz-storage-class",
    "if-none-match",
)


def authorizations(account: Account, request: AwsRequest) -> list[Authorization]:
    bucket, key = request.params.get("Bucket"), request.params.get("Key")
    if bucket is None:
        return [Authorization(f"s3:{_PERMISSIONS.get(request.action, request.action)}", "*")]
    arn = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    action = _PERMISSIONS.get(request.action, request.action)
    context: dict[str, Any] = {f"s3:{n}": request.headers[n] for n in _CONTEXT_HEADERS if n in request.headers}
    needed = []
    if action == "PutObject":
        tags = dict(parse_qsl(request.headers.get("x-amz-tagging", "")))
        context.update(request_tags(tags))
        if tags:
            needed.append(Authorization("s3:PutObjectTagging", arn, context))
        if "x-amz-object-lock-mode" in request.headers:
            needed.append(Authorization("s3:PutObjectRetention", arn, context))
        needed += uses(account, "s3", _key_for_writing(account, request, bucket), "GenerateDataKey")
    if action == "GetObject":
        needed += uses(account, "s3", _key_of_object(account, bucket, key), "Decrypt")
    if action == "ListBucket":
        context["s3:prefix"] = request.params.get("prefix", "")
    return [Authorization(f"s3:{action}", arn, context), *needed]


def _key_for_writing(account: Account, request: AwsRequest, bucket: str) -> str | None:
    """The customer-managed key of the request or else of the bucket's default encryption."""
    algorithm = request.headers.get("x-amz-server-side-encryption")
    if algorithm:
        return (
            request.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
            if algorithm.startswith("aws:kms")
            else None
        )
    found = s3_backends[account.account_id]["aws"].buckets.get(bucket)
    if found is None or not found.encryption:
        return None
    rules = found.encryption["Rule"]
    default = (rules[0] if isinstance(rules, list) else rules)["ApplyServerSideEncryptionByDefault"]
    return default.get("KMSMasterKeyID")


def _key_of_object(account: Account, bucket: str, key: str | None) -> str | None:
    found = s3_backends[account.account_id]["aws"].buckets.get(bucket)
    stored = found.keys.get(key) if found and key else None
    return getattr(stored, "kms_key_id", None) if stored is not None else None
