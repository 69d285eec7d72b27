"""The verdict on history: the number of days that is enough."""

from dataclasses import replace

from churn.data import Split
from churn.errors import UserError
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.contest import Contestant
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
from churn.evaluation.verdicts.wording import amount, change, listed, matters, measured, same_chances
from churn.language import joined, say, say_many
from churn.statistics import Interval

LEAST_KEPT = 0.5  # share of the training windows that must have a history of a length for the length to be tried


def history(inquiry: Inquiry) -> Verdict:
    """Compare lengths of history on the windows that have the longest one.

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
        joined(_note(split, lengths[-1], inquiry)),
        tabulate("history", trials, inquiry=inquiry, reference=_named(configured)),
    )


def _fits(split: Split, days: int, inquiry: Inquiry) -> bool:
    """Whether enough windows are left with a history of this length."""
    longer = _lengthened(split, days)
    return len(longer.train) >= LEAST_KEPT * len(split.train) and both_classes(longer, inquiry.target)


def _lengthened(split: Split, days: int) -> Split:
    """The windows that have a history of this length in the log, lengthened to it."""
    return split.mapped(lambda windows: replace(windows.take(windows.cutoff >= days), history_days=days))


def _trials(contestant: Contestant, split: Split, lengths: list[int], inquiry: Inquiry) -> list[Trial]:
    """A contestant with each length in place of its own."""
    if "history_days" in contestant.arguments:
        contestant = contestant.given({"history_days": None})
    return [attempt(contestant, _shortened(split, days), inquiry=inquiry, variant=_named(days)) for days in lengths]


def _shortened(split: Split, days: int) -> Split:
    return split.mapped(lambda windows: windows.recent(days))


def _named(days: int) -> str:
    return f"{days} day{'s' if days > 1 else ''}"


def _note(split: Split, longest: int, inquiry: Inquiry) -> list[str]:
    """Notes on the measurement, and on features that know of days before any history."""
    names = [feature.name for feature in inquiry.dataset.windows.derived if feature.reaches != "day"]
    return [
        say(
            "Models of each length learned from the same {train:,} windows and were measured on the same {test:,}, all "
            "with {longest} days before the cutoff.",
            train=len(split.train),
            test=len(split.test),
            longest=longest,
        ),
        *([say("At every length, {names} tell of the days before.", names=listed(names))] if names else []),
        say(
            "The answer was read off these test windows: a run with another length needs later ones to be measured on."
        ),
        measured(users_of(split.test)),
    ]


def _answer(trials: list[Trial], lengths: list[int], configured: int, inquiry: Inquiry) -> str:
    chosen = best(trials, _named(configured))
    longest = other(trials, chosen, _named(lengths[-1]))
    shorter = {days: other(trials, chosen, _named(days)) for days in lengths[:-1]}
    if all(same_chances(trial.p, longest.p) for trial in shorter.values()):
        return say(
            "Cannot be told by {model}, which says the same of everyone whatever the history.", model=chosen.model
        )
    gaps = {days: compare(trial, longest, inquiry) for days, trial in shorter.items()}
    return _sentence(chosen.model, gaps, longest=lengths[-1])


def _sentence(model: str, gaps: dict[int, Interval], *, longest: int) -> str:
    """The shortest history from which on none is clearly worse than the longest; gaps are log losses minus its own."""
    worse = [days for days, gap in gaps.items() if matters(gap) == "above"]
    enough = min((days for days in gaps if days > max(worse, default=0)), default=longest)
    if enough == longest:
        gap = gaps[second := max(gaps)]
        return say(
            "All {longest} days of history help: with {second}, {model}'s log loss is higher by {amount}.",
            longest=longest,
            second=second,
            model=model,
            amount=amount(gap),
        )
    days, gap_left = say_many("{n} day", "{n} days", enough), change(gaps[enough])
    if not worse:
        return say(
            "A history of {days} is enough, as far as can be seen: {model}'s log loss differs by {change} "
            "from that with {longest}.",
            days=days,
            model=model,
            change=gap_left,
            longest=longest,
        )
    shorter = listed(str(one) for one in worse)
    return say(
        "A history of {days} is enough, as far as can be seen: {model}'s log loss differs by {change} "
        "from that with {longest}, while {shorter} are clearly worse.",
        days=days,
        model=model,
        change=gap_left,
        longest=longest,
        shorter=shorter,
    )
