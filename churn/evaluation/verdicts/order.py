"""Does the order of days matter?"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from churn.data import Split, Windows
from churn.errors import UserError
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.contestants import Contestant
from churn.evaluation.verdicts.measures import Verdict, compare, tabulate
from churn.evaluation.verdicts.reordered import Permuted, Summed
from churn.evaluation.verdicts.trials import (
    Inquiry,
    Trial,
    attempt,
    best,
    other,
    thinned,
    users_of,
)
from churn.evaluation.verdicts.wording import amount, change, measured
from churn.statistics import Interval

IN_ORDER, PERMUTED = "days in order", "days permuted"
_TELLINGS: dict[str, Callable[[Windows], Windows]] = {
    IN_ORDER: lambda windows: windows,
    PERMUTED: Permuted.of,
    "last day only": lambda windows: windows.recent(1),
    "sums only": Summed.of,
}


def order(inquiry: Inquiry) -> Verdict:
    """Compare histories in order with the same days shuffled, the last day alone, and the sums.

    Raises:
        UserError: if a history has one day.
    """
    split = thinned(inquiry.dataset.split(), inquiry).mapped(_counts_alone)
    if split.train.history_days == 1:
        raise UserError("expected a history of several days", 1, "raise windows.history_days")
    trials = [trial for contestant in inquiry.rivals for trial in _trials(contestant, split, inquiry)]
    chosen = best(trials, IN_ORDER)
    shuffled = other(trials, chosen, PERMUTED)
    return Verdict(
        "order",
        inquiry.target,
        QUESTIONS["order"],
        _answer(shuffled, chosen, inquiry),
        _note(inquiry, split),
        tabulate("order", trials, inquiry=inquiry, reference=IN_ORDER),
    )


def _counts_alone(windows: Windows) -> Windows:
    """Derived features, such as the days since the last activity, would give the order away."""
    return replace(windows, derived=(), selected=None)


def _trials(contestant: Contestant, split: Split, inquiry: Inquiry) -> list[Trial]:
    """All tellings of the days that a contestant sees: days beyond them must not be shuffled in."""
    seen = contestant.arguments.get("history_days")
    if seen is not None:
        contestant = contestant.given({"history_days": None})
    found = []
    for variant, tell in _TELLINGS.items():
        told = split.mapped(partial(Windows.recent, days=seen)).mapped(tell)
        found.append(attempt(contestant, told, inquiry=inquiry, variant=variant))
    return found


def _answer(shuffled: Trial, chosen: Trial, inquiry: Inquiry) -> str:
    """The sentence, which has nothing to go by where a model has one day alone, or knows no days."""
    if np.array_equal(shuffled.p, chosen.p):
        return f"Cannot be told by {chosen.model}, which says the same of everyone in whatever order the days come."
    return _sentence(chosen.model, compare(shuffled, chosen, inquiry))


def _sentence(model: str, gap: Interval) -> str:
    shuffled = f"with the days of each history shuffled, {model}'s log loss"
    if gap.low > 0:
        return f"Order matters: {shuffled} rises by {amount(gap)}."
    if gap.high < 0:
        return f"Order does more harm than good here: {shuffled} falls by {amount(gap)}."
    return f"Order does not matter here, as far as can be seen: {shuffled} changes by {change(gap)}, not clear of zero."


def _note(inquiry: Inquiry, split: Split) -> str:
    names = ", ".join(feature.name for feature in inquiry.dataset.windows.derived)
    left_out = f", while {names} took no part, since derived features give the order away" if names else ""
    return (
        f"Each telling of the daily counts was learned from the same {len(split.train):,} windows and measured on the "
        f"same {len(split.test):,}; shuffled windows have an order of their own in every part{left_out}. "
        f"{measured(users_of(split.test))}"
    )
