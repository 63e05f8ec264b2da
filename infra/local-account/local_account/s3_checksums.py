"""An object arrives whole or not at all: checksums that a caller sends are compared with what arrived.

Source: "Checking object integrity in Amazon S3" in the Amazon S3 user guide, and PutObject and UploadPart in its API
reference. moto keeps the checksum it is told, and finds one only where the SDK also names its algorithm. CRC32C and
CRC64NVME are kept unchecked: nothing here computes them.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response
from werkzeug.datastructures import Headers

from .account import Account
from .patching import overlay

_PREFIX = "x-amz-checksum-"
_ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
_COMPUTED: dict[str, Callable[[bytes], bytes]] = {
    "CRC32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
}
# A trailer is a few lines at the end of a chunked body.
_LONGEST_TRAILER = 1024


def install(account: Account) -> None:
    @overlay(S3Response)
    def _key_response_put(moto: Any, self: Any, query: dict[str, Any], key_name: str) -> Any:
        found = _sent(self)
        if found is not None:
            # moto knows by this header alone that a checksum was sent, which it wants for a locked bucket.
            self.headers = Headers(dict(self.headers))
            self.headers["x-amz-sdk-checksum-algorithm"] = found[0]
        return moto(self, query, key_name)

    @overlay(S3Response)
    def _get_checksum(moto: Any, self: Any, response_headers: dict[str, Any]) -> tuple[str, str | None]:
        _compare_md5(self)
        found = _sent(self)
        if found is None:
            return moto(self, response_headers)  # type: ignore[no-any-return]
        algorithm, value = found
        compute = _COMPUTED.get(algorithm)
        if compute is not None and _encoded(compute(self.body or b"")) != value:
            raise S3ClientError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
        response_headers[f"{_PREFIX}{algorithm.lower()}"] = value
        return algorithm, value


def _sent(response: Any) -> tuple[str, str] | None:
    """Algorithm and value of the checksum in the request's headers or trailer."""
    for algorithm in _ALGORITHMS:
        name = f"{_PREFIX}{algorithm.lower()}"
        value = response.headers.get(name)
        if value is None and response.headers.get("x-amz-trailer", "").lower() == name:
            value = _trailing(response.raw_body, name)
        if value is not None:
            return algorithm, value
    return None


def _trailing(body: bytes, name: str) -> str | None:
    for line in reversed(body[-_LONGEST_TRAILER:].split(b"\n")):
        found, _, value = line.strip().partition(b":")
        if found.decode("ascii", "replace").lower() == name:
            return value.strip().decode("ascii", "replace")
    return None


def _compare_md5(response: Any) -> None:
    sent = response.headers.get("content-md5")
    if sent and sent != _encoded(hashlib.md5(response.body or b"", usedforsecurity=False).digest()):
        raise S3ClientError("BadDigest", "The Content-MD5 you specified did not match what we received.")


def _encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
