"""Budget: how many users to contact, and what that is expected to bring."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil, floor, isfinite
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.errors import UserError
from churn.segments.config import BudgetConfig, RankBy, SegmentConfig
from churn.segments.ranking import add_scores, chance_of_first, ranked, sticker_if_stays
from churn.statistics import Interval, interval_of

POINTS = 200  # rows of the curve, at most
BLOCKS = 2000  # of users who stand one after the other, from which on they are drawn together


@dataclass(frozen=True)
class Plan:
    """The number of users to contact, best first, and the profit to expect."""

    curve: pd.DataFrame  # k, profit, low, high; at most POINTS rows, from nobody to everybody
    best: Interval  # the size of most expected profit, in users
    profit: Interval  # at that size
    number: int | None  # users that can be contacted, at most as many as there are
    at_number: Interval | None  # the profit of contacting `number` users
    scored: int  # users planned for
    paying: int  # scored users whose own contact is expected to earn more than it costs
    orders: dict[str, tuple[int, float]]  # the size of most profit, and that profit, by the score that orders the users
    budget: BudgetConfig

    def facts(self) -> dict[str, object]:
        """Facts for the manifest: sizes, profits with their intervals (null where unknown), and the assumptions."""
        at_number = self.at_number or Interval(np.nan, np.nan, np.nan)
        return {
            "best": int(self.best.value),
            "low": floor(self.best.low) if isfinite(self.best.low) else None,
            "high": ceil(self.best.high) if isfinite(self.best.high) else None,
            **_named("profit", self.profit),
            "number": self.number,
            **_named("at_number", at_number),
            "scored": self.scored,
            "paying": self.paying,
            "pays_from": pays_from(self.budget),
            "orders": {name: {"best": best, "profit": profit} for name, (best, profit) in self.orders.items()},
            "assumed": asdict(self.budget),
        }

    def __str__(self) -> str:
        """One line, or two where a number was asked about."""
        size = f"{self.best.value:,.0f} ({self.best.low:,.0f} to {self.best.high:,.0f}) of {self.scored:,} users"
        line = f"contact the first {size}: expected profit {_money(self.profit)}"
        return line if self.at_number is None else f"{line}\ncontact {self.number:,}: {_money(self.at_number)}"


def gains(
    scores: pd.DataFrame, config: BudgetConfig, *, worth: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """The expected profit of contacting each user, against leaving the user alone, (n,).

    p_churn · save_rate · (value − incentive) − (1 − p_churn) · uptake · incentive − contact_cost. Who would churn and
    is kept brings the value and is paid the incentive; who would stay anyway brings nothing that the platform had not,
    and is paid all the same if the incentive is taken. A user without a probability counts as one who stays.

    Args:
        scores: p_churn and, with stickers, p_sticker and expected_amount.
        config: What a contact costs and brings.
        worth: What keeping each user is worth, (n,); by default as `config.value` says.

    Example:
        >>> config = BudgetConfig(contact_cost=1, save_rate=0.5, incentive=2, value=10)
        >>> gains(pd.DataFrame({"p_churn": [1.0, 0.5, 0.0]}), config).tolist()
        [3.0, 0.0, -3.0]
    """
    p = scores[chance_of_first(scores)].fillna(0.0).to_numpy(np.float64)
    kept = p * (config.save_rate or 0.0) * ((_worth(scores, config) if worth is None else worth) - config.incentive)
    return kept - (1 - p) * config.uptake * config.incentive - config.contact_cost


def best_size(gain: Sequence[float] | NDArray[np.float64] | pd.Series) -> int:
    """The number of first users that brings the most in all, from none on; the fewest where several bring as much.

    Example:
        >>> best_size([3, -1, 2, -5]), best_size([-1, -1]), best_size([])
        (3, 0, 0)
    """
    return int(np.argmax(np.append(0.0, np.cumsum(gain))))


def pays_from(config: BudgetConfig) -> float | None:
    """The p_churn from which on a contact is expected to pay, where all users are worth the same value; else None.

    1 or more: no contact pays.

    Example:
        >>> pays_from(BudgetConfig(contact_cost=0.5, save_rate=0.3, value=4)), pays_from(BudgetConfig(save_rate=0.3))
        (0.4166666666666667, None)
    """
    if config.value is None or not config.save_rate:
        return None
    to_those_who_stay = config.uptake * config.incentive
    earned = config.save_rate * (config.value - config.incentive) + to_those_who_stay
    return (config.contact_cost + to_those_who_stay) / earned if earned > 0 else 1.0


def plan(scores: pd.DataFrame, config: SegmentConfig, *, repetitions: int = 500, seed: int = 0) -> Plan:
    """Find the size of the list that brings the most expected profit, users ranked by `config.order`.

    The intervals draw users with replacement: they tell how far size and profit depend on who happens to be scored.
    They take the probabilities, the save rate and the values as right; no interval covers a wrong assumption. Beyond
    2,000 users, the number of users from each of 2,000 blocks of neighbours in rank is drawn, and what these bring is
    drawn from the normal distribution of its mean and variance.

    Args:
        scores: A row per user: user_id, p_churn and, with stickers, p_sticker and expected_amount.
        config: The order, the budget, and the number that can be contacted, if it is known.
        repetitions: Bootstrap samples of users.
        seed: Of these.

    Raises:
        UserError: without a save rate in `config.budget`, or without users.

    Example:
        >>> scores = pd.DataFrame({"user_id": range(200), "p_churn": np.linspace(0.995, 0, 200)})
        >>> budget = BudgetConfig(contact_cost=1, save_rate=0.2, value=10)
        >>> print(plan(scores, SegmentConfig(rank_by="p_churn", budget=budget, number=50)))
        contact the first 99 (85 to 113) of 200 users: expected profit 49.50 (40.61 to 58.09)
        contact 50: 37.25 (33.30 to 40.79)
    """
    if not config.budget.known:
        remedy = "set segments.budget.contact_cost and segments.budget.save_rate"
        raise UserError("expected segments.budget to plan by", "none", remedy)
    if not len(scores):
        raise UserError("expected users to plan for", "no scores", "check the last days of the log")
    scored = add_scores(scores)
    gain = gains(ranked(scored, config.order), config.budget)
    n, best = len(gain), best_size(gain)
    number = None if config.number is None else min(config.number, n)
    sizes = _sizes(n, {best} | ({number} if number is not None else set()))
    users, profit = _resampled(gain, _edges(n, sizes), repetitions=repetitions, seed=seed)
    found = {str(k): interval_of(at, n_users=n) for k, at in zip(sizes, _profits(users, profit, sizes), strict=True)}
    own_best = np.take_along_axis(users, profit.argmax(axis=1)[:, None], axis=1)[:, 0]
    found["best"] = interval_of(own_best, n_users=n, bounds=(0, n))
    rows = [(k, found[str(k)].value, found[str(k)].low, found[str(k)].high) for k in sizes]
    curve = pd.DataFrame(rows, columns=["k", "profit", "low", "high"])
    at_number = None if number is None else found[str(number)]
    paying = int((gain > 0).sum())
    orders = _orders(scored, config.budget)
    return Plan(curve, found["best"], found[str(best)], number, at_number, n, paying, orders, config.budget)


def best_places(
    gain: Sequence[float] | NDArray[np.float64] | pd.Series, *, repetitions: int = 500, seed: int = 0
) -> NDArray[np.int64]:
    """The numbers of users that earn most: of the users as they are, then of users redrawn, (1 + repetitions,).

    Unlike the best size of a resample, in which a user may come twice, this is a place in the order of the users.

    Example:
        >>> best_places([3, 2, -1, -2], repetitions=3)
        array([2, 1, 2, 2])
    """
    known = np.asarray(gain, dtype=np.float64)
    edges = _edges(len(known), [best_size(known)])
    _, profit = _resampled(known, edges, repetitions=repetitions, seed=seed)
    return np.asarray(edges[profit.argmax(axis=1)])


def _orders(scored: pd.DataFrame, config: BudgetConfig) -> dict[str, tuple[int, float]]:
    """The best size, and the profit at it, of each score that can order the users."""
    found = {}
    for name in get_args(RankBy):
        if name in scored and scored[name].notna().any():
            gain = gains(ranked(scored, name), config)
            best = best_size(gain)
            found[name] = (best, float(gain[:best].sum()))
    return found


def _worth(scores: pd.DataFrame, config: BudgetConfig) -> NDArray[np.float64]:
    """The worth of keeping each user, (n,)."""
    if config.value is not None:
        return np.full(len(scores), float(config.value))
    amount = scores.expected_amount.fillna(1.0) if "expected_amount" in scores else 1.0
    worth: NDArray[np.float64] = (sticker_if_stays(scores) * amount).fillna(0.0).to_numpy(np.float64)
    return worth


def _sizes(n: int, wanted: set[int]) -> list[int]:
    """Sizes from nobody to everybody, the wanted ones among them, POINTS at most."""
    even = np.linspace(0, n, min(n + 1, POINTS - len(wanted))).round().astype(int)
    return sorted({*even.tolist(), *wanted})


def _edges(n: int, sizes: list[int]) -> NDArray[np.int64]:
    """The edges of blocks of users, the wanted sizes among them; each user is a block where there are few."""
    even = np.linspace(0, n, min(n, BLOCKS) + 1).round().astype(np.int64)
    return np.unique(np.append(even, sizes))


def _resampled(
    gain: NDArray[np.float64], edges: NDArray[np.int64], *, repetitions: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Users and their profit up to each edge, (1 + repetitions, edges) each: as they are, then with users redrawn."""
    rng, length = np.random.default_rng(seed), np.diff(edges)
    mean = np.add.reduceat(gain, edges[:-1]) / length
    spread = np.sqrt(np.add.reduceat((gain - np.repeat(mean, length)) ** 2, edges[:-1]) / length)
    drawn = rng.multinomial(len(gain), length / len(gain), size=repetitions)
    brought = drawn * mean + np.sqrt(drawn) * spread * rng.normal(size=drawn.shape)
    users, profit = np.vstack([length, drawn]), np.vstack([length * mean, brought])
    return _running(users.astype(np.float64)), _running(profit)


def _running(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums along each row, from nothing on: (b, k) gives (b, k + 1)."""
    return np.hstack([np.zeros((len(values), 1)), values.cumsum(axis=1)])


def _profits(users: NDArray[np.float64], profit: NDArray[np.float64], sizes: list[int]) -> NDArray[np.float64]:
    """The profit at each size in every sample, (sizes, b)."""
    return np.array([np.interp(sizes, u, p) for u, p in zip(users, profit, strict=True)]).T


def _named(name: str, interval: Interval) -> dict[str, float | None]:
    values = {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return {key: float(value) if isfinite(value) else None for key, value in values.items()}


def _money(interval: Interval) -> str:
    return f"{interval.value:,.2f} ({interval.low:,.2f} to {interval.high:,.2f})"
