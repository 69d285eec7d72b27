"""The rates at which the leak alarm names a planted leak and an honest column: python experiments/leaks.py

Each seed simulates a small log (400 users, 120 days), whose columns are honest, adds honest attributes of several
kinds, and then plants one leak at a time. Of an outcome column a tenth is missing at random.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from churn.data import DataConfig, Dataset, Frame, Windows, leak_alarms, prepare
from churn.data.sources.simulator import simulate

NAMES = ("events", "stickers", "members")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    with tempfile.TemporaryDirectory() as folder:
        found = pd.DataFrame([measure(seed, Path(folder) / str(seed)) for seed in range(seeds)])
    columns = int(found.pop("honest columns").sum())
    print(f"honest columns × targets named: {found.pop('honest named').sum()} of {columns:,} over {seeds} seeds")
    print((found.mean() * seeds).astype(int).to_string())


def measure(seed: int, folder: Path) -> dict[str, int]:
    """The planted leaks that are named with their target, and the number of honest columns named."""
    simulate("small", seed=seed, out=folder)
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in NAMES}
    dataset, rng = prepared(frames, folder), np.random.default_rng(seed)
    honest = honest_attributes(dataset, rng)
    targets = len(dataset.windows.targets)
    row = {
        "honest columns": targets * (len(dataset.panel.features) + honest.shape[1] - 2),
        "honest named": len(leak_alarms(dataset.split(), honest)),
    }
    for (name, target), values in outcome_attributes(dataset, rng).items():
        named = {(a.column, a.target) for a in leak_alarms(dataset.split(), honest.assign(planted=values))}
        row[name] = ("planted", target) in named
    for target in dataset.windows.targets:
        for share in (1.0, 0.9, 0.5, 0.2):
            label = dataset.windows.label(target) == 1
            some = dataset.windows.take(label & (rng.random(len(label)) < share))
            planted = prepared(with_events(frames, some), folder, f"{target}{share}")
            named = {(a.column, a.target) for a in leak_alarms(planted.split(), planted.members)}
            row[f"event on the last history day, {share:.0%} of {target} = 1"] = ("fan_planted", target) in named
    return row


def prepared(frames: dict[str, Frame], folder: Path, name: str = "honest") -> Dataset:
    return prepare(DataConfig(**{table: table for table in NAMES}), folder / name, frames=frames)


def honest_attributes(dataset: Dataset, rng: np.random.Generator) -> pd.DataFrame:
    """Attributes that know nothing, of each kind, and three that know only the past: tier, joined, first seen."""
    n, panel = len(dataset.panel.users), dataset.panel
    members = dataset.members
    assert members is not None
    return members.assign(
        signed_up=members.joined,
        first_seen=panel.dates[panel.first.clip(0)],
        age=rng.integers(16, 70, n),
        height=rng.normal(170, 10, n),
        balance=np.exp(rng.normal(8, 2, n)).astype(int),
        country=rng.choice(list("abcdefghij"), n),
        town=rng.choice([f"town {k}" for k in range(n // 3)], n),
        referrer=np.where(rng.random(n) < 0.7, None, "friend"),
    )


def outcome_attributes(dataset: Dataset, rng: np.random.Generator) -> dict[tuple[str, str | None], object]:
    """Attributes that were filled in afterwards, by their name and the target that they know."""
    panel, train = dataset.panel, dataset.split().train
    n = len(panel.users)
    user, day = panel.days_where(np.asarray(panel.active))
    last = np.zeros(n, int)
    np.maximum.at(last, user, day)
    found: dict[tuple[str, str | None], object] = {}
    for days in (14, 21, 28):
        gone = (last < panel.n_days - days) & (rng.random(n) > 0.1)
        found[f"boolean, silent for {days} days, 10 % missing", "churn"] = gone
        found[f"text, silent for {days} days, 10 % missing", "churn"] = np.where(gone, "moved on", None)
        found[f"date, silent for {days} days, 10 % missing", "churn"] = pd.Series(panel.dates[last]).where(gone)
    found["boolean, silent for 14 days, 10 % missing, 5 % wrong", "churn"] = (last < panel.n_days - 14) & (
        rng.random(n) > 0.1
    ) | (rng.random(n) < 0.05)
    found["date last seen", "churn"] = panel.dates[last]
    for target in train.targets:
        windows = np.bincount(train.user, minlength=n)
        rate = np.bincount(train.user, train.label(target), n) / np.where(windows, windows, np.nan)
        found[f"rate of {target}", target] = rate
    found["account number, whole", None] = rng.permutation(n) + 10_000
    found["account number, text", None] = [f"A-{k}" for k in rng.permutation(n)]
    return found


def with_events(frames: dict[str, Frame], windows: Windows) -> dict[str, Frame]:
    """The log with someone else's event in the user's room on the last history day of some windows."""
    when = (windows.dates - pd.Timedelta(hours=12)).tz_localize("UTC")
    planted = pd.DataFrame({"user_id": windows.user_ids, "actor_id": "system", "event": "planted", "timestamp": when})
    return frames | {"events": pd.concat([frames["events"], planted], ignore_index=True)}


if __name__ == "__main__":
    main()
