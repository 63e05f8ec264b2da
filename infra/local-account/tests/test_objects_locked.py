"""Locked, versioned, encrypted objects: kept, found again, and refused in AWS's own words."""

from __future__ import annotations

import base64
import hashlib
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from account_process import AccountProcess, allow
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from test_iam_enforcement import refusal

BODY = b'{"incident": "x"}'


class BodyLeftOut(S3SigV4Auth):
    """Signs everything but the body, and says so."""

    def payload(self, request: AWSRequest) -> str:
        return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"



def template(mode: str, key: str) -> str:
    return f"""
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      ObjectLockEnabled: true
      VersioningConfiguration: {{Status: Enabled}}
      ObjectLockConfiguration:
        ObjectLockEnabled: Enabled
        Rule: {{DefaultRetention: {{Mode: {mode}, Days: 30}}}}
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {{SSEAlgorithm: aws:kms, KMSMasterKeyID: "{key}"}}
"""


@pytest.fixture(scope="module")
def key(account: AccountProcess) -> str:
    return str(account.client("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module", params=["GOVERNANCE"])
def bucket(account: AccountProcess, key: str, request: pytest.FixtureRequest) -> str:
    deployed = {"template": template(request.param, key), "stack_name": f"locked-{request.param}".lower()}
    return str(account.door("POST", "deploy", deployed)["resources"]["Bucket"]["physical_id"])


def put(account: AccountProcess, bucket: str, name: str, **more: Any) -> str:
    """The version made by an upload as the functions make it."""
    answer = account.client("s3").put_object(
        Bucket=bucket, Key=name, Body=BODY, IfNoneMatch="*", ChecksumAlgorithm="SHA256", **more
    )
    return str(answer["VersionId"])


@contextmanager
def refused(code: str, status: int) -> Iterator[None]:
    with pytest.raises(ClientError) as error:
        yield
    answer = error.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_an_upload_is_versioned_locked_and_encrypted_without_being_asked_to(
    account: AccountProcess, bucket: str, key: str
) -> None:
    version = put(account, bucket, "evidence/a")
    head = account.client("s3").head_object(Bucket=bucket, Key="evidence/a", ChecksumMode="ENABLED")
    kept = head["ObjectLockRetainUntilDate"] - datetime.now(timezone.utc)
    assert (head["VersionId"], head["ObjectLockMode"]) == (version, "GOVERNANCE")
    assert timedelta(days=29) < kept < timedelta(days=31)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
    assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    retention = account.client("s3").get_object_retention(Bucket=bucket, Key="evidence/a")["Retention"]
    assert retention == {"Mode": "GOVERNANCE", "RetainUntilDate": head["ObjectLockRetainUntilDate"]}


def test_an_object_that_is_there_is_not_written_twice_under_if_none_match(
    account: AccountProcess, bucket: str
) -> None:
    put(account, bucket, "evidence/once")
    with refused("PreconditionFailed", 412):
        put(account, bucket, "evidence/once")


def test_a_locked_version_is_deleted_only_with_the_bypass(account: AccountProcess, bucket: str) -> None:
    s3, version = account.client("s3"), put(account, bucket, "evidence/locked")
    delete = partial(s3.delete_object, Bucket=bucket, Key="evidence/locked", VersionId=version)
    with refused("AccessDenied", 403):
        delete()
    with refused("AccessDenied", 403):
        delete(BypassGovernanceRetention=False)
    several = s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "evidence/locked", "VersionId": version}]}
    )
    assert [error["Code"] for error in several["Errors"]] == ["AccessDenied"]
    delete(BypassGovernanceRetention=True)
    assert s3.list_object_versions(Bucket=bucket, Prefix="evidence/locked").get("Versions", []) == []


def test_a_delete_marker_hides_the_object_and_leaves_every_version(account: AccountProcess, bucket: str) -> None:
    s3, version = account.client("s3"), put(account, bucket, "evidence/hidden")
    marker = s3.delete_object(Bucket=bucket, Key="evidence/hidden")
    assert marker["DeleteMarker"] is True
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="evidence/hidden")
    headers = error.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert (error.value.response["Error"]["Code"], headers["x-amz-delete-marker"]) == ("NoSuchKey", "true")
    with refused("MethodNotAllowed", 405):
        s3.get_object(Bucket=bucket, Key="evidence/hidden", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="evidence/hidden", VersionId=version)["Body"].read() == BODY
    listed = s3.list_object_versions(Bucket=bucket, Prefix="evidence/hidden")
    assert [each["VersionId"] for each in listed["Versions"]] == [version]
    assert [each["IsLatest"] for each in listed["DeleteMarkers"]] == [True]
    assert s3.list_objects_v2(Bucket=bucket, Prefix="evidence/hidden")["KeyCount"] == 0


def test_retention_is_not_shortened_nor_versioning_suspended(account: AccountProcess, bucket: str) -> None:
    s3 = account.client("s3")
    put(account, bucket, "evidence/kept")
    until = datetime.now(timezone.utc).replace(microsecond=0)
    retain = partial(s3.put_object_retention, Bucket=bucket, Key="evidence/kept")
    sooner = {"Mode": "GOVERNANCE", "RetainUntilDate": until + timedelta(days=1)}
    with refused("AccessDenied", 403):
        retain(Retention=sooner)
    retain(Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until + timedelta(days=60)})
    with refused("AccessDenied", 403):
        retain(Retention=sooner, BypassGovernanceRetention=True)
    suspend = partial(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert refusal(suspend) == "InvalidBucketState"


@pytest.mark.parametrize("bucket", ["COMPLIANCE"], indirect=True)
def test_nobody_deletes_a_version_in_compliance(account: AccountProcess, bucket: str) -> None:
    version = put(account, bucket, "evidence/compliance")
    with refused("AccessDenied", 403):
        account.client("s3").delete_object(
            Bucket=bucket, Key="evidence/compliance", VersionId=version, BypassGovernanceRetention=True
        )


def test_a_body_that_does_not_match_its_checksum_is_not_stored(account: AccountProcess, bucket: str) -> None:
    s3, wrong = account.client("s3"), base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="evidence/torn", Body=BODY, ChecksumSHA256=wrong)
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="evidence/torn", Body=BODY, ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="evidence/torn")


