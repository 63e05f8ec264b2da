"""The test door: what a test needs and AWS has no API for, as JSON under `/local-account/`."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from .account import Account

PREFIX = "/local-account/"
_log = logging.getLogger(__name__)


def answer(account: Account, environ: dict[str, Any]) -> Response:
    """Runs the handler for this method and path. 404 for no handler, 400 for what it can't use, 500 for its failure."""
    request = Request(environ)
    path = request.path.removeprefix(PREFIX).strip("/")
    handler = account.door.get((request.method, path))
    if handler is None:
        return _json(
            404, {"error": f"no {request.method} {path}", "routes": sorted(f"{m} {p}" for m, p in account.door)}
        )
    try:
        body = request.get_data()
        arguments = json.loads(body) if body else dict(parse_qsl(environ.get("QUERY_STRING", "")))
        return _json(200, handler(arguments))
    except KeyError as error:
        return _json(400, {"error": f"missing {error}"})
    except (ValueError, TypeError) as error:
        return _json(400, {"error": str(error)})
    except Exception as error:
        _log.exception("the door failed to answer %s %s", request.method, path)
        return _json(500, {"error": f"{type(error).__name__}: {error}"})


def install(account: Account) -> None:
    @account.route("GET", "account")
    def describe(_: dict[str, Any]) -> dict[str, Any]:
        return {"account_id": account.account_id, "region": account.region, "endpoint": account.endpoint}


def _json(status: int, content: Any) -> Response:
    return Response(json.dumps(content, default=str), status, content_type="application/json")
