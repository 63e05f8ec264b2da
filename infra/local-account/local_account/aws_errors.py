"""Errors in the shape of each AWS protocol, written and read.

Source: the error serialisation sections of the Smithy AWS protocol specifications, and "Error responses" in the
Amazon S3 API reference.
"""

from __future__ import annotations

import json
import re
import uuid
from xml.sax.saxutils import escape

import cbor2
from werkzeug.wrappers import Response

from .aws_request import AwsRequest

_SERVER_ERRORS = {
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InternalServiceError": 500,
    "ServiceException": 500,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
    "SlowDown": 503,
    "TooManyRequestsException": 429,
}
# How protocols other than query say that a credential proves nothing; S3 and CloudWatch say it in query's words.
_JSON_CREDENTIAL_CODES = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "IncompleteSignature": "IncompleteSignatureException",
    "RequestExpired": "InvalidSignatureException",
    "ExpiredToken": "ExpiredTokenException",
}
_CREDENTIAL_CODES = {
    "ec2": {"InvalidClientTokenId": "AuthFailure", "SignatureDoesNotMatch": "AuthFailure"},
    "json": _JSON_CREDENTIAL_CODES,
    "rest-json": _JSON_CREDENTIAL_CODES,
}
_XML_CODE = re.compile(rb"<Code>\s*([^<\s]+)\s*</Code>")


def error_response(request: AwsRequest, code: str, message: str, status: int | None = None) -> Response:
    """`code` as `request`'s service would say it. `status` defaults to what AWS uses for a code of that kind."""
    status = status or _SERVER_ERRORS.get(code, 400)
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-requestid": request_id}
    if request.protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return Response(body, status, headers, content_type="text/xml;charset=UTF-8")
    if request.protocol == "query":
        side = "Receiver" if status >= 500 else "Sender"
        body = (
            f"<ErrorResponse><Error><Type>{side}</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Response(body, status, headers, content_type="text/xml")
    if request.protocol == "rest-xml":
        body = (
            f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
        return Response(body, status, headers, content_type="application/xml")
    content = {"__type": code, "message": message}
    if request.protocol == "cbor":
        headers["smithy-protocol"] = "rpc-v2-cbor"
        headers["x-amzn-query-error"] = f"{code};{'Receiver' if status >= 500 else 'Sender'}"
        return Response(cbor2.dumps(content), status, headers, content_type="application/cbor")
    headers["x-amzn-errortype"] = code
    content_type = "application/x-amz-json-1.0" if request.protocol == "json" else "application/json"
    return Response(json.dumps(content), status, headers, content_type=content_type)


def credential_refused(request: AwsRequest, code: str, message: str) -> Response:
    """`code` is the query protocols' code for why a credential or a signature is no good."""
    status = 400 if code in ("IncompleteSignature", "RequestExpired", "XAmzContentSHA256Mismatch") else 403
    return error_response(request, _CREDENTIAL_CODES.get(request.protocol, {}).get(code, code), message, status)


def error_code(response: Response) -> str | None:
    """The AWS error code in `response`; None for a success, the status as text where there is no code."""
    if response.status_code < 400:
        return None
    if kind := response.headers.get("x-amzn-errortype"):
        return kind.split(":")[0].rsplit("#", 1)[-1]
    body = response.get_data()
    if match := _XML_CODE.search(body):
        return match[1].decode("utf-8", "replace")
    try:
        decode = cbor2.loads if "cbor" in (response.content_type or "") else json.loads
        content = decode(body)
        return str(content.get("__type") or content["code"]).rsplit("#", 1)[-1]
    except (ValueError, KeyError, TypeError, AttributeError, cbor2.CBORDecodeError):
        return str(response.status_code)
