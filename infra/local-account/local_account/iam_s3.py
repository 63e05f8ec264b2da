"""S3 requests, with what they need of the KMS key that encrypts the object.

Source: "Required permissions for Amazon S3 API operations" in the Amazon S3 user guide, and "Actions, resources, and
condition keys for Amazon S3" in the Service Authorization Reference.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from moto.s3.models import FakeKey

from .account import Account
from .authorization import Authorization, request_tags
from .aws_request import AwsRequest
from .kms_keys import uses
from .other_accounts import find_bucket

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
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
}
# A request that names a version needs the permission for versions.
_FOR_A_VERSION = {
    "GetObject": "GetObjectVersion",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObject": "DeleteObjectVersion",
}
_READS = {"GetObject", "GetObjectVersion", "GetObjectAttributes", "GetObjectVersionAttributes"}
_CONTEXT_HEADERS = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-acl",
    "x-amz-storage-class",
    "if-none-match",
)
_CONTEXT_QUERY = {"delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
_LOCK_HEADERS = {
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
}


def authorizations(account: Account, request: AwsRequest) -> list[Authorization]:
    bucket, key, version = (request.params.get(name) for name in ("Bucket", "Key", "versionId"))
    action = _PERMISSIONS.get(request.action, request.action)
    if bucket is None:
        return [Authorization(f"s3:{action}", "*")]
    arn = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    context: dict[str, Any] = {f"s3:{n}": request.headers[n] for n in _CONTEXT_HEADERS if n in request.headers}
    needed = []
    if version:
        action = _FOR_A_VERSION.get(action, action)
        context["s3:versionid"] = version
    if request.headers.get("x-amz-bypass-governance-retention", "").lower() == "true":
        needed.append(Authorization("s3:BypassGovernanceRetention", arn, context))
    if action == "PutObject":
        needed += _for_writing(account, request, bucket, arn, context)
    if key and action in _READS:
        needed += _for_reading(account, action, bucket, key, version, context)
    if action in ("ListBucket", "ListBucketVersions"):
        context["s3:prefix"] = request.params.get("prefix", "")
        context.update(
            {name: request.params[query] for query, name in _CONTEXT_QUERY.items() if query in request.params}
        )
    return [Authorization(f"s3:{action}", arn, context), *needed]


def _for_writing(
    account: Account, request: AwsRequest, bucket: str, arn: str, context: dict[str, Any]
) -> list[Authorization]:
    needed = []
    tags = dict(parse_qsl(request.headers.get("x-amz-tagging", "")))
    context.update(request_tags(tags))
    locks = {name: request.headers[header] for header, name in _LOCK_HEADERS.items() if header in request.headers}
    context.update(locks)
    if tags:
        needed.append(Authorization("s3:PutObjectTagging", arn, context))
    if "x-amz-object-lock-mode" in request.headers:
        needed.append(Authorization("s3:PutObjectRetention", arn, context))
    if "x-amz-object-lock-legal-hold" in request.headers:
        needed.append(Authorization("s3:PutObjectLegalHold", arn, context))
    return needed + uses(account, "s3", _key_for_writing(account, request, bucket), "GenerateDataKey")


def _for_reading(
    account: Account, action: str, bucket: str, key: str, version: str | None, context: dict[str, Any]
) -> list[Authorization]:
    stored = _stored(account, bucket, key, version)
    if stored is None:
        # Who may not list a bucket isn't told that an object is missing.
        return [Authorization("s3:ListBucket", f"arn:aws:s3:::{bucket}", {})]
    needed = uses(account, "s3", getattr(stored, "kms_key_id", None), "Decrypt")
    if action.endswith("Attributes"):
        read = "GetObjectVersion" if version else "GetObject"
        needed.append(Authorization(f"s3:{read}", f"arn:aws:s3:::{bucket}/{key}", context))
    return needed


def _key_for_writing(account: Account, request: AwsRequest, bucket: str) -> str | None:
    """The customer-managed key of the request or else of the bucket's default encryption."""
    algorithm = request.headers.get("x-amz-server-side-encryption")
    if algorithm:
        return (
            request.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
            if algorithm.startswith("aws:kms")
            else None
        )
    found = find_bucket(account, bucket)
    if found is None or not found.encryption:
        return None
    rules = found.encryption["Rule"]
    default = (rules[0] if isinstance(rules, list) else rules)["ApplyServerSideEncryptionByDefault"]
    return default.get("KMSMasterKeyID")


def _stored(account: Account, bucket: str, key: str, version: str | None) -> Any:
    """The object's newest version or the one asked for; None where there is none, or a delete marker."""
    found = find_bucket(account, bucket)
    versions = found.keys.getlist(key, default=[]) if found else []
    wanted = versions[-1:] if version is None else [each for each in versions if str(each.version_id) == version]
    return next((each for each in wanted if isinstance(each, FakeKey)), None)
