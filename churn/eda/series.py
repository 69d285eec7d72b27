"""Daily series: the totals of a panel, checks before they are taken apart, and sentences where they cannot be."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Panel
from churn.eda.arguments import check_count
from churn.errors import UserError
from churn.language import joined, say, say_many

ACTIVE = "active_users"
Method = Literal["stl", "classical"]
ROUNDING = 1e-9  # of the largest value: what differs by less does not differ
NAMED = 5  # days at most that words name
LARGEST = 1e100  # squares of larger values are infinite


def daily_totals(panel: Panel, *, users: NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """Totals by day, over all users or some: a row per day, a column per feature and `active_users`.

    A day on which nothing is seen of anybody, whichever users are asked for, has no row: that is a gap in the log
    sooner than behaviour, and `decompose` says how many such days there are.

    Args:
        panel: The panel.
        users: The users to count, as a mask (u,); None for all.

    Raises:
        UserError: for a mask that does not cover all users.

    Example:
        >>> from churn.data import example_dataset
        >>> totals = daily_totals(example_dataset().panel)
        >>> totals.shape[0], list(totals.columns)
        (90, ['own_post', 'fan_comment', 'stickers_received', 'sticker_amount', 'active_users'])
    """
    mask = np.ones(len(panel.users), bool) if users is None else np.asarray(users)
    if mask.dtype != bool or mask.shape != (len(panel.users),):
        found = f"{mask.dtype} of shape {mask.shape}"
        raise UserError(
            f"expected users as a mask of {len(panel.users)} true or false", found, "use panel.users.isin(ids)"
        )
    user, day = panel.days_where(_rows_of(panel, mask))
    rows = panel.start[user] + day - panel.first[user]
    values = {
        name: panel.amounts[rows] if name == "sticker_amount" and panel.amounts is not None else panel.counts[rows, i]
        for i, name in enumerate(panel.features)
    }
    values[ACTIVE] = panel.active[rows]
    totals = {name: np.bincount(day, column, minlength=panel.n_days) for name, column in values.items()}
    return pd.DataFrame(totals, index=panel.dates)[_logged(panel)]


def _rows_of(panel: Panel, users: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows of some users, (rows,), without row 0, which is nobody's."""
    inside = np.zeros(len(panel.active), bool)
    length = panel.last - panel.first + 1
    wanted = np.flatnonzero((length > 0) & users)
    edges = np.zeros(len(inside) + 1, np.int64)
    np.add.at(edges, panel.start[wanted], 1)
    np.add.at(edges, panel.start[wanted] + length[wanted], -1)
    return np.asarray(edges[:-1].cumsum() > 0)


def _logged(panel: Panel) -> NDArray[np.bool_]:
    """The days on which something is seen of anybody, (n_days,)."""
    seen = panel.active | panel.counts.any(axis=1)
    if panel.amounts is not None:
        seen |= panel.amounts != 0
    _, day = panel.days_where(seen)
    return np.bincount(day, minlength=panel.n_days) > 0


def checked_periods(periods: Sequence[int], method: str) -> tuple[int, ...]:
    """The periods; raises a UserError for periods or a method that no series can be taken apart by."""
    if not isinstance(periods, (Sequence, np.ndarray)) or isinstance(periods, str):
        raise UserError("expected periods as a list of days", repr(periods), "give a list, such as [7]")
    for days in periods:
        check_count("a period", days, least=2)
    given = ", ".join(map(str, periods)) or "none"
    if len(periods) == 0 or len(set(periods)) < len(periods):
        raise UserError("expected one or more different periods", given, "name each length of the periods once")
    if method not in get_args(Method):
        raise UserError(f"expected a method out of {', '.join(get_args(Method))}", repr(method), "correct the name")
    if method == "classical" and len(periods) > 1:
        raise UserError("expected one period with method classical", given, "use method stl")
    return tuple(map(int, periods))


