"""Arrivals: one window per member on the day of joining, and the answers to a question about each."""

from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.config.outcome_config import Outcome, as_text
from churn.data.config.window_config import WindowConfig
from churn.data.windows.attributes import as_times
from churn.data.windows.panel import Panel
from churn.data.windows.windows import UNKNOWN, Windows
from churn.errors import UserError

_IN_TIME = 0.95  # share of the answers that have come


@dataclass(frozen=True)
class Answers:
    """The answers of members, with the days, since 1970, on which they arrived and were answered."""

    name: str  # of the question
    joined: NDArray[np.float64]  # (u,) the day of joining; NaN where it is not known
    label: NDArray[np.int8]  # (u,) 1 yes, 0 no, -1 none
    due: NDArray[np.float64]  # (u,) the first day on which the answer is known
    ended: NDArray[np.bool_]  # (u,) whether a value that is no answer, such as `canceled`, has a day of its own

    @classmethod
    def of(cls, outcome: Outcome, members: pd.DataFrame, *, zone: str, horizon_days: int) -> Self:
        """Read the answers from the member list; where no day is told, `horizon_days` after joining.

        A list of new members may lack the columns of the answers.

        Raises:
            UserError: for days that cannot be read.
        """
        column = members.get(outcome.column, pd.Series(None, members.index, dtype=object))
        joined, label = _days(members, "joined", zone=zone), labels(outcome, column)
        told = np.full(len(members), np.nan)
        if outcome.due is not None and outcome.due in members:
            told = _days(members, outcome.due, zone=zone)
        due = np.where(np.isnan(told), joined + horizon_days, told)
        ended = column.notna().to_numpy() & (label == UNKNOWN) & ~np.isnan(told)
        return cls(outcome.name, joined, label, due, ended)

    def span(self, *, first_day: int | None, last_day: int | None) -> tuple[int, int]:
        """The first and the last day of a list that stands alone: up to its last arrival or answer, or as asked for.

        Raises:
            UserError: if nobody has a day of joining.
        """
        dated = ~np.isnan(self.joined)
        if not dated.any():
            remedy = "map member_columns.joined to a column of dates"
            raise UserError("expected days of joining in the member list", "none", remedy)
        ends = [self.joined[dated].max(), *self.due[dated & (self.label != UNKNOWN)]]
        last = int(max(ends)) - 1 if last_day is None else last_day
        first = int(self.joined[dated].min()) if first_day is None else first_day
        return min(first, last + 1) - 1, last

    def labelled(self, last: int) -> tuple[pd.DatetimeIndex, int]:
        """The days of the arrivals whose answers are known on the day after the last, and the `wait` for these."""
        known = (self.label != UNKNOWN) & (self.due >= self.joined) & (self.due <= last + 1)
        return pd.DatetimeIndex(pd.to_datetime(self.joined[known], unit="D")), wait((self.due - self.joined)[known])


def labels(outcome: Outcome, column: pd.Series) -> NDArray[np.int8]:
    """The answers that the values of a column are, (u,): 1 yes, 0 no, -1 none.

    Example:
        >>> carried = Outcome.of({"column": "state", "positive": ["won"], "of": ["won", "lost"]})
        >>> labels(carried, pd.Series(["won", "lost", "live", None])).tolist()
        [1, 0, -1, -1]
    """
    text = column.astype(object).map(as_text, na_action="ignore")
    told = text.notna() if outcome.among is None else text.isin(outcome.among)
    return np.where(told, text.isin(outcome.positive), UNKNOWN).astype(np.int8)


def wait(delays: NDArray[np.number]) -> int:
    """The days from arrival by which nearly all answers had come; 0 for none.

    Answers of one kind may take longer. Were young arrivals taken by the answers that they have, a part would hold the
    quick answers alone; so members are learnt from, and judged by, once they are as old as this.

    Example:
        >>> wait(np.arange(1, 101))
        96
    """
    return int(np.quantile(delays, _IN_TIME, method="higher")) if len(delays) else 0


