"""Security Hub's findings: imported by their provider, updated by their id, read with filters.

Source: BatchImportFindings and GetFindings in the AWS Security Hub API reference; "BatchImportFindings for finding
providers" and "Required attributes" (ASFF) in its user guide. An account that Security Hub is not enabled in gets an
InvalidAccessException; the user guide also speaks of failed findings for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

from dateutil.parser import isoparse
from moto.securityhub.exceptions import SecurityHubClientError
from moto.securityhub.models import Finding
from moto.securityhub.responses import SecurityHubResponse

from .account import Account
from .patching import overlay

LARGEST_BATCH = 100
LARGEST_FINDING_BYTES = 240 * 1024
LARGEST_PAGE = 100
SCHEMA_VERSION = "2018-10-08"
_REQUIRED = (
    *("AwsAccountId", "CreatedAt", "Description", "GeneratorId", "Id", "ProductArn"),
    *("Resources", "SchemaVersion", "Title", "UpdatedAt"),
)
# What customers change while they investigate: an import never touches it again.
_CUSTOMERS_OWN = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
_NORMALIZED = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}
_FILTERS: dict[str, Callable[[dict[str, Any]], Iterable[Any]]] = {
    **{
        name: lambda finding, name=name: [finding.get(name)]  # type: ignore[misc]
        for name in ("AwsAccountId", "GeneratorId", "Id", "ProductArn", "RecordState", "Region", "Title")
    },
    "ResourceId": lambda finding: [each.get("Id") for each in finding["Resources"]],
    "ResourceType": lambda finding: [each.get("Type") for each in finding["Resources"]],
    "SeverityLabel": lambda finding: [finding.get("Severity", {}).get("Label")],
    "Type": lambda finding: finding.get("Types", []),
    "WorkflowStatus": lambda finding: [finding.get("Workflow", {}).get("Status")],
}
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": lambda actual, wanted: actual == wanted,
    "PREFIX": lambda actual, wanted: actual.startswith(wanted),
    "CONTAINS": lambda actual, wanted: wanted in actual,
}
_NEGATIONS = {"NOT_EQUALS": "EQUALS", "PREFIX_NOT_EQUALS": "PREFIX", "NOT_CONTAINS": "CONTAINS"}


def install(account: Account) -> None:
    @overlay(SecurityHubResponse)
    def batch_import_findings(moto: Any, self: Any) -> str:
        _needs_the_hub(account, self.securityhub_backend)
        findings = self._get_param("Findings") or []
        if not 1 <= len(findings) <= LARGEST_BATCH:
            raise _invalid(f"Findings must have from 1 to {LARGEST_BATCH} entries.")
        failed = []
        for finding in findings:
            if problem := _problem(account, finding):
                failed.append({"Id": finding.get("Id", ""), "ErrorCode": "InvalidInput", "ErrorMessage": problem})
            else:
                _take(account, self.securityhub_backend, finding)
        counts = {"FailedCount": len(failed), "SuccessCount": len(findings) - len(failed)}
        return json.dumps({**counts, "FailedFindings": failed})

    @overlay(SecurityHubResponse)
    def get_findings(moto: Any, self: Any) -> str:
        _needs_the_hub(account, self.securityhub_backend)
        filters = self._get_param("Filters") or {}
        if unknown := sorted(set(filters) - set(_FILTERS)):
            raise _invalid(f"The local account does not filter by {', '.join(unknown)}.")
        found = [each.data for each in self.securityhub_backend.findings if _passes(each.data, filters)]
        start, most = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or LARGEST_PAGE)
        if not 1 <= most <= LARGEST_PAGE:
            raise _invalid(f"MaxResults must be from 1 to {LARGEST_PAGE}.")
        more = {"NextToken": str(start + most)} if start + most < len(found) else {}
        return json.dumps({"Findings": found[start : start + most], **more})


def _needs_the_hub(account: Account, backend: Any) -> None:
    if not backend.enabled:
        raise SecurityHubClientError(
            "InvalidAccessException", f"Account {account.account_id} is not subscribed to AWS Security Hub"
        )


def _invalid(message: str) -> SecurityHubClientError:
    return SecurityHubClientError("InvalidInputException", message)


def _problem(account: Account, finding: dict[str, Any]) -> str | None:
    """Why this finding cannot be taken, if it cannot."""
    missing = [name for name in _REQUIRED if not finding.get(name)]
    if missing:
        return f"Finding does not adhere to Amazon Finding Format: {', '.join(missing)} missing or empty."
    product = f"arn:aws:securityhub:{account.region}:{account.account_id}:product/{account.account_id}/default"
    if finding["ProductArn"] != product or finding["AwsAccountId"] != account.account_id:
        return "The finding's product and account must be those of the caller."
    if finding["SchemaVersion"] != SCHEMA_VERSION:
        return f"SchemaVersion must be {SCHEMA_VERSION}."
    if not _severity(finding) or not _types(finding):
        return "Severity and Types are required, by themselves or in FindingProviderFields."
    if len(json.dumps(finding).encode()) > LARGEST_FINDING_BYTES:
        return f"A finding must not be larger than {LARGEST_FINDING_BYTES} bytes."
    for name in ("CreatedAt", "UpdatedAt"):
        try:
            if _moment(finding[name]) is None:
                return f"{name} must tell its time zone."
        except ValueError:
            return f"{name} is not an RFC 3339 time."
    return None


def _moment(text: str) -> datetime | None:
    moment = isoparse(text)
    return moment.astimezone(timezone.utc) if moment.tzinfo else None


def _severity(finding: dict[str, Any]) -> dict[str, Any] | None:
    given = finding.get("FindingProviderFields", {}).get("Severity") or finding.get("Severity")
    if not given or given.get("Label") not in _NORMALIZED:
        return None
    return {"Normalized": _NORMALIZED[given["Label"]], **given}


def _types(finding: dict[str, Any]) -> list[str]:
    return list(finding.get("FindingProviderFields", {}).get("Types") or finding.get("Types") or [])


def _take(account: Account, backend: Any, finding: dict[str, Any]) -> None:
    """A new finding, or what has changed of a known one; a change that isn't newer is ignored."""
    known = next((each for each in backend.findings if each.id == finding["Id"]), None)
    taken = {**finding, "Severity": _severity(finding), "Types": _types(finding)}
    if known is None:
        defaults = {"RecordState": "ACTIVE", "Workflow": {"Status": "NEW"}, "Region": account.region}
        backend.findings.append(Finding(finding["Id"], {**defaults, **taken}))
    elif _later(finding, known.data):
        known.data.update({name: value for name, value in taken.items() if name not in _CUSTOMERS_OWN})


def _later(one: dict[str, Any], other: dict[str, Any]) -> bool:
    new, old = _moment(one["UpdatedAt"]), _moment(other["UpdatedAt"])
    return new is not None and old is not None and new > old


def _passes(finding: dict[str, Any], filters: dict[str, list[dict[str, str]]]) -> bool:
    return all(_fits(_FILTERS[name](finding), wanted) for name, wanted in filters.items())


def _fits(values: Iterable[Any], wanted: list[dict[str, str]]) -> bool:
    """Of what must hold one is enough; of what must not, nothing may hold."""
    actual = [str(value) for value in values if value is not None]
    positive, negative = [], []
    for each in wanted:
        name, value = each["Comparison"], each["Value"]
        holds = any(_comparison(_NEGATIONS.get(name, name))(one, value) for one in actual)
        (negative if name in _NEGATIONS else positive).append(holds)
    return (not positive or any(positive)) and not any(negative)


def _comparison(name: str) -> Callable[[str, str], bool]:
    if name not in _COMPARISONS:
        raise _invalid(f"The local account does not compare with {name}.")
    return _COMPARISONS[name]
