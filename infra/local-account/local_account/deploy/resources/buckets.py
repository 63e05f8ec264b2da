"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from __future__ import annotations

import json
from typing import Any

from local_account.deploy.creation import Created, Creation, Maker


def bucket(creation: Creation) -> Created:
    s3, properties = creation.clients["s3"], creation.properties
    name = properties.take("BucketName") or creation.generated_name(63).lower()
    parameters: dict[str, Any] = {"Bucket": name}
    if creation.region != "us-east-1":
        # us-east-1 is the one Region that S3 refuses to be told.
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": creation.region}
    if properties.take("ObjectLockEnabled", False):
        parameters["ObjectLockEnabledForBucket"] = True
    s3.create_bucket(**parameters)
    _configure(creation, name)
    return Created(name, {"Arn": f"arn:aws:s3:::{name}"})


def _configure(creation: Creation, name: str) -> None:
    """One S3 call a property; versioning before the lock, which needs it."""
    s3, properties = creation.clients["s3"], creation.properties
    versioning = properties.take("VersioningConfiguration")
    if versioning is not None:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
    lock = properties.take("ObjectLockConfiguration")
    if lock is not None:
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    encryption = properties.take("BucketEncryption")
    if encryption is not None:
        rules = [_encryption_rule(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    ownership = properties.take("OwnershipControls")
    if ownership is not None:
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=ownership)
    lifecycle = properties.take("LifecycleConfiguration")
    if lifecycle is not None:
        rules = [_lifecycle_rule(rule) for rule in lifecycle["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    public_access = properties.take("PublicAccessBlockConfiguration")
    if public_access is not None:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=public_access)


def _encryption_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """The same rule under the name that S3's API gives its default."""
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {names.get(name, name): value for name, value in rule.items()}


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """The same rule in the form that S3's API takes."""
    forms = {
        "Id": lambda value: {"ID": value},
        "Status": lambda value: {"Status": value},
        "Prefix": lambda value: {"Filter": {"Prefix": value}},
        "ExpirationInDays": lambda value: {"Expiration": {"Days": int(value)}},
        "NoncurrentVersionExpiration": lambda value: {
            "NoncurrentVersionExpiration": {"NoncurrentDays": int(value["NoncurrentDays"])}
        },
    }
    unknown = sorted(set(rule) - set(forms))
    assert not unknown, f"lifecycle rules are not made with {', '.join(unknown)}"
    return {name: value for key in rule for name, value in forms[key](rule[key]).items()}


def bucket_policy(creation: Creation) -> Created:
    name = creation.properties.require("Bucket")
    document = json.dumps(creation.properties.require("PolicyDocument"))
    creation.clients["s3"].put_bucket_policy(Bucket=name, Policy=document)
    return Created(name)


MAKERS: dict[str, Maker] = {"AWS::S3::Bucket": bucket, "AWS::S3::BucketPolicy": bucket_policy}