def test_a_body_that_speaks_of_checksums_keeps_its_own(account: AccountProcess, bucket: str) -> None:
    body = b"x-amz-checksum-sha256:AAAA=\r\n" * 3
    s3 = account.client("s3")
    stored = s3.put_object(Bucket=bucket, Key="evidence/hostile", Body=body, ChecksumAlgorithm="SHA256")
    assert stored["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert s3.get_object(Bucket=bucket, Key="evidence/hostile", ChecksumMode="ENABLED")["Body"].read() == body


def test_pages_of_objects_follow_on(account: AccountProcess, bucket: str) -> None:
    for number in range(5):
        put(account, bucket, f"pages/{number}")
    pages = account.client("s3").get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="pages/", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Contents"]) for page in pages] == [2, 2, 1]


def test_versions_and_the_bypass_need_permissions_of_their_own(account: AccountProcess, bucket: str, key: str) -> None:
    version = put(account, bucket, "evidence/guarded")
    everything = f"arn:aws:s3:::{bucket}/*"
    decrypt = allow("kms:Decrypt", resource=key)
    reader = account.client("s3", account.session("objects-reads", allow("s3:GetObject", resource=everything), decrypt))
    on_versions = ("s3:GetObjectVersion", "s3:DeleteObjectVersion")
    versions = account.client(
        "s3", account.session("objects-versions", allow(*on_versions, resource=everything), decrypt)
    )
    this = {"Bucket": bucket, "Key": "evidence/guarded"}
    assert refusal(partial(reader.get_object, **this)) is None
    assert refusal(partial(reader.get_object, **this, VersionId=version)) == "AccessDenied"
    assert refusal(partial(versions.get_object, **this)) == "AccessDenied"
    assert refusal(partial(versions.get_object, **this, VersionId=version)) is None
    bypass = partial(versions.delete_object, **this, VersionId=version, BypassGovernanceRetention=True)
    assert refusal(bypass) == "AccessDenied"
    assert account.client("s3").head_object(**this)["VersionId"] == version


def test_an_old_version_needs_the_key_it_was_encrypted_with(account: AccountProcess, bucket: str, key: str) -> None:
    version = put(account, bucket, "evidence/keyed")
    account.client("s3").delete_object(Bucket=bucket, Key="evidence/keyed")
    only_objects = allow("s3:GetObjectVersion", resource=f"arn:aws:s3:::{bucket}/*")
    keyless = account.session("objects-keyless-reader", only_objects)
    read = partial(account.client("s3", keyless).get_object, Bucket=bucket, Key="evidence/keyed", VersionId=version)
    assert refusal(read) == "AccessDenied"


def test_who_may_not_list_is_not_told_that_an_object_is_missing(account: AccountProcess, bucket: str) -> None:
    read = allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*")
    listing = allow("s3:ListBucket", resource=f"arn:aws:s3:::{bucket}")
    missing = {"Bucket": bucket, "Key": "evidence/never"}
    blind = account.client("s3", account.session("objects-blind", read))
    seeing = account.client("s3", account.session("objects-seeing", read, listing))
    assert refusal(partial(blind.get_object, **missing)) == "AccessDenied"
    assert refusal(partial(seeing.get_object, **missing)) == "NoSuchKey"


@pytest.mark.parametrize(("body", "status"), [(BODY, 200), (BODY + b" ", 400)])
def test_a_checksum_in_a_trailer_is_compared_too(
    account: AccountProcess, bucket: str, body: bytes, status: int
) -> None:
    """As SDKs send it that begin to upload before they have read everything."""
    checksum = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
    trailer = f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
    name = f"evidence/trailer-{status}"
    sent = f"{len(body):x}\r\n".encode() + body + b"\r\n" + trailer
    signed = AWSRequest(
        "PUT",
        f"{account.ready['endpoint']}/{bucket}/{name}",
        {
            "Content-Encoding": "aws-chunked",
            "Content-Type": "application/json",
            "X-Amz-Decoded-Content-Length": str(len(body)),
            "X-Amz-Trailer": "x-amz-checksum-crc32",
        },
        sent,
    )
    BodyLeftOut(Credentials("test", "test"), "s3", "us-east-1").add_auth(signed)
    request = urllib.request.Request(signed.url, sent, dict(signed.headers.items()), method="PUT")
    try:
        answered = urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        answered = error.code
        assert b"BadDigest" in error.read()
    assert answered == status
    if status == 200:
        stored = account.client("s3").get_object(Bucket=bucket, Key=name, ChecksumMode="ENABLED")
        assert (stored["Body"].read(), stored["ChecksumCRC32"]) == (body, checksum)


def test_versioning_is_answered_under_s3s_own_name(account: AccountProcess, bucket: str) -> None:
    """An SDK may refuse a document of another name; boto3 takes any."""
    request = AWSRequest("GET", f"{account.ready['endpoint']}/{bucket}?versioning")
    S3SigV4Auth(Credentials("test", "test"), "s3", "us-east-1").add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers.items()))) as answer:
        body = answer.read().decode()
    assert "<VersioningConfiguration " in body and body.rstrip().endswith("</VersioningConfiguration>")
    assert "<Status>Enabled</Status>" in body
