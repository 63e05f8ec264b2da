"""Metric data by series, so that two weeks of points answer in milliseconds.

moto keeps all data points of an account in one list and walks it once for every period of every query.
"""

from __future__ import annotations

import bisect
import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

# namespace, metric name, sorted (dimension name, value) pairs
SeriesKey = tuple[str, str, tuple[tuple[str, str], ...]]


def key_of(namespace: str, name: str, dimensions: Iterable[tuple[str, str]]) -> SeriesKey:
    return namespace, name, tuple(sorted(dimensions))


@dataclass(frozen=True)
class Statistics:
    """The statistic set of one period: what CloudWatch can answer for it."""

    total: float
    count: float
    minimum: float
    maximum: float

    def value(self, stat: str) -> float:
        if stat == "Sum":
            return self.total
        if stat == "SampleCount":
            return self.count
        if stat == "Minimum":
            return self.minimum
        if stat == "Maximum":
            return self.maximum
        if stat == "Average":
            return self.total / self.count
        raise ValueError(f"the local account does not compute the statistic {stat}")

    def with_(self, other: Statistics) -> Statistics:
        return Statistics(
            self.total + other.total,
            self.count + other.count,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )


@dataclass
class Series:
    """Points in order of time (epoch seconds), one a moment: a group's instances all report at the same one."""

    times: list[float] = field(default_factory=list)
    points: list[Statistics] = field(default_factory=list)
    # Instances of a group report at once, and the two lists belong together.
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, time: float, point: Statistics) -> None:
        with self.lock:
            at = bisect.bisect_right(self.times, time)
            if at and self.times[at - 1] == time:
                self.points[at - 1] = self.points[at - 1].with_(point)
                return
            self.times.insert(at, time)
            self.points.insert(at, point)

    def periods(self, period: int, start: float = -math.inf, end: float = math.inf) -> dict[int, Statistics]:
        """Period start → statistics, of the periods that `start` lies in to the last that begins before `end`; periods are
        aligned to the epoch. A period is answered whole, as by CloudWatch, wherever in it the bounds lie."""
        found: dict[int, Statistics] = {}
        start = start if math.isinf(start) else start // period * period
        end = end if math.isinf(end) else -(-end // period) * period
        with self.lock:
            first, last = bisect.bisect_left(self.times, start), bisect.bisect_left(self.times, end)
            times, points = self.times[first:last], self.points[first:last]
        for time, point in zip(times, points):
            begin = int(time // period) * period
            found[begin] = found[begin].with_(point) if begin in found else point
        return found


class SeriesIndex:
    """All series of one CloudWatch backend."""

    def __init__(self) -> None:
        self.by_key: dict[SeriesKey, Series] = {}

    def add(self, key: SeriesKey, time: float, point: Statistics) -> bool:
        """Whether it is the series' first point."""
        first = key not in self.by_key
        self.by_key.setdefault(key, Series()).add(time, point)
        return first

    def get(self, key: SeriesKey) -> Series:
        return self.by_key.get(key, Series())


def index_of(backend: Any) -> SeriesIndex:
    """The index of a moto CloudWatch backend; it lives and is reset with it."""
    return backend.__dict__.setdefault("series_index", SeriesIndex())  # type: ignore[no-any-return]


def remember(backend: Any, datum: Any) -> bool:
    """Indexes one of moto's MetricDatum or MetricAggregatedDatum objects; whether it is its series' first."""
    key = key_of(datum.namespace, datum.name, ((each.name, each.value) for each in datum.dimensions))
    if hasattr(datum, "sample_count"):
        point = Statistics(datum.sum, datum.sample_count, datum.min, datum.max)
    else:
        point = Statistics(datum.value, 1.0, datum.value, datum.value)
    return index_of(backend).add(key, epoch_seconds(datum.timestamp), point)


def epoch_seconds(moment: datetime) -> float:
    """moto's times are UTC, with or without saying so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
