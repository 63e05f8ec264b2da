"""The rule of detection as one would write it in pandas, with whole columns at a time: what the core's speed is compared with.

It does without what follows an isolation (an attack that is not learned): columns have no memory. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

STEP = 300
DAY = 86_400
HISTORY = pd.Timedelta(days=14)
FLOOR = 900_000.0
STEADINESS = 1.15
BURST_PART = 0.3
LONGEST = 8
# Datapoints, novelty, and which part of what is sent may come back.
SCALES = ((2, 4.0, 1 / 300), (4, 3.0, 1 / 60), (LONGEST, 2.0, 1 / 30))


def main() -> None:
    begun = time.process_time()
    datapoints = 0
    isolations: list[tuple[str, int]] = []
    for path in map(Path, sys.argv[1:]):
        series = pd.read_csv(path)
        datapoints += len(series)
        isolations += [(path.name, at) for at in isolated(series)]
    seconds = time.process_time() - begun
    print(json.dumps({"datapoints": datapoints, "seconds": seconds, "isolations": isolations}))


def isolated(series: pd.DataFrame) -> list[int]:
    """Ends of the datapoints that would isolate, 24 hours apart."""
    series = series[(series >= 0).all(axis=1) & np.isfinite(series).all(axis=1)].drop_duplicates("epoch_s")
    epoch = series["epoch_s"].to_numpy()
    index = pd.to_datetime(epoch, unit="s")
    out = pd.Series(series["network_out_bytes"].to_numpy() / STEP, index)
    inbound = pd.Series(series["network_in_bytes"].to_numpy() / STEP, index)
    age = epoch - epoch[0]
    usual = inbound.rolling(HISTORY).quantile(0.9).shift(1)
    usual_of_the_young = inbound.rolling(HISTORY).median().shift(1)
    usual = usual.where(age >= 2 * DAY, usual_of_the_young).fillna(0.0)
    surplus = (out - inbound).clip(lower=0)
    youth = 1 + np.maximum(0, 1 - age / (14 * DAY))
    novel = np.zeros(len(out), dtype=bool)
    for points, novelty, part in SCALES:
        parts = np.where(age < 7 * DAY, SCALES[0][2], part)
        least, most = out.rolling(points).min(), out.rolling(points).max()
        most_in = inbound.rolling(points).max()
        level = least_level(out, inbound, usual, parts, points)
        lasts = pd.Series(epoch, index).diff(points - 1) <= STEP * points
        enough = (age >= 7 * DAY) if points == SCALES[0][0] else np.full(len(out), True)
        seen = held_while_as_little_came_in(least, most_in, points)
        bursts = surplus.rolling(points).min().shift(LONGEST).rolling(HISTORY).max().fillna(0.0)
        needed = np.maximum(seen, bursts * BURST_PART) * novelty * youth
        passes = lasts & enough & (least >= FLOOR) & (most <= STEADINESS * least) & (level >= least / 2) & (level > needed)
        novel |= passes.to_numpy()
    return apart(epoch[novel & (age >= 2 * DAY)] + STEP)


def least_level(out: pd.Series, inbound: pd.Series, usual: pd.Series, parts: np.ndarray, points: int) -> pd.Series:
    """The least sent beyond what the rise of inbound answers for; what is usual is that of the window's end."""
    shifted = [out.shift(ago) - (inbound.shift(ago) - usual).clip(lower=0) / parts for ago in range(points)]
    return pd.concat(shifted, axis=1).min(axis=1, skipna=False)


def held_while_as_little_came_in(least: pd.Series, most_in: pd.Series, points: int) -> pd.Series:
    """The most held for as long in 14 days while no more came in, by octaves of what came in."""
    octave = np.floor(np.log2(most_in.clip(lower=512))).fillna(0)
    past, past_octave = least.shift(LONGEST), octave.shift(LONGEST)
    seen = pd.Series(0.0, least.index)
    for one in octave.unique():
        up_to = past.where(past_octave <= one).rolling(HISTORY).max()
        seen = seen.where(octave != one, up_to.fillna(0.0))
    return seen


def apart(times: np.ndarray) -> list[int]:
    kept: list[int] = []
    for at in times.tolist():
        if not kept or at - STEP >= kept[-1] + DAY:
            kept.append(at)
    return kept


if __name__ == "__main__":
    main()
