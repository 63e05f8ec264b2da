"""Series of datapoints: what many report at once is one datapoint a moment, and none is lost."""

from __future__ import annotations

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from account_process import AccountProcess, allow

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


def test_series_that_are_reported_at_once_are_all_there(account: AccountProcess) -> None:
    names, points = [f"M{number}" for number in range(24)], 400
    last = int(time.time()) // 300 * 300

    def report(name: str) -> None:
        values = [{"timestamp": last - back * 300, "value": 1.0} for back in range(points)]
        account.door("POST", "metrics", {"namespace": "AWS/EC2", "metric": name, "dimensions": {}, "points": values})

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(report, names))
    stat = {"Period": 300, "Stat": "Sum"}
    queries = [
        {"Id": name.lower(), "MetricStat": {"Metric": {"Namespace": "AWS/EC2", "MetricName": name}, **stat}}
        for name in names
    ]
    cloudwatch = account.client("cloudwatch", account.session("reading", allow("cloudwatch:*")))
    since, until = datetime.fromtimestamp(last - points * 300, timezone.utc), datetime.now(timezone.utc)
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=since, EndTime=until)
    assert {one["Id"]: len(one["Values"]) for one in answer["MetricDataResults"]} == {
        name.lower(): points for name in names
    }
