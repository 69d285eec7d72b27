"""Features beyond counts: further numbers that are known about a user at the end of a day."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Literal, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.windows.mapped import mapped_without_name
from churn.data.windows.panel import Panel
from churn.errors import UserError
from churn.keys import imported

Values = Callable[[Panel, NDArray[np.int32], NDArray[np.int32]], NDArray[np.float32]]
T = TypeVar("T")
_CHUNK = 1 << 20  # rows added up at a time
_ESTABLISHED = 28  # days of tenure from which a user is no newcomer


@dataclass(frozen=True)
class Feature:
    """Columns of a history that are made when it is gathered.

    Args:
        name: The name by which `data.features` asks for it.
        columns: Gives the names of the feature's c columns for a panel.
        values: Gives the values at the end of days, (n, d, c), for a panel, users (n,) and days of the panel (n, d).
            It must not read a later day.
        over_days: The number that summarises a history: the days' sum, or the last day's value.
        reason: The form of a column as a reason for a user: a number, a chance, yes or no, or none.
        reaches: The past that it knows beside the day itself: since the `arrival`, or all the `past`. This past is
            part of the score, and new data to score must go back as far.
        risky: The values that readers take for a risk without an explanation: lower or higher than the others'.
        constant: Whether a user has one value on all days, as of an attribute that is known on arrival. Models that
            flatten a history then have its columns once.
        one_hot: Whether the columns are the levels of one attribute, of which a user has one or none.
        bounded: For a feature that grows with the date, the one that says nearly as much and does not.

    Example:
        >>> from churn.data import example_split
        >>> train = example_split().train
        >>> tenure = next(feature for feature in FEATURES if feature.name == "tenure")
        >>> tenure.values(train.panel, train.user[:2], train.cutoff[:2, None] - 1).shape
        (2, 1, 1)
    """

    name: str
    columns: Callable[[Panel], tuple[str, ...]]
    values: Values
    over_days: Literal["sum", "last"] = "last"
    reason: Literal["number", "chance", "yes or no"] | None = "number"
    reaches: Literal["day", "arrival", "past"] = "day"
    risky: Literal["low", "high"] = "low"
    constant: bool = False
    one_hot: bool = False
    bounded: str | None = None

    def known_at(self, panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        """The values, checked to be finite numbers of shape (n, d, c), as the rest of the package relies on.

        Raises:
            UserError: for other values, which a user's own feature may return.
        """
        found, shape = np.asarray(self.values(panel, user, day)), (*day.shape, len(self.columns(panel)))
        if found.shape != shape:
            raise UserError(f"expected an array {shape} from feature {self.name}", found.shape, "correct its values")
        if not np.isfinite(found).all():
            n = np.count_nonzero(~np.isfinite(found))
            raise UserError(f"expected finite numbers from feature {self.name}", f"{n:,} others", "correct its values")
        return found


def _once_per_panel(function: Callable[[Panel], T]) -> Callable[[Panel], T]:
    """Cache a function's result for a panel for as long as the panel is kept."""
    kept: WeakKeyDictionary[Panel, T] = WeakKeyDictionary()

    @wraps(function)
    def remembered(panel: Panel) -> T:
        if panel not in kept:
            kept[panel] = function(panel)
        return kept[panel]

    return remembered


# The calendar -----------------------------------------------------------------------------------------


@_once_per_panel
def _weekdays(panel: Panel) -> NDArray[np.float32]:
    """Sine and cosine of the weekday, and whether it is Saturday or Sunday: (n_days, 3)."""
    weekday = panel.dates.dayofweek.to_numpy()
    return np.column_stack([*_circle(weekday / 7), weekday >= 5]).astype(np.float32)


@_once_per_panel
def _month_days(panel: Panel) -> NDArray[np.float32]:
    """Sine and cosine of the position in the month: (n_days, 2)."""
    share = (panel.dates.day - 1) / panel.dates.days_in_month
    return np.column_stack(_circle(share.to_numpy())).astype(np.float32)


