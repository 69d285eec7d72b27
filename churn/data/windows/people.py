"""The people around a user at the cutoff: the fans of the last four weeks, kept beside the panel."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ibis import _
from numpy.typing import NDArray

from churn.data.config.data_config import AUTO, DataConfig
from churn.data.log.daily import Daily, Tables
from churn.data.log.people import COUNTS, fans_around
from churn.data.windows.feature import once_per_panel
from churn.data.windows.mapped import filled
from churn.data.windows.panel import Panel

FANS, SHARES = ("fans_recent",), ("fans_strongest", "fans_new", "fans_silent")
NAMES = ("fans", "fan_shares")  # of the features
_MOST = 10_000_000  # fans' events
_ROW = np.dtype([(name, "<i4") for name in ("user", "day", *COUNTS)])


def build(tables: Tables, daily: Daily, folder: Path, *, config: DataConfig) -> None:
    """Write the fans of each user's days to a panel's folder, where the log has fans and models may see them.

    Args:
        tables: The canonical tables.
        daily: The daily counts.
        folder: The panel's folder.
        config: The `data:` block.
    """
    if config.events is None:
        return
    columns = [place for place, name in enumerate(daily.vocabulary.features) if name.startswith("fan_")]
    if columns and (set(NAMES) & set(config.features) or _tried(config, daily, columns)):
        days = fans_around(tables, daily)
        counts = {name: _[name].cast("int32") for name in COUNTS}
        filled(days.select(user="code", day="day", **counts), folder / "people.npy", _ROW, first_day=daily.first_day)


def _tried(config: DataConfig, daily: Daily, columns: list[int]) -> bool:
    """Whether `auto` tries them, which on a huge log would cost more than all other counting together."""
    if AUTO not in config.features or config.outcome is not None or config.windows.at_risk == "arrival":
        return False
    events = daily.counts.filter(_.feature.isin(columns)).value.sum().to_pyarrow().as_py()
    return (events or 0) <= _MOST


def known(*columns: str) -> Callable[[Panel], tuple[str, ...]]:
    """The function that gives a feature's columns, none for a panel without fans."""
    return lambda panel: () if panel.people is None else columns


def fans(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """The fans of the last 28 days: (n, d, 1)."""
    return _counts(panel, user, day, "fans")


def fan_shares(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """The busiest fan's share of fans' events of the last 28 days, and the shares of new and of silent fans: (n, d, 3).

    Users without fans have zeros.
    """
    parts = _counts(panel, user, day, "most", "new", "silent")
    wholes = _counts(panel, user, day, "events", "fans", "fans")
    return np.asarray(parts / np.maximum(wholes, 1), np.float32)


def _counts(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32], *names: str) -> NDArray[np.float32]:
    """c counts of some days, zeros where there is no row: (n, d, c)."""
    if panel.people is None:
        return np.zeros((*day.shape, 0), np.float32)
    moment = user.astype(np.int64)[:, None] * (panel.n_days + 1) + day
    moments = _moments(panel)
    place = np.searchsorted(moments, moment, side="right") - 1
    rows = panel.people[place]
    found = np.stack([rows[name] for name in names], axis=2)
    return np.where((moments[place] == moment)[:, :, None], found, 0).astype(np.float32)


@once_per_panel
def _moments(panel: Panel) -> NDArray[np.int64]:
    """The user and the day of each row as one number, the first below all others: (rows,)."""
    rows = np.zeros(0, _ROW) if panel.people is None else panel.people
    return np.asarray(rows["user"].astype(np.int64) * (panel.n_days + 1) + rows["day"], np.int64)
