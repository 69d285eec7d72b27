"""Amounts: what a user's next sticker is expected to be worth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import STICKERS, Panel, Windows


@dataclass(frozen=True)
class Gifts:
    """The days on which stickers came or were refunded, sorted by user and day."""

    user: NDArray[np.int32]  # (g,) position in the panel
    day: NDArray[np.int32]  # (g,)
    number: NDArray[np.float64]  # (g,) stickers of the day
    amount: NDArray[np.float64]  # (g,) their sum


@dataclass(frozen=True)
class Known:
    """The figures known of all users' amounts before each day, from day 0 to the day after the last."""

    mean: NDArray[np.float64]  # (n_days + 1,) amount per sticker; nan before the first sticker
    weight: NDArray[np.float64]  # (n_days + 1,) stickers that the mean counts for; inf where users do not differ


def expected_amounts(windows: Windows) -> NDArray[np.float64] | None:
    """The expected amount of a sticker of each window's user, (n,); None for a log without stickers.

    The user's mean amount per sticker before the cutoff, shrunk to the mean of all users before the same cutoff:
    (S + K m) / (N + K), with the user's N stickers of S in all, the overall mean m, and K = σ² / τ² stickers, where σ²
    is the variance of a sticker's amount about its user's mean and τ² that of the users' means. Both are estimated
    without a distribution from what was known before the cutoff (Bühlmann and Straub); where users do not differ more
    than chance has them, or nobody got stickers on two days, everyone's is m. nan where no sticker came before.

    Refunds that `data.negative: keep` lets in lower the sums S and so the means. They are no stickers, and σ² and τ²
    are estimated from the days with stickers. No expected amount is negative, and so no expected loss.

    Source:
        H. Bühlmann and E. Straub, Glaubwürdigkeit für Schadensätze, Mitteilungen der Vereinigung Schweizerischer
        Versicherungsmathematiker 70 (1970), 111-133.

    Example:
        >>> from churn.data import example_split
        >>> test = example_split().test
        >>> amounts = expected_amounts(test)
        >>> amounts.shape == (len(test),), bool(1 < amounts.min() < amounts.max() < 20)
        (True, True)
    """
    gifts = _gifts(windows.panel)
    if gifts is None:
        return None
    known = _known(gifts, n_days=windows.panel.n_days)
    number, amount = _before(gifts, windows)
    mean, weight = known.mean[windows.cutoff], known.weight[windows.cutoff]
    share = np.divide(number, number + weight, out=np.zeros(len(number)), where=number > 0)  # 0 at infinite weight
    own = np.divide(amount, number, out=np.zeros(len(number)), where=number > 0)
    return np.maximum(np.where(share > 0, share * own + (1 - share) * mean, mean), 0)


def _gifts(panel: Panel) -> Gifts | None:
    rows = panel.amount_rows()
    if rows is None or panel.amounts is None:
        return None
    user, day = panel.days_where(rows)
    number = panel.counts[rows, panel.features.index(STICKERS)]
    return Gifts(user, day, number.astype(np.float64), panel.amounts[rows].astype(np.float64))


def _before(gifts: Gifts, windows: Windows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each window's user's stickers before the cutoff and their sum, (n,) each."""
    span = np.int64(windows.panel.n_days + 1)
    moment = gifts.user.astype(np.int64) * span + gifts.day
    begin = np.searchsorted(moment, windows.user.astype(np.int64) * span)
    end = np.searchsorted(moment, windows.user.astype(np.int64) * span + windows.cutoff)
    number, amount = (np.append(0.0, values.cumsum()) for values in (gifts.number, gifts.amount))
    return number[end] - number[begin], amount[end] - amount[begin]


def _known(gifts: Gifts, *, n_days: int) -> Known:
    """The overall mean and K before each day, from sums that each day adds to."""

    net = np.append(0.0, np.bincount(gifts.day, gifts.amount, minlength=n_days).cumsum())
    given = gifts.number > 0
    gifts = Gifts(gifts.user[given], gifts.day[given], gifts.number[given], gifts.amount[given])

    def until(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.append(0.0, np.bincount(gifts.day, values, minlength=n_days).cumsum())

    number, amount = _running(gifts.user, gifts.number), _running(gifts.user, gifts.amount)
    ones, first = np.ones(len(gifts.user)), number == gifts.number
    before = np.where(first, 1, number - gifts.number)
    # what the day adds to the sums over users of S² / N and of N²
    of_means = amount**2 / number - np.where(first, 0, (amount - gifts.amount) ** 2 / before)
    of_squares = number**2 - np.where(first, 0, before) ** 2
    n, s, squares, means = until(gifts.number), until(gifts.amount), until(of_squares), until(of_means)
    days, users, whole = until(ones), until(first.astype(float)), until(gifts.amount**2 / gifts.number)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = np.maximum(whole - means, 0) / (days - users)
        between = (means - s**2 / n - (users - 1) * within) / (n - squares / n)
        weight = np.where(between > 1e-12 * s**2 / n**2, within / between, np.inf)
        return Known(net / n, np.where(np.isnan(weight), np.inf, weight))


def _running(user: NDArray[np.int32], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each user's sum so far, the row itself included."""
    return np.asarray(pd.Series(values).groupby(user).cumsum(), dtype=np.float64)
