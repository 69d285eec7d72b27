"""Changes of a log that must change nothing, or nothing but what they say: rows in another order, in several files
or in another format, users renamed, all dates moved by a week, days appended.

    python experiments/reliability/metamorphic.py --cases 500 --seed 0

A log is drawn at random with some dirt; its windows with their features, labels and days are compared value by value.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from tables import _put, log, names, nulls

from churn import DataConfig
from churn.data import Dataset, prepare

Frames = dict[str, pd.DataFrame]
FEATURES = ["totals", "active_weeks", "gaps", "month", "trend", "rates", "fans", "fan_shares", "weekday"]
WEEK = pd.Timedelta(days=7)
UNREADABLE = ("2024-02-30", "2024-13-01", "soon", "2024-01-01T25:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00")
KNOWN = ("post", "view", "chat")  # types that no further day makes frequent enough to be columns


def drawn(rng: np.random.Generator) -> Frames:
    """A log with dirt in it: rows that cannot be used, names as strangers write them."""
    tables = log(rng)
    for name, table in tables.items():
        for way, column in ((nulls, "user_id"), (names, "event"), (nulls, "actor_id"), (unreadable, "timestamp")):
            if column in table and rng.random() < 0.3:
                rare = table.sample(frac=0.05, random_state=int(rng.integers(1_000)))
                tables[name] = pd.concat([tables[name].drop(rare.index), way(rare.copy(), column, rng)])
    if rng.random() < 0.3:
        tables["events"] = pd.concat([tables["events"], tables["events"].head(40)])
    return {name: table.replace({"": None}).reset_index(drop=True) for name, table in tables.items()}


def unreadable(table: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    return _put(table, column, rng, UNREADABLE)


def read(frames: Frames, folder: Path, *, form: str = "parquet", parts: int = 1) -> Dataset:
    """The dataset of a log that is written to files."""
    sources = {}
    for name, table in frames.items():
        there = folder / name
        there.mkdir(parents=True)
        for place in range(parts):
            part = table.iloc[place::parts].astype(str).where(table.iloc[place::parts].notna(), None)
            if form == "parquet":
                part.to_parquet(there / f"{place}.parquet", index=False)
            else:
                part.to_csv(there / f"{place}.csv", index=False)
        sources[name] = str(there / f"*.{form}")
    config = DataConfig(**sources, features=FEATURES)
    return prepare(config, folder / "dataset", unsplit=True)


def values(dataset: Dataset, *, until: int | None = None) -> dict[str, object]:
    """Everything that models see: per window the user, the day, each feature and label."""
    windows = dataset.windows
    if until is not None:
        windows = windows.take((windows.cutoff <= until) & windows.known)
        past = windows.cutoff + windows.reach_days <= until
        windows = windows.take(past)
    facts = pd.DataFrame(windows.summary(), columns=list(windows.features))
    facts.insert(0, "user", windows.user_ids)
    facts["cutoff"] = windows.cutoff + dataset.panel.first_day
    for target in windows.targets:
        facts[f"y_{target}"] = windows.label(target)
    return {"windows": facts, "reconciliation": dataset.reconciliation}


def shuffled(frames: Frames, rng: np.random.Generator, folder: Path) -> tuple[Dataset, Callable[[object], object]]:
    seed = int(rng.integers(1_000))
    return read({name: table.sample(frac=1, random_state=seed) for name, table in frames.items()}, folder), lambda v: v


def in_parts(frames: Frames, rng: np.random.Generator, folder: Path) -> tuple[Dataset, Callable[[object], object]]:
    return read(frames, folder, parts=int(rng.integers(2, 6))), lambda v: v


def as_csv(frames: Frames, rng: np.random.Generator, folder: Path) -> tuple[Dataset, Callable[[object], object]]:
    return read(frames, folder, form="csv"), lambda v: v  # in which empty text is none, as `drawn` has it


def renamed(frames: Frames, rng: np.random.Generator, folder: Path) -> tuple[Dataset, Callable[[object], object]]:
    """Every user gets another name; their order stays, for ties are broken by it."""

    def other(table: pd.DataFrame) -> pd.DataFrame:
        ids = {
            c: table[c].map(lambda v: f"p-{v}" if isinstance(v, str) and v else v)
            for c in ("user_id", "actor_id")
            if c in table
        }
        return table.assign(**ids)

    def back(found: dict[str, object]) -> dict[str, object]:
        windows = found["windows"]
        return found | {"windows": windows.assign(user=windows.user.str.removeprefix("p-"))}

    return read({name: other(table) for name, table in frames.items()}, folder), back


def moved(frames: Frames, rng: np.random.Generator, folder: Path) -> tuple[Dataset, Callable[[object], object]]:
    def later(value: object) -> object:
        day = pd.to_datetime(str(value), format="%Y-%m-%d %H:%M:%S", errors="coerce")
        return value if pd.isna(day) else str(day + WEEK)

    other = {n: t.assign(timestamp=t.timestamp.map(later)) if "timestamp" in t else t for n, t in frames.items()}

    def back(found: dict[str, object]) -> dict[str, object]:
        return found | {"windows": found["windows"].assign(cutoff=found["windows"].cutoff - 7)}

    return read(other, folder), back


def appended(frames: Frames, rng: np.random.Generator, folder: Path) -> str:
    """The first difference that days after the last one make to windows whose answers were known; empty for none."""
    events = frames["events"]
    events = events[events.event.isin(KNOWN)]  # of others, a longer log would make further columns
    more = events.sample(200, random_state=int(rng.integers(1_000)), replace=True)
    days = pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 10 * 86_400, 200), "s")
    shorter = frames | {"events": events}
    longer = frames | {"events": pd.concat([events, more.assign(timestamp=days.astype(str))], ignore_index=True)}
    old, new = read(shorter, folder / "old"), read(longer, folder / "new")
    a, b = (values(dataset, until=old.panel.n_days)["windows"] for dataset in (old, new))
    columns = {"windows": b[a.columns], "reconciliation": 0}  # stand in another order, and are summed in it
    return differences({"windows": a, "reconciliation": 0}, columns, exactly=False)


CHANGES = (shuffled, in_parts, as_csv, renamed, moved)


def differences(a: dict[str, object], b: dict[str, object], *, exactly: bool = True) -> str:
    """The first difference between two datasets' values; empty for none."""
    if a["reconciliation"] != b["reconciliation"]:
        return f"rows: {a['reconciliation']} and {b['reconciliation']}"
    try:
        pd.testing.assert_frame_equal(a["windows"], b["windows"], check_exact=exactly)
    except AssertionError as error:
        return " ".join(str(error).split())[:600]
    return ""


def case(seed: int, folder: Path) -> list[str]:
    """The differences that each change makes to one log."""
    rng = np.random.default_rng(seed)
    frames = drawn(rng)
    for table in frames.values():
        if "timestamp" in table:
            table["timestamp"] = table.timestamp.astype(str)
    usual = values(read(frames, folder / "usual"))
    found = []
    for change in CHANGES:
        dataset, back = change(frames, rng, folder / change.__name__)
        if wrong := differences(usual, back(values(dataset))):
            found.append(f"{change.__name__}: {wrong}")
    if wrong := appended(frames, rng, folder):
        found.append(f"appended: {wrong}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wrong = Counter()
    for seed in range(options.seed, options.seed + options.cases):
        with tempfile.TemporaryDirectory(prefix="metamorphic-") as place:
            for said in case(seed, Path(place)):
                wrong[said.partition(":")[0]] += 1
                print(f"seed {seed}: {said}", flush=True)
    print(json.dumps({"logs": options.cases, "changes": len(CHANGES) + 1, "wrong": wrong}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
