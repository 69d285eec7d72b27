"""Small data sets for documentation, tests, notebooks and a first look."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from churn.data.config.data_config import DataConfig
from churn.data.dataset import Dataset, prepare
from churn.data.sources.simulator import simulate
from churn.data.splits.split import Split

Preset = Literal["small", "study", "large"]
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # kept until the interpreter ends: the panel is mapped from there


def example_frames(n_users: int = 80, *, n_days: int = 90, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Three tables of a made-up platform: events, stickers and members.

    Each user has a level of activity that wanders slowly; fans come, and give, where there is activity.

    Example:
        >>> sorted(example_frames(5, n_days=20))
        ['events', 'members', 'stickers']
    """
    rng = np.random.default_rng(seed)
    level = rng.normal(-0.5, 1.0, (n_users, 1)) + rng.normal(0, 0.35, (n_users, n_days)).cumsum(axis=1)
    own = rng.poisson(np.exp(np.clip(level, -6, 1.5)))
    fan = rng.poisson(0.5 * own + 0.1)
    gifts = rng.poisson(0.15 * (own > 0) * fan.clip(max=3))
    events = pd.concat([_rows(own, "post", rng, own=True), _rows(fan, "comment", rng, own=False)], ignore_index=True)
    stickers = _rows(gifts, "sticker", rng, own=False).drop(columns="event")
    stickers["amount"] = rng.integers(1, 20, len(stickers))
    joined = pd.Timestamp("2024-01-01") - pd.to_timedelta(rng.integers(0, 400, n_users), unit="D")
    members = pd.DataFrame({"user_id": _ids(np.arange(n_users)), "joined": joined})
    return {"events": events, "stickers": stickers, "members": members}


@cache
def example_dataset() -> Dataset:
    """The example's panel and windows."""
    frames = example_frames()
    folder = tempfile.TemporaryDirectory(prefix="churn-example-")
    _FOLDERS.append(folder)
    config = DataConfig(events="events", stickers="stickers", members="members")
    return prepare(config, Path(folder.name) / "dataset", frames=frames)


def example_split() -> Split:
    """The example's split by time.

    Example:
        >>> len(example_split().train) > len(example_split().test)
        True
    """
    return example_dataset().split()


def simulated_log(folder: Path | str, *, preset: Preset = "small", seed: int = 0) -> DataConfig:
    """The `data:` block of a made-up platform's log, which is written to a folder unless it is there.

    Raises:
        UserError: if the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> Path(simulated_log(tempfile.mkdtemp()).events).name
        'events.parquet'
    """
    home = Path(folder).resolve()
    if not (home / "truth.parquet").exists():
        simulate(preset, seed=seed, out=home)
    events, stickers, members = (str(home / f"{name}.parquet") for name in ("events", "stickers", "members"))
    return DataConfig(events=events, stickers=stickers, members=members)


def _rows(counts: np.ndarray, event: str, rng: np.random.Generator, *, own: bool) -> pd.DataFrame:
    """One row per event of a matrix of counts, (u, d)."""
    user, day = np.nonzero(counts)
    n = counts[user, day]
    user, day = np.repeat(user, n), np.repeat(day, n)
    seconds = pd.to_timedelta(rng.integers(0, 86400, len(user)), unit="s")
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D") + seconds
    actor = _ids(user) if own else np.char.add("fan", rng.integers(0, 200, len(user)).astype(str))
    return pd.DataFrame({"user_id": _ids(user), "actor_id": actor, "event": event, "timestamp": when})


def _ids(user: np.ndarray) -> np.ndarray:
    return np.char.add("user", np.char.zfill(user.astype(str), 3))
