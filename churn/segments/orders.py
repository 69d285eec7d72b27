"""Orders: which score's lists found most by observed outcomes, and what the chosen score's lists found later."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import permutations
from math import isfinite, nan
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import as_written, read_object, write_json
from churn.data import Windows
from churn.segments.budget import gains
from churn.segments.config import RankBy, SegmentConfig
from churn.segments.priority import SEGMENTS, prioritise
from churn.segments.ranking import add_scores
from churn.statistics import FEW, LEAST_LIFT, ONE_ERROR, Interval, above, bootstrap_each, side

ORDER = "order.json"  # of the folder of models
Measure = Literal["profit", "amount", "users"]  # what a list is judged by
Verdict = Literal["better", "slight", "same", "worse", "few", "seen", "unknown"]
_NUMBERS = ("value", "low", "high", "by_lot", "excess", "excess_low", "excess_high")


@dataclass(frozen=True)
class Order:
    """The score that orders a run's list, and what its lists found on the test part, which chose nothing.

    Args:
        rank_by: The score.
        asked: What the configuration asked for: a score, or `best`.
        measure: What a list is judged by: the `profit` of calling it, the `amount` that the users who fell silent had
            received, or how many `users` fell silent.
        horizon_days: Days after the list in which silence counts.
        seen: Whether the split let the models see the days of the test part.
        lists: Lists of the test part.
        users: Users on them.
        value: What a list found on average, with its 95% interval over users.
        by_lot: What a list of as many users drawn at random would have found.
        excess: value − by_lot.
    """

    rank_by: RankBy
    asked: str
    measure: Measure
    horizon_days: int
    seen: bool = False
    lists: int = 0
    users: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    by_lot: float | None = None
    excess: float | None = None
    excess_low: float | None = None
    excess_high: float | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict on past lists beside lists drawn at random; slight: clearly better, but by under a tenth.

        Example:
            >>> found = {"lists": 9, "users": 90, "value": 12.0, "by_lot": 10.0, "excess": 2.0}
            >>> kept = Order("p_churn", "best", "users", 7, **found, excess_low=0.5, excess_high=3.5)
            >>> kept.verdict, replace(kept, excess_low=-0.5).verdict, replace(kept, users=9).verdict
            ('better', 'same', 'few')
        """
        if not self.lists or self.value is None:
            return "unknown"
        if self.seen or self.users < FEW:
            return "seen" if self.seen else "few"
        found = side(self._excess)
        if found == "above":
            return "better" if side(self._excess, least=self._least) == "above" else "slight"
        return "worse" if found == "below" else "same"

    @property
    def undecided(self) -> bool:
        """Whether more data may still show that the order beats a list at random by an amount that matters."""
        return self.verdict == "few" or above(self._excess.high, self._least)

    @property
    def _least(self) -> float:
        """The least excess that matters."""
        return (LEAST_LIFT - 1) * abs(self.by_lot or 0.0)

    @property
    def _excess(self) -> Interval:
        ends = (self.excess, self.excess_low, self.excess_high)
        return Interval(*(nan if end is None else end for end in ends))

    def facts(self) -> dict[str, object]:
        """Facts for the manifest: the fields and the verdict."""
        return asdict(self) | {"verdict": self.verdict}

    def save(self, models: Path) -> None:
        """Write it into a folder of models."""
        write_json(asdict(self), models / ORDER)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """The order that `facts` told of."""
        return cls(**{name: value for name, value in facts.items() if name != "verdict"})

    @classmethod
    def load(cls, models: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            UserError: if there is none, or it cannot be one.
        """
        found = read_object(models / ORDER, "rank_by", "measure")
        with as_written(models / ORDER, TypeError, ValueError):
            if found["rank_by"] not in get_args(RankBy) or found["measure"] not in get_args(Measure):
                raise ValueError(f"no order {found['rank_by']} by {found['measure']}")
            return cls.of(found)


def measure_of(windows: Windows, config: SegmentConfig) -> Measure:
    """The measure of a list: the profit where a budget is known, else amounts, or users where there are none."""
    if config.budget.known:
        return "profit"
    return "users" if windows.panel.amounts is None else "amount"


def as_chosen(config: SegmentConfig, models: Path) -> SegmentConfig:
    """The configuration by which a run draws its list, with the order that it chose once.

    Args:
        config: The run's configuration.
        models: The folder of its models.

    Raises:
        UserError: if none is chosen though `best` is asked for.
    """
    return config if config.rank_by != "best" else replace(config, rank_by=Order.load(models).rank_by)


def compare_orders(
    windows: Windows, scores: pd.DataFrame, config: SegmentConfig, *, repetitions: int = 500, seed: int = 0
) -> pd.DataFrame:
    """The worth found by the lists of each score, by observed outcomes, a list for every cutoff, beside random lists.

    With a budget it is the profit of `gains` with the outcome, 0 or 1, in place of the chance. Without one it is the
    worth of the users who fell silent. A user's worth is never the models': it is `budget.value`, else what the user
    received in the history and the `before_days` before it, per horizon, and 1 for a log without stickers. So no score
    is rewarded for its own ingredients, only for users who fell silent and had been worth something.

    Args:
        windows: n windows with their labels, which no score has learnt from.
        scores: user_id, cutoff, p_churn and, with stickers, p_sticker and expected_amount; in the same order.
        config: How long a list is; any order.
        repetitions: Bootstrap samples of users.
        seed: Of these.

    Returns:
        rank_by, lists, n (places on them), n_users, value (per list), low, high, by_lot (a list of as many users
        drawn at random at the same cutoffs), excess (value − by_lot), excess_low, excess_high, beaten_by (the first
        order that found more by a tenth and by one standard error of the difference, or nothing); the numbers are null
        without windows. The intervals draw users, and take the lists as they are.

    Example:
        >>> from churn.data import example_split
        >>> test = example_split().test
        >>> knowing = test.table()[["user_id", "cutoff"]].assign(p_churn=0.2 + test.answers / 2, p_sticker=0.3)
        >>> found = compare_orders(test, knowing, SegmentConfig(quantile=0.8)).set_index("rank_by")
        >>> found.index.tolist(), bool(found.excess_low["p_churn"] > 0)
        (['priority', 'p_churn', 'value_at_risk'], True)
    """
    scored, found = add_scores(scores), brought(windows, config)
    orders = [name for name in get_args(RankBy) if name in scored and scored[name].notna().any()]
    day = lists_of(windows)
    lists, columns, rows = len(np.unique(day)), {}, []
    for name in orders:
        drawn = prioritise(scores, replace(config, rank_by=name), by_cutoff=not windows.scattered)
        listed = (drawn.segment == SEGMENTS[0]).to_numpy(np.float64)
        share, mean = (pd.Series(values).groupby(day).transform("mean") for values in (listed, found))
        columns[f"{name}_value"] = listed * found / lists
        columns[f"{name}_excess"] = ((listed - share) * (found - mean)).to_numpy() / lists
        rows.append((name, lists, int(listed.sum()), len(np.unique(windows.user[listed > 0])), float(share @ found)))
    table = pd.DataFrame(rows, columns=["rank_by", "lists", "n", "n_users", "by_lot"])
    sums, again = pd.DataFrame(columns).groupby(windows.user).sum(), {"repetitions": repetitions, "seed": seed}
    measured = _over_users(sums, **again) if lists else {}
    for name in ("value", "excess"):
        ends = [measured.get(f"{order}_{name}", Interval(nan, nan, nan)) for order in orders]
        names = (name, *(f"{'' if name == 'value' else 'excess_'}{end}" for end in ("low", "high")))
        table[list(names)] = np.array([(one.value, one.low, one.high) for one in ends]).reshape(-1, 3)
    beaten = _beaten(sums[[f"{name}_value" for name in orders]].set_axis(orders, axis=1), **again) if lists else {}
    return table.assign(by_lot=table.by_lot / max(lists, 1), beaten_by=[beaten.get(name, "") for name in orders])


def lists_of(windows: Windows) -> NDArray[np.int32]:
    """The list that each window may stand on, (n,): one a day, or one of all where these are scattered."""
    return np.zeros(len(windows), np.int32) if windows.scattered else windows.cutoff


def brought(windows: Windows, config: SegmentConfig) -> NDArray[np.float64]:
    """The worth that calling each window's user would have brought by the outcome, (n,): see `compare_orders`."""
    worth = None if config.budget.value is not None else _worth(windows, config)
    if config.budget.known:
        return gains(pd.DataFrame({"p_churn": windows.answers}), config.budget, worth=worth)
    return np.asarray(windows.answers * _worth(windows, config))


def choose_order(found: pd.DataFrame) -> RankBy:
    """The first order that no other beats, as the one-standard-error rule takes the simplest of several good ones.

    The priority is the first, so it stays where nothing is gained by leaving it, and where under 30 users are on lists.

    Args:
        found: What `compare_orders` made, in its order.

    Source:
        L. Breiman, J. H. Friedman, R. A. Olshen and C. J. Stone, Classification and Regression Trees (1984), 3.4.3.

    Example:
        >>> found = pd.DataFrame({"rank_by": ["priority", "p_churn"], "n_users": 99, "beaten_by": ["p_churn", ""]})
        >>> choose_order(found), choose_order(found.assign(n_users=9))
        ('p_churn', 'priority')
    """
    unbeaten = found.rank_by[(found.beaten_by == "") & (found.n_users >= FEW)].tolist()
    return next((order for order in get_args(RankBy) if order in unbeaten), "priority")


def judged(found: pd.DataFrame, order: Order) -> Order:
    """An order with what its lists found, from `compare_orders` on windows that chose nothing."""
    row = found[found.rank_by == order.rank_by].iloc[0]
    ends = {name: float(row[name]) if isfinite(row[name]) else None for name in _NUMBERS}
    return Order.of(asdict(order) | ends | {"lists": int(row.lists), "users": int(row.n_users)})


def _worth(windows: Windows, config: SegmentConfig) -> NDArray[np.float64]:
    """The amount that each window's user received before the cutoff, per horizon, at least 0; 1 without amounts."""
    if windows.panel.amounts is None:
        return np.ones(len(windows))
    days = min(windows.history_days + config.before_days, windows.panel.n_days)
    received = np.take(windows.panel.amounts, windows.rows(first=-days)).sum(axis=1, dtype=np.float64)
    return np.asarray(np.maximum(received, 0) * windows.horizon_days / days)


def _over_users(sums: pd.DataFrame, *, repetitions: int, seed: int, level: float = 0.95) -> dict[str, Interval]:
    """The totals of columns that hold a sum per user, with their intervals, all from the same resamples of users."""

    def total(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {str(name): weights @ sums[name].to_numpy() for name in sums}

    everywhere = {str(name): (-np.inf, np.inf) for name in sums}
    users, again = np.arange(len(sums)), {"repetitions": repetitions, "seed": seed}
    return bootstrap_each(users, total, bounds=everywhere, level=level, **again)


def _beaten(values: pd.DataFrame, *, repetitions: int, seed: int) -> dict[str, str]:
    """The first order that beats each beaten one; `values` has a column of sums per user for each order."""
    ordered = list(permutations(map(str, values), 2))
    pairs = {f"{a} {b}": values[a] - values[b] for a, b in ordered}
    found = _over_users(pd.DataFrame(pairs), repetitions=repetitions, seed=seed, level=ONE_ERROR) if pairs else {}
    beaten: dict[str, str] = {}
    for a, b in ordered:
        least = (LEAST_LIFT - 1) * abs(float(values[b].sum()))
        if side(found[f"{a} {b}"], least=least) == "above":
            beaten.setdefault(b, a)
    return beaten
