"""Asymmetric KMS keys: what they sign verifies offline, and only who may sign can."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import pytest
from account_process import AccountProcess, allow, policy
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from test_iam_enforcement import refusal

MESSAGE = b"the manifest"
DIGEST = hashlib.sha256(MESSAGE).digest()
TEMPLATE = """
Resources:
  SigningKey:
    Type: AWS::KMS::Key
    Properties:
      Description: Signs evidence
      KeySpec: ECC_NIST_P256
      KeyUsage: SIGN_VERIFY
      KeyPolicy:
        Statement: [{Effect: Allow, Principal: {AWS: "arn:aws:iam::123456789012:root"}, Action: "kms:*", Resource: "*"}]
"""


def signing_key(account: AccountProcess, **settings: Any) -> str:
    made = account.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", **settings)
    return str(made["KeyMetadata"]["Arn"])


def signed(account: AccountProcess, key: str, message: bytes, kind: str) -> bytes:
    answer = account.client("kms").sign(
        KeyId=key, Message=message, MessageType=kind, SigningAlgorithm="ECDSA_SHA_256"
    )
    assert answer["KeyId"] == key
    return bytes(answer["Signature"])


@pytest.mark.parametrize(("kind", "message"), [("RAW", MESSAGE), ("DIGEST", DIGEST)])
def test_a_signature_verifies_offline_with_the_public_key_alone(
    account: AccountProcess, kind: str, message: bytes
) -> None:
    key = signing_key(account)
    signature = signed(account, key, message, kind)
    shown = account.client("kms").get_public_key(KeyId=key)
    public = load_der_public_key(shown["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert (shown["KeySpec"], shown["SigningAlgorithms"], shown["KeyId"]) == ("ECC_NIST_P256", ["ECDSA_SHA_256"], key)
    public.verify(signature, MESSAGE, ec.ECDSA(SHA256()))
    public.verify(signature, DIGEST, ec.ECDSA(Prehashed(SHA256())))
    with pytest.raises(InvalidSignature):
        public.verify(signature, MESSAGE + b"!", ec.ECDSA(SHA256()))


def test_verify_takes_a_digest_of_what_was_signed_raw_and_refuses_any_other(account: AccountProcess) -> None:
    key = signing_key(account)
    signature = signed(account, key, MESSAGE, "RAW")
    verify = partial(account.client("kms").verify, KeyId=key, Signature=signature, SigningAlgorithm="ECDSA_SHA_256")
    assert verify(Message=DIGEST, MessageType="DIGEST")["SignatureValid"] is True
    other = hashlib.sha256(b"another").digest()
    assert refusal(partial(verify, Message=other, MessageType="DIGEST")) == "KMSInvalidSignatureException"


def test_messages_and_keys_that_cannot_be_signed_with_are_refused_by_name(account: AccountProcess) -> None:
    kms, key = account.client("kms"), signing_key(account)
    symmetric = kms.create_key()["KeyMetadata"]
    ecdsa = partial(kms.sign, SigningAlgorithm="ECDSA_SHA_256")
    assert refusal(partial(ecdsa, KeyId=key, Message=b"short", MessageType="DIGEST")) == "ValidationException"
    assert refusal(partial(ecdsa, KeyId=key, Message=b"x" * 4097, MessageType="RAW")) == "ValidationException"
    wrong = partial(kms.sign, KeyId=key, Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_384")
    assert refusal(wrong) == "InvalidKeyUsageException"
    assert refusal(partial(ecdsa, KeyId=symmetric["Arn"], Message=MESSAGE)) == "InvalidKeyUsageException"
    assert refusal(partial(kms.get_public_key, KeyId=symmetric["Arn"])) == "UnsupportedOperationException"
    assert refusal(partial(kms.enable_key_rotation, KeyId=key)) == "UnsupportedOperationException"
    kms.disable_key(KeyId=key)
    assert refusal(partial(ecdsa, KeyId=key, Message=MESSAGE)) == "DisabledException"
    assert (symmetric["KeyUsage"], symmetric["KeySpec"]) == ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")


def test_a_role_signs_only_as_its_conditions_say(account: AccountProcess) -> None:
    key = signing_key(account)
    only_digests = {"StringEquals": {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"}}
    credentials = account.session("keys-signer", allow("kms:Sign", resource=key, Condition=only_digests))
    sign = partial(account.client("kms", credentials).sign, KeyId=key, SigningAlgorithm="ECDSA_SHA_256")
    assert refusal(partial(sign, Message=DIGEST, MessageType="DIGEST")) is None
    assert refusal(partial(sign, Message=MESSAGE, MessageType="RAW")) == "AccessDeniedException"
    assert refusal(partial(account.client("kms", credentials).get_public_key, KeyId=key)) == "AccessDeniedException"


def test_a_key_policy_that_denies_wins_over_the_role(account: AccountProcess) -> None:
    root = {**allow("kms:*"), "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
    never = {**allow("kms:Sign"), "Effect": "Deny", "Principal": "*"}
    key = signing_key(account, Policy=policy(root, never))
    kms = account.client("kms", account.session("keys-denied-signer", allow("kms:*")))
    sign = partial(kms.sign, KeyId=key, Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_256")
    assert refusal(sign) == "AccessDeniedException"
    assert refusal(partial(kms.get_public_key, KeyId=key)) is None


def test_listing_aliases_is_for_all_keys_and_a_key_is_found_by_its_alias(account: AccountProcess) -> None:
    key = signing_key(account)
    account.client("kms").create_alias(AliasName="alias/signer", TargetKeyId=key)
    by_alias = {"StringEquals": {"kms:RequestAlias": "alias/signer"}}
    kms = account.client(
        "kms", account.session("keys-viewer", allow("kms:ListAliases"), allow("kms:DescribeKey", Condition=by_alias))
    )
    assert "alias/signer" in [alias["AliasName"] for alias in kms.list_aliases(KeyId=key)["Aliases"]]
    assert kms.describe_key(KeyId="alias/signer")["KeyMetadata"]["Arn"] == key
    assert refusal(partial(kms.describe_key, KeyId=key)) == "AccessDeniedException"


def test_a_template_makes_a_signing_key(account: AccountProcess) -> None:
    made = account.door("POST", "deploy", {"template": TEMPLATE, "stack_name": "signing"})
    key = made["resources"]["SigningKey"]["physical_id"]
    described = account.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    assert [described[name] for name in ("KeySpec", "KeyUsage")] == ["ECC_NIST_P256", "SIGN_VERIFY"]
    assert account.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
