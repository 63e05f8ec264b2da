"""Alarms that change their state, and act when they do.

Source: PutMetricAlarm, PutCompositeAlarm and SetAlarmState in the CloudWatch API reference. A new alarm is in
INSUFFICIENT_DATA; actions run only when the state changes, and only when they are enabled; an alarm set by
SetAlarmState returns to its true state at the next evaluation. Alarms are evaluated when data arrive and every five
seconds (AWS: every minute, or the alarm's period).
"""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import Any

from moto.cloudwatch import cloudwatch_backends
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from . import (
    anomaly_detectors,
    cloudwatch_alarm_tags,
    cloudwatch_contributors,
    cloudwatch_description,
    cloudwatch_history,
    cloudwatch_metrics,
)
from .account import Account
from .cloudwatch_actions import act
from .cloudwatch_composites import RuleError, parse_rule
from .cloudwatch_contributors import contributors_of, evaluate_contributors, grouped_query
from .cloudwatch_evaluation import Verdict, detector_of, evaluate, in_offset_form, watched_queries
from .cloudwatch_history import record_configuration, record_transition
from .cloudwatch_messages import State, Transition
from .metric_series import index_of
from .patching import overlay, pristine, replace

EVALUATION_SECONDS = 5.0

# Guards alarms' states; never held while an action runs.
_STATES = threading.RLock()


def install(account: Account) -> None:
    anomaly_detectors.install(account, detector_of)
    cloudwatch_alarm_tags.install()
    cloudwatch_contributors.install()
    cloudwatch_description.install()
    cloudwatch_history.install()
    cloudwatch_metrics.install(account, lambda backend: evaluate_alarms(account, backend))
    _start_new_alarms_without_data()
    _keep_the_state_of_updated_alarms(account)
    _set_state(account)
    _evaluate_regularly(account)


def _start_new_alarms_without_data() -> None:
    moto = pristine(Alarm, "__init__")

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        moto(self, *args, **kwargs)
        self.metrics: list[dict[str, Any]] = []
        self.alarm_rule = self.rule
        self.state_value = "INSUFFICIENT_DATA"
        self.state_reason = "Unchecked: Initial alarm creation"
        self.state_reason_data = None
        self.state_updated_timestamp = self.state_transitioned_timestamp = datetime.now(timezone.utc)

    replace(Alarm, "__init__", begin)


def _keep_the_state_of_updated_alarms(account: Account) -> None:
    @overlay(CloudWatchResponse)
    def put_metric_alarm(moto: Any, self: Any) -> ActionResult:
        backend, name = self.cloudwatch_backend, self._get_param("AlarmName")
        before = backend.alarms.get(name)
        answer = moto(self)
        alarm = backend.alarms[name]
        # As they were sent: moto's own copy leaves out AccountId.
        alarm.metrics = self._get_param("Metrics") or []
        alarm.metric_data_queries = alarm.metrics or None
        if before is not None:
            for kept in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp"):
                setattr(alarm, kept, getattr(before, kept))
            alarm.state_transitioned_timestamp = before.state_transitioned_timestamp
        detector = detector_of(alarm)
        if detector is not None:
            anomaly_detectors.adopt(backend, detector)
        record_configuration(backend, alarm, created=before is None)
        return answer

    @overlay(CloudWatchResponse)
    def put_composite_alarm(moto: Any, self: Any) -> ActionResult:
        backend = self.cloudwatch_backend
        try:
            children = parse_rule(self._get_param("AlarmRule")).children
        except RuleError as error:
            raise ValidationError(f"Invalid AlarmRule: {error}") from error
        unknown = [name for name in children if name not in backend.alarms]
        if unknown:
            raise ValidationError(
                f"Could not save the composite alarm as alarms [{', '.join(unknown)}] in the alarm rule do not exist"
            )
        answer = self.put_metric_alarm()
        _evaluate_composites(account, backend)
        return answer


def _set_state(account: Account) -> None:
    @overlay(CloudWatchBackend)
    def set_alarm_state(
        moto: Any, self: Any, alarm_name: str, reason: str, reason_data: str | None, state_value: str
    ) -> None:
        alarm = self.alarms.get(alarm_name)
        kept = _state_of(alarm) if alarm else None
        moto(self, alarm_name, reason, reason_data, state_value)  # validates, and writes the state
        assert alarm is not None and kept is not None
        alarm.state_value, alarm.state_reason = kept.value, kept.reason
        alarm.state_reason_data, alarm.state_updated_timestamp = kept.reason_data, kept.timestamp
        change_state(account, self, alarm, Verdict(state_value, reason, reason_data or ""))


def _evaluate_regularly(account: Account) -> None:
    interval = {"seconds": EVALUATION_SECONDS}
    changed = threading.Event()

    def evaluate_until_stopped() -> None:
        while not account.stopping.is_set():
            if not changed.wait(interval["seconds"]) and not account.stopping.is_set():
                evaluate_alarms(account, cloudwatch_backends[account.account_id][account.region])
            changed.clear()

    threading.Thread(target=evaluate_until_stopped, name="alarm-evaluation", daemon=True).start()

    @account.route("POST", "alarms/evaluation")
    def set_interval(body: dict[str, Any]) -> dict[str, float]:
        """{seconds}: how often alarms are evaluated; a large number leaves alarms where SetAlarmState put them."""
        interval["seconds"] = float(body["seconds"])
        changed.set()
        return {"seconds": interval["seconds"]}


