"""Daily series: those of a panel, what they must be to be taken apart, and what is said of those that cannot be."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Panel
from churn.eda.arguments import check_count
from churn.errors import UserError
from churn.language import say, say_many

ACTIVE = "active_users"
Method = Literal["stl", "classical"]
ROUNDING = 1e-9  # of the largest value: what differs by less does not differ
NAMED = 5  # days at most that words name


def daily_totals(panel: Panel, *, users: NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """What happened on each day, over all users or some: a row per day, a column per feature and `active_users`.

    Args:
        panel: The panel.
        users: Which users to count, (u,); None for all.

    Example:
        >>> from churn.data import example_dataset
        >>> totals = daily_totals(example_dataset().panel)
        >>> totals.shape[0], list(totals.columns)
        (90, ['own_post', 'fan_comment', 'stickers_received', 'sticker_amount', 'active_users'])
    """
    user, day = panel.days_where(_rows_of(panel, users))
    rows = panel.start[user] + day - panel.first[user]
    values = {
        name: panel.amounts[rows] if name == "sticker_amount" and panel.amounts is not None else panel.counts[rows, i]
        for i, name in enumerate(panel.features)
    }
    values[ACTIVE] = panel.active[rows]
    totals = {name: np.bincount(day, column, minlength=panel.n_days) for name, column in values.items()}
    return pd.DataFrame(totals, index=panel.dates)


def _rows_of(panel: Panel, users: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """The rows of some users, (rows,), without row 0, which is nobody's."""
    inside = np.zeros(len(panel.active), bool)
    length = panel.last - panel.first + 1
    wanted = np.flatnonzero((length > 0) & (True if users is None else users))
    edges = np.zeros(len(inside) + 1, np.int64)
    np.add.at(edges, panel.start[wanted], 1)
    np.add.at(edges, panel.start[wanted] + length[wanted], -1)
    return np.asarray(edges[:-1].cumsum() > 0)


def check_periods(periods: Sequence[int], method: str) -> None:
    """Raise a UserError for periods or a method that no series can be taken apart by."""
    for days in periods:
        check_count("a period", days, least=2)
    given = ", ".join(map(str, periods)) or "none"
    if not periods or len(set(periods)) < len(periods):
        raise UserError("expected one or more different periods", given, "name each length of the periods once")
    if method not in get_args(Method):
        raise UserError(f"expected a method out of {', '.join(get_args(Method))}", repr(method), "correct the name")
    if method == "classical" and len(periods) > 1:
        raise UserError("expected one period with method classical", given, "use method stl")


def too_short(observed: pd.Series, periods: Sequence[int], name: str) -> str | None:
    """What to say of a series that does not hold two rounds of a season; None of others."""
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
    """What to say of a series that hardly ever leaves one value; None of others."""
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
        days=", ".join(days),
    )


def rounding(observed: pd.Series) -> float:
    """What counts as no difference in a series."""
    return ROUNDING * float(observed.abs().max())


def every_day(series: pd.Series) -> tuple[pd.Series, int]:
    """Values by day without a gap, 0 where there is no row, and how many days have none."""
    if not isinstance(series.index, pd.DatetimeIndex):
        raise UserError("expected dates as the series' index", series.index.dtype, "use pandas.to_datetime")
    if not np.isfinite(series.to_numpy(np.float64)).all():
        raise UserError("expected finite values", "nan or infinity", "fill or drop them")
    by_day = series.groupby(series.index.normalize()).sum().astype(float)
    whole = by_day.asfreq("D", fill_value=0.0) if len(by_day) else by_day
    return whole, len(whole) - len(by_day)
