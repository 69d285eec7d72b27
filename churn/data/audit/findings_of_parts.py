"""Findings about the parts of a split: their classes, rates, and columns that know too much."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from churn.data.audit.findings import Finding
from churn.data.audit.leaks import Alarm
from churn.data.audit.views import FEWEST
from churn.data.dataset import Dataset
from churn.data.splits.split import Split, caution_of
from churn.language import say, say_again, say_many, termed
from churn.statistics import column_shares

RARE = 0.01  # base rate
NOISE = 3.0  # standard errors between the rates of two parts
SHIFT = 0.1  # share of the training part's rate
ONE = 0.8  # correlation of staying and receiving a sticker from which on the two targets are taken for one


def careless_split(dataset: Dataset) -> Iterator[Finding]:
    """The caution for a split whose parts overlap in time."""
    arrivals = dataset.windows.arrivals
    if caution := caution_of(dataset.config.split.kind, arrivals=arrivals):
        dated = say("Where the member list has days of joining, set data.split.kind to time.")
        remedy = say("Set data.split.kind to time or user_time, and keep this one for showing the difference.")
        yield Finding(say(caution), dated if arrivals else remedy)


def base_rates(split: Split) -> Iterator[Finding]:
    """Findings about parts with few users of a class, and about base rates near 0 or 1."""
    for target in split.train.targets:
        for name in ("train", "val", "test"):
            part = split.part(name)
            ones = part.label(target) == 1
            for side, outcome in ((ones, 1), (~ones, 0)):
                if (n := len(np.unique(part.user[side]))) < FEWEST:
                    yield Finding(
                        say_many(
                            "{part} has {n} user with {target} = {outcome}: too few to learn from or to judge by.",
                            "{part} has {n} users with {target} = {outcome}: too few to learn from or to judge by.",
                            n,
                            part=say_again(name),
                            target=termed(target),
                            outcome=outcome,
                        ),
                        say("Move the split's dates, or load more days or users: {least} would do.", least=FEWEST),
                    )
        yield from _rate(target, float((split.train.label(target) == 1).mean()))


def changed_rates(split: Split) -> dict[str, Finding]:
    """Findings about base rates of the test part that chance between users does not explain, by target."""
    rates = {
        target: [share_of(part.label(target) == 1, part.user) for part in (split.train, split.test)]
        for target in split.train.targets
    }
    return {target: _shift(target, *pair) for target, pair in rates.items() if _changed(*pair)}


def twin_targets(split: Split) -> Iterator[Finding]:
    """A finding about two targets that are nearly opposites, as where one log of purchases is both tables."""
    train = split.train
    if "sticker" not in train.targets:
        return
    stays, sticker = train.label("churn") == 0, train.label("sticker") == 1
    if not 0 < sticker.mean() < 1 or not 0 < stays.mean() < 1 or np.corrcoef(stays, sticker)[0, 1] < ONE:
        return
    yield Finding(
        say(
            "In {share:.1%} of the training windows, a user stays and receives a sticker, or falls silent and "
            "receives none: the two targets say one thing (correlation {r:.2f}, where {bound} is enough). P(churn) × "
            "P(sticker) then is highest for a coin flip, so priority puts first the users of whom nobody knows "
            "whether they stay.",
            share=float((stays == sticker).mean()),
            r=float(np.corrcoef(stays, sticker)[0, 1]),
            bound=ONE,
        ),
        say(
            "Set segments.rank_by: value_at_risk (or expected_loss, where amounts matter), which lead with those most "
            "likely to fall silent; or leave data.stickers out."
        ),
    )


def thin_folds(folds: Sequence[Split]) -> Iterator[Finding]:
    """A finding about older folds whose training part is too small to learn from."""
    for place, fold in enumerate(folds[:-1], start=1):
        for target in fold.train.targets:
            label = fold.train.label(target)
            n = min(len(np.unique(fold.train.user[label == outcome])) for outcome in (0, 1))
            if n < FEWEST:
                yield Finding(
                    say_many(
                        "Fold {place} of {folds} trains on {n} user of a class of {target}: too few.",
                        "Fold {place} of {folds} trains on {n} users of a class of {target}: too few.",
                        n,
                        place=place,
                        folds=len(folds),
                        target=termed(target),
                    ),
                    say("Lower data.split.folds or data.split.test_share, or load more days."),
                )


def share_of(ones: NDArray[np.bool_], user: NDArray[np.int32]) -> tuple[float, float]:
    """A rate with its standard error over users."""
    share, error = column_shares(ones, np.ones((len(ones), 1), bool), users=user)
    return float(share[0]), float(error[0])


def _rate(target: str, rate: float) -> Iterator[Finding]:
    if not RARE <= rate <= 1 - RARE:
        yield Finding(
            say(
                "The base rate of {target} is {rate:.2%} on the training part: hardly anything to tell apart.",
                target=termed(target),
                rate=rate,
            ),
            say("Change data.windows.horizon_days, data.windows.at_risk or data.activity_events."),
        )


def _changed(train: tuple[float, float], test: tuple[float, float]) -> bool:
    change, error = test[0] - train[0], float(np.hypot(train[1], test[1]))
    return abs(change) > max(NOISE * error, SHIFT * train[0])


def _shift(target: str, train: tuple[float, float], test: tuple[float, float]) -> Finding:
    return Finding(
        say(
            "The rate of {target} is {test:.1%} on test and {train:.1%} on train, further apart than "
            "chance between users would have it: the platform, the season or the log has changed.",
            target=termed(target),
            test=test[0],
            train=train[0],
        ),
        say("Begin the data later (data.first_day), or read the test's numbers with that in mind."),
    )


def possible_leaks(alarms: tuple[Alarm, ...]) -> Iterator[Finding]:
    """The alarms, as findings."""
    remedies = {
        "feature": say("If it is recorded because of the outcome, leave it out of the data."),
        "attribute": say(
            "If it is filled in later than the days it is used for, say so: data.attributes, known: after."
        ),
        "identifier": say("Leave it out of what a model sees."),
    }
    for alarm in alarms:
        yield Finding(say("Possible leak: {sentence}", sentence=alarm.sentence), remedies[alarm.kind])
