"""Asymmetric KMS keys: signatures that verify with the public key alone, over a message or over its digest.

Source: Sign, Verify, GetPublicKey, EnableKeyRotation and DescribeKey in the AWS KMS API reference, and "Key states of
AWS KMS keys" in its developer guide. moto hashes a digest once more, answers to a wrong signature instead of refusing
it, and signs with disabled keys. RSA keys are left to it.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import ValidationException
from moto.kms.models import KmsBackend
from moto.kms.responses import KmsResponse

from .account import Account
from .patching import overlay

LONGEST_MESSAGE = 4096
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "ECDSA_SHA_256": hashes.SHA256(),
    "ECDSA_SHA_384": hashes.SHA384(),
    "ECDSA_SHA_512": hashes.SHA512(),
}


def install(account: Account) -> None:
    _sign_and_verify()
    _show_public_keys()
    _describe_usage()
    _refuse_rotation()


def _sign_and_verify() -> None:
    @overlay(KmsResponse)
    def sign(moto: Any, self: Any) -> str:
        key = _usable_key(self, "SIGN_VERIFY")
        if not _is_elliptic(key):
            return moto(self)  # type: ignore[no-any-return]
        digest, algorithm = _digest(self, key)
        signature = key.private_key.private_key.sign(digest, ec.ECDSA(utils.Prehashed(algorithm)))
        return json.dumps({**_named(self, key), "Signature": base64.b64encode(signature).decode()})

    @overlay(KmsResponse)
    def verify(moto: Any, self: Any) -> str:
        key = _usable_key(self, "SIGN_VERIFY")
        if not _is_elliptic(key):
            return moto(self)  # type: ignore[no-any-return]
        digest, algorithm = _digest(self, key)
        signature = base64.b64decode(self._get_param("Signature"))
        try:
            key.private_key.private_key.public_key().verify(signature, digest, ec.ECDSA(utils.Prehashed(algorithm)))
        except InvalidSignature:
            # AWS never answers SignatureValid = false.
            raise JsonRESTError("KMSInvalidSignatureException", "The signature is invalid.") from None
        return json.dumps({**_named(self, key), "SignatureValid": True})


def _show_public_keys() -> None:
    @overlay(KmsResponse)
    def get_public_key(moto: Any, self: Any) -> str:
        key = _usable_key(self)
        if key.key_spec == "SYMMETRIC_DEFAULT":
            raise JsonRESTError("UnsupportedOperationException", f"{key.arn} is a symmetric key.")
        return json.dumps({**json.loads(moto(self)), "KeyId": key.arn, "KeySpec": key.key_spec})


def _describe_usage() -> None:
    @overlay(KmsBackend)
    def create_key(moto: Any, self: Any, policy: str | None, key_usage: str | None, *args: Any, **kwargs: Any) -> Any:
        return moto(self, policy, key_usage or "ENCRYPT_DECRYPT", *args, **kwargs)


def _refuse_rotation() -> None:
    @overlay(KmsResponse)
    def enable_key_rotation(moto: Any, self: Any) -> Any:
        key = self.kms_backend.keys.get(self.kms_backend.get_key_id(self._get_param("KeyId")))
        if key is not None and key.key_spec != "SYMMETRIC_DEFAULT":
            raise JsonRESTError("UnsupportedOperationException", f"{key.arn} is not a symmetric encryption key.")
        return moto(self)


def _usable_key(response: Any, usage: str | None = None) -> Any:
    response._validate_key_id(response._get_param("KeyId"))
    key = response.kms_backend.describe_key(response._get_param("KeyId"))
    if key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    if key.key_state != "Enabled":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is in the state {key.key_state}.")
    if usage is not None and key.key_usage != usage:
        raise JsonRESTError("InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage}, not {usage}.")
    return key


def _is_elliptic(key: Any) -> bool:
    return bool(key.key_spec.startswith("ECC_"))


def _digest(response: Any, key: Any) -> tuple[bytes, hashes.HashAlgorithm]:
    """What is signed, and the hash it was, or is now, made with."""
    name, kind = response._get_param("SigningAlgorithm"), response._get_param("MessageType") or "RAW"
    message = response._get_param("Message") or b""
    if name not in key.signing_algorithms:
        raise JsonRESTError(
            "InvalidKeyUsageException", f"Algorithm {name} is incompatible with key spec {key.key_spec}."
        )
    algorithm = _HASHES[name]
    if not 1 <= len(message) <= LONGEST_MESSAGE:
        raise ValidationException(
            "1 validation error detected: Value at 'message' failed to satisfy constraint: "
            f"Member must have length between 1 and {LONGEST_MESSAGE}"
        )
    if kind == "DIGEST":
        if len(message) != algorithm.digest_size:
            raise ValidationException(f"Digest is invalid length for algorithm {name}.")
        return message, algorithm
    if kind != "RAW":
        raise ValidationException(f"The local account does not sign messages of type {kind}.")
    hashed = hashes.Hash(algorithm)
    hashed.update(message)
    return hashed.finalize(), algorithm


def _named(response: Any, key: Any) -> dict[str, str]:
    return {"KeyId": key.arn, "SigningAlgorithm": response._get_param("SigningAlgorithm")}
