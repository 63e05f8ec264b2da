"""Completions and man pages of the compiled `cordon`: one page for every command, and what shells and `man` take."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .laptop import BINARIES

CORDON = str(BINARIES / "cordon")


def run(*arguments: str, code: int = 0) -> str:
    """Without credentials, Region or network: none of this needs AWS."""
    done = subprocess.run([CORDON, *arguments], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=30)
    assert done.returncode == code, (arguments, done.stderr)
    return done.stdout


def commands(*parents: str) -> list[tuple[str, ...]]:
    """Every command that `--help` lists, with those beneath it."""
    listing = re.search(r"^Commands:\n((?:  .*\n|\n)+)", run(*parents, "--help"), re.MULTILINE)
    if listing is None:
        return []
    names = re.findall(r"^  ([a-z][a-z-]*)", listing[1], re.MULTILINE)
    own = [(*parents, name) for name in names if name != "help"]
    return [each for one in own for each in (one, *commands(*one))]


COMMANDS = commands() if (BINARIES / "cordon").exists() else []


def test_the_help_lists_the_commands_of_the_contract() -> None:
    asking = {"contain", "approve", "release", "freeze", "unfreeze"}
    looking = {"coverage", "incidents", "show", "report", "doctor", "backtest", "can", "trim"}
    assert asking | looking | {"completions", "man"} <= {name for name, *_ in COMMANDS}
    assert {("evidence", "verify"), ("evidence", "export")} <= set(COMMANDS)


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
def test_a_commands_help_says_what_it_does_within_a_screens_width(command: tuple[str, ...]) -> None:
    text = run(*command, "--help")
    assert re.match(r"[A-Z]", text) and "Usage: cordon" in text
    assert max(map(len, text.splitlines())) <= 100


def test_every_command_has_a_man_page_that_names_its_arguments(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    assert str(folder) in run("man", "--out", str(folder))
    expected = {"cordon.1", *("-".join(("cordon", *command)) + ".1" for command in COMMANDS)}
    assert {path.name for path in folder.iterdir()} == expected
    for command in COMMANDS:
        page = (folder / ("-".join(("cordon", *command)) + ".1")).read_text()
        assert page.startswith('.ie \\n(.g') and ".SH SYNOPSIS" in page
        for option in re.findall(r"^ +(?:-\w, )?--([a-z][a-z-]*)", run(*command, "--help"), re.MULTILINE):
            assert option.replace("-", "\\-") in page, (command, option)
    run("man", "--out", str(folder / "cordon.1"), code=1)


@pytest.mark.skipif(shutil.which("man") is None, reason="no man on PATH")
def test_man_reads_a_page_without_a_warning(tmp_path: Path) -> None:
    run("man", "--out", str(tmp_path))
    shown = subprocess.run(
        ["man", "--warnings", "-l", str(tmp_path / "cordon-contain.1")],
        env={**os.environ, "MANPAGER": "cat", "MANWIDTH": "80"}, capture_output=True, text=True,
    )
    assert shown.returncode == 0 and "--override" in shown.stdout and shown.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "elvish", "fish", "powershell", "zsh"])
def test_a_shells_completions_name_every_command(shell: str) -> None:
    script = run("completions", shell)
    assert all(name in script for command in COMMANDS for name in command)
    interpreter = shutil.which(shell)
    if interpreter and shell in ("bash", "zsh", "fish"):
        subprocess.run([interpreter, "-n"], input=script, text=True, check=True, timeout=30)


def test_bash_completes_a_command_and_an_option(tmp_path: Path) -> None:
    script = tmp_path / "cordon.bash"
    script.write_text(run("completions", "bash"))
    program = f"""
        source {script}
        COMP_WORDS=(cordon "$1" "$2"); COMP_CWORD=$3
        _cordon cordon "${{COMP_WORDS[COMP_CWORD]}}" ""
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """

    def completed(*words: str) -> list[str]:
        done = subprocess.run(["bash", "-c", program, "bash", *words], capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert completed("doc", "", "1") == ["doctor"]
    assert "--dry-run" in completed("contain", "--dry", "2")


def test_an_unknown_shell_is_a_usage_error_that_lists_the_known() -> None:
    done = subprocess.run([CORDON, "completions", "tcsh"], capture_output=True, text=True)
    assert done.returncode == 2 and "bash" in done.stderr
