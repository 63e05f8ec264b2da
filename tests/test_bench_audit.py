"""A program that fails, or leaves nothing, is no figure of the audit's benchmark."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.audit import NotMeasured, Program, run


def program(folder: Path, script: str, done: tuple[int, ...] = (0,)) -> Program:
    return Program("it", [sys.executable, "-c", script], folder / "out", "stdout", done)


def test_a_run_that_ends_as_it_should_and_leaves_a_result_is_a_figure(tmp_path: Path) -> None:
    figure = run(program(tmp_path, "print(1); raise SystemExit(3)", done=(3,)))
    assert figure.seconds > 0 and figure.peak_mib > 1


def test_a_program_that_fails_is_no_figure_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="it ended with 1: ValueError: no such file"):
        run(program(tmp_path, "print(1); raise ValueError('no such file')"))


def test_a_program_that_breaks_down_with_the_exit_code_of_one_that_found_something_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="ValueError: half way"):
        run(program(tmp_path, "print(1); raise ValueError('half way')", done=(1,)))


def test_a_program_that_leaves_nothing_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="it left no result"):
        run(program(tmp_path, "pass"))
