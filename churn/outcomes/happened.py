"""The outcomes of scored users in the horizon, by the continued log."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import UNKNOWN, Dataset, Panel, events_per_day
from churn.errors import UserError
from churn.outcomes.earlier import Earlier

# days before the cutoff, and their median number of events under which an empty day is chance
USUAL_DAYS, LEAST_USUAL = 28, 20


def happened(earlier: Earlier, panel: Panel) -> pd.DataFrame:
    """Each scored user's outcomes in the horizon, same rows: absent, retention, churn and, with stickers, sticker and
    amount.

    A user who does not occur in the log was silent in it and counts as churned; the log must cover the horizon.

    Raises:
        UserError: if the log begins after the cutoff, ends before the horizon does, or has none of the users.
    """
    day = covered(earlier, panel)
    user = _places(earlier, panel.users)
    if (user < 0).all():
        found, remedy = f"none of {len(user)}", "check data.event_columns, the member list and segments.id_key"
        raise UserError(f"expected users of {earlier.folder} in the log", found, remedy)
    windows = earlier.config.data.windows
    horizon = range(day + windows.lead_days, day + windows.reach_days)
    telling = range(horizon.start + panel.over_days - 1, horizon.stop)  # days on which activity within it is seen
    n, known = len(panel.users), np.maximum(user, 0)

    def total(mask: np.ndarray, values: np.ndarray | None = None, *, days: range = horizon) -> np.ndarray:
        """The sum of each scored user over the rows of some days in a mask: of values, or of days."""
        who, when = panel.days_where(mask)
        inside = (when >= days.start) & (when < days.stop)
        weights = None if values is None else values[np.flatnonzero(mask)][inside].astype(np.float64)
        return np.where(user < 0, 0.0, np.bincount(who[inside], weights, minlength=n)[known])

    retention = total(np.asarray(panel.active), days=telling) > 0
    table = pd.DataFrame({"absent": user < 0, "retention": retention, "churn": ~retention})
    gifts, rows = panel.sticker_rows(), panel.amount_rows()
    if gifts is None or rows is None or panel.amounts is None:
        return table
    return table.assign(sticker=total(gifts) > 0, amount=total(rows, np.asarray(panel.amounts)))


def reported(earlier: Earlier, panel: Panel) -> Earlier:
    """The list without users of whom no row tells the answer, where a day's activity looks back over the horizon."""
    if panel.reported is None or panel.over_days == 1:
        return earlier
    last = covered(earlier, panel) + earlier.config.data.windows.reach_days - 1
    who, when = panel.days_where(np.asarray(panel.reported))
    told = np.isin(_places(earlier, panel.users), who[when == last])
    return replace(earlier, scored=earlier.scored[told].reset_index(drop=True))


def answered(earlier: Earlier, dataset: Dataset) -> tuple[Earlier, pd.DataFrame]:
    """The list without users whose answers are not known yet, and the others' answers: absent, and the outcome's name.

    A row of a table of outcomes answers for its user on its date alone.

    Raises:
        UserError: if no user of the list has an answer.
    """
    found = dataset.answers
    assert found is not None, "a list on an outcome is followed up by its answers"
    user = _places(earlier, found.user_id, found.dates if earlier.config.data.outcomes else None)
    known = (user >= 0) & (found.label[np.maximum(user, 0)] != UNKNOWN)
    if not known.any():
        remedy = "wait for them, then load the table that holds them; check the mapping of its columns, segments.id_key"
        raise UserError(f"expected answers of users of {earlier.folder}", f"none of {len(user)}", remedy)
    seen = pd.DataFrame({"absent": False, found.name: found.label[user[known]] == 1})
    return replace(earlier, scored=earlier.scored[known].reset_index(drop=True)), seen


def _places(earlier: Earlier, users: Iterable[object], cutoffs: pd.DatetimeIndex | None = None) -> NDArray[np.intp]:
    """The position of each scored user among some users, with the user's cutoff if these have any, (n,); else -1."""
    seen = [str(user_id) for user_id in users]
    names = seen if earlier.names is None else earlier.names(seen)
    if cutoffs is None:
        return pd.Index(names).get_indexer(pd.Index(earlier.scored.user_id))
    dated = pd.MultiIndex.from_arrays([names, cutoffs])
    return dated.get_indexer(pd.MultiIndex.from_arrays([earlier.scored.user_id, earlier.scored.cutoff]))


def check_days(earlier: Earlier, dataset: Dataset) -> None:
    """Refuse a horizon with days whose rows are missing, on which everyone would seem silent.

    Raises:
        UserError: for a day without any event where the days before the cutoff had twenty and more.
    """
    begin = covered(earlier, dataset.panel)
    events = events_per_day(dataset)
    usual = float(np.median(events[max(0, begin - USUAL_DAYS) : begin])) if begin else 0.0
    horizon = np.arange(begin, begin + earlier.config.data.windows.reach_days)
    empty = horizon[events[horizon] == 0]
    if dataset.panel.over_days > 1:
        empty = empty[-1:][empty[-1:] == horizon[-1]]  # the only day that is asked about
    if len(empty) and usual >= LEAST_USUAL:
        days = ", ".join(str(dataset.panel.date(int(day)).date()) for day in empty[:7])
        rows = "events" if dataset.panel.reported is None else "rows"
        expected = f"expected {rows} on every day of the horizon, as before it (a median of {usual:,.0f} a day)"
        raise UserError(expected, f"none on {days}", "load the rows of these days")


def covered(earlier: Earlier, panel: Panel) -> int:
    """The day of the panel that is the cutoff.

    Raises:
        UserError: if the log begins after it, or ends before the horizon does; the day that is needed is named.
    """
    day = (earlier.cutoff - panel.date(0)).days
    if day < 0:
        found = f"none before {panel.date(0).date()}"
        raise UserError(f"expected events from {earlier.cutoff.date()} on, the cutoff", found, "load them")
    needed = day + earlier.config.data.windows.reach_days - 1
    if panel.n_days <= needed:
        raise UserError(
            f"expected events up to {panel.date(needed).date()}, the last day of the horizon",
            f"none after {panel.date(panel.n_days - 1).date()}",
            "wait for that day to be over, then load the log that holds it; or raise data.last_day",
        )
    return day
