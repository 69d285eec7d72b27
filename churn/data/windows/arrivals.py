"""Answers to a question about each member on arrival, or each row of a table of outcomes, and a window for each."""

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
    """The answers about some examples, with the days, since 1970, on which each is asked about and answered.

    An example is a member on the day of joining, or a row of a table of outcomes on its date.
    """

    name: str  # of the question
    user_id: pd.Index  # (n,) whom each example is about
    asked: NDArray[np.float64]  # (n,) the cutoff; NaN where it is not known
    label: NDArray[np.int8]  # (n,) 1 yes, 0 no, -1 none
    due: NDArray[np.float64]  # (n,) the first day on which the answer is known
    ended: NDArray[np.bool_]  # (n,) whether a value that is no answer, such as `canceled`, has a day of its own

    @classmethod
    def of(cls, outcome: Outcome, rows: pd.DataFrame, *, dated: str, zone: str, windows: WindowConfig) -> Self:
        """Read the answers from rows with a date in the column `dated`, from which on the horizon runs.

        Where no day is told, an answer is known at the horizon's end. Rows of new examples may lack the
        columns of the answers.

        Raises:
            UserError: for days that cannot be read.
        """
        column = rows.get(outcome.column, pd.Series(None, rows.index, dtype=object))
        asked, label = _days(rows, dated, zone=zone) - windows.lead_days, labels(outcome, column)
        told = np.full(len(rows), np.nan)
        if outcome.due is not None and outcome.due in rows:
            told = _days(rows, outcome.due, zone=zone)
        due = np.where(np.isnan(told), asked + windows.reach_days, told)
        ended = column.notna().to_numpy() & (label == UNKNOWN) & ~np.isnan(told)
        return cls(outcome.name, pd.Index(rows["user_id"]), asked, label, due, ended)

    @property
    def dates(self) -> pd.DatetimeIndex:
        """The cutoffs as calendar dates, (n,)."""
        return pd.DatetimeIndex(pd.to_datetime(self.asked, unit="D"))

    def first_asked(self, panel: Panel) -> NDArray[np.int32]:
        """The panel's day on which each user is first asked about, (u,); `n_days` where that is later, or never."""
        found, user = self.by_user(panel)
        first = np.full(len(panel.users), panel.n_days, np.int32)
        dated = ~np.isnan(found.asked)
        np.minimum.at(first, user[dated], (found.asked[dated] - panel.first_day).astype(np.int32))
        return first

    def span(self, *, first_day: int | None, last_day: int | None) -> tuple[int, int]:
        """The first and the last day of a list that stands alone: up to its last cutoff or answer, or as asked for.

        Raises:
            UserError: if nobody has a day of joining.
        """
        dated = ~np.isnan(self.asked)
        if not dated.any():
            remedy = "map member_columns.joined to a column of dates"
            raise UserError("expected days of joining in the member list", "none", remedy)
        ends = [self.asked[dated].max(), *self.due[dated & (self.label != UNKNOWN)]]
        last = int(max(ends)) - 1 if last_day is None else last_day
        first = int(self.asked[dated].min()) if first_day is None else first_day
        return min(first, last + 1) - 1, last

    def labelled(self, begin: int, last: int) -> tuple[pd.DatetimeIndex, int]:
        """The cutoffs from `begin` on whose answers are known on the day after the last, and the `wait` for these."""
        known = (self.label != UNKNOWN) & (self.due >= self.asked) & (self.due <= last + 1) & (self.asked >= begin)
        return self.dates[known], wait((self.due - self.asked)[known])

    def by_user(self, panel: Panel) -> tuple[Self, NDArray[np.int32]]:
        """The answers about users of a panel, sorted by user and cutoff, with each one's position there, (n,)."""
        user = panel.users.get_indexer(self.user_id)
        order = np.lexsort((self.asked, user))
        order = order[user[order] >= 0]
        found = replace(self, user_id=self.user_id[order], asked=self.asked[order], label=self.label[order])
        return replace(found, due=self.due[order], ended=self.ended[order]), user[order].astype(np.int32)


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
    """The days from the cutoff by which nearly all answers had come; 0 for none.

    Answers of one kind may take longer. Were young arrivals taken by the answers that they have, a part would hold the
    quick answers alone; so examples are learnt from, and judged by, once they are as old as this.

    Example:
        >>> wait(np.arange(1, 101))
        96
    """
    return int(np.quantile(delays, _IN_TIME, method="higher")) if len(delays) else 0


