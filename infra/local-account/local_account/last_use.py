"""When keys and permissions were last used, from the record of calls.

Source: GetKeyLastUsage in the KMS API reference; GenerateServiceLastAccessedDetails and GetServiceLastAccessedDetails in
the IAM API reference, and "Refine permissions in AWS using last accessed information" in the IAM user guide: a service
is listed where the principal's policies allow something of it, whether it was used or not; attempts that were denied
count; management actions alone are tracked one by one. GetEbsDefaultKmsKeyId in the EC2 API reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse
from moto.kms.responses import KmsResponse

from .account import Account
from .calls import Call, Calls
from .kms_keys import find_key
from .patching import overlay
from .principals import role_policies, user_principal

_CRYPTOGRAPHIC = re.compile(r"kms:(Encrypt|Decrypt|ReEncrypt.*|GenerateDataKey.*|Sign|Verify|GenerateMac|VerifyMac)")
# Those whose calls on data no account tracks one by one.
_DATA = {"s3": ("GetObject", "PutObject", "DeleteObject"), "dynamodb": ("GetItem", "PutItem", "UpdateItem", "Query")}
_JOB_EXPIRES = timedelta(hours=24)


def install(account: Account, record: Calls) -> None:
    jobs: dict[str, tuple[datetime, list[dict[str, Any]]]] = {}

    @overlay(KmsResponse)
    def get_key_last_usage(moto: Any, self: Any) -> str:
        key_id = self._get_param("KeyId")
        self._validate_cmk_id(key_id)
        key = find_key(account, key_id)
        created = int(key.creation_date)
        used = [call for call in record.since() if key.arn in call.resources and _used(call)]
        last = max((call.started_ms for call in used), default=None)
        usage = {} if last is None else {"Timestamp": last / 1000}
        return json.dumps({"KeyId": key_id, "KeyLastUsage": usage, "TrackingStartDate": created, "KeyCreationDate": created})

    @overlay(IamResponse)
    def generate_service_last_accessed_details(moto: Any, self: Any) -> ActionResult:
        arn, job = self._get_param("Arn"), str(uuid4())
        jobs[job] = (datetime.now(timezone.utc), _services(account, arn, record.since()))
        return ActionResult({"JobId": job})

    @overlay(IamResponse)
    def get_service_last_accessed_details(moto: Any, self: Any) -> ActionResult:
        created, services = jobs.get(self._get_param("JobId"), (None, []))
        if created is None or datetime.now(timezone.utc) - created > _JOB_EXPIRES:
            raise NoSuchEntity("No such job, or it has expired.")
        times = {"JobCreationDate": created, "JobCompletionDate": created}
        return ActionResult(
            {"JobStatus": "COMPLETED", "JobType": "ACTION_LEVEL", **times, "ServicesLastAccessed": services, "IsTruncated": False}
        )

    @overlay(EC2Response)
    def get_ebs_default_kms_key_id(moto: Any, self: Any) -> ActionResult:
        return ActionResult({"KmsKeyId": "alias/aws/ebs"})


def _used(call: Call) -> bool:
    return call.error is None and any(_CRYPTOGRAPHIC.fullmatch(permission) for permission in call.permissions)


def _services(account: Account, arn: str, calls: Iterable[Call]) -> list[dict[str, Any]]:
    """One entry for each service of which the principal's policies name something."""
    documents, sessions = _holdings(account, arn)
    named = [action for document in documents for action in _allowed(document)]
    own = [call for call in calls if call.caller == arn or call.caller.startswith(sessions)]
    services = sorted({action.split(":")[0].lower() for action in named if ":" in action})
    if "*" in named:
        services = sorted({*services, *(call.service for call in own)})
    return [_service(service, named, [call for call in own if call.service == service]) for service in services]


def _service(service: str, named: list[str], calls: list[Call]) -> dict[str, Any]:
    actions = {action.split(":")[1] for action in named if action.lower().startswith(f"{service}:") and "*" not in action}
    tracked = sorted({*actions, *(call.action for call in calls)} - set(_DATA.get(service, ())))
    entries = [
        {"ActionName": action, **_last("LastAccessedTime", [call for call in calls if call.action == action])}
        for action in tracked
    ]
    return {
        "ServiceName": service,
        "ServiceNamespace": service,
        "TotalAuthenticatedEntities": 1 if calls else 0,
        **_last("LastAuthenticated", calls),
        **({"TrackedActionsLastAccessed": entries} if entries else {}),
    }


def _last(name: str, calls: list[Call]) -> dict[str, Any]:
    last = max((call.started_ms for call in calls), default=None)
    return {} if last is None else {name: datetime.fromtimestamp(last / 1000, timezone.utc)}


def _holdings(account: Account, arn: str) -> tuple[list[dict[str, Any]], str]:
    """The principal's policies, and how the ARNs of its sessions begin."""
    backend = iam_backends[account.account_id]["aws"]
    role = next((role for role in list(backend.roles.values()) if role.arn == arn), None)
    if role is not None:
        return role_policies(backend, role), f"arn:aws:sts::{account.account_id}:assumed-role/{role.name}/"
    user = next((user for user in list(backend.users.values()) if user.arn == arn), None)
    if user is None:
        raise NoSuchEntity(f"ARN {arn} not found.")
    return user_principal(account, user).policies, arn


def _allowed(document: dict[str, Any]) -> Iterable[str]:
    statements = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        actions = statement.get("Action", []) if statement.get("Effect") == "Allow" else []
        yield from [actions] if isinstance(actions, str) else actions
