"""Security Hub takes a finding, follows its updates, and says why it doesn't."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from account_process import AccountProcess, allow
from botocore.exceptions import ClientError
from in_process import Cloud
from test_iam_enforcement import refusal

ME = "123456789012"
PRODUCT = f"arn:aws:securityhub:us-east-1:{ME}:product/{ME}/default"


def finding(**changes: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": "cordon/inc-1",
        "ProductArn": PRODUCT,
        "GeneratorId": "cordon",
        "AwsAccountId": ME,
        "CreatedAt": "2026-01-01T00:00:00Z",
        "UpdatedAt": "2026-01-01T00:00:00Z",
        "Title": "i-1 is contained",
        "Description": "Its traffic left its band",
        "Resources": [{"Type": "AwsEc2Instance", "Id": f"arn:aws:ec2:us-east-1:{ME}:instance/i-1"}],
        "FindingProviderFields": {"Severity": {"Label": "HIGH"}, "Types": ["Unusual Behaviors/VM"]},
        **changes,
    }


@pytest.fixture
def hub(cloud: Cloud) -> Any:
    client = cloud.client("securityhub")
    client.enable_security_hub()
    return client


def imported(hub: Any, *findings: dict[str, Any]) -> tuple[int, list[str]]:
    answer = hub.batch_import_findings(Findings=list(findings))
    assert answer["FailedCount"] == len(answer["FailedFindings"])
    return answer["SuccessCount"], [each["ErrorMessage"] for each in answer["FailedFindings"]]


def read(hub: Any, **filters: Any) -> list[dict[str, Any]]:
    return list(hub.get_findings(Filters=filters)["Findings"])


def equal(value: str) -> list[dict[str, str]]:
    return [{"Comparison": "EQUALS", "Value": value}]


def test_an_account_without_security_hub_is_refused(cloud: Cloud) -> None:
    hub = cloud.client("securityhub")
    for call in (partial(hub.batch_import_findings, Findings=[finding()]), hub.get_findings):
        with pytest.raises(ClientError) as refused:
            call()
        answer = refused.value.response
        told = (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"])
        assert told == ("InvalidAccessException", 401)


def test_a_finding_is_made_once_and_updated_by_its_id(hub: Any) -> None:
    assert imported(hub, finding()) == (1, [])
    (made,) = read(hub, Id=equal("cordon/inc-1"))
    assert (made["Severity"]["Label"], made["Severity"]["Normalized"], made["RecordState"]) == ("HIGH", 70, "ACTIVE")
    assert (made["Types"], made["Workflow"]["Status"]) == (["Unusual Behaviors/VM"], "NEW")
    later = finding(UpdatedAt="2026-01-01T00:05:00+00:00", Title="i-1 is released", RecordState="ARCHIVED")
    assert imported(hub, {**later, "Workflow": {"Status": "RESOLVED"}}) == (1, [])
    (updated,) = read(hub)
    assert (updated["Title"], updated["RecordState"]) == ("i-1 is released", "ARCHIVED")
    assert updated["Workflow"]["Status"] == "NEW"


def test_an_update_that_is_not_newer_changes_nothing(hub: Any) -> None:
    imported(hub, finding())
    assert imported(hub, finding(Title="stale")) == (1, [])
    assert imported(hub, finding(Title="older", UpdatedAt="2025-12-31T23:00:00Z")) == (1, [])
    assert [each["Title"] for each in read(hub)] == ["i-1 is contained"]


def test_findings_that_cannot_be_taken_are_listed_with_the_reason(hub: Any) -> None:
    foreign = finding(Id="foreign", AwsAccountId="999999999999")
    timeless = finding(Id="timeless", UpdatedAt="yesterday")
    large = finding(Id="large", Note={"Text": "x" * 250_000, "UpdatedBy": "a", "UpdatedAt": "2026-01-01T00:00:00Z"})
    weightless = finding(Id="weightless", FindingProviderFields={})
    succeeded, reasons = imported(hub, finding(), foreign, timeless, large, weightless)
    assert succeeded == 1
    for reason, word in zip(reasons, ("caller", "RFC 3339", "larger", "Severity"), strict=True):
        assert word in reason
    assert [each["Id"] for each in read(hub)] == ["cordon/inc-1"]


def test_findings_are_found_by_filter_and_page(hub: Any) -> None:
    imported(hub, *(finding(Id=f"cordon/inc-{number}") for number in range(1, 4)))
    prefix = [{"Comparison": "PREFIX", "Value": "cordon/"}]
    but_one = [*prefix, {"Comparison": "NOT_EQUALS", "Value": "cordon/inc-2"}]
    assert [each["Id"] for each in read(hub, Id=but_one)] == ["cordon/inc-1", "cordon/inc-3"]
    assert read(hub, RecordState=equal("ARCHIVED")) == []
    assert len(read(hub, ResourceId=[{"Comparison": "CONTAINS", "Value": "instance/i-1"}])) == 3
    pages = hub.get_paginator("get_findings").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["Findings"]) for page in pages] == [2, 1]
    assert refusal(partial(hub.get_findings, Filters={"Keyword": [{"Value": "x"}]})) == "InvalidInputException"


def test_an_import_is_permitted_by_product(account: AccountProcess) -> None:
    account.client("securityhub").enable_security_hub()
    on_product = allow("securityhub:BatchImportFindings", resource=PRODUCT)
    elsewhere = allow("securityhub:BatchImportFindings", resource=PRODUCT.replace("us-east-1", "eu-west-1"))
    answers = [
        refusal(partial(account.client("securityhub", credentials).batch_import_findings, Findings=[finding()]))
        for credentials in (account.session("hub-writer", on_product), account.session("hub-elsewhere", elsewhere))
    ]
    assert answers == [None, "AccessDeniedException"]
    reader = account.client("securityhub", account.session("hub-reader", allow("securityhub:GetFindings")))
    assert [each["Id"] for each in reader.get_findings()["Findings"]] == ["cordon/inc-1"]
