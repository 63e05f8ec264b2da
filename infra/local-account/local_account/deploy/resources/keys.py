"""AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

import json

from local_account.deploy.creation import Created, Creation, Maker


def key(creation: Creation) -> Created:
    kms, properties = creation.clients["kms"], creation.properties
    rotates = properties.take("EnableKeyRotation", False)
    made = kms.create_key(
        Description=properties.take("Description", ""),
        KeySpec=properties.take("KeySpec", "SYMMETRIC_DEFAULT"),
        KeyUsage=properties.take("KeyUsage", "ENCRYPT_DECRYPT"),
        Policy=json.dumps(properties.require("KeyPolicy")),
        Tags=[{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.take("Tags", [])],
    )["KeyMetadata"]
    if rotates:
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return Created(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


def alias(creation: Creation) -> Created:
    name = creation.properties.require("AliasName")
    creation.clients["kms"].create_alias(AliasName=name, TargetKeyId=creation.properties.require("TargetKeyId"))
    return Created(name)


MAKERS: dict[str, Maker] = {"AWS::KMS::Key": key, "AWS::KMS::Alias": alias}
