"""The panel: each user's days from the first to the last seen, as one memory-mapped matrix."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from numpy.typing import DTypeLike, NDArray

from churn.artefacts import as_written, read_json, write_json
from churn.data.log.daily import Daily
from churn.data.log.vocabulary import STICKER_FEATURES
from churn.data.windows.mapped import mapped
from churn.errors import UserError

STICKERS, AMOUNT = STICKER_FEATURES
_CHUNK = 1 << 20  # rows whose levels are carried forward at a time


@dataclass(frozen=True, eq=False)  # two panels are equal only if they are one object
class Panel:
    """Daily counts of all users, opened in place.

    Days are counted from `first_day`. A user's rows run without a gap from the first to the last day on
    which anything was seen of the user; all other days are zeros, which row 0 stands for.

    Sticker amounts are no counts: they stand in `amounts`, and their column of `counts` is zeros.

    A panel of a table of days has the `levels` of its channels beside its counts, which may have decimals, and knows
    which rows were `reported`. Its activity of a day may be a state that looks back `over_days`, that day included; on
    a day without a row such a state is as it last was, while it may still look back on that.
    """

    users: pd.Index  # (u,) user ids, sorted
    features: tuple[str, ...]  # f columns
    first_day: int  # days since 1970
    n_days: int
    first: NDArray[np.int32]  # (u,) the day of a user's first row
    last: NDArray[np.int32]  # (u,) the day of the last row; before `first` where there is none
    start: NDArray[np.int64]  # (u,) the row of `first`
    arrived: NDArray[np.int32]  # (u,) the day from which tenure counts; n_days where it has not begun
    counts: NDArray[np.number]  # (rows, f) per day, of a log in the smallest type of whole numbers that holds them all
    amounts: NDArray[np.float32] | None  # (rows,) in the log's currency; None for a log without stickers
    active: NDArray[np.bool_]  # (rows,) whether there was activity
    refunds: bool = False  # whether some amounts are below 0, and days may have an amount without a sticker
    groups: pd.Index | None = None  # (u,) the group in whose part of a split each user is; None where each is alone
    listed: NDArray[np.bool_] | None = None  # (u,) whether a member list says when a user arrived; None without dates
    reported: NDArray[np.bool_] | None = None  # (rows,) whether the table of days has the row; None for an event log
    level_names: tuple[str, ...] = ()  # l channels that are levels
    levels: NDArray[np.float32] | None = None  # (rows, l) as last known, nan before; None where there are no levels
    over_days: int = 1  # days up to and including its own on which a day's activity looks back
    people: NDArray[Any] | None = None  # fans by user and day; None in a log without, or if no model sees them

    @property
    def parted(self) -> pd.Index:
        """The names by which a split divides the users, (u,): of their groups, else their own."""
        return self.users if self.groups is None else self.groups

    @property
    def dates(self) -> pd.DatetimeIndex:
        """The panel's days, (n_days,)."""
        return pd.date_range(self.date(0), periods=self.n_days)

    @property
    def begin(self) -> NDArray[np.int32]:
        """The day from which each user is known, by joining or first being seen; n_days or more if not yet: (u,)."""
        return np.where(self.first <= self.last, np.minimum(self.first, self.arrived), self.arrived)

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
        return np.asarray(self.counts[:, self.features.index(STICKERS)] > 0)

    def amount_rows(self) -> NDArray[np.bool_] | None:
        """The rows with a sticker or a refund, (rows,); None for a log without stickers."""
        rows = self.sticker_rows()
        return rows if rows is None or self.amounts is None or not self.refunds else rows | (self.amounts != 0)

    @cached_property
    def reports(self) -> NDArray[np.int64] | None:
        """The number of rows reported of each day, (n_days,); None for an event log, which reports no silence."""
        if self.reported is None:
            return None
        return np.bincount(self.days_where(self.reported)[1], minlength=self.n_days)

    def newest_row(self, user: NDArray[np.integer], day: NDArray[np.integer]) -> NDArray[np.int64]:
        """The row of each user's newest day seen up to and including some days, 0 before the first: (n,), (n, d).

        After the last day seen it remains the last row.
        """
        first, last = self.first[user][:, None], self.last[user][:, None]
        row = np.minimum(day, last) - first + self.start[user][:, None]
        return np.where((day >= first) & (first <= last), row, 0)

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The features of some rows, of any shape (…): (…, f)."""
        flat = rows.ravel()
        found = np.take(np.asarray(self.counts), flat, axis=0)
        values = found.astype(np.float32)
        if self.amounts is not None:  # most days have none, and a second gather would cost as much as the first
            given = self.amounts[flat] if self.refunds else found[:, self.features.index(STICKERS)]
            gifts = np.flatnonzero(given)
            values[gifts, self.features.index(AMOUNT)] = self.amounts[flat[gifts]]
        return values.reshape(*rows.shape, len(self.features))


def build(daily: Daily, folder: Path, *, over_days: int = 1) -> Panel:
    """Write a panel from the engine's stream to a new folder and open it; memory is bounded by one batch.

    Args:
        daily: The daily counts.
        folder: The folder of the panel. After an error it stays half-written, so place it in a folder written by
            `atomic`, which records every file's hash once.
        over_days: Days on which a day's activity looks back.

    Raises:
        UserError: for a day whose sticker amounts add to more than a float32 holds.
    """
    folder.mkdir()
    users, largest = _spans(daily)
    users.to_parquet(folder / "users.parquet", index=False)
    length = (users["last"] - users["first"] + 1).to_numpy()
    refunds = _fill(daily, folder, users, rows=int(length.sum()) + 1, largest=largest)
    if over_days > 1:
        _bridge(folder, users["start"].to_numpy(), over_days=over_days)
    meta = {
        "features": daily.vocabulary.features,
        "first_day": daily.first_day,
        "n_days": daily.last_day - daily.first_day + 1,
        "refunds": refunds,
        "levels": daily.vocabulary.levels,
        "over_days": over_days,
    }
    write_json(meta, folder / "panel.json")
    return load(folder)


def load(folder: Path, *, only: str | None = None) -> Panel:
    """Open a panel that `build` wrote, without reading its rows.

    Args:
        folder: The panel's folder.
        only: The user whose panel it is to be, without users where there is no such; all users where None.
    """
    asked = None if only is None else pc.field("user_id").cast(pa.string()) == only
    meta, users = read_json(folder / "panel.json"), pd.read_parquet(folder / "users.parquet", filters=asked)
    first, last = users["first"].to_numpy(np.int32), users["last"].to_numpy(np.int32)
    rows = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
    return Panel(
        users=pd.Index(users["user_id"]),
        features=tuple(meta["features"]),
        first_day=meta["first_day"],
        n_days=meta["n_days"],
        first=first,
        last=last,
        start=users["start"].to_numpy(np.int64),
        arrived=np.where(first <= last, first, np.int32(meta["n_days"])),
        counts=rows["counts"],
        amounts=rows.get("amounts"),
        active=rows["active"],
        refunds=meta.get("refunds", False),
        reported=rows.get("reported"),
        level_names=tuple(meta.get("levels", ())),
        levels=rows.get("levels"),
        over_days=meta.get("over_days", 1),
        people=rows.get("people"),
    )


def panel_of_user(folder: Path, user_id: str) -> Panel | None:
    """The panel of one user, of whose rows alone anything is read; None where there is no such user.

    Raises:
        UserError: if the folder's files are missing or not as they were written.
    """
    with as_written(folder, KeyError, TypeError):
        found = load(folder, only=user_id)
    return found if len(found.users) else None


def _spans(daily: Daily) -> tuple[pd.DataFrame, int]:
    """Each user's first and last day and first row, (user_id, first, last, start), and the largest count of a day."""
    is_amount, none = _.feature == _amount_column(daily), ibis.literal(0.0)
    counts = daily.counts.select(
        "code", "day", n=ibis.ifelse(is_amount, none, _.value), amount=ibis.ifelse(is_amount, _.value, none)
    )
    active = daily.active_days.select("code", "day", n=none, amount=none)
    seen = counts.union(active)
    if daily.reported is not None:
        seen = seen.union(daily.reported.select("code", "day", n=none, amount=none))
    seen = seen.group_by("code")
    seen = seen.aggregate(first=_.day.min(), last=_.day.max(), n=_.n.max(), amount=_.amount.max())
    table: pd.DataFrame = daily.users.left_join(seen, "code").drop("code_right").order_by("code").to_pandas()
    table["first"] = (table["first"].astype("float64").fillna(daily.first_day) - daily.first_day).astype(np.int32)
    table["last"] = (table["last"].astype("float64").fillna(daily.first_day - 1) - daily.first_day).astype(np.int32)
    length = table["last"] - table["first"] + 1
    table["start"] = (1 + length.cumsum() - length).astype(np.int64)
    if (most := table["amount"].max()) > np.finfo(np.float32).max:
        raise UserError(
            "expected sticker amounts of a day that add to less than 3.4e38", f"{most:g}", "mend the amounts"
        )
    return table[["user_id", "first", "last", "start"]], int(np.nan_to_num(table["n"].max()))


