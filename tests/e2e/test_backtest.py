"""`cordon backtest`: over files that need no account, and over CloudWatch's history."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from .command import Person
from .laptop import BINARIES, Laptop, Stack

STEP = 300
DAY = 24 * 3600 // STEP
START = 1_700_000_100 // STEP * STEP
HEADER = "epoch_s,network_out_bytes,network_in_bytes"


def calm(points: int, surge: range = range(0), seed: int = 0) -> list[str]:
    """Rows of an instance that sends 20 to 60 KB/s; in `surge` 6 MB/s."""
    rows = []
    for at in range(points):
        out = 20_000 + 400 * ((at * 7919 + seed * 104_729) % 101)
        sent = 6_000_000 if at in surge else out
        rows.append(f"{START + at * STEP},{sent * STEP},{out // 2 * STEP}")
    return rows


def written(folder: Path, name: str, rows: list[str], header: str = HEADER) -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def backtest(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(BINARIES / "cordon"), "backtest", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def asked(*arguments: object, code: int = 0) -> dict[str, Any]:
    done = backtest(*arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def test_a_surge_is_isolated_within_a_quarter_of_an_hour_and_the_reason_said(tmp_path: Path) -> None:
    surge = range(10 * DAY, 10 * DAY + 12)
    path = written(tmp_path, "web.csv", calm(12 * DAY, surge))
    found = asked(path)
    (isolation,) = found["isolations"]
    assert (found["schema"], found["series"], isolation["series"]) == (1, 1, str(path))
    assert found["instance_days"] == pytest.approx(12)
    assert 0 < isolation["epoch_s"] - (START + surge.start * STEP) <= 900
    assert found["false_per_1000_instance_days"] == pytest.approx(1000 / 12)
    text = backtest(path).stdout
    assert "sent 6.0 MB/s" in text and all(len(line) <= 80 for line in text.splitlines())


def test_a_labelled_false_alarm_is_told_as_one_that_would_come_again_or_not(tmp_path: Path) -> None:
    surge = range(10 * DAY, 10 * DAY + 12)
    path = written(tmp_path, "i-1.csv", calm(12 * DAY, surge))
    rung = START + (surge.start + 5) * STEP
    labels = tmp_path / "labels.csv"
    labels.write_text(f"series,epoch_s\ni-1,{rung}\n{path},{rung - 5 * DAY * STEP}\ni-2,{rung}\n")
    found = asked(path, "--labels", labels)
    assert [one["label"] for one in found["isolations"]] == ["false-alarm"]
    assert sorted(one["fate"] for one in found["false_alarms"]) == ["avoided", "not-covered", "repeated"]
    text = backtest(path, "--labels", labels).stdout
    assert "people called it a false alarm" in text
    assert "labelled false alarms: 3; 1 would come again, 1 would not, 1 not in the data" in text
    listed = [{"instance": "i-1", "opened_at": datetime.fromtimestamp(rung, timezone.utc).isoformat(), "false_alarm": True}]
    document = tmp_path / "false.json"
    document.write_text(json.dumps({"schema": 1, "incidents": listed, "complete": True}))
    assert [one["fate"] for one in asked(path, "--labels", document)["false_alarms"]] == ["repeated"]
    assert [one["label"] for one in asked(path)["isolations"]] == [None]
    labels.write_text("i-1,yesterday\n")
    wrong = backtest(path, "--labels", labels)
    assert wrong.returncode == 2 and "line 1" in wrong.stderr


def test_what_comes_later_never_changes_a_decision(tmp_path: Path) -> None:
    rows = calm(14 * DAY, range(10 * DAY, 10 * DAY + 12))
    whole = asked(written(tmp_path, "a.csv", rows))["isolations"]
    decided = (whole[0]["epoch_s"] - START) // STEP
    cut = asked(written(tmp_path, "a.csv", rows[:decided]))["isolations"]
    assert cut == whole and asked(written(tmp_path, "a.csv", rows[: decided - 1]))["isolations"] == []


def test_injected_exfiltration_is_found_and_repeatable(tmp_path: Path) -> None:
    path = written(tmp_path, "web.csv", calm(20 * DAY))
    found = asked(path, "--inject", "5000000,60,4,1")
    assert len(found["injected"]) == 4 and found["recall"] == 1.0 and found["false_per_1000_instance_days"] == 0
    for injection in found["injected"]:
        assert (injection["rate_bytes_per_s"], injection["minutes"]) == (5e6, 60)
        assert 0 < injection["detected_epoch_s"] - injection["epoch_s"] <= 1200
    assert asked(path, "--inject", "5000000,60,4,1") == found
    assert asked(path, "--inject", "5000000,60,4,2")["injected"] != found["injected"]


def test_a_fleet_that_surges_together_is_isolated_nowhere_if_its_peers_are_known(tmp_path: Path) -> None:
    surge = range(10 * DAY, 10 * DAY + 12)
    paths = [written(tmp_path, f"web-{one}.csv", calm(11 * DAY, surge, one)) for one in range(8)]
    group = tmp_path / "group.txt"
    group.write_text("# the web group\n" + "\n".join(path.name for path in paths) + "\n")
    assert len(asked(*paths)["isolations"]) == 8
    together = asked(*paths, "--group", group)
    assert together["isolations"] == [] and together["rules"]["fleet-surge"]["datapoints"] > 0
    written(tmp_path, "web-0.csv", calm(11 * DAY, surge))
    for one in range(1, 8):
        written(tmp_path, f"web-{one}.csv", calm(11 * DAY, seed=one))
    alone = asked(*paths, "--group", group)["isolations"]
    assert [isolation["series"] for isolation in alone] == [str(paths[0])]


def test_a_packed_file_says_the_same_and_a_half_written_one_is_no_pass(tmp_path: Path) -> None:
    rows = calm(12 * DAY, range(10 * DAY, 10 * DAY + 12))
    plain = written(tmp_path, "web.csv", rows)
    packed = tmp_path / "web.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    of_packed = asked(packed)
    assert [each["epoch_s"] for each in of_packed["isolations"]] == [each["epoch_s"] for each in asked(plain)["isolations"]]
    packed.write_bytes(gzip.compress(plain.read_bytes())[:-2000])
    cut = backtest(packed)
    assert cut.returncode == 6 and "ends in the middle" in cut.stderr and "1 series" in cut.stdout


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        ([], 0, ""),
        (["1,2,3", "301,4,5"], 0, ""),
        (["1,nan,3", "301,-4,5", "601,,6", "901,7,8", "901,7,8", "301,9,9"], 0, ""),
        (["1,2", "301,4,5"], 6, "cells are missing"),
        (["yesterday,2,3", "301,4,5"], 6, "neither epoch seconds nor"),
        (["1,two,3", "301,4,5"], 6, "not a number"),
        (["x" * 1_000_000, "301,4,5"], 6, "longer than 4096"),
        ([f"{START + at * STEP},0,0" for at in range(5000)], 0, ""),
        ([f"{START + at * STEP},9000000,9" for at in range(5000)], 0, ""),
    ],
)
def test_bad_input_is_named_and_never_isolates(tmp_path: Path, rows: list[str], code: int, said: str) -> None:
    done = backtest(written(tmp_path, "odd.csv", rows))
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "panicked" not in done.stderr and "would isolate: 0" in done.stdout or not rows


def test_an_empty_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    done = backtest(tmp_path / "empty.csv")
    assert done.returncode == 6 and "has no line" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "nowhere.csv cannot be read"),
        (["{file}", "--inject", "5,60"], "is not RATE,MINUTES,N,SEED"),
        (["{file}", "--set", "flor=1"], "cordon:detect-floor-bytes-per-s"),
        (["{file}", "--set", "novelty=many"], "not a number"),
        (["{file}", "--group", "{file}"], "is none of the series given"),
        (["{folder}/void"], "has no .csv"),
        ([], "PATH"),
    ],
)
def test_a_wrong_question_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    path = written(tmp_path, "web.csv", calm(3))
    (tmp_path / "void").mkdir()
    done = backtest(*(each.format(file=path, folder=tmp_path) for each in arguments))
    assert done.returncode == 2 and said in done.stderr, done.stderr


def test_a_file_of_one_metric_shows_where_it_changed(tmp_path: Path) -> None:
    def row(at: int) -> str:
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(START + at * STEP))
        return f"{moment},{90 if at >= 9 * DAY else 10 + at * 37 % 11}"

    path = written(tmp_path, "cpu.csv", [row(at) for at in range(10 * DAY)], "timestamp,value")
    (detection,) = asked(path)["detections"]
    assert detection["series"] == str(path)
    assert detection["timestamp"].startswith(time.strftime("%Y-%m-%d %H:", time.gmtime(START + 9 * DAY * STEP)))


def test_many_files_take_no_more_memory_than_one(tmp_path: Path) -> None:
    def peak(*paths: Path) -> int:
        script = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); "
        script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        command = ["python3", "-c", script, str(BINARIES / "cordon"), "backtest", *map(str, paths)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    paths = [written(tmp_path, f"{one}.csv", calm(20 * DAY, seed=one)) for one in range(24)]
    assert peak(*paths) < 1.5 * peak(paths[0])


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    path = written(tmp_path, "web.csv", calm(30))
    command = f"'{BINARIES / 'cordon'}' backtest '{path}' | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_over_cloudwatchs_history_each_instance_has_its_groups_peers(laptop: Laptop, stack: Stack) -> None:
    instances = laptop.fleet("history", size=7)["instance_ids"]
    last = int(time.time()) // STEP * STEP
    for number, instance in enumerate(instances):
        for metric, share in (("NetworkOut", 1.0), ("NetworkIn", 0.5)):
            points = [
                {"timestamp": last - back * STEP, "value": share * (3e6 + 1e4 * ((back + number) % 7))}
                for back in range(4 * DAY, 0, -1)
            ]
            if metric == "NetworkOut" and number == 0:
                points[-40:-28] = [{**point, "value": 2e9} for point in points[-40:-28]]
            dimensions = {"InstanceId": instance}
            body = {"namespace": "AWS/EC2", "metric": metric, "dimensions": dimensions, "points": points}
            laptop.door("POST", "metrics", body)
    viewer = Person.user(stack, "backtest-viewer", "ViewerPolicyArn")
    found = viewer.asks("backtest", "--cloudwatch", "--auto-scaling-group", "history")
    assert [isolation["series"] for isolation in found["isolations"]] == [instances[0]]
    assert found["series"] == 7 and "peers-differ" in json.dumps(found["isolations"])
    tried = viewer.asks("backtest", "--cloudwatch", "--auto-scaling-group", "history", "--inject", "20000000,60,1,1")
    assert {injection["series"] for injection in tried["injected"]} == set(instances) and tried["recall"] >= 0.7
    assert [one["series"] for one in tried["isolations"] if not one["injected"]] == [instances[0]]
    unknown = viewer.runs("backtest", "--cloudwatch", "--auto-scaling-group", "nobody")
    assert unknown.returncode == 2 and "there is no such group" in unknown.stderr


def test_the_journals_false_alarms_are_labels_of_cloudwatchs_history(laptop: Laptop, stack: Stack) -> None:
    instance = laptop.fleet("labelled", size=3)["instance_ids"][0]
    stack.surge(instance, value=1e6)
    person = Person.user(stack, "backtest-labeller", "OperatorPolicyArn", "ViewerPolicyArn")
    incident = person.asks("contain", instance, "--reason", "Case 4711")["incident"]
    stack.incident_in(instance, "Contained")
    person.asks("release", incident, "--reason", "a backup", "--false-alarm")
    laptop.fleet("unlabelled", size=1)
    found = person.asks("backtest", "--cloudwatch", "--auto-scaling-group", "labelled")
    assert [label["series"] for label in found["false_alarms"]] == [instance]
    assert person.asks("backtest", "--cloudwatch", "--auto-scaling-group", "unlabelled")["false_alarms"] == []