def _circle(share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sine and cosine of a share of a circle, so that its end borders on its beginning."""
    angle = 2 * np.pi * share
    return np.sin(angle), np.cos(angle)


# Time since -------------------------------------------------------------------------------------------


def _tenure(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Days since joining or, where the member list does not say, since the first day seen; 0 before it."""
    return _column(np.maximum(day - panel.arrived[user][:, None], 0))


def _tenure_capped(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Tenure up to a number of days that users of any log reach early, so that later days bring no new values."""
    return np.minimum(_tenure(panel, user, day), np.float32(_ESTABLISHED))


def _days_since_activity(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Days since the last own activity, 0 on a day with some.

    Before the first, the days of silence that the log has shown: since the later of its own first day and the
    beginning of tenure, both included.
    """
    seen = _silence(panel)[panel.newest_row(user, day)]
    since = seen + np.maximum(day - panel.last[user][:, None], 0)
    shown = np.minimum(np.maximum(day - panel.arrived[user][:, None], 0), day) + 1
    return _column(np.where(seen >= 0, since, shown))


def _column(values: NDArray[np.integer]) -> NDArray[np.float32]:
    """Days (n, d) as one column, (n, d, 1)."""
    return np.asarray(values[:, :, None], np.float32)


@_once_per_panel
def _silence(panel: Panel) -> NDArray[np.int32]:
    """Each row's days since its user's last activity, -1 before the first and in row 0: (rows,)."""
    start = np.append(0, np.repeat(panel.start, panel.last - panel.first + 1))
    rows = np.arange(len(panel.active))
    newest = np.maximum.accumulate(np.where(panel.active, rows, 0))
    return np.where((newest >= start) & (newest > 0), rows - newest, -1).astype(np.int32)


# Running totals ---------------------------------------------------------------------------------------


def _totals(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Sums over all days up to and including a day; they stay as they are after the last day seen."""
    return np.take(np.asarray(_running_totals(panel)), panel.newest_row(user, day), axis=0)


def _averages(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Sums over all days up to and including a day, divided by the days that the log could have shown of the user."""
    days = np.maximum(day - np.maximum(panel.begin[user], 0)[:, None] + 1, 1)
    return np.asarray(_totals(panel, user, day) / days[:, :, None], np.float32)


@_once_per_panel
def _running_totals(panel: Panel) -> NDArray[np.float32]:
    """Each row's sums over its user's rows so far, in a nameless file that is removed with the array: (rows, f)."""
    shape = panel.counts.shape
    if not shape[1]:
        return np.zeros(shape, np.float32)
    totals = mapped_without_name(np.float32, shape)
    end = np.append(panel.start, shape[0])  # totals of the rows before each user
    first = 0
    while first < len(panel.start):
        until = max(first + 1, int(np.searchsorted(end, end[first] + _CHUNK, side="right")) - 1)
        _add_up(panel, totals, first=first, until=until)
        first = until
    return totals


def _add_up(panel: Panel, totals: NDArray[np.float32], *, first: int, until: int) -> None:
    """Fill in the totals of some users, each added up alone, so that no rounding depends on another user."""
    length = (panel.last - panel.first + 1)[first:until]
    rows = np.arange(panel.start[first], panel.start[first] + length.sum())
    block = pd.DataFrame(panel.gather(rows).astype(np.float64))
    totals[rows] = block.groupby(np.repeat(np.arange(first, until), length)).cumsum()


def _named(*columns: str) -> Callable[[Panel], tuple[str, ...]]:
    return lambda panel: columns


def _each(prefix: str) -> Callable[[Panel], tuple[str, ...]]:
    return lambda panel: tuple(f"{prefix}_{name}" for name in panel.features)


FEATURES = (
    Feature(
        "weekday",
        _named("weekday_sine", "weekday_cosine", "weekend"),
        lambda panel, user, day: _weekdays(panel)[day],
        reason=None,
    ),
    Feature(
        "month_day",
        _named("month_day_sine", "month_day_cosine"),
        lambda panel, user, day: _month_days(panel)[day],
        reason=None,
    ),
    Feature("days_since_activity", _named("days_since_activity"), _days_since_activity, reaches="past", risky="high"),
    Feature("tenure", _named("tenure"), _tenure, reaches="arrival", bounded="tenure_capped"),
    Feature("tenure_capped", _named("tenure_capped"), _tenure_capped, reaches="arrival"),
    Feature("totals", _each("total"), _totals, reaches="past", bounded="averages"),
    Feature("averages", _each("average"), _averages, reaches="past"),
)


def features_among(names: Iterable[str], *, attributes: Collection[str]) -> dict[str, Feature]:
    """The features by name: the ones above, and a user's own, given as import paths among some names.

    Args:
        names: As in `data.features`.
        attributes: The attributes of the member list, whose names may look like an import path.

    Raises:
        UserError: for an import path of anything but a `Feature`.

    Example:
        >>> features_among(["churn.data.windows.features.FEATURES"], attributes=())
        Traceback (most recent call last):
        ...
        churn.errors.UserError: expected the import path of a churn.data.Feature in data.features, got
        'churn.data.windows.features.FEATURES' (a tuple); write it like shop.features.REFUNDS; a module of...
    """
    found = {feature.name: feature for feature in FEATURES}
    own = [name for name in names if "." in name and name not in {*found, *attributes}]
    expected, like = "a churn.data.Feature in data.features", "shop.features.REFUNDS"
    return found | {name: imported(name, Feature, expected=expected, like=like) for name in own}
