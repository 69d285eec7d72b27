"""The verdict on order: whether the order of days matters."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from churn.data import Split, Windows
from churn.errors import UserError
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.contest import Contestant
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
from churn.evaluation.verdicts.wording import by_side, measured, same_chances
from churn.language import joined, marked, say

IN_ORDER, PERMUTED = marked("days in order"), marked("days permuted")
_TELLINGS: dict[str, Callable[[Windows], Windows]] = {
    IN_ORDER: lambda windows: windows,
    PERMUTED: Permuted.of,
    marked("last day only"): lambda windows: windows.recent(1),
    marked("sums only"): Summed.of,
}


def order(inquiry: Inquiry) -> Verdict:
    """Compare histories in order with the same days shuffled, the last day alone, and the sums.

    Raises:
        UserError: if a history has one day.
    """
    split = thinned(inquiry.dataset.split(), inquiry).mapped(_counts_alone)
    if split.train.history_days == 1:
        raise UserError("expected a history of several days", 1, "raise data.windows.history_days")
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
    """The windows without derived features, which reveal the order, as days since the last activity do."""
    return replace(windows, derived=(), selected=None)


def _trials(contestant: Contestant, split: Split, inquiry: Inquiry) -> list[Trial]:
    """A contestant on every variant of the days that it sees: days beyond them must not be shuffled in."""
    seen = contestant.arguments.get("history_days")
    if seen is not None:
        contestant = contestant.given({"history_days": None})
    found = []
    for variant, tell in _TELLINGS.items():
        told = split.mapped(partial(Windows.recent, days=seen)).mapped(tell)
        found.append(attempt(contestant, told, inquiry=inquiry, variant=variant))
    return found


def _answer(shuffled: Trial, chosen: Trial, inquiry: Inquiry) -> str:
    """The answer in one sentence, which finds nothing if a model sees one day alone, or no days."""
    if same_chances(shuffled.p, chosen.p):
        return say(
            "Cannot be told by {model}, which says the same of everyone in whatever order the days come.",
            model=chosen.model,
        )
    return by_side(
        compare(shuffled, chosen, inquiry),
        above=marked(
            "Order matters: with the days of each history shuffled, {model}'s log loss by daily counts alone rises by "
            "{amount}."
        ),
        below=marked(
            "Order does more harm than good here: with the days of each history shuffled, {model}'s log "
            "loss by daily counts alone falls by {amount}."
        ),
        across=marked(
            "Order does not matter here, as far as can be seen: with the days of each history shuffled, "
            "{model}'s log loss by daily counts alone changes by {change} ({why})."
        ),
        model=chosen.model,
    )


def _note(inquiry: Inquiry, split: Split) -> str:
    names = ", ".join(feature.name for feature in inquiry.dataset.windows.derived)
    train, test = len(split.train), len(split.test)
    if names:
        told = say(
            "Each telling of the daily counts was learned from the same {train:,} windows and measured on the same "
            "{test:,}; shuffled windows have an order of their own in every part, while {names} took no part, since "
            "derived features give the order away.",
            train=train,
            test=test,
            names=names,
        )
    else:
        told = say(
            "Each telling of the daily counts was learned from the same {train:,} windows and measured on the same "
            "{test:,}; shuffled windows have an order of their own in every part.",
            train=train,
            test=test,
        )
    return joined((told, measured(users_of(split.test))))
