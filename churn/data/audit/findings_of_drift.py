"""Findings about drift: the training part beside the scored day, in words."""

from collections.abc import Container, Iterator

import numpy as np

from churn.data.audit.drift import BEYOND, NEWEST_DAYS, Drift
from churn.data.audit.findings import Finding
from churn.data.audit.findings_of_parts import NOISE, SHIFT
from churn.data.windows.features import FEATURES
from churn.language import joined, say, say_many, termed

_RATIO = 1.5  # between two days' numbers of users, or acts, from which on they differ
_NAMED = 5  # columns in a sentence
_BOUNDED = {feature.name: feature.bounded for feature in FEATURES if feature.bounded}


def drift_sentences(drift: Drift, *, scattered: bool = False) -> list[str]:
    """One sentence each about users, activity, base rates, columns that moved and columns that left their range.

    Args:
        drift: The training part beside the scored day.
        scattered: Whether users are asked about on days of the own, so that nobody is at risk on any other day.

    Example:
        >>> from churn.data import Training, example_dataset
        >>> dataset = example_dataset()
        >>> print(drift_sentences(Drift.since(Training.of(dataset, dataset.split()), dataset))[0])
        59 users are at risk on 2024-03-31; on an average day of the training part there were 67.
    """
    return [
        *(() if scattered else (_users(drift),)),
        *((_acts(drift),) if not scattered and drift.counts_acts else ()),
        *(_rate(drift, target) for target in drift.now.rates),
        _shifts(drift),
        _ranges(drift),
    ]


def drift_findings(drift: Drift, *, told: Container[str] = (), scattered: bool = False) -> Iterator[Finding]:
    """The sentences about quantities that moved further than chance explains, each with its remedy.

    Args:
        drift: The training part beside the scored day.
        told: Targets whose change from the training part to the test part is a finding already.
        scattered: As of `drift_sentences`.
    """
    then, now = drift.training, drift.now
    again = say("Begin the data later (data.first_day) or train again: what held then may not hold now.")
    if not scattered and _apart(then.at_risk, now.at_risk):
        yield Finding(_users(drift), again)
    if not scattered and _apart(then.activity, now.activity):
        yield Finding(_acts(drift), again)
    for target, (newest, error) in now.rates.items():
        rate, before = then.rates.get(target, (newest, error))
        if target not in told and abs(newest - rate) > max(NOISE * float(np.hypot(before, error)), SHIFT * rate):
            yield Finding(_rate(drift, target), again)
    if drift.moved():
        yield Finding(_shifts(drift), again)
    if beyond := drift.left_range():
        yield Finding(_ranges(drift), _remedy([drift.training.columns[name].source for name in beyond]))


def _users(drift: Drift) -> str:
    return say_many(
        "{n} user is at risk on {cutoff}; on an average day of the training part there were {train:,.0f}.",
        "{n} users are at risk on {cutoff}; on an average day of the training part there were {train:,.0f}.",
        drift.now.at_risk,
        cutoff=drift.now.cutoff,
        train=drift.training.at_risk,
    )


def _acts(drift: Drift) -> str:
    return say(
        "A user at risk has {now:,.1f} own events a week on {cutoff}, and had {train:,.1f} in the training part.",
        now=drift.now.activity,
        cutoff=drift.now.cutoff,
        train=drift.training.activity,
    )


def _rate(drift: Drift, target: str) -> str:
    return say(
        "The rate of {target} is {now:.1%} in the newest {days} days whose outcome is known, and was {train:.1%} "
        "in the training part.",
        target=termed(target),
        now=drift.now.rates[target][0],
        days=NEWEST_DAYS,
        train=drift.training.rates.get(target, drift.now.rates[target])[0],
    )


def _shifts(drift: Drift) -> str:
    if not (moved := drift.moved()):
        return say("No column's mean has moved by half a standard deviation since the training part.")
    told = [
        say(
            "{column} from {train} to {now} ({shift:+.1f})",
            column=name,
            train=_number(drift.training.columns[name].mean),
            now=_number(drift.now.means[name]),
            shift=shift,
        )
        for name, shift in list(moved.items())[:_NAMED]
    ]
    return say(
        "{n} of {columns} columns have moved since the training part (in its standard deviations): {told}.",
        n=len(moved),
        columns=len(drift.now.means),
        told=_listed(told, len(moved)),
    )


def _ranges(drift: Drift) -> str:
    if not (left := drift.left_range()):
        return say("Of no column are more than {share:.0%} beyond the range of the training part.", share=BEYOND)
    told = [
        say(
            "{column} ({test:.0%} of the test windows and {now:.0%} of the users scored beyond {low} to {high})",
            column=name,
            test=drift.training.columns[name].beyond_test,
            now=drift.now.beyond[name],
            low=_number(drift.training.columns[name].low),
            high=_number(drift.training.columns[name].high),
        )
        for name in left[:_NAMED]
    ]
    return say("Columns have left the range of the training part: {told}.", told=_listed(told, len(left)))


def _number(value: float) -> str:
    """A number with three significant digits, or all digits before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _listed(told: list[str], n: int) -> str:
    more = say(" and {n:,} more", n=n - _NAMED) if n > _NAMED else ""
    return joined((joined(told, "; "), more), "")


def _remedy(sources: list[str | None]) -> str:
    """The advice for columns out of their range: bounded features in place of features that grow with the date."""
    pairs = [f"{_BOUNDED[name]} ({name})" for name in dict.fromkeys(sources) if name in _BOUNDED]
    if not pairs:
        return say("Models have never seen such values: leave the columns out, or give shares or ratios instead.")
    return say(
        "Models have never seen such values, and trees take them all for one: in data.features, name {features} "
        "instead.",
        features=", ".join(pairs),
    )


def _apart(one: float, other: float) -> bool:
    return max(one, other) > _RATIO * min(one, other)