def _amount_column(daily: Daily) -> int:
    """The position of the sticker amounts; -1 for a log without stickers."""
    features = daily.vocabulary.features
    return features.index(AMOUNT) if AMOUNT in features else -1


def _fill(daily: Daily, folder: Path, users: pd.DataFrame, *, rows: int, largest: int) -> bool:
    """Write the rows, and return whether some amounts are below 0."""
    base = (users["start"] - users["first"] - daily.first_day).to_numpy()  # row of a user's day 1970-01-01

    def column(name: str, dtype: DTypeLike, *width: int) -> NDArray[Any]:
        return mapped(folder / f"{name}.npy", dtype, (rows, *width))

    kind = np.min_scalar_type(largest) if daily.reported is None else np.float32
    counts = column("counts", kind, len(daily.vocabulary.features))
    amount_column = _amount_column(daily)
    amounts = column("amounts", np.float32) if amount_column >= 0 else None
    refunds = False
    for batch in daily.counts.to_pyarrow_batches():
        code, day, feature, value = (batch[name].to_numpy() for name in ("code", "day", "feature", "value"))
        row = base[code] + day
        if amounts is not None:
            amount = feature == amount_column
            amounts[row[amount]] = value[amount]
            refunds |= bool((value[amount] < 0).any())
            row, feature, value = row[~amount], feature[~amount], value[~amount]
        counts[row, feature] = value
    marked = {"active": daily.active_days} | ({} if daily.reported is None else {"reported": daily.reported})
    for name, days in marked.items():
        mark = column(name, np.bool_)
        for batch in days.to_pyarrow_batches():
            mark[base[batch["code"].to_numpy()] + batch["day"].to_numpy()] = True
    if daily.levels is not None:
        _fill_levels(daily.levels, column("levels", np.float32, len(daily.vocabulary.levels)), base, users)
    return refunds


