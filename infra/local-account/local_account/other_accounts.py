"""Accounts beside the first, for what a deployment keeps in another: S3 and KMS alone.

An access key of twelve digits, with root's secret, is the root user of the account with that number. A resource of
another account takes a yes from both: the caller's own policies and the resource's.

Source: "Cross-account policy evaluation logic" in the IAM user guide; "Allowing users in other accounts to use a KMS
key" in the AWS KMS developer guide; "Verifying bucket ownership with bucket owner condition" in the Amazon S3 user
guide.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from moto.s3.models import s3_backends

from .account import Account
from .aws_request import AwsRequest

_S3 = "arn:aws:s3:::"
_NUMBER = re.compile(r"\d{12}")
_SERVICES = {"s3", "kms"}


def number_of(account: Account, access_key: str) -> str | None:
    """The other account whose root user has this access key."""
    return access_key if _NUMBER.fullmatch(access_key) and access_key != account.account_id else None


def as_seen_by(account: Account, number: str) -> Account:
    """The same cloud, as another account's caller sees it."""
    return account if number == account.account_id else dataclasses.replace(account, account_id=number)


def unserved(account: Account, request: AwsRequest, number: str) -> bool:
    return number != account.account_id and request.service not in _SERVICES


def answered_in(request: AwsRequest, number: str) -> str:
    """The account in which moto shall look: S3 finds any bucket by its name, KMS a foreign key only in its own."""
    key = str(request.params.get("KeyId", "")) if request.service == "kms" else ""
    return owner_of_arn(key) or number


def owner_of_arn(arn: str) -> str | None:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and _NUMBER.fullmatch(parts[4]) else None


def owner_of(account: Account, resource: str) -> str:
    """Whose a resource is. Where its ARN doesn't say, and nobody has it, the caller's."""
    if resource.startswith(_S3):
        return bucket_owner(resource.removeprefix(_S3).split("/")[0]) or account.account_id
    return owner_of_arn(resource) or account.account_id


def bucket_owner(name: str) -> str | None:
    found = s3_backends.bucket_accounts.get(name)
    return found[1] if found else None


def find_bucket(account: Account, name: str) -> Any:
    """moto's record of a bucket, whosever it is; None where there is none."""
    return s3_backends[bucket_owner(name) or account.account_id]["aws"].buckets.get(name)


def meant_for_another(request: AwsRequest) -> bool:
    """Whether a request to S3 names an owner that the bucket doesn't have."""
    expected = request.headers.get("x-amz-expected-bucket-owner")
    if request.service != "s3" or expected is None:
        return False
    owner = bucket_owner(str(request.params.get("Bucket", "")))
    return owner is not None and owner != expected
