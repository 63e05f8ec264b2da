"""Series of datapoints: what many report at once is one datapoint a moment, and none is lost."""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor

from local_account.metric_series import Series, Statistics


def test_what_many_threads_report_at_once_is_all_there() -> None:
    series, moments, reporters = Series(), 200, 8

    def report(_: int) -> None:
        order = list(range(moments))
        random.shuffle(order)
        for moment in order:
            series.add(float(moment), Statistics(1.0, 1.0, 1.0, 1.0))
            series.periods(50)

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(reporters) as pool:
            list(pool.map(report, range(reporters)))
    finally:
        sys.setswitchinterval(switching)
    assert series.times == sorted(set(series.times)) and len(series.points) == moments
    assert all((one.total, one.count) == (reporters, reporters) for one in series.points)
    assert [one.count for one in series.periods(50).values()] == [50.0 * reporters] * 4
