"""A log in which users act on the days that a test plants."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from churn.data import DataConfig, Dataset, Panel, prepare

START = pd.Timestamp("2024-01-01")


@pytest.fixture
def planted(tmp_path: Path) -> Callable[..., Dataset]:
    """Makes the dataset of days by user, and of (user, day, amount) stickers."""

    def make(days: dict[str, list[int]], stickers: list[tuple[str, int, float]] | None = None) -> Dataset:
        rows = [(user, START + pd.Timedelta(days=day, hours=9)) for user, active in days.items() for day in active]
        frames = {"events": pd.DataFrame(rows, columns=["user_id", "timestamp"]).assign(event="post")}
        config = DataConfig(events="events", stickers="stickers" if stickers else None)
        if stickers:
            table = pd.DataFrame(stickers, columns=["user_id", "timestamp", "amount"])
            when = START + pd.to_timedelta(table["timestamp"], unit="D")
            frames["stickers"] = table.assign(timestamp=when, actor_id="fan")
        return prepare(config, tmp_path / f"dataset-{len(list(tmp_path.iterdir()))}", frames=frames)

    return make


@pytest.fixture
def acting(panel_of: Callable[..., Panel]) -> Callable[[dict[str, list[int]]], Panel]:
    """Draws the panel that `planted` would read for the same days by user, from the first of them to the last."""

    def draw(days: dict[str, list[int]]) -> Panel:
        acts = {user: set(days[user]) for user in sorted(days) if days[user]}
        span = range(min(map(min, acts.values())), max(map(max, acts.values())) + 1)
        panel = panel_of(*("".join("x" if day in seen else "." for day in span) for seen in acts.values()))
        return replace(panel, users=pd.Index(acts))

    return draw