def check_values(outcome: Outcome, column: pd.Series) -> None:
    """Raise a UserError for values of `data.outcome` that no member of a list has."""
    have = set(column.dropna().map(as_text))
    for key, wanted in {"positive": outcome.positive, "of": outcome.among or ()}.items():
        others = have - set(outcome.among or ())  # a value of `of` that nobody has may be one of these, mistyped
        if (lacking := [value for value in wanted if value not in have]) and (key == "positive" or others):
            shown = ", ".join(sorted(have)[:10]) or "none"
            expected = f"expected data.outcome.{key} among the values of members.{outcome.column}"
            raise UserError(expected, f"{lacking[0]!r}, where there are {shown}", "correct the value")


def _days(members: pd.DataFrame, name: str, *, zone: str) -> NDArray[np.float64]:
    times = as_times(members[name], name=name, zone=zone, remedy="name a column of dates")
    days = (times.dt.normalize() - pd.Timestamp(0)).dt.days
    return np.asarray(days.to_numpy(np.float64, na_value=np.nan), np.float64)


@dataclass(frozen=True)
class Fates:
    """Numbers of the members of a list by what each is: an example, one to score, or neither."""

    yes: int
    no: int
    to_score: int  # without an answer by the last day
    ended_otherwise: int  # with a value that is no answer, whose day is over
    answered_before_arrival: int
    without_day: int  # of joining
    outside: int  # who joined before the first day or after the last

    def facts(self) -> dict[str, int]:
        """The numbers by name."""
        return asdict(self)


def ask(panel: Panel, config: WindowConfig, answers: Answers) -> tuple[Windows, Fates]:
    """One window per member at `joined`, labelled by the member's answer; and how many members have which fate.

    An answer whose day lies after the panel's last is not known yet. Its member is to be scored, as are members without
    an answer; members with a value that is no answer are, unless the day that is told for it is over.

    Raises:
        UserError: if nobody has an answer or awaits one.
    """
    joined, due, label = answers.joined - panel.first_day, answers.due - panel.first_day, answers.label
    dated = ~np.isnan(joined)
    inside = dated & (joined >= first_arrival(config)) & (joined <= panel.n_days)
    before = inside & (label != UNKNOWN) & (due < joined)
    over = due <= panel.n_days
    ended = inside & answers.ended & over
    kept = inside & ~before & ~ended
    user = np.flatnonzero(kept).astype(np.int32)
    known = kept & (label != UNKNOWN) & over
    labels = np.where(known, label, UNKNOWN).astype(np.int8)[user]
    windows = Windows(
        panel,
        max(config.history_days, 1),
        config.horizon_days,
        user,
        joined[user].astype(np.int32),
        {answers.name: labels},
        due=np.minimum(due[user], np.iinfo(np.int32).max // 2).astype(np.int32),
        arrivals=True,
    )
    fates = Fates(
        yes=int((labels == 1).sum()),
        no=int((labels == 0).sum()),
        to_score=int((labels == UNKNOWN).sum()),
        ended_otherwise=int(ended.sum()),
        answered_before_arrival=int(before.sum()),
        without_day=int((~dated).sum()),
        outside=int((dated & ~inside).sum()),
    )
    return windows, fates


def first_arrival(config: WindowConfig) -> int:
    """The first day of a panel that has a whole history before it, one day at least."""
    return max(config.history_days, 1)


def without_counts(windows: Windows) -> Windows:
    """Arrivals that see no day of the past: what is known of the member alone, as in a panel without counts.

    Raises:
        UserError: if nothing is.
    """
    panel = windows.panel
    found = replace(windows, panel=replace(panel, features=(), counts=panel.counts[:, :0], amounts=None))
    if not found.features:
        raise UserError(
            "expected attributes in data.features where data.windows.history_days is 0",
            "none",
            "list columns of the member list there, and say under data.attributes when they are known",
        )
    return found
