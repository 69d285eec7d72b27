"""The verdict on newcomers: what facts known on arrival are worth, and what the first days add."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Split, Windows
from churn.errors import UserError
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.measures import Verdict, tabulate
from churn.evaluation.verdicts.trials import Inquiry, Trial, attempt_all, best, both_classes, other, thinned, users_of
from churn.evaluation.verdicts.wording import brackets, change, decimal, listed, measured
from churn.language import joined, marked, say, say_many, termed
from churn.statistics import Interval, metric_intervals, paired_difference, side

FACTS = marked("arrival facts alone")
_GUESS, _LEAST = 0.5, 0.02  # the ROC-AUC of a guess, and the least distance from another that is worth anything
_MOST_NAMED = 6


def newcomers(inquiry: Inquiry) -> Verdict:
    """Compare fits on the attributes alone with fits on all that is seen of newcomers, at each age in days.

    Raises:
        UserError: if users are not asked about on arrival or some days after it, or no attribute is seen.
    """
    windows = inquiry.dataset.windows
    if not windows.arrivals:
        found = inquiry.dataset.config.windows.at_risk
        raise UserError("expected data.windows.at_risk: arrival", found, "ask this question about newcomers")
    if not (facts := _facts(inquiry)):
        remedy = "list attributes of the member list there"
        raise UserError("expected facts that are known on arrival in data.features", "none", remedy)
    splits = {age: _of_age(inquiry.dataset.split(), age) for age in np.unique(_ages(windows)).tolist()}
    told = {age: split for age, split in splits.items() if both_classes(split, inquiry.target)} or splits
    stages = [_Stage.of(age, split, facts, inquiry) for age, split in told.items()]
    return Verdict(
        "newcomers",
        inquiry.target,
        QUESTIONS["newcomers"],
        joined(stage.told(inquiry) for stage in stages),
        _note(inquiry, stages, left_out=sorted({*splits} - {*told})),
        pd.concat([tabulate("newcomers", one.trials, inquiry=inquiry, reference=FACTS) for one in stages]),
    )


def _facts(inquiry: Inquiry) -> list[str]:
    """The columns of the attributes that models see."""
    windows, known = inquiry.dataset.windows, inquiry.dataset.config.known_attributes
    pairs = zip(windows.features, windows.sources, strict=True)
    return [name for name, source in pairs if source is not None and source.name in known]


def _ages(windows: Windows) -> NDArray[np.int32]:
    """The days from each user's arrival to the cutoff, (n,)."""
    return np.asarray(windows.cutoff - windows.panel.arrived[windows.user])


def _of_age(split: Split, age: int) -> Split:
    return split.mapped(lambda part: part.take(_ages(part) == age))


@dataclass(frozen=True)
class _Stage:
    """The trials on newcomers of one age."""

    age: int
    trials: list[Trial]

    @classmethod
    def of(cls, age: int, whole: Split, facts: list[str], inquiry: Inquiry) -> "_Stage":
        """Fits with the facts alone and, from the first day on, with all columns; each on newcomers of this age."""
        split = thinned(whole, inquiry)
        told = {FACTS: split.mapped(partial(Windows.only, features=facts))}
        if age and len(facts) < len(split.train.features):
            told[_named(age)] = split
        return cls(age, attempt_all(told, inquiry))

    def told(self, inquiry: Inquiry) -> str:
        """Sentences on what the facts are worth, and on what the days since add, by the model that is best with all."""
        chosen = best(self.trials, self.trials[-1].variant)
        facts = other(self.trials, chosen, FACTS)
        return joined((self._of_facts(facts, inquiry), _added(chosen, facts, inquiry)))

    def _of_facts(self, facts: Trial, inquiry: Inquiry) -> str:
        auc, ap = _measures(facts, inquiry)
        values = {"model": facts.model, "auc": _shown(auc), "ap": _shown(ap), "rate": decimal(float(facts.y.mean()))}
        message = (
            marked(
                "Among newcomers {when}, facts known on arrival are worth something: {model} ranks them better than a "
                "guess (ROC-AUC {auc}; AP {ap}, where the rate of {target} is {rate})."
            )
            if side(auc, _GUESS, least=_LEAST) == "above"
            else marked(
                "Among newcomers {when}, facts known on arrival are worth nothing, as far as can be seen: {model} "
                "ranks them no better than a guess (ROC-AUC {auc}; AP {ap}, where the rate of {target} is {rate})."
            )
        )
        return say(message, when=_when(self.age), target=termed(inquiry.target), **values)


def _added(chosen: Trial, facts: Trial, inquiry: Inquiry) -> str:
    """A sentence on the gain by the first days; nothing where there are none."""
    if chosen.variant == FACTS:
        return ""
    again = inquiry.config.repetitions
    users = facts.test.user
    gap = paired_difference(facts.y, chosen.p, p_b=facts.p, users=users, repetitions=again, seed=inquiry.seed)[
        "roc_auc"
    ]
    message = {
        "above": marked("What they did since then tells more: ROC-AUC {auc}, AP {ap}, a clear gain of {change}."),
        "below": marked("What they did since then does harm: ROC-AUC {auc}, AP {ap}, a clear loss of {change}."),
        "across": marked("What they did since then adds nothing clear: ROC-AUC {auc}, AP {ap}, {change} in between."),
    }[side(gap)]
    auc, ap = _measures(chosen, inquiry)
    return say(message, auc=_shown(auc), ap=_shown(ap), change=change(gap))


def _measures(trial: Trial, inquiry: Inquiry) -> tuple[Interval, Interval]:
    """ROC-AUC and AP of a trial."""
    again, users = inquiry.config.repetitions, trial.test.user
    found = metric_intervals(trial.y, trial.p, users=users, repetitions=again, seed=inquiry.seed)
    return found["roc_auc"], found["ap"]


def _shown(interval: Interval) -> str:
    return f"{decimal(interval.value)} {brackets(interval)}".rstrip()


def _named(age: int) -> str:
    """The variant that sees the days up to an age."""
    return f"first {age} day{'s' if age > 1 else ''}"


def _when(age: int) -> str:
    return say_many("{n} day after arrival", "{n} days after arrival", age) if age else say("on arrival")


def _note(inquiry: Inquiry, stages: list[_Stage], *, left_out: list[int]) -> str:
    known = inquiry.dataset.config.known_attributes
    names = [name for name in inquiry.dataset.config.features if name in known]
    more = [say("{n} more", n=len(names) - _MOST_NAMED)] if len(names) > _MOST_NAMED else []
    told = say(
        "Known on arrival: {names}. Models of each age learned from newcomers of that age alone, with and "
        "without the days since the arrival.",
        names=listed([*names[:_MOST_NAMED], *more]),
    )
    lacking = [
        say("Not measured, since all of a part end alike or nobody does: newcomers {when}.", when=_when(age))
        for age in left_out
    ]
    return joined((told, *lacking, measured(min(users_of(stage.trials[0].test) for stage in stages))))
