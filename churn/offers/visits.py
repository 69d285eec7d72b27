"""Visits: who was in which activity on which day, and the activities themselves, read and counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import _
from numpy.typing import NDArray

from churn.data import DataConfig, Engines, Frame, cleaned, plain_ids, read_beside
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.offers.config import OfferConfig

Days = NDArray[np.int32]
Facts = dict[str, dict[str, int]]
NEVER, ALWAYS = 1 << 30, -(1 << 30)  # days after, and before, every cutoff
_YES = {"true", "t", "yes", "y", "1", "1.0"}


@dataclass(frozen=True)
class Visits:
    """Visits of m members in a activities: a row per member, activity and day, v altogether, in the order of time."""

    members: pd.Index  # (m,) ids as text
    activities: pd.DataFrame  # (a,) activity, title, text, opened, closed (days since 1970), full, excluded
    member: Days  # (v,) the place of the member; -1 for a visitor without an id
    activity: Days  # (v,) the place of the activity
    day: Days  # (v,) since 1970
    second: NDArray[np.int64]  # (v,) of the first visit on the day, since 1970
    left: Days  # (v,) the day from which on the member had left; NEVER where that is not known
    counts: Facts  # rows read, used, and left out by reason, of each table

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.day)

    def places(self, users: pd.Index) -> NDArray[np.int64]:
        """The place of each user among the members, -1 for a user without visits, (n,)."""
        return np.asarray(self.members.get_indexer(pd.Index(plain_ids(pd.Series(users)))), np.int64)

    @property
    def unvisited(self) -> int:
        """The number of activities without a visit."""
        return len(self.activities) - len(np.unique(self.activity))

    def take(self, rows: NDArray[np.bool_]) -> "Visits":
        """The visits where a mask is true."""
        names = ("member", "activity", "day", "second", "left")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


def read_visits(
    config: OfferConfig, data: DataConfig, *, until: int, frames: Mapping[str, Frame] | None = None
) -> Visits:
    """Read the visits before a day, and the activities.

    Args:
        config: The tables.
        data: The `data:` block, for its `csv` and `zone`.
        until: The first day that is not read, in days since 1970.
        frames: Data frames by the names that stand in the configuration.

    Raises:
        UserError: for columns that are not there, times that cannot be read, and if no visit can be used.
    """
    assert config.visits is not None, "nothing is offered without visits"
    bounds = {"memory": data.memory, "most_spilled": data.spill}
    with temporary_folder() as folder, Engines(folder / "spilled", **bounds) as engines:
        place: dict[str, Any] = {"data": data, "engines": engines, "frames": frames}
        rows, counts = _visits(config, until=until, **place)
        listed, of_list = _activities(config, **place)
        excluded = _excluded(config, **place)
    if not len(rows):
        found = ", ".join(f"{n:,} {why}" for why, n in counts.items())
        raise UserError("expected visits before the cutoff in segments.offers.visits", found, "correct visit_columns")
    activity, names = _coded(rows["activity_id"])
    if listed is None:
        listed = pd.DataFrame({"activity": names})
    place_of = pd.Index(listed["activity"]).get_indexer(names)[activity]
    known, visited = place_of >= 0, rows["n"].to_numpy()
    counts |= {"unknown activity": int(visited[~known].sum()), "used": int(visited[known].sum())}
    if not known.any():
        found = f"{counts['unknown activity']:,} unknown activity"
        raise UserError("expected visits of listed activities", found, "correct segments.offers.activities")
    rows, place_of = rows[known], place_of[known]
    code, members = _coded(rows["user_id"])
    left = rows["left_day"].fillna(NEVER).clip(ALWAYS, NEVER).to_numpy(np.int32)
    days, seconds = rows["day"].to_numpy(np.int32), rows["second"].to_numpy(np.int64)
    first = pd.Series(days).groupby(place_of).min().reindex(range(len(listed)))
    activities = _standing(listed, first, excluded)
    unknown = {"unknown": len({*excluded} - {*listed["activity"]})} if config.excluded else {}
    facts = {"visits": counts, "activities": of_list, "excluded": {"read": len(excluded), **unknown}}
    return Visits(
        members,
        activities,
        code.astype(np.int32),
        place_of.astype(np.int32),
        days,
        seconds,
        left,
        {name: found for name, found in facts.items() if found.get("read")},
    )


def _visits(config: OfferConfig, *, until: int, **place: Any) -> tuple[pd.DataFrame, dict[str, int]]:
    """A row per user, activity and day: user_id, activity_id, day, second, left_day, n; and the rows by their fate."""
    table = read_beside(
        str(config.visits),
        config.visit_columns,
        key="segments.offers.visit_columns",
        needed=("activity_id", "timestamp"),
        others=("user_id", "left"),
        times=("timestamp", "left"),
        **place,
    )
    null = ibis.null("int64")
    left = table["left_day"] if "left_day" in table.columns else null
    day = table["timestamp_day"].coalesce(left) if "timestamp_day" in table.columns else left  # a departure was there
    second = table["timestamp_at"].epoch_seconds() if "timestamp_day" in table.columns else null
    user = table["user_id"] if "user_id" in table.columns else ibis.null("string")
    table = table.select(user_id=user, activity_id=table["activity_id"], day=day, left_day=left, second=second)
    fate = ibis.cases(
        (_.activity_id.isnull(), "null activity_id"),
        (_.day.isnull(), "null or unreadable timestamp"),
        (_.day >= until, "from the cutoff on"),
        else_="used",
    )
    table = table.mutate(fate=fate, left_day=ibis.ifelse(_.left_day < until, _.left_day, None))
    fates = table.group_by("fate").aggregate(n=_.count(), without=_.user_id.isnull().sum()).to_pandas()
    n, without = fates.set_index("fate")["n"], fates.set_index("fate")["without"]
    counts = {"read": int(n.sum()), **{str(why): int(k) for why, k in n.drop("used", errors="ignore").items()}}
    counts["without user_id"] = int(without.get("used", 0))
    table = table.filter(_.fate == "used").group_by("user_id", "activity_id", "day")
    rows = table.aggregate(second=_.second.min(), left_day=_.left_day.max(), n=_.count())
    rows = rows.order_by("day", "second", "user_id", "activity_id").to_pyarrow()
    encoded = [rows[name].combine_chunks().dictionary_encode() for name in ("user_id", "activity_id")]
    for place_of, column in enumerate(encoded):  # a million ids are held once each
        rows = rows.set_column(place_of, rows.column_names[place_of], column)
    found: pd.DataFrame = rows.to_pandas()
    return found.assign(second=found["second"].fillna(found["day"] * 86_400)), counts


def _activities(config: OfferConfig, **place: Any) -> tuple[pd.DataFrame | None, dict[str, int]]:
    """The listed activities, each once; None without a list."""
    if config.activities is None:
        return None, {}
    names = ("title", "text", "opened", "closed", "full", "capacity", "members")
    key = "segments.offers.activity_columns"
    options: dict[str, Any] = {"key": key, "needed": ("activity_id",), "others": names, "times": ("opened", "closed")}
    raw: pd.DataFrame = read_beside(config.activities, config.activity_columns, **options, **place).to_pandas()
    null = raw["activity_id"].isna()
    table = raw.assign(activity=plain_ids(raw["activity_id"]))[~null]
    repeated = table["activity"].duplicated()
    counts = {"read": len(raw), "null activity_id": int(null.sum()), "repeated activity_id": int(repeated.sum())}
    return table[~repeated].sort_values("activity", ignore_index=True), counts


def _excluded(config: OfferConfig, **place: Any) -> list[str]:
    """The ids of the activities that are never offered."""
    if config.excluded is None:
        return []
    table = read_beside(config.excluded, None, key="segments.offers.excluded", needed=("activity_id",), **place)
    return [*dict.fromkeys(plain_ids(table.to_pandas()["activity_id"].dropna()))]


def _standing(listed: pd.DataFrame, first: pd.Series, excluded: list[str]) -> pd.DataFrame:
    """The activities under standard names, with what keeps each from being offered.

    Args:
        listed: The activities.
        first: The first day on which each was visited, which stands for the day of opening where none is known.
        excluded: Ids that are never offered.
    """
    nothing = pd.Series(None, listed.index, dtype=object)

    def column(name: str) -> pd.Series:
        return listed.get(name, nothing)

    opened, closed = (pd.to_numeric(column(f"{name}_day")) for name in ("opened", "closed"))
    capacity, members = (_numbers(column(name), name) for name in ("capacity", "members"))
    activity = listed["activity"].astype(object)
    return pd.DataFrame(
        {
            "activity": activity,
            "title": cleaned(column("title")).fillna(activity),
            "text": (cleaned(column("title")).fillna("") + " " + cleaned(column("text")).fillna("")).str.strip(),
            "opened": opened.fillna(first).fillna(ALWAYS).to_numpy(np.int32),
            "closed": closed.fillna(NEVER).to_numpy(np.int32),
            "full": column("full").astype(str).str.lower().isin(_YES) | (members >= capacity),
            "capacity": capacity.where(members.isna()),
            "excluded": activity.isin(excluded),
        }
    )


def _numbers(values: pd.Series, name: str) -> pd.Series:
    try:
        return pd.to_numeric(values)
    except ValueError as error:
        expected = f"expected numbers in segments.offers.activities, column {name}"
        raise UserError(expected, error, "map another column, or null") from error


def _coded(values: pd.Series) -> tuple[NDArray[np.int64], pd.Index]:
    """A categorical column as places, -1 for null, in ids as text, written as the log's are."""
    merged, names = pd.factorize(plain_ids(pd.Series(values.cat.categories, dtype=object)))
    return np.append(merged, -1)[values.cat.codes], pd.Index(names, dtype=object)
