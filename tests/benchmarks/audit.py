"""The audit of a made-up account beside parliament and Cloudsplaining, and how it grows. `cargo xtask bench audit`.

Each program reads the same file and writes what it found; its whole process is measured from outside, one after the other and
on one core: time on the wall, and the most memory that the kernel saw resident (never less than this process has when it starts
them, some 16 MiB). They answer different questions: parliament
looks at one policy at a time, Cloudsplaining at one principal at a time, the audit at who becomes whom as well.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# A peer that takes longer has no figure.
PATIENCE_SECONDS = 900
PARLIAMENT_FOUND_SOMETHING = 1


@dataclass(frozen=True)
class Program:
    name: str
    command: list[str]
    out: Path
    # What it leaves when it has done its work, from its folder.
    result: str
    # Exit codes of a run that did its work.
    done: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Run:
    seconds: float
    peak_mib: float


class NotMeasured(Exception):
    """A run that is no figure."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.audit", description=__doc__)
    parser.add_argument("--binary", type=Path, required=True, help="the example large_account of access-audit")
    parser.add_argument("--peers", type=Path, help="a folder with parliament and cloudsplaining")
    parser.add_argument("--cordon", type=Path, help="a compiled cordon, measured too")
    parser.add_argument("--roles", type=int, default=1_000, help="of the account that all of them look at")
    parser.add_argument("--curve", type=int, nargs="*", default=[1_000, 2_000, 5_000, 10_000])
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    core = min(os.sched_getaffinity(0))
    # What is started inherits it.
    os.sched_setaffinity(0, {core})
    print(f"medians of {asked.runs} runs, on core {core} of {os.cpu_count()}, from the file to the report in another\n")
    with tempfile.TemporaryDirectory() as folder:
        sound = compare(asked, Path(folder))
        curve(asked, Path(folder))
    return 0 if sound else 1


def compare(asked: argparse.Namespace, folder: Path) -> bool:
    dump = made(asked.binary, asked.roles, folder)
    measured = programs(asked, dump, folder)
    runs: dict[str, list[Run]] = {program.name: [] for program in measured}
    failed: dict[str, str] = {}
    for _ in range(asked.runs):
        for program in measured:
            try:
                runs[program.name].append(run(program))
            except NotMeasured as reason:
                failed[program.name] = str(reason)
    print(f"{asked.roles:,} roles and {asked.roles // 10:,} users, {dump.stat().st_size / 1e6:.1f} MB\n")
    print("| program | s | times ours | most resident MiB | times ours |\n|---|---|---|---|---|")
    ours = middle(runs[measured[0].name])
    for program in measured:
        if program.name in failed:
            print(f"| {program.name} | not measured: {failed[program.name]} | | | |")
            continue
        one = middle(runs[program.name])
        ratios = (one.seconds / ours.seconds, one.peak_mib / ours.peak_mib) if ours else (0, 0)
        print(f"| {program.name} | {one.seconds:.2f} | {ratios[0]:.1f} | {one.peak_mib:.0f} | {ratios[1]:.1f} |")
    print(flush=True)
    return not failed


def curve(asked: argparse.Namespace, folder: Path) -> None:
    if not asked.curve:
        return
    print("| roles | users | dump, MB | s | ms a principal | most resident MiB |\n|---|---|---|---|---|---|")
    for roles in asked.curve:
        dump = made(asked.binary, roles, folder)
        program = ours(asked.binary, dump, folder)
        one = middle([run(program) for _ in range(asked.runs)])
        each = one.seconds * 1e3 / (roles + roles // 10)
        size = dump.stat().st_size / 1e6
        print(f"| {roles:,} | {roles // 10:,} | {size:.1f} | {one.seconds:.2f} | {each:.3f} | {one.peak_mib:.0f} |", flush=True)


def programs(asked: argparse.Namespace, dump: Path, folder: Path) -> list[Program]:
    found = [ours(asked.binary, dump, folder)]
    if asked.cordon:
        command = [str(asked.cordon.resolve()), "audit", "--json", "--authorization-details", str(dump)]
        # 11 to 14: the worst finding's severity.
        found.append(Program("cordon audit", command, folder / "cordon", "stdout", (11, 12, 13, 14)))
    if asked.peers:
        peers = asked.peers.absolute()
        done = (PARLIAMENT_FOUND_SOMETHING,)
        command = [str(peers / "parliament"), "--auth-details-file", str(dump)]
        found.append(Program("parliament", command, folder / "parliament", "stdout", done))
        out = folder / "cloudsplaining"
        command = [str(peers / "cloudsplaining"), "scan", "--input-file", str(dump), "--output", str(out), "--skip-open-report"]
        found.append(Program("Cloudsplaining", command, out, f"iam-results-{dump.name}"))
    return found


def ours(binary: Path, dump: Path, folder: Path) -> Program:
    out = folder / "ours"
    return Program("Cordon's audit", [str(binary.resolve()), "audit", str(dump), str(out / "report.json")], out, "report.json")


def made(binary: Path, roles: int, folder: Path) -> Path:
    dump = folder / f"account-{roles}.json"
    if not dump.exists():
        subprocess.run([str(binary.resolve()), "write", str(roles), str(dump)], check=True)
    return dump


def run(program: Program) -> Run:
    program.out.mkdir(exist_ok=True)
    result = program.out / program.result
    result.unlink(missing_ok=True)
    with (program.out / "stdout").open("wb") as stdout, (program.out / "stderr").open("wb") as stderr:
        actions = [(os.POSIX_SPAWN_DUP2, stdout.fileno(), 1), (os.POSIX_SPAWN_DUP2, stderr.fileno(), 2)]
        began = time.monotonic()
        child = os.posix_spawn(program.command[0], program.command, os.environ, file_actions=actions)
        signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
        signal.alarm(PATIENCE_SECONDS)
        _, status, usage = os.wait4(child, 0)
        seconds = time.monotonic() - began
        signal.alarm(0)
    code = os.waitstatus_to_exitcode(status)
    said = (program.out / "stderr").read_text(errors="replace").strip().splitlines()
    # A Python program that broke down ends with 1, too.
    if code not in program.done or any(line.startswith("Traceback") for line in said):
        raise NotMeasured(f"it ended with {code}{': ' + said[-1][:120] if said else ''}")
    if not result.is_file() or result.stat().st_size == 0:
        raise NotMeasured("it left no result")
    return Run(seconds, usage.ru_maxrss / 1024)


def middle(runs: list[Run]) -> Run | None:
    if not runs:
        return None
    return Run(statistics.median(run.seconds for run in runs), statistics.median(run.peak_mib for run in runs))


if __name__ == "__main__":
    sys.exit(main())
