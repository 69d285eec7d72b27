"""How many days of history are enough?"""

from dataclasses import replace

import numpy as np

from churn.data import Split
from churn.errors import UserError
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.contestants import Contestant
from churn.evaluation.verdicts.measures import Verdict, compare, tabulate
from churn.evaluation.verdicts.trials import (
    Inquiry,
    Trial,
    attempt,
    best,
    both_classes,
    other,
    thinned,
    users_of,
)
from churn.evaluation.verdicts.wording import amount, change, listed, measured
from churn.statistics import Interval

LEAST_KEPT = 0.5  # share of the training windows that must have so long a history for a length to be tried


def history(inquiry: Inquiry) -> Verdict:
    """Compare lengths of history on the windows that have the longest of them.

    Raises:
        UserError: if only one length fits into the log.
    """
    configured = inquiry.dataset.windows.history_days
    whole = inquiry.dataset.split()
    lengths = sorted({*inquiry.config.histories, configured})
    lengths = [days for days in lengths if days <= configured or _fits(whole, days, inquiry)]
    if len(lengths) < 2:
        found = f"{configured} days alone"
        raise UserError("expected several lengths of history that fit", found, "set verdicts.histories, or load more")
    split = thinned(_lengthened(whole, lengths[-1]), inquiry)
    trials = [trial for contestant in inquiry.rivals for trial in _trials(contestant, split, lengths, inquiry)]
    return Verdict(
        "history",
        inquiry.target,
        QUESTIONS["history"],
        _answer(trials, lengths, configured, inquiry),
        f"Models of each length learned from the same {len(split.train):,} windows and were measured on the same "
        f"{len(split.test):,}, all with {lengths[-1]} days before the cutoff.{_reaching(inquiry)} The answer was read "
        "off these test windows: a run with another length needs later ones to be measured on. "
        f"{measured(users_of(split.test))}",
        tabulate("history", trials, inquiry=inquiry, reference=_named(configured)),
    )


def _fits(split: Split, days: int, inquiry: Inquiry) -> bool:
    """Whether enough windows are left that have so long a history."""
    longer = _lengthened(split, days)
    return len(longer.train) >= LEAST_KEPT * len(split.train) and both_classes(longer, inquiry.target)


def _lengthened(split: Split, days: int) -> Split:
    """The windows that have so long a history in the log, with it."""
    return split.mapped(lambda windows: replace(windows.take(windows.cutoff >= days), history_days=days))


def _trials(contestant: Contestant, split: Split, lengths: list[int], inquiry: Inquiry) -> list[Trial]:
    """A contestant with each length; its own, if it has one, gives way."""
    if "history_days" in contestant.arguments:
        contestant = contestant.given({"history_days": None})
    return [attempt(contestant, _shortened(split, days), inquiry=inquiry, variant=_named(days)) for days in lengths]


def _shortened(split: Split, days: int) -> Split:
    return split.mapped(lambda windows: windows.recent(days))


def _named(days: int) -> str:
    return f"{days} day{'s' if days > 1 else ''}"


def _reaching(inquiry: Inquiry) -> str:
    """Which features know of days before any history."""
    names = [feature.name for feature in inquiry.dataset.windows.derived if feature.reaches != "day"]
    return f" At every length, {listed(names)} tell of the days before." if names else ""


def _answer(trials: list[Trial], lengths: list[int], configured: int, inquiry: Inquiry) -> str:
    chosen = best(trials, _named(configured))
    longest = other(trials, chosen, _named(lengths[-1]))
    shorter = {days: other(trials, chosen, _named(days)) for days in lengths[:-1]}
    if all(np.array_equal(trial.p, longest.p) for trial in shorter.values()):
        return f"Cannot be told by {chosen.model}, which says the same of everyone whatever the history."
    gaps = {days: compare(trial, longest, inquiry) for days, trial in shorter.items()}
    return _sentence(chosen.model, gaps, longest=lengths[-1])


def _sentence(model: str, gaps: dict[int, Interval], *, longest: int) -> str:
    """The shortest history from which on none is clearly worse than the longest; gaps are log losses minus its own."""
    worse = [days for days, gap in gaps.items() if gap.low > 0]
    enough = min((days for days in gaps if days > max(worse, default=0)), default=longest)
    if enough == longest:
        gap = gaps[second := max(gaps)]
        return f"All {longest} days of history help: with {second}, {model}'s log loss is higher by {amount(gap)}."
    days = f"{enough} day{'s' if enough > 1 else ''}"
    too_short = f", while {listed(str(shorter) for shorter in worse)} are clearly worse" if worse else ""
    return (
        f"A history of {days} is enough, as far as can be seen: {model}'s log loss differs by {change(gaps[enough])} "
        f"from that with {longest}{too_short}."
    )
