"""Signature Version 4, checked where somebody's identity is proved by it: requests to STS.

Other services only look up the access key and the session token. The rules are those of "Create a signed AWS API
request" in the IAM user guide: the signature covers method, path, query, the headers that it names and the body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from .account import Account
from .aws_request import AwsRequest, replace_body
from .principals import ROOT_ACCESS_KEY

ROOT_SECRET = "test"
CHECKED_SERVICES = {"sts"}
_AUTHORIZATION = re.compile(
    r"^AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/,\s]+)/(?P<scope>[^,\s]+)\s*,"
    r"\s*SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*Signature=(?P<signature>[0-9a-f]{64})$"
)
_DATE = "%Y%m%dT%H%M%SZ"
_VALIDITY = timedelta(minutes=15)
# Without these a signature could be carried over to another endpoint or another time.
_ALWAYS_SIGNED = {"host", "x-amz-date"}


@dataclass(frozen=True)
class SignatureFault:
    code: str
    message: str


def fault(account: Account, request: AwsRequest, environ: dict[str, Any]) -> SignatureFault | None:
    """Why the request's signature does not count; None where it does, or where it isn't looked at."""
    if request.service not in CHECKED_SERVICES:
        return None
    match = _AUTHORIZATION.match(environ.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        return SignatureFault("IncompleteSignature", "The Authorization header is not one of Signature Version 4.")
    signed = match["headers"].split(";")
    missing = _ALWAYS_SIGNED - set(signed)
    missing |= {"x-amz-security-token"} & set(request.headers) - set(signed)
    if missing:
        return SignatureFault("SignatureDoesNotMatch", f"These headers must be signed: {', '.join(sorted(missing))}.")
    date = request.headers.get("x-amz-date", "")
    if stale := _staleness(date, datetime.now(timezone.utc)):
        return stale
    scope = match["scope"].split("/")
    if scope != [date[:8], request.region, "sts", "aws4_request"]:
        return SignatureFault("SignatureDoesNotMatch", "Credential should be scoped to a valid date, Region and service.")
    text = "\n".join(["AWS4-HMAC-SHA256", date, match["scope"], _sha256(_canonical(environ, request.headers, signed))])
    key = b"AWS4" + (_secret(account, match["key"]) or "").encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if hmac.compare_digest(expected, match["signature"]):
        return None
    message = "The request signature we calculated does not match the signature you provided."
    return SignatureFault("SignatureDoesNotMatch", message)


def _staleness(date: str, now: datetime) -> SignatureFault | None:
    try:
        signed_at = datetime.strptime(date, _DATE).replace(tzinfo=timezone.utc)
    except ValueError:
        return SignatureFault("IncompleteSignature", "Date must be in ISO-8601 basic format.")
    if signed_at < now - _VALIDITY:
        return SignatureFault("RequestExpired", f"Signature expired: {date} is now earlier than {now - _VALIDITY}.")
    if signed_at > now + _VALIDITY:
        return SignatureFault("SignatureDoesNotMatch", f"Signature not yet current: {date}.")
    return None


def _canonical(environ: dict[str, Any], headers: Mapping[str, str], signed: list[str]) -> bytes:
    query = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in _query(environ))
    body = environ["wsgi.input"].read()
    replace_body(environ, body)
    lines = [
        environ["REQUEST_METHOD"],
        quote(environ.get("PATH_INFO") or "/", safe="/-_.~"),
        "&".join(f"{name}={value}" for name, value in query),
        *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed),
        "",
        ";".join(signed),
        _sha256(body),
    ]
    return "\n".join(lines).encode()


def _query(environ: dict[str, Any]) -> list[tuple[str, str]]:
    return parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)


def _secret(account: Account, access_key: str) -> str | None:
    if access_key == ROOT_ACCESS_KEY:
        return ROOT_SECRET
    session = sts_backends[account.account_id]["aws"].get_assumed_role_from_access_key(access_key)
    if session is not None:
        return session.secret_access_key
    for user in iam_backends[account.account_id]["aws"].users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key and key.status == "Active":
                return key.secret_access_key
    return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
