"""The verdict on collinear columns: whether they matter."""

from functools import partial

import numpy as np
import pandas as pd

from churn.data import Split, Windows
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.measures import COLUMNS, Verdict, compare, tabulate
from churn.evaluation.verdicts.trials import Inquiry, Trial, attempt_all, best, other, thinned, users_of
from churn.evaluation.verdicts.wording import by_side, listed, measured
from churn.explanation import collinearity
from churn.language import joined, marked, say
from churn.statistics import Interval

WITH, WITHOUT = marked("every column"), marked("without collinear ones")
_MOST_NAMED = 4
_NONE = marked("No column is collinear, so nothing hangs on it.")


def collinear(inquiry: Inquiry) -> Verdict:
    """Compare fits on all columns with fits on the columns left when copies and collinear ones are removed."""
    split = thinned(inquiry.dataset.split(), inquiry)
    removed = _collinear(split.train)
    left = [name for name in split.train.features if name not in removed]
    sentence, note, table = say(_NONE), _note(removed, left, split), pd.DataFrame(columns=list(COLUMNS))
    if removed:
        trials = attempt_all({WITH: split, WITHOUT: split.mapped(partial(Windows.only, features=left))}, inquiry)
        chosen = best(trials, WITH)
        sentence = _answer(chosen, other(trials, chosen, WITHOUT), removed, inquiry)
        note = joined((note, measured(users_of(split.test))))
        table = tabulate("collinear", trials, inquiry=inquiry, reference=WITH)
    return Verdict("collinear", inquiry.target, QUESTIONS["collinear"], sentence, note, table)


def _collinear(train: Windows) -> list[str]:
    """The columns that others determine, by the training windows; constants are left out."""
    reasons = collinearity(train.summary(), list(train.features)).reasons
    return [str(name) for name, reason in reasons.items() if reason not in ("", "constant")]


def _named(removed: list[str]) -> str:
    more = len(removed) - _MOST_NAMED
    return listed(removed if more <= 0 else [*removed[:_MOST_NAMED], say("{n} more", n=more)])


def _answer(chosen: Trial, fewer: Trial, removed: list[str], inquiry: Inquiry) -> str:
    if np.array_equal(chosen.p, fewer.p):
        return say(
            "The collinear columns do not matter: without {columns}, {model} says the same of everyone.",
            columns=_named(removed),
            model=chosen.model,
        )
    return _sentence(chosen.model, compare(fewer, chosen, inquiry), removed)


def _sentence(model: str, gap: Interval, removed: list[str]) -> str:
    return by_side(
        gap,
        above=marked("The collinear columns matter: without {columns}, {model}'s log loss rises by {amount}."),
        below=marked("The collinear columns do harm here: without {columns}, {model}'s log loss falls by {amount}."),
        across=marked(
            "The collinear columns do not matter, as far as can be seen: without {columns}, {model}'s log "
            "loss changes by {change} ({why})."
        ),
        columns=_named(removed),
        model=model,
    )


def _note(removed: list[str], left: list[str], split: Split) -> str:
    return say(
        "Of {columns} columns, {removed} were removed step by step: copies, and those of the largest "
        "variance inflation until none was above 10, by the training windows alone. Models with and "
        "without them learn from the same {train:,} windows and are measured on the same {test:,}.",
        columns=len(left) + len(removed),
        removed=len(removed),
        train=len(split.train),
        test=len(split.test),
    )
