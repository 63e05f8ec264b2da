"""The report's OCSF form, judged by two models of the schema that others publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ocsf.v1_5_0.events import IncidentFinding
from py_ocsf_models import OCSF_VERSION
from py_ocsf_models.events.base_event import BaseEvent
from py_ocsf_models.objects.cloud import Cloud
from py_ocsf_models.objects.device import DeviceType
from py_ocsf_models.objects.finding_info import FindingInformation
from pydantic import BaseModel, ValidationError

from tests import report_sample

# Attributes that the profiles cloud and host add to the class; the model has the class's own only.
OF_PROFILES = {"cloud", "device"}


@pytest.fixture(scope="module")
def finding(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = report_sample.write(tmp_path_factory.mktemp("report"))
    return json.loads((folder / "report.ocsf.json").read_text())


def unknown(model: BaseModel, path: str = "") -> set[str]:
    """Attributes that the schema doesn't know, wherever they are but in `unmapped`, which may hold anything."""
    found = {f"{path}{name}" for name in model.model_extra or {}}
    for name in type(model).model_fields:
        value = getattr(model, name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, BaseModel) and name != "unmapped":
                found |= unknown(each, f"{path}{name}.")
    return found


def test_the_finding_is_an_incident_finding_of_the_schema(finding: dict[str, Any]) -> None:
    model = IncidentFinding.model_validate(finding)

    assert unknown(model) == OF_PROFILES
    assert (model.class_uid, model.category_uid, model.type_uid) == (2005, 2, 200502)
    assert finding["metadata"]["version"] == OCSF_VERSION == "1.5.0"
    # A constraint of the class that no model of its attributes holds.
    assert "assignee" in finding or "assignee_group" in finding


def test_a_finding_that_is_none_would_be_noticed(finding: dict[str, Any]) -> None:
    for name in ["time", "metadata", "finding_info_list"]:
        with pytest.raises(ValidationError):
            IncidentFinding.model_validate({key: value for key, value in finding.items() if key != name})
    for name in ["activity_id", "severity_id", "status_id", "verdict_id"]:
        with pytest.raises(ValidationError):
            IncidentFinding.model_validate({**finding, name: 77})
    assert unknown(IncidentFinding.model_validate({**finding, "stepz": []})) == OF_PROFILES | {"stepz"}


def test_a_second_model_reads_event_cloud_and_findings(finding: dict[str, Any]) -> None:
    event = BaseEvent.model_validate(finding)
    cloud = Cloud.model_validate(finding["cloud"])
    information = [FindingInformation.model_validate(each) for each in finding["finding_info_list"]]

    assert event.metadata.product.name == "Cordon"
    assert (cloud.provider, cloud.region, cloud.account.uid) == ("AWS", "eu-central-1", "123456789012")
    assert information[0].uid.startswith("arn:aws:cloudwatch:")
    assert DeviceType(finding["device"]["type_id"]) is DeviceType.Virtual


def test_times_are_milliseconds_and_in_order(finding: dict[str, Any]) -> None:
    assert 1_700_000_000_000 < finding["start_time"] < finding["end_time"] <= finding["time"] < 4_000_000_000_000


def test_the_hostile_name_is_data(finding: dict[str, Any]) -> None:
    assert finding["device"]["name"].startswith(report_sample.HOSTILE_NAME)


def test_every_observable_points_at_what_it_repeats(finding: dict[str, Any]) -> None:
    for observable in finding["observables"]:
        value: Any = finding
        for part in observable["name"].replace("[", ".").replace("]", "").split("."):
            value = value[int(part) if part.isdigit() else part]
        assert value == observable["value"]


def test_the_sample_has_observables_of_both_kinds(finding: dict[str, Any]) -> None:
    assert {observable["type_id"] for observable in finding["observables"]} == {8, 10}
