"""The panel: each user's days from the first to the last seen, as one memory-mapped matrix."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import atomic, read_json, write_json
from churn.data.daily import Daily

STICKERS = "stickers_received"


@dataclass(frozen=True)
class Panel:
    """Daily features of all users, opened in place.

    Days are counted from `first_day`. A user's rows run without a gap from the first to the last day on
    which anything was seen of the user; all other days are zeros, which row 0 of `values` stands for.
    """

    users: pd.Index  # (u,) user ids, sorted
    features: tuple[str, ...]  # f columns
    first_day: int  # days since 1970
    n_days: int
    first: NDArray[np.int32]  # (u,) the day of a user's first row
    last: NDArray[np.int32]  # (u,) the day of the last row; before `first` where there is none
    start: NDArray[np.int64]  # (u,) the row of `first`
    values: NDArray[np.float32]  # (rows, f) counts per day; sticker amounts in the log's currency
    active: NDArray[np.bool_]  # (rows,) whether there was activity

    @property
    def dates(self) -> pd.DatetimeIndex:
        """The panel's days, (n_days,)."""
        return pd.date_range(self.date(0), periods=self.n_days)

    def date(self, day: int) -> pd.Timestamp:
        """The calendar date of a day of the panel."""
        return pd.Timestamp("1970-01-01") + pd.Timedelta(days=self.first_day + int(day))

    def days_where(self, mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The (user, day) pairs of the rows in a mask (rows,), sorted by user and day."""
        rows = np.flatnonzero(mask)
        user = (np.searchsorted(self.start, rows, side="right") - 1).astype(np.int32)
        return user, (rows - self.start[user] + self.first[user]).astype(np.int32)

    def sticker_rows(self) -> NDArray[np.bool_] | None:
        """The rows with a sticker, (rows,); None for a log without stickers."""
        if STICKERS not in self.features:
            return None
        return np.asarray(self.values[:, self.features.index(STICKERS)] > 0)


def build(daily: Daily, folder: Path) -> Panel:
    """Write a panel from the engine's stream and open it; memory is bounded by one batch."""
    with atomic(folder) as scratch:
        scratch.mkdir()
        users = _spans(daily)
        users.to_parquet(scratch / "users.parquet", index=False)
        length = (users["last"] - users["first"] + 1).to_numpy()
        rows = int(length.sum()) + 1
        _fill(daily, scratch, users, rows)
        meta = {
            "features": daily.vocabulary.features,
            "first_day": daily.first_day,
            "n_days": daily.last_day - daily.first_day + 1,
        }
        write_json(meta, scratch / "panel.json")
    return load(folder)


def load(folder: Path) -> Panel:
    """Open a panel that `build` wrote, without reading its values."""
    meta, users = read_json(folder / "panel.json"), pd.read_parquet(folder / "users.parquet")
    return Panel(
        users=pd.Index(users["user_id"]),
        features=tuple(meta["features"]),
        first_day=meta["first_day"],
        n_days=meta["n_days"],
        first=users["first"].to_numpy(np.int32),
        last=users["last"].to_numpy(np.int32),
        start=users["start"].to_numpy(np.int64),
        values=np.load(folder / "values.npy", mmap_mode="r"),
        active=np.load(folder / "active.npy", mmap_mode="r"),
    )


def _spans(daily: Daily) -> pd.DataFrame:
    """Each user's first and last day and first row: (user_id, first, last, start)."""
    seen = daily.counts.select("code", "day").union(daily.active_days)
    seen = seen.group_by("code").aggregate(first=seen.day.min(), last=seen.day.max())
    users = daily.users.left_join(seen, "code").select("user_id", "code", "first", "last").order_by("code")
    table: pd.DataFrame = users.to_pandas().drop(columns="code")
    table["first"] = (table["first"].astype("float64").fillna(daily.first_day) - daily.first_day).astype(np.int32)
    table["last"] = (table["last"].astype("float64").fillna(daily.first_day - 1) - daily.first_day).astype(np.int32)
    length = table["last"] - table["first"] + 1
    table["start"] = (1 + length.cumsum() - length).astype(np.int64)
    return table


def _fill(daily: Daily, folder: Path, users: pd.DataFrame, rows: int) -> None:
    base = (users["start"] - users["first"] - daily.first_day).to_numpy()  # row of a user's day 1970-01-01
    shape = (rows, len(daily.vocabulary.features))
    values = np.lib.format.open_memmap(folder / "values.npy", mode="w+", dtype=np.float32, shape=shape)
    for batch in daily.counts.to_pyarrow_batches():
        code, day, feature, value = (batch[name].to_numpy() for name in ("code", "day", "feature", "value"))
        values[base[code] + day, feature] = value
    active = np.lib.format.open_memmap(folder / "active.npy", mode="w+", dtype=np.bool_, shape=(rows,))
    for batch in daily.active_days.to_pyarrow_batches():
        active[base[batch["code"].to_numpy()] + batch["day"].to_numpy()] = True
    values.flush()
    active.flush()
