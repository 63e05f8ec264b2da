"""An AWS API request as the local account reads it: which service, which action, by whom, with which parameters.

Every AWS protocol puts these somewhere else (see the Smithy AWS protocol specifications): query protocols in a form,
awsJson in a header and a JSON body, rpc-v2-cbor in the path and a CBOR body, REST protocols in method and path.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import cbor2

from .rest_operations import match_operation

# The name in a signature's scope, where it isn't the prefix that IAM policies use.
_IAM_PREFIX = {"monitoring": "cloudwatch", "eventbridge": "events"}
_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_CBOR_PATH = re.compile(r"^/service/[^/]+/operation/(\w+)$")


@dataclass(frozen=True)
class AwsRequest:
    """One request. `params` is flat strings for `query` and `ec2`, nested values for `json` and `cbor`, and for the
    REST protocols the names bound by the path, the query string and the JSON body. `method`, `target` (path and query
    string), `headers` (by lower-case name) and `body` are what the client sent."""

    protocol: str
    service: str
    action: str
    region: str
    access_key: str
    session_token: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    target: str = "/"
    body: bytes = b""

    def listed(self, prefix: str) -> list[str]:
        """The values of a list in a query protocol: `InstanceId.1`, `InstanceIds.member.1` and so on, in order."""
        pattern = re.compile(rf"{re.escape(prefix)}(?:\.member)?\.(\d+)$")
        found = [(int(m[1]), value) for name, value in self.params.items() if (m := pattern.match(name))]
        return [value for _, value in sorted(found)]


def read(environ: dict[str, Any]) -> AwsRequest | None:
    """The request in `environ`, or None when it carries no credential. The body stays readable for who comes next."""
    scope = _credential_scope(environ)
    if scope is None:
        return None
    access_key, region, signing_name = scope
    service = _IAM_PREFIX.get(signing_name, signing_name)
    headers = _headers(environ)
    body = _take_body(environ)
    protocol, action, params = _operation(environ, headers, service, _unpacked(environ, body))
    token = headers.get("x-amz-security-token")
    method, target = environ["REQUEST_METHOD"], environ["REQUEST_URI"]
    return AwsRequest(protocol, service, action, region, access_key, token, params, headers, method, target, body)


def _credential_scope(environ: dict[str, Any]) -> tuple[str, str, str] | None:
    match = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return (match[1], match[2], match[3].lower()) if match else None


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    if "CONTENT_LENGTH" in environ:
        headers["content-length"] = environ["CONTENT_LENGTH"]
    return headers


def _take_body(environ: dict[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    body: bytes = (
        stream.read() if environ.get("wsgi.input_terminated") else stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    )
    replace_body(environ, body)
    return body


def _unpacked(environ: dict[str, Any], body: bytes) -> bytes:
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        body = gzip.decompress(body)
        del environ["HTTP_CONTENT_ENCODING"]
        replace_body(environ, body)
    return body


def replace_body(environ: dict[str, Any], body: bytes) -> None:
    """Makes `body` what the next WSGI application reads."""
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def _operation(
    environ: dict[str, Any], headers: Mapping[str, str], service: str, body: bytes
) -> tuple[str, str, dict[str, Any]]:
    path, content_type = environ.get("PATH_INFO", "/"), headers["content-type"]
    if match := _CBOR_PATH.match(path):
        return "cbor", match[1], _decoded(cbor2.loads, body)
    if target := headers.get("x-amz-target"):
        return "json", target.rsplit(".", 1)[-1], _decoded(json.loads, body)
    query = environ.get("QUERY_STRING", "")
    if content_type.startswith("application/x-www-form-urlencoded") or "Action=" in query:
        form = body.decode("utf-8", "replace") if body else query
        params = dict(parse_qsl(form, keep_blank_values=True))
        return "ec2" if service == "ec2" else "query", params.pop("Action", ""), params
    action, params = match_operation(service, environ["REQUEST_METHOD"], path, query, headers)
    if "json" in content_type:
        params = {**_decoded(json.loads, body), **params}
    return "rest-xml" if service == "s3" else "rest-json", action, params


def _decoded(decode: Any, body: bytes) -> dict[str, Any]:
    """The parameters in `body`; none if it isn't well formed, which the service itself then answers to."""
    try:
        params = decode(body) if body else {}
    except (ValueError, cbor2.CBORDecodeError):
        return {}
    return params if isinstance(params, dict) else {}