def check_values(outcome: Outcome, values: pd.Series, *, table: str) -> None:
    """Raise a UserError for values of `data.outcome` that no row of a table has in its column of answers."""
    have = set(values.dropna().map(as_text))
    for key, wanted in {"positive": outcome.positive, "of": outcome.among or ()}.items():
        others = have - set(outcome.among or ())  # a value of `of` that nobody has may be one of these, mistyped
        if (lacking := [value for value in wanted if value not in have]) and (key == "positive" or others):
            shown = ", ".join(sorted(have)[:10]) or "none"
            expected = f"expected data.outcome.{key} among the values of {table}.{outcome.column}"
            raise UserError(expected, f"{lacking[0]!r}, where there are {shown}", "correct the value")


def _days(rows: pd.DataFrame, name: str, *, zone: str) -> NDArray[np.float64]:
    times = as_times(rows[name], name=name, zone=zone, remedy="name a column of dates")
    days = (times.dt.normalize() - pd.Timestamp(0)).dt.days
    return np.asarray(days.to_numpy(np.float64, na_value=np.nan), np.float64)


@dataclass(frozen=True)
class Fates:
    """Numbers of members, or of rows of outcomes, by what each is: an example, one to score, or neither."""

    yes: int
    no: int
    to_score: int  # without an answer by the last day
    ended_otherwise: int  # with a value that is no answer, whose day is over
    answered_before: int  # the cutoff
    without_day: int  # of joining
    outside: int  # whose cutoff lies before the first whole history or after the last day

    def facts(self) -> dict[str, int]:
        """The numbers by name."""
        return asdict(self)


def ask(panel: Panel, config: WindowConfig, answers: Answers) -> tuple[Windows, Fates]:
    """One window per example at its cutoff, labelled by the answer; and how many examples have which fate.

    An answer whose day lies after the panel's last is not known yet. Its example is to be scored, as are ones without
    an answer; ones with a value that is no answer are, unless the day that is told for it is over. Rows of outcomes
    that concern nobody among the panel's users are left out: these are counted as the table is read.

    Raises:
        UserError: if nobody has an answer or awaits one.
    """
    answers, user = answers.by_user(panel)
    cutoff, due, label = answers.asked - panel.first_day, answers.due - panel.first_day, answers.label
    dated = ~np.isnan(cutoff)
    inside = dated & (cutoff >= first_example(config)) & (cutoff <= panel.n_days)
    before = inside & (label != UNKNOWN) & (due < cutoff)
    over = due <= panel.n_days
    ended = inside & answers.ended & over
    kept = inside & ~before & ~ended
    known = kept & (label != UNKNOWN) & over
    labels = np.where(known, label, UNKNOWN).astype(np.int8)[kept]
    windows = Windows(
        panel,
        max(config.history_days, 1),
        config.horizon_days,
        user[kept],
        cutoff[kept].astype(np.int32),
        {answers.name: labels},
        due=np.minimum(due[kept], np.iinfo(np.int32).max // 2).astype(np.int32),
        arrivals=config.at_risk == "arrival",
        lead_days=config.lead_days,
    )
    fates = Fates(
        yes=int((labels == 1).sum()),
        no=int((labels == 0).sum()),
        to_score=int((labels == UNKNOWN).sum()),
        ended_otherwise=int(ended.sum()),
        answered_before=int(before.sum()),
        without_day=int((~dated).sum()),
        outside=int((dated & ~inside).sum()),
    )
    return windows, fates


def first_example(config: WindowConfig) -> int:
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
