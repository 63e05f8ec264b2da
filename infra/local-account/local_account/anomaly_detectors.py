"""Anomaly detectors: stored, described, deleted; their training state is set through the door.

Source: PutAnomalyDetector, DescribeAnomalyDetectors and DeleteAnomalyDetector in the CloudWatch API reference. A real
detector needs up to two weeks to be TRAINED; here a new one is TRAINED at once, unless the door says otherwise. An account
has 500 a Region (AWS: "CloudWatch service quotas"), or as many as the door says.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.cloudwatch import cloudwatch_backends
from moto.cloudwatch.exceptions import ResourceNotFoundException, ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from .account import Account
from .patching import overlay

STATES = ("PENDING_TRAINING", "TRAINED_INSUFFICIENT_DATA", "TRAINED")
PAGE = 50
LARGEST_PAGE = 100
QUOTA = 500
MOST_RANGES = 10


class LimitExceeded(ServiceException):
    code = "LimitExceededException"


def install(account: Account, needed_by: Callable[[Any], dict[str, Any] | None]) -> None:
    """`needed_by` gives the detector that an alarm needs."""

    @overlay(CloudWatchResponse)
    def put_anomaly_detector(moto: Any, self: Any) -> ActionResult:
        detector = _requested(self)
        configuration = self._get_param("Configuration") or {}
        if len(configuration.get("ExcludedTimeRanges", [])) > MOST_RANGES:
            raise ValidationError(f"ExcludedTimeRanges is limited to {MOST_RANGES}.")
        known = detectors_of(self.cloudwatch_backend)
        if _identity(detector) not in known and len(known) >= account.detector_quota:
            raise LimitExceeded("You have reached the maximum number of anomaly detectors.")
        stored = known.setdefault(_identity(detector), {**detector, "StateValue": account.new_detector_state})
        stored["Configuration"] = configuration
        stored["MetricCharacteristics"] = self._get_param("MetricCharacteristics") or {}
        return EmptyResult()

    @overlay(CloudWatchResponse)
    def delete_anomaly_detector(moto: Any, self: Any) -> ActionResult:
        known, identity = detectors_of(self.cloudwatch_backend), _identity(_requested(self))
        if known.pop(identity, None) is None:
            raise ResourceNotFoundException("The anomaly detector does not exist.")
        # CloudWatch makes it again for an alarm that needs it.
        for alarm in self.cloudwatch_backend.alarms.values():
            needed = needed_by(alarm)
            if needed is not None and _identity(needed) == identity:
                adopt(self.cloudwatch_backend, needed)
        return EmptyResult()

    @overlay(CloudWatchResponse)
    def describe_anomaly_detectors(moto: Any, self: Any) -> ActionResult:
        found = [each for each in detectors_of(self.cloudwatch_backend).values() if _matches(each, self)]
        start, most = int(self._get_param("NextToken") or 0), self._get_int_param("MaxResults", PAGE)
        if not 1 <= most <= LARGEST_PAGE:
            raise ValidationError(f"MaxResults is limited to {LARGEST_PAGE}.")
        end = start + most
        return ActionResult(
            {"AnomalyDetectors": found[start:end], "NextToken": str(end) if end < len(found) else None}
        )

    @account.route("POST", "anomaly-detectors/new")
    def set_new(body: dict[str, Any]) -> dict[str, Any]:
        """{state?, quota?}: the state in which detectors that are put begin, and how many there may be."""
        if body.get("state", account.new_detector_state) not in STATES:
            raise ValueError(f"state must be one of {', '.join(STATES)}")
        account.new_detector_state = body.get("state", account.new_detector_state)
        account.detector_quota = int(body.get("quota", account.detector_quota))
        return {"state": account.new_detector_state, "quota": account.detector_quota}

    @account.route("POST", "anomaly-detectors/state")
    def set_state(body: dict[str, Any]) -> dict[str, int]:
        """{state, namespace?, metric?, dimensions{}?} → {detectors: how many were set}."""
        if body["state"] not in STATES:
            raise ValueError(f"state must be one of {', '.join(STATES)}")
        backend = cloudwatch_backends[account.account_id][account.region]
        chosen = [each for each in detectors_of(backend).values() if _chosen(each, body)]
        for detector in chosen:
            detector["StateValue"] = body["state"]
        return {"detectors": len(chosen)}


def detectors_of(backend: Any) -> dict[str, dict[str, Any]]:
    """Identity → detector, in the shape DescribeAnomalyDetectors answers with."""
    return backend.__dict__.setdefault("anomaly_detectors", {})  # type: ignore[no-any-return]


def single_metric_detector(namespace: str, metric: str, dimensions: list[dict[str, str]], stat: str) -> dict[str, Any]:
    single = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions, "Stat": stat}
    return {**_new(), **single, "SingleMetricAnomalyDetector": single}


def adopt(backend: Any, detector: dict[str, Any]) -> None:
    """An alarm on a band makes its detector, unless there is one."""
    detectors_of(backend).setdefault(_identity(detector), detector)


def is_trained(backend: Any, detector: dict[str, Any]) -> bool:
    stored = detectors_of(backend).get(_identity(detector))
    return stored is not None and stored["StateValue"] == "TRAINED"


def _new() -> dict[str, Any]:
    return {"AnomalyDetectorId": str(uuid.uuid4()), "StateValue": "TRAINED", "Configuration": {}}


def _requested(response: Any) -> dict[str, Any]:
    math = response._get_param("MetricMathAnomalyDetector")
    if math:
        return {**_new(), "MetricMathAnomalyDetector": math}
    single = response._get_param("SingleMetricAnomalyDetector") or {}
    return single_metric_detector(
        *(
            single.get(name) or response._get_param(name) or default
            for name, default in (("Namespace", ""), ("MetricName", ""), ("Dimensions", []), ("Stat", ""))
        )
    )


def _identity(detector: dict[str, Any]) -> str:
    if "MetricMathAnomalyDetector" in detector:
        return json.dumps(detector["MetricMathAnomalyDetector"], sort_keys=True)
    single = detector["SingleMetricAnomalyDetector"]
    pairs = sorted((each["Name"], each["Value"]) for each in single["Dimensions"])
    return json.dumps([single["Namespace"], single["MetricName"], pairs, single["Stat"]])


def _matches(detector: dict[str, Any], response: Any) -> bool:
    kinds = response._get_param("AnomalyDetectorTypes") or ["SINGLE_METRIC"]
    kind = "METRIC_MATH" if "MetricMathAnomalyDetector" in detector else "SINGLE_METRIC"
    wanted = response._get_param("Dimensions") or []
    return (
        kind in kinds
        and response._get_param("Namespace") in (None, detector.get("Namespace"))
        and response._get_param("MetricName") in (None, detector.get("MetricName"))
        and all(each in detector.get("Dimensions", []) for each in wanted)
    )


def _chosen(detector: dict[str, Any], body: dict[str, Any]) -> bool:
    dimensions = {each["Name"]: each["Value"] for each in detector.get("Dimensions", [])}
    return (
        body.get("namespace") in (None, detector.get("Namespace"))
        and body.get("metric") in (None, detector.get("MetricName"))
        and all(dimensions.get(name) == value for name, value in body.get("dimensions", {}).items())
    )
