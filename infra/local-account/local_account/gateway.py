"""The one entrance: every request passes the door, the record, interference and IAM before a service answers it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Response

from . import aws_request, door, iam
from .account import Account
from .authorization import Authorization
from .aws_errors import credential_refused, error_code, error_response
from .aws_request import AwsRequest
from .caller import serving
from .call_rates import Rates
from .calls import Call, Calls
from .cbor import answer_in_cbor
from .iam_requests import authorizations
from .interference import Interference
from .kms_keys import disabled_code
from .other_accounts import answered_in, as_seen_by, meant_for_another, unserved
from .principals import Principal, identify
from .signatures import CredentialRefused

_log = logging.getLogger(__name__)
Application = Callable[..., Iterable[bytes]]


class Gateway:
    """A WSGI application around moto's."""

    def __init__(self, account: Account, services: Application, calls: Calls, interference: Interference, rates: Rates) -> None:
        self._account = account
        self._services = services
        self._calls = calls
        self._interference = interference
        self._rates = rates

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: dict[str, Any]) -> Response:
        if environ["PATH_INFO"].startswith(door.PREFIX):
            return door.answer(self._account, environ)
        request = aws_request.read(environ)
        if request is None:
            return Response("the request carries no AWS credential", 403, content_type="text/plain")
        try:
            principal = identify(self._account, request)
        except CredentialRefused as refused:
            return self._refuse_credential(request, refused)
        number = principal.other_account or self._account.account_id
        needed = authorizations(as_seen_by(self._account, number), request)
        call = self._calls.begin(self._account, request, principal.arn)
        call.permissions = sorted({authorization.action for authorization in needed})
        call.resources = sorted({authorization.resource for authorization in needed})
        try:
            response = self._served(environ, request, principal, needed, call)
        except Exception:
            _log.exception("%s:%s failed inside the local account", request.service, request.action)
            response = error_response(request, "InternalFailure", "the local account failed; its stderr says how")
        self._calls.end(call, response.status_code, error_code(response))
        return response

    def _served(
        self,
        environ: dict[str, Any],
        request: AwsRequest,
        principal: Principal,
        needed: list[Authorization],
        call: Call,
    ) -> Response:
        number = principal.other_account or self._account.account_id
        if unserved(self._account, request, number):
            return error_response(request, "AccessDenied", f"account {number} has S3 and KMS alone here", 403)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = answered_in(request, number)
        self._interference.delay(call)
        if fault := self._interference.fault(call):
            return error_response(request, fault.error, "a fault that a test asked for", fault.status)
        if self._rates.exceeded(call):
            return error_response(request, "Throttling", "Rate exceeded", 400)
        if self._account.enforce_iam and not principal.is_root:
            refusal = iam.refusal(self._account, request, principal, needed)
            if refusal is not None:
                return refusal
        if meant_for_another(request):
            return error_response(request, "AccessDenied", "Access Denied", 403)
        if code := disabled_code(self._account, request.service, needed):
            return error_response(request, code, "The key that this call needs is not enabled.")
        if own := self._account.services.get(request.service):
            return own(request)
        with serving(self._account, request, principal):
            if request.protocol == "cbor":
                return answer_in_cbor(request, environ, self._from_service)
            return self._from_service(environ)

    def _from_service(self, environ: dict[str, Any]) -> Response:
        response = Response.from_app(self._services, environ, buffered=True)
        # moto adds a request id of its own to the invocation's.
        ids = response.headers.getlist("x-amzn-RequestId")
        if len(ids) > 1:
            response.headers["x-amzn-RequestId"] = ids[0]
        return response

    def _refuse_credential(self, request: AwsRequest, refused: CredentialRefused) -> Response:
        response = credential_refused(request, refused.code, str(refused))
        call = self._calls.begin(self._account, request, "unknown")
        self._calls.end(call, response.status_code, error_code(response))
        return response
