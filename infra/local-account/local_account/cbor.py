"""rpc-v2-cbor for a service that moto knows only as awsJson: current AWS SDKs speak it to CloudWatch.

Source: the Smithy RPC v2 CBOR protocol. Answers are written by the operation's output shape, because a CBOR reader
takes an integer for a double, or a bare number for a timestamp, as an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import botocore.session
import cbor2
from dateutil.parser import isoparse
from werkzeug.wrappers import Response

from .aws_request import AwsRequest, replace_body

Answer = Callable[[dict[str, Any]], Response]


def answer_in_cbor(request: AwsRequest, environ: dict[str, Any], answer: Answer) -> Response:
    """Puts `request` to `answer` as awsJson 1.0 and translates what comes back."""
    model = _model(request.service)
    environ["PATH_INFO"] = environ["RAW_URI"] = environ["REQUEST_URI"] = "/"
    environ["CONTENT_TYPE"] = "application/x-amz-json-1.0"
    environ["HTTP_X_AMZ_TARGET"] = f"{model.metadata['targetPrefix']}.{request.action}"
    replace_body(environ, json.dumps(request.params, default=_json_value).encode())
    plain = answer(environ)
    try:
        content = json.loads(plain.get_data() or b"{}")
        status = plain.status_code
    except ValueError:
        content = {"__type": "InternalFailure", "message": plain.get_data(as_text=True)[:500]}
        status = 500
    shape = model.operation_model(request.action).output_shape if request.action in model.operation_names else None
    if status < 400:
        content = _typed(content, shape)
    response = Response(cbor2.dumps(content, datetime_as_timestamp=True), status, content_type="application/cbor")
    response.headers["smithy-protocol"] = "rpc-v2-cbor"
    for name in ("x-amzn-requestid", "x-amzn-query-error"):
        if name in plain.headers:
            response.headers[name] = plain.headers[name]
    return response


@lru_cache(maxsize=None)
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _typed(value: Any, shape: Any) -> Any:
    """`value` in the types of `shape`; members that are null are left out, as AWS does."""
    if shape is None or value is None:
        return value
    kind = shape.type_name
    if kind == "structure":
        return {name: _typed(v, shape.members.get(name)) for name, v in value.items() if v is not None}
    if kind == "list":
        return [_typed(item, shape.member) for item in value]
    if kind == "map":
        return {key: _typed(v, shape.value) for key, v in value.items()}
    if kind in ("double", "float"):
        return float(value)
    if kind in ("integer", "long"):
        return int(value)
    if kind == "timestamp":
        return isoparse(value) if isinstance(value, str) else datetime.fromtimestamp(value, timezone.utc)
    return value
