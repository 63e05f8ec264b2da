"""Series of datapoints: what many report at once is one datapoint a moment, and none is lost."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from in_process import Cloud
from moto.cloudwatch import cloudwatch_backends

from local_account.metric_series import Series, Statistics, index_of, key_of


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient")
def test_what_many_threads_report_at_once_is_all_there() -> None:
    series, moments, reporters = Series(), 200, 8

    def report(_: int) -> None:
        order = list(range(moments))
        random.shuffle(order)
        for moment in order:
            series.add(float(moment), Statistics(1.0, 1.0, 1.0, 1.0))
            series.periods(50)

    with ThreadPoolExecutor(reporters) as pool:
        list(pool.map(report, range(reporters)))
    assert series.times == sorted(set(series.times)) and len(series.points) == moments
    assert all((one.total, one.count) == (reporters, reporters) for one in series.points)
    assert [one.count for one in series.periods(50).values()] == [50.0 * reporters] * 4


@pytest.mark.usefixtures("impatient")
def test_series_that_are_reported_at_once_are_all_there(cloud: Cloud) -> None:
    names, points, last = [f"M{number}" for number in range(24)], 100, int(time.time())

    def report(name: str) -> None:
        values = [{"timestamp": last - back * 300, "value": 1.0} for back in range(points)]
        cloud.door("POST", "metrics", {"namespace": "AWS/EC2", "metric": name, "dimensions": {}, "points": values})

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(report, names))
    index = index_of(cloudwatch_backends[cloud.account.account_id][cloud.account.region])
    found = {name: len(index.get(key_of("AWS/EC2", name, [])).times) for name in names}
    assert found == dict.fromkeys(names, points)
