"""Signature Version 4 as AWS checks it: what was signed must be what arrived, lately, for this service and Region.

Source: "AWS Signature Version 4 for API requests" in the IAM user guide and the "Common Errors" of the STS API
reference. Only the Authorization header carries a signature here: presigned URLs are refused as unsigned.

The host is taken as it arrived, never rewritten, and must be one that this endpoint answers to: its own loopback
address, or the service's name on AWS in the Region of the scope. So a request signed for `sts.us-east-1.amazonaws.com`
is good if it is forwarded with that Host, and no good if a proxy put another in its place.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .account import Account
from .aws_request import AwsRequest

_MOST_SKEW = timedelta(minutes=15)
_TIME = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=[^/,\s]+/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request"
    r",\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})\s*"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class CredentialRefused(Exception):
    """The request proves nobody's identity. `code` is the query protocols' word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def verify(account: Account, request: AwsRequest, secret: str) -> None:
    """Raises CredentialRefused unless the holder of `secret` signed `request`."""
    scope = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    time = request.headers.get("x-amz-date", "")
    if scope is None or not re.fullmatch(r"\d{8}T\d{6}Z", time):
        raise CredentialRefused(
            "IncompleteSignature",
            "The request needs an 'X-Amz-Date' header and an Authorization header with 'Credential', 'SignedHeaders' "
            "and 'Signature'.",
        )
    _require_scope(account, request, scope, time)
    _require_recent(time)
    signed = scope["headers"].split(";")
    _require_signed(request, signed)
    received = (_ReceivedByS3 if scope["service"] == "s3" else _Received)(request, secret, scope, signed)
    if not hmac.compare_digest(received.expected(time), scope["signature"]):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )


def _require_scope(account: Account, request: AwsRequest, scope: re.Match[str], time: str) -> None:
    if scope["region"] != account.region:
        raise _mismatch(f"Credential should be scoped to a valid region, not '{scope['region']}'.")
    if scope["date"] != time[:8]:
        raise _mismatch(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope['date']}' != '{time[:8]}', from '{time}'."
        )
    port = urlsplit(account.endpoint).port
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}", f"{scope['service']}.{scope['region']}.amazonaws.com"}
    if scope["region"] == "us-east-1":
        hosts.add(f"{scope['service']}.amazonaws.com")
    if request.headers.get("host", "").lower() not in hosts:
        raise _mismatch(f"The host is none that serves '{scope['service']}' in '{scope['region']}'.")


def _require_recent(time: str) -> None:
    now = datetime.now(timezone.utc)
    try:
        signed = datetime.strptime(time, _TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        raise CredentialRefused("IncompleteSignature", f"'{time}' is no date.") from None
    oldest, newest = now - _MOST_SKEW, now + _MOST_SKEW
    if signed < oldest:
        raise CredentialRefused(
            "RequestExpired",
            f"Signature expired: {time} is now earlier than {oldest:{_TIME}} ({now:{_TIME}} - 15 min.)",
        )
    if signed > newest:
        raise CredentialRefused(
            "RequestExpired",
            f"Signature not yet current: {time} is still later than {newest:{_TIME}} ({now:{_TIME}} + 15 min.)",
        )


def _require_signed(request: AwsRequest, signed: list[str]) -> None:
    if "host" not in signed:
        raise _mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    # One that is not signed could be anybody's.
    unsigned = sorted(name for name in request.headers if name.startswith("x-amz-") and name not in signed)
    if unsigned:
        raise _mismatch(f"There were headers present in the request which were not signed: {', '.join(unsigned)}")


def _mismatch(message: str) -> CredentialRefused:
    return CredentialRefused("SignatureDoesNotMatch", message)


class _Received(SigV4Auth):
    """botocore's signer, over exactly the headers that the client says it signed and the body that arrived."""

    def __init__(self, request: AwsRequest, secret: str, scope: re.Match[str], signed: list[str]) -> None:
        super().__init__(Credentials(request.access_key, secret), scope["service"], scope["region"])
        self._request = request
        self._signed = HTTPHeaders()
        for name in signed:
            self._signed[name] = request.headers.get(name, "")

    def expected(self, time: str) -> str:
        """The signature that the request should have."""
        sent = AWSRequest(self._request.method, f"http://host{self._request.target}")
        sent.context["timestamp"] = time
        return self.signature(self.string_to_sign(sent, self.canonical_request(sent)), sent)

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return self._signed

    def payload(self, request: AWSRequest) -> str:
        return hashlib.sha256(self._request.body).hexdigest()


class _ReceivedByS3(_Received, S3SigV4Auth):
    """S3 alone lets a client leave the body out of the signature, or sign it in pieces, and says so in a header."""

    def payload(self, request: AWSRequest) -> str:
        actual = super().payload(request)
        said = self._request.headers.get("x-amz-content-sha256", actual)
        if _SHA256.fullmatch(said) and said != actual:
            raise CredentialRefused(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
        return said
