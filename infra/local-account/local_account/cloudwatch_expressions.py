"""The part of CloudWatch's metric math that the local account computes.

Source: "Using math expressions with CloudWatch metrics". Numbers, query ids, + - * / and PERIOD(id); for
ANOMALY_DETECTION_BAND(id, k) see cloudwatch_bands. A period that any operand lacks is left out.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from typing import Union

# period start (epoch seconds) → value
Points = dict[int, float]
Operand = Union[Points, float]

BAND = re.compile(r"^\s*ANOMALY_DETECTION_BAND\(\s*(\w+)\s*(?:,\s*([\d.]+)\s*)?\)\s*$")
DEFAULT_BAND_WIDTH = 2.0
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


class ExpressionError(Exception):
    """The expression is malformed, or more than the local account computes."""


def band_around(values: list[float], width: float) -> tuple[float, float]:
    """(lower, upper) of the stand-in band."""
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    return mean - width * deviation, mean + width * deviation


def evaluate_expression(expression: str, points: dict[str, Points], period: int) -> Points:
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise ExpressionError(f"cannot parse '{expression}'") from error
    value = _compute(tree.body, points, period)
    return value if isinstance(value, dict) else {}


def _named(name: str, points: dict[str, Points]) -> Points:
    if name not in points:
        raise ExpressionError(f"unknown id '{name}'")
    return points[name]


def _compute(node: ast.expr, points: dict[str, Points], period: int) -> Operand:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name):
        return _named(node.id, points)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "PERIOD":
        return float(period)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = _compute(node.left, points, period), _compute(node.right, points, period)
        return _combine(type(node.op), left, right)
    raise ExpressionError(f"the local account does not compute '{ast.unparse(node)}'")


def _combine(kind: type[ast.operator], left: Operand, right: Operand) -> Operand:
    apply = OPERATORS[kind]
    if isinstance(left, float) and isinstance(right, float):
        return float(apply(left, right))
    periods = (set(left) if isinstance(left, dict) else None, set(right) if isinstance(right, dict) else None)
    shared = set.intersection(*(each for each in periods if each is not None))
    combined = {}
    for begin in sorted(shared):
        one = left[begin] if isinstance(left, dict) else left
        other = right[begin] if isinstance(right, dict) else right
        if not (kind is ast.Div and other == 0):
            combined[begin] = float(apply(one, other))
    return combined
