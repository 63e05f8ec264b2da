"""CloudTrail's event history: who called what, visible some time after it happened.

Source: LookupEvents in the AWS CloudTrail API reference; "CloudTrail record contents" and "CloudTrail userIdentity
element" in its user guide. Only management events are looked up; those of an instance's own sessions have the
instance's id for a user name. The history is the account's own record of calls, so nothing is kept twice.
"""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime, timezone
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends

from .account import Account
from .calls import Call, Calls
from .patching import overlay
from .principals import ROOT

LARGEST_PAGE = 50
_DATA_EVENTS = {
    "dynamodb": {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem"}
    | {"TransactGetItems", "TransactWriteItems"},
    "lambda": {"Invoke", "InvokeAsync"},
    "sns": {"Publish", "PublishBatch"},
    "sqs": {"SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"},
    "cloudwatch": {"PutMetricData", "GetMetricData", "GetMetricStatistics"},
    "logs": {"PutLogEvents", "GetLogEvents"},
    "xray": {"PutTraceSegments", "PutTelemetryRecords"},
}
_OBJECT_ACTIONS = ("GetObject", "PutObject", "HeadObject", "DeleteObject", "ListObject", "CopyObject", "UploadPart")
_READS = ("BatchGet", "Describe", "Get", "Head", "List", "Lookup", "AssumeRole")
_OF_RESOURCES = ("ResourceName", "ResourceType")
_ATTRIBUTES = ("AccessKeyId", "EventId", "EventName", "EventSource", "ReadOnly", "Username", *_OF_RESOURCES)


def install(account: Account, calls: Calls) -> None:
    @overlay(CloudTrailResponse)
    def lookup_events(moto: Any, self: Any) -> str:
        attributes, most = self._get_param("LookupAttributes") or [], self._get_param("MaxResults") or LARGEST_PAGE
        start, end = self._get_param("StartTime"), self._get_param("EndTime")
        if not 1 <= int(most) <= LARGEST_PAGE:
            raise JsonRESTError("InvalidMaxResultsException", f"MaxResults must be from 1 to {LARGEST_PAGE}.")
        if start is not None and end is not None and float(start) > float(end):
            raise JsonRESTError("InvalidTimeRangeException", "The start time is after the end time.")
        if len(attributes) > 1 or any(each["AttributeKey"] not in _ATTRIBUTES for each in attributes):
            raise JsonRESTError("InvalidLookupAttributesException", "One attribute can be looked up at a time.")
        before = _position(self._get_param("NextToken"))
        found = []
        for call in reversed(_visible(account, calls)):
            if before is not None and call.n >= before:
                continue
            event = _event(account, call)
            if _within(call, start, end) and all(_matches(event, each) for each in attributes):
                found.append((call.n, event))
                if len(found) > int(most):
                    break
        page = found[: int(most)]
        token = {"NextToken": str(page[-1][0])} if len(found) > len(page) else {}
        return json.dumps({"Events": [event for _, event in page], **token})


def _position(token: str | None) -> int | None:
    if token is not None and not token.isdigit():
        raise JsonRESTError("InvalidNextTokenException", "The token is not valid.")
    return None if token is None else int(token)


def _visible(account: Account, calls: Calls) -> list[Call]:
    latest = (time.time() - account.delays.trail) * 1000
    return [call for call in calls.since() if call.ended_ms <= latest and call.caller != "unknown" and _managed(call)]


def _managed(call: Call) -> bool:
    if call.service == "s3":
        return not call.action.startswith(_OBJECT_ACTIONS)
    return call.action not in _DATA_EVENTS.get(call.service, ())


def _within(call: Call, start: Any, end: Any) -> bool:
    second = call.started_ms // 1000
    return (start is None or second >= float(start)) and (end is None or second <= float(end))


def _matches(event: dict[str, Any], attribute: dict[str, str]) -> bool:
    name, value = attribute["AttributeKey"], attribute["AttributeValue"]
    if name in _OF_RESOURCES:
        return any(resource.get(name) == value for resource in event["Resources"])
    return bool(event[name] == value)


def _event(account: Account, call: Call) -> dict[str, Any]:
    record = _record(account, call)
    names = [arn.split(":", 5)[-1].rsplit("/", 1)[-1] for arn in call.resources if "*" not in arn]
    return {
        "EventId": record["eventID"],
        "EventName": call.action,
        "ReadOnly": "true" if record["readOnly"] else "false",
        "AccessKeyId": call.access_key,
        "EventTime": call.started_ms // 1000,
        "EventSource": record["eventSource"],
        "Username": _user_name(call.caller),
        "Resources": [{"ResourceName": name} for name in names],
        "CloudTrailEvent": json.dumps(record),
    }


def _user_name(caller: str) -> str:
    """A session's own name, which for an instance's role is the instance's id; a user's name."""
    return caller.rsplit("/", 1)[-1]


def _record(account: Account, call: Call) -> dict[str, Any]:
    host = "monitoring" if call.service == "cloudwatch" else call.service
    moment = datetime.fromtimestamp(call.started_ms // 1000, timezone.utc)
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(account, call),
        "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{host}.amazonaws.com",
        "eventName": call.action,
        "awsRegion": account.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.user_agent,
        "requestParameters": {name[:1].lower() + name[1:]: value for name, value in call.params.items()} or None,
        "responseElements": None,
        "eventID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{account.account_id}/{call.n}/{call.started_ms}")),
        "readOnly": call.action.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account.account_id,
        "eventCategory": "Management",
    }
    return {**record, "errorCode": call.error} if call.error else record


def _identity(account: Account, call: Call) -> dict[str, Any]:
    own = {"accountId": account.account_id, "accessKeyId": call.access_key}
    if call.caller == ROOT:
        arn = f"arn:aws:iam::{account.account_id}:root"
        return {"type": "Root", "principalId": account.account_id, "arn": arn, **own}
    if ":assumed-role/" not in call.caller:
        return {"type": "IAMUser", "arn": call.caller, "userName": _user_name(call.caller), **own}
    role_name, session = call.caller.split(":assumed-role/", 1)[1].rsplit("/", 1)
    roles = iam_backends[account.account_id]["aws"].roles.values()
    role = next((role for role in list(roles) if role.name == role_name), None)
    issuer = {"type": "Role", "accountId": account.account_id, "userName": role_name}
    if role is not None:
        issuer.update(principalId=role.id, arn=role.arn)
    context: dict[str, Any] = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
    if session.startswith("i-"):
        context["ec2RoleDelivery"] = "2.0"
    principal = f"{issuer.get('principalId', role_name)}:{session}"
    return {"type": "AssumedRole", "principalId": principal, "arn": call.caller, **own, "sessionContext": context}
