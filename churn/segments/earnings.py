"""Earnings: what calling the users of the list is expected to bring, by the chances and as past lists fared."""

from dataclasses import asdict, dataclass, replace
from math import isfinite

import numpy as np
import pandas as pd

from churn.segments.budget import gains
from churn.segments.config import BudgetConfig
from churn.segments.priority import SEGMENTS
from churn.segments.ranking import chance_of_first
from churn.statistics import Interval


@dataclass(frozen=True)
class Earnings:
    """The earnings expected of calling the list, in the unit of the budget."""

    listed: int  # users on the list
    to_call: int  # users of the list who are not held back
    paying: int  # listed users whose own contact is expected to earn more than it costs
    profit: Interval | None  # of calling `to_call`, by the chances; None without a list
    as_past_lists: Interval | None  # the same if as many fall silent as on past lists; None where that is unknown
    past_users: int  # users who were on these past lists
    pays_off_from: float | None  # the save rate from which on calling the list does not lose; None if at no rate
    stickers_each: float | None  # amount expected to be lost with each who falls silent; None without amounts

    def facts(self) -> dict[str, object]:
        """Facts for the manifest: the numbers, a profit as value, low and high, each null where it is unknown."""
        profits = {"profit": _ends(self.profit), "as_past_lists": _ends(self.as_past_lists)}
        return asdict(self) | profits


def expected_earnings(
    scored: pd.DataFrame, budget: BudgetConfig, *, curve: pd.DataFrame, rates: pd.DataFrame, held_back: int = 0
) -> Earnings:
    """Sum up the earnings of a list by its plan, and at the observed rate of past lists.

    The profit is that of the list's size on the plan's curve, between two of its points where it has not that size. The
    users held back are drawn along the whole list, so with them goes their share of the profit and of its interval.
    As past lists fared, every user called has the observed rate of churn as chance; the interval is that of this rate
    alone, and there is none where users differ in worth, since nobody knows then whose churn was observed.

    Args:
        scored: A row per user, from `prioritise`: p_churn, segment and, with amounts, expected_loss.
        budget: The costs of a contact and the worth of keeping a user.
        curve: That of the plan, from nobody to all of `scored`: k, profit, low, high.
        rates: From `observed_rates`: segment, target, n_users, rate, low, high.
        held_back: Users of the list who may not be called.

    Example:
        >>> scored = pd.DataFrame({"p_churn": [0.9, 0.5, 0.1], "segment": ["priority", "priority", "other"]})
        >>> curve = pd.DataFrame({"k": [0, 3], "profit": [0.0, 6.0], "low": [0.0, 3.0], "high": [0.0, 9.0]})
        >>> past = {"segment": ["priority"], "target": ["churn"], "n_users": 40, "rate": 0.5, "low": 0.4, "high": 0.6}
        >>> budget = BudgetConfig(contact_cost=1, save_rate=0.5, value=8)
        >>> found = expected_earnings(scored, budget, curve=curve, rates=pd.DataFrame(past), held_back=1)
        >>> print(found.to_call, found.paying, found.profit, found.as_past_lists, sep="; ")
        1; 2; 2.000 (1.000 to 3.000); 1.000 (0.600 to 1.400)
    """
    listed = scored[scored.segment == SEGMENTS[0]]
    past = rates[(rates.segment == SEGMENTS[0]) & (rates.target == "churn")].iloc[0]
    to_call = len(listed) - held_back
    return Earnings(
        listed=len(listed),
        to_call=to_call,
        paying=int((gains(listed, budget) > 0).sum()),
        profit=profit_of(curve, size=len(listed), to_call=to_call) if len(listed) else None,
        as_past_lists=_at_rate(past, budget, to_call),
        past_users=int(past.n_users),
        pays_off_from=_pays_off_from(listed, budget),
        stickers_each=_stickers_each(listed),
    )


def at_stake(scored: pd.DataFrame) -> dict[str, float | None]:
    """The losses to expect with the listed users if nobody calls: churners, stickers, amount.

    `churners` is the sum of the chances of churn, or of the outcome, `stickers` the number of churners who would
    receive one if they stayed, and `amount` what they would receive; each None where it is not known.

    Args:
        scored: A row per user, from `prioritise`: p_churn, value_at_risk, segment and, if known, p_sticker and
            expected_loss.

    Example:
        >>> scored = pd.DataFrame({"p_churn": [0.9, 0.5], "segment": ["priority", "other"]})
        >>> at_stake(scored.assign(p_sticker=0.3, value_at_risk=[0.2, 0.1]))
        {'churners': 0.9, 'stickers': 0.2, 'amount': None}
    """
    listed = scored[scored.segment == SEGMENTS[0]]
    return {
        "churners": float(listed[chance_of_first(listed)].sum()),
        "stickers": float(listed.value_at_risk.sum()) if "p_sticker" in listed else None,
        "amount": float(listed.expected_loss.sum()) if "expected_loss" in listed else None,
    }


def profit_of(curve: pd.DataFrame, *, size: int, to_call: int) -> Interval:
    """The profit that a plan's curve gives for the called users of a list of some size; 0 for nobody.

    Example:
        >>> curve = pd.DataFrame({"k": [0, 4], "profit": [0.0, 8.0], "low": [0.0, 4.0], "high": [0.0, 12.0]})
        >>> print(profit_of(curve, size=2, to_call=1))
        2.000 (1.000 to 3.000)
    """
    points, share = curve.sort_values("k"), to_call / max(size, 1)
    value, low, high = (share * float(np.interp(size, points.k, points[name])) for name in ("profit", "low", "high"))
    return Interval(value, low, high)


def _at_rate(past: pd.Series, budget: BudgetConfig, to_call: int) -> Interval | None:
    """The earnings of calling `to_call` users if each churns with an observed rate."""
    if budget.value is None or not to_call or pd.isna(past["rate"]):
        return None
    shares = past[["rate", "low", "high"]].to_numpy(np.float64)
    earned = to_call * gains(pd.DataFrame({"p_churn": shares}), budget)
    value, *ends = np.where(np.isnan(shares), np.nan, earned).tolist()  # `gains` takes an unknown chance as none
    return Interval(value, min(ends), max(ends))  # where an incentive is dearer than a user, more churn earns less


def _pays_off_from(listed: pd.DataFrame, budget: BudgetConfig) -> float | None:
    """The save rate at which calling the list earns nothing, which is where its profit, linear in the rate, is 0."""
    at_none, at_all = (float(gains(listed, replace(budget, save_rate=rate)).sum()) for rate in (0.0, 1.0))
    return abs(at_none) / (at_all - at_none) if at_all >= 0 and at_all > at_none else None


def _stickers_each(listed: pd.DataFrame) -> float | None:
    churners = float(listed.p_churn.sum())
    return float(listed.expected_loss.sum()) / churners if "expected_loss" in listed and churners else None


def _ends(interval: Interval | None) -> dict[str, float | None] | None:
    if interval is None:
        return None
    return {name: float(end) if isfinite(end) else None for name, end in asdict(interval).items()}
