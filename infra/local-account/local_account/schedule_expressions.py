"""`rate(...)` and `cron(...)`, in UTC, to the minute.

Source: "Setting a schedule pattern for scheduled rules" in the Amazon EventBridge user guide. The cron wildcards L, W
and # are not read.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
# minutes, hours, day of month, month, day of week, year: their least and greatest value, and names counted from it.
_FIELDS: list[tuple[int, int, list[str]]] = [
    (0, 59, []),
    (0, 23, []),
    (1, 31, []),
    (1, 12, _MONTHS),
    (1, 7, _DAYS),
    (1970, 2199, []),
]


def is_due(expression: str, since: float, now: float) -> bool:
    """Whether a schedule that last fired, or was made, at `since` fires at `now`; both in Unix seconds. Raises
    ValueError for an expression that it can't read."""
    if match := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return now - since >= int(match[1]) * _UNIT_SECONDS[match[2]]
    match = re.fullmatch(r"cron\((.+)\)", expression)
    fields = match[1].split() if match else []
    if len(fields) != len(_FIELDS):
        raise ValueError(f"not a schedule expression: {expression}")
    allowed = [_values(field, *limits) for field, limits in zip(fields, _FIELDS)]
    moment = datetime.fromtimestamp(since, timezone.utc).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while moment.timestamp() <= now:
        if _fits(moment, allowed):
            return True
        moment += timedelta(minutes=1)
    return False


def _values(field: str, least: int, greatest: int, names: list[str]) -> set[int]:
    values: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if first in ("*", "?"):
            start, end = least, greatest
        else:
            start = _number(first, least, names)
            end = _number(last, least, names) if last else greatest if step else start
        values.update(range(start, end + 1, int(step or 1)))
    return values


def _number(text: str, least: int, names: list[str]) -> int:
    return names.index(text) + least if text in names else int(text)


def _fits(moment: datetime, allowed: list[set[int]]) -> bool:
    day_of_week = moment.isoweekday() % 7 + 1
    values = (moment.minute, moment.hour, moment.day, moment.month, day_of_week, moment.year)
    return all(value in field for value, field in zip(values, allowed))