def check_how(method: Method, *, window: int | None, robust: bool, unit: str) -> None:
    """Raise a UserError for what no method takes, or classical decomposition does not."""
    if window is not None:
        check_count("a window", window, least=7)
        if window % 2 == 0:
            raise UserError("expected an odd window", window, f"give {window - 1} or {window + 1}")
    if not isinstance(robust, (bool, np.bool_)):
        raise UserError("expected robust as true or false", repr(robust), "give True or False")
    if not isinstance(unit, str):
        raise UserError("expected a text as the unit", repr(unit), "say what the values count, such as 'events'")
    if method == "classical" and (robust or window is not None):
        raise UserError("expected neither robust nor a window with method classical", "one", "use method stl")


def too_short(observed: pd.Series, periods: Sequence[int], name: str) -> str | None:
    """A sentence on a series that does not hold two rounds of a season; None for others."""
    needed = 2 * max(periods) + (len(periods) > 1)  # of several, MSTL leaves out one that fits just twice
    if len(observed) >= needed:
        return None
    return say_many(
        "{name}: {n} day is too few to see a season of {days}: it takes {needed}.",
        "{name}: {n} days are too few to see a season of {days}: it takes {needed}.",
        len(observed),
        name=name,
        days=max(periods),
        needed=needed,
    )


def too_even(observed: pd.Series, longest: int, *, name: str, unit: str) -> str | None:
    """A sentence on a series that hardly ever leaves one value; None for others."""
    usual = observed.median()
    away = (observed - usual).abs().sort_values(ascending=False, kind="stable")
    others = observed[away.index[away > rounding(observed)]]
    if others.empty:
        return say(
            "{name}: every day has the value {value:g} ({unit}), so there is no season and no trend.",
            name=name,
            value=usual,
            unit=unit,
        )
    if len(others) > max(1, len(observed) // (4 * longest)):
        return None
    days = [say("{day:%Y-%m-%d} ({value:.6g})", day=day, value=value) for day, value in others.head(NAMED).items()]
    return say(
        "{name}: all but {n} of {whole} days have the value {value:g} ({unit}), which is too even for a season or a "
        "trend; furthest from it: {days}.",
        name=name,
        n=len(others),
        whole=len(observed),
        value=usual,
        unit=unit,
        days=joined(days, ", "),
    )


def rounding(observed: pd.Series) -> float:
    """The largest difference in a series that rounding explains."""
    return ROUNDING * float(observed.abs().max())


def every_day(series: pd.Series) -> tuple[pd.Series, int]:
    """Values by day without a gap, 0 where there is no row, and how many days have none; by the clock of their zone."""
    if not isinstance(series, pd.Series):
        raise UserError("expected a pandas Series", type(series).__name__, "choose a column, its index the dates")
    if not isinstance(series.index, pd.DatetimeIndex):
        raise UserError("expected dates as the series' index", series.index.dtype, "use pandas.to_datetime")
    if series.index.hasnans:
        raise UserError("expected a date for each value", "NaT", "drop these rows")
    days = series.index.tz_localize(None).normalize()  # midnight may be missing in a zone, but not a date
    by_day = pd.Series(_finite(series)).groupby(np.ascontiguousarray(days)).sum()
    whole = by_day.asfreq("D", fill_value=0.0) if len(by_day) else by_day
    return whole, len(whole) - len(by_day)


def _finite(series: pd.Series) -> NDArray[np.float64]:
    try:
        values = np.ascontiguousarray(series.to_numpy(np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise UserError("expected numbers", series.dtype, "use pandas.to_numeric") from None
    if not np.isfinite(values).all():
        raise UserError("expected finite values", "nan or infinity", "fill or drop them")
    if len(values) and (most := np.abs(values).max()) > LARGEST:
        raise UserError(f"expected values of at most {LARGEST:g}", f"{most:g}", "give them in a larger unit")
    return values
