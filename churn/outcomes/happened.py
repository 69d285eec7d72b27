"""The outcomes of scored users in the horizon, by the continued log."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import UNKNOWN, Dataset, Panel, events_per_day, labels
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
    horizon = range(day, day + earlier.config.data.windows.horizon_days)
    n, known = len(panel.users), np.maximum(user, 0)

    def total(mask: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
        """The sum of each scored user over the horizon's rows in a mask: of values, or of days."""
        who, when = panel.days_where(mask)
        inside = (when >= horizon.start) & (when < horizon.stop)
        weights = None if values is None else values[np.flatnonzero(mask)][inside].astype(np.float64)
        return np.where(user < 0, 0.0, np.bincount(who[inside], weights, minlength=n)[known])

    retention = total(np.asarray(panel.active)) > 0
    table = pd.DataFrame({"absent": user < 0, "retention": retention, "churn": ~retention})
    gifts, rows = panel.sticker_rows(), panel.amount_rows()
    if gifts is None or rows is None or panel.amounts is None:
        return table
    return table.assign(sticker=total(gifts) > 0, amount=total(rows, np.asarray(panel.amounts)))


def answered(earlier: Earlier, dataset: Dataset) -> tuple[Earlier, pd.DataFrame]:
    """The list without users whose answers are not known yet, and the others' answers: absent, and the outcome's name.

    Raises:
        UserError: if the new member list lacks the column of the answers, or no user of the list has one.
    """
    asked, members = earlier.config.data.asked, dataset.members
    if asked is None or members is None or asked.column not in members:
        raise UserError("expected the answers in data.members", "no column of them", "load the list that holds them")
    told = labels(asked, members[asked.column])
    user = _places(earlier, members.user_id)
    known = (user >= 0) & (told[np.maximum(user, 0)] != UNKNOWN)
    if not known.any():
        remedy = "wait for them, then load the member list that holds them; check member_columns and segments.id_key"
        raise UserError(f"expected answers of users of {earlier.folder}", f"none of {len(user)}", remedy)
    seen = pd.DataFrame({"absent": False, asked.name: told[user[known]] == 1})
    return replace(earlier, scored=earlier.scored[known].reset_index(drop=True)), seen


def _places(earlier: Earlier, users: Iterable[object]) -> NDArray[np.intp]:
    """The position of each scored user among some users, (n,); -1 for one who is not there."""
    seen = [str(user_id) for user_id in users]
    names = seen if earlier.names is None else earlier.names(seen)
    return pd.Index(names).get_indexer(pd.Index(earlier.scored.user_id))


def check_days(earlier: Earlier, dataset: Dataset) -> None:
    """Refuse a horizon with days whose rows are missing, on which everyone would seem silent.

    Raises:
        UserError: for a day without any event where the days before the cutoff had twenty and more.
    """
    begin = covered(earlier, dataset.panel)
    events = events_per_day(dataset)
    usual = float(np.median(events[max(0, begin - USUAL_DAYS) : begin])) if begin else 0.0
    horizon = np.arange(begin, begin + earlier.config.data.windows.horizon_days)
    empty = horizon[events[horizon] == 0]
    if len(empty) and usual >= LEAST_USUAL:
        days = ", ".join(str(dataset.panel.date(int(day)).date()) for day in empty[:7])
        expected = f"expected events on every day of the horizon, as before it (a median of {usual:,.0f} a day)"
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
    needed = day + earlier.config.data.windows.horizon_days - 1
    if panel.n_days <= needed:
        raise UserError(
            f"expected events up to {panel.date(needed).date()}, the last day of the horizon",
            f"none after {panel.date(panel.n_days - 1).date()}",
            "wait for that day to be over, then load the log that holds it; or raise data.last_day",
        )
    return day
