"""A band as a series: what was expected of each period when it began.

A stand-in, not CloudWatch's model: mean ± k standard deviations of all periods before. While values stay outside, the
band stays where it was before the first of them, as an alarm whose window they fill is judged. They count again once
a value is back inside, or once they are so many that they are the new normal.
"""

from __future__ import annotations

import math

from .cloudwatch_expressions import Points

# With fewer periods before it a period has no band, as with a detector that has not learned enough.
SHORTEST_HISTORY = 15


class _Moments:
    """Mean and variance, point by point (Welford)."""

    def __init__(self) -> None:
        self.count, self.mean, self._squares = 0, 0.0, 0.0

    def add(self, value: float) -> None:
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self._squares += step * (value - self.mean)

    def around(self, width: float) -> tuple[float, float]:
        deviation = math.sqrt(self._squares / self.count)
        return self.mean - width * deviation, self.mean + width * deviation


def band_series(points: Points, width: float) -> tuple[Points, Points]:
    """(lower edges, upper edges) by period, for every period with enough of them before it."""
    lower: Points = {}
    upper: Points = {}
    known, outside = _Moments(), []
    for begin, value in sorted(points.items()):
        if known.count >= SHORTEST_HISTORY:
            lower[begin], upper[begin] = known.around(width)
            if not lower[begin] <= value <= upper[begin] and len(outside) < SHORTEST_HISTORY:
                outside.append(value)
                continue
        for each in (*outside, value):
            known.add(each)
        outside.clear()
    return lower, upper