def _bridge(folder: Path, start: NDArray[np.int64], *, over_days: int) -> None:
    """Take a state on days that were not reported as it last was, for as long as it may look back on that day."""
    active, reported = (np.load(folder / f"{name}.npy", mmap_mode="r+") for name in ("active", "reported"))
    rows = np.arange(len(active))
    begin = np.zeros(len(active), np.int64)
    begin[start[start < len(active)]] = start[start < len(active)]
    newest = np.maximum.accumulate(np.where(reported, rows, 0))
    known = (newest >= np.maximum.accumulate(begin)) & (rows - newest < over_days)
    active[:] = np.where(known, active[newest], active)
    active.flush()


def _fill_levels(told: ibis.Table, levels: NDArray[np.float32], base: NDArray[np.int64], users: pd.DataFrame) -> None:
    """Write the levels of each row; one that is not told is the user's last known, nan before the first."""
    levels[:] = np.nan
    for batch in told.to_pyarrow_batches():
        code, day, feature, value = (batch[name].to_numpy() for name in ("code", "day", "feature", "value"))
        levels[base[code] + day, feature] = value
    length = (users["last"] - users["first"] + 1).to_numpy()
    start, every = users["start"].to_numpy(), np.cumsum(length)
    first = 0
    while first < len(users):  # some users at a time, which bounds the scratch memory
        before = every[first] - length[first]
        until = max(first + 1, int(np.searchsorted(every, before + _CHUNK, side="right")))
        rows = slice(int(start[first]), int(start[until - 1] + length[until - 1]))
        begin = np.repeat(start[first:until] - start[first], length[first:until])
        levels[rows] = _carried(levels[rows], begin)
        first = until


def _carried(levels: NDArray[np.float32], begin: NDArray[np.int64]) -> NDArray[np.float32]:
    """Each row's newest known levels since the row at which its user begins: (r, l) and (r,) to (r, l)."""
    rows = np.arange(len(levels))[:, None]
    newest = np.maximum.accumulate(np.where(np.isnan(levels), 0, rows), axis=0)
    found = np.take_along_axis(levels, newest, axis=0)
    return np.where(newest >= begin[:, None], found, np.float32(np.nan))