def _state_of(alarm: Any) -> State:
    return State(alarm.state_value, alarm.state_reason, alarm.state_reason_data, alarm.state_updated_timestamp)


def change_state(
    account: Account, backend: Any, alarm: Any, verdict: Verdict, children: list[dict[str, Any]] | None = None
) -> None:
    """Writes the state, and when its value changed records and performs the transition."""
    with _STATES:
        before = _state_of(alarm)
        now = datetime.now(timezone.utc)
        after = State(verdict.state, verdict.reason, verdict.reason_data or None, now)
        alarm.state_value, alarm.state_reason = after.value, after.reason
        alarm.state_reason_data, alarm.state_updated_timestamp = after.reason_data, now
        if before.value == after.value:
            return
        alarm.state_transitioned_timestamp = now
        change = Transition(alarm, before, after, triggering_children=children or [])
        record_transition(backend, change)
    # The actions of an alarm over many series are its contributors' own.
    act(account, backend, change, notify=not _was_notified_by_contributors(alarm, after))
    _evaluate_composites(account, backend)


def _was_notified_by_contributors(alarm: Any, after: State) -> bool:
    return after.value == "ALARM" and any(each.state == "ALARM" for each in contributors_of(alarm).values())


def evaluate_alarms(account: Account, backend: Any) -> None:
    for alarm in list(backend.alarms.values()):
        if alarm.rule is None:
            _evaluate_metric_alarm(account, backend, alarm)


def _evaluate_metric_alarm(account: Account, backend: Any, alarm: Any) -> None:
    seen = (_amount_of_data(backend, alarm), alarm.state_value)
    if alarm.__dict__.get("evaluated") == seen:
        return
    if grouped_query(alarm) is not None:
        verdict = _evaluate_series(account, backend, alarm)
    else:
        verdict = evaluate(backend, alarm)
    if verdict is not None and verdict.state != alarm.state_value:
        change_state(account, backend, alarm, verdict)
    alarm.evaluated = (seen[0], alarm.state_value)


def _amount_of_data(backend: Any, alarm: Any) -> tuple[int, ...]:
    index = index_of(backend)
    if grouped_query(alarm) is not None:
        return tuple(len(series.times) for series in index.by_key.values())
    keys = (
        cloudwatch_metrics.series_key(query["MetricStat"]["Metric"])
        for query in watched_queries(alarm)
        if "MetricStat" in query
    )
    return tuple(len(index.get(key).times) for key in keys)


def _evaluate_series(account: Account, backend: Any, alarm: Any) -> Verdict | None:
    judged = evaluate_contributors(backend, alarm)
    for contributor, verdict in judged:
        if verdict.state == contributor.state:
            continue
        now = datetime.now(timezone.utc)
        before = State(contributor.state, contributor.reason, None, contributor.transitioned or now)
        contributor.state, contributor.reason, contributor.transitioned = verdict.state, verdict.reason, now
        after = State(verdict.state, verdict.reason, verdict.reason_data, now)
        change = Transition(alarm, before, after, contributor.contributor_id, contributor.attributes)
        record_transition(backend, change)
        act(account, backend, change)
    alarming = [verdict for _, verdict in judged if verdict.state == "ALARM"]
    return alarming[0] if alarming else next((verdict for _, verdict in judged), None)


def _evaluate_composites(account: Account, backend: Any) -> None:
    for alarm in list(backend.alarms.values()):
        if alarm.rule is None:
            continue
        rule = parse_rule(alarm.rule)
        alarms = backend.alarms
        holds = rule.holds(lambda name: alarms[name].state_value if name in alarms else "INSUFFICIENT_DATA")
        state = "ALARM" if holds else "OK"
        if state != alarm.state_value:
            children = [alarms[name] for name in rule.children if name in alarms]
            change_state(account, backend, alarm, _composite_verdict(state, children), _triggering(children, state))


def _triggering(children: list[Any], state: str) -> list[dict[str, Any]]:
    return [
        {
            "Arn": child.alarm_arn,
            "State": {"Value": child.state_value, "Timestamp": in_offset_form(child.state_transitioned_timestamp)},
        }
        for child in children
        if child.state_value == state
    ]


def _composite_verdict(state: str, children: list[Any]) -> Verdict:
    latest = max(children, key=lambda child: child.state_transitioned_timestamp, default=None)
    if latest is None:
        return Verdict(state, f"The alarm rule evaluates to {state}.", "")
    moment = latest.state_transitioned_timestamp.strftime("%A %d %B, %Y %H:%M:%S UTC")
    return Verdict(state, f"{latest.alarm_arn} transitioned to {latest.state_value} at {moment}", "")
