"""The verdict on the horizon: the effect of a shorter or longer one."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Dataset, Split, Windows, slide
from churn.errors import UserError
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.measures import Verdict, tabulate
from churn.evaluation.verdicts.returns import BACK_DAYS, Returns, returns
from churn.evaluation.verdicts.trials import (
    Inquiry,
    attempt_all,
    best,
    both_classes,
    places,
    positions,
    thinned,
    users_of,
)
from churn.evaluation.verdicts.wording import decimal, listed, measured, percent
from churn.language import joined, say, say_many

LEAST_KEPT = 0.5  # share of the training windows that must be left for a longer horizon to be tried


def horizon(inquiry: Inquiry) -> Verdict:
    """Compare horizons on the same users and cutoffs.

    Raises:
        UserError: if only one horizon fits into the log.
    """
    splits, configured = splits_by_horizon(inquiry), inquiry.dataset.windows.horizon_days
    if len(splits) < 2:
        found = f"{configured} days alone"
        raise UserError("expected several horizons that fit", found, "set verdicts.horizons, or load more days")
    thin = {days: thinned(split, inquiry) for days, split in splits.items()}
    trials = attempt_all({_named(days): split for days, split in thin.items()}, inquiry)
    table = tabulate("horizon", trials, inquiry=inquiry, reference=_named(configured))
    chosen = table[table.model == best(trials, _named(configured)).model]
    sentence, note = _skill(chosen), _note(thin[configured], max(splits))
    if inquiry.target == "churn":
        back, part = _returns(splits)
        shares = {_named(days): found.share for days, found in back.items()}
        table = table.assign(returned=table.variant.map(shares))
        sentence = joined((_back(back[configured], configured), sentence))
        if len(back[configured].came):
            note = joined((note, _counted_on(part)))
    return Verdict("horizon", inquiry.target, QUESTIONS["horizon"], sentence, note, table)


def splits_by_horizon(inquiry: Inquiry) -> dict[int, Split]:
    """The split with the labels of each horizon that fits, on the windows that keep its rule by the longest one."""
    dataset, whole = inquiry.dataset, inquiry.dataset.split()
    configured = dataset.windows.horizon_days
    every = sorted({*inquiry.config.horizons, configured})
    lengths = [days for days in every if days >= dataset.panel.over_days]  # shorter ones have no answer
    longest = max(days for days in lengths if days <= configured or _fits(whole, days, inquiry))
    labelled = {days: _relabelled(dataset, days) for days in lengths if days <= longest}
    kept = _kept(whole, longest, *labelled.values())
    return {days: _divided(whole, windows, kept) for days, windows in labelled.items()}


def _fits(split: Split, days: int, inquiry: Inquiry) -> bool:
    """Whether enough windows are left that keep the split's rule with a longer horizon."""
    windows = _relabelled(inquiry.dataset, days)
    longer = _divided(split, windows, _kept(split, days, windows))
    return len(longer.train) >= LEAST_KEPT * len(split.train) and both_classes(longer, inquiry.target)


def _relabelled(dataset: Dataset, days: int) -> Windows:
    """All windows of a dataset with the labels of another horizon."""
    config, windows = dataset.config.windows, dataset.windows
    joined = _first_cutoffs(windows) if config.at_risk == "member" else None
    found = slide(dataset.panel, replace(config, horizon_days=days), joined=joined)
    if not np.array_equal(places(found), places(windows)):
        raise ValueError(f"expected the same windows with a horizon of {days} days, got others")
    return replace(found, derived=windows.derived)


def _first_cutoffs(windows: Windows) -> NDArray[np.int32]:
    """Each user's first cutoff, (u,), which gives the windows of a member list as the day of joining does."""
    first = np.full(len(windows.panel.users), windows.panel.n_days + 1, np.int32)
    np.minimum.at(first, windows.user, windows.cutoff)
    return first


def _kept(split: Split, days: int, *labelled: Windows) -> dict[str, NDArray[np.intp]]:
    """The positions of each part's windows that keep the split's rule with a horizon of this length.

    Windows whose answer is not reported for some of the labellings are left out.
    """
    windows = labelled[0]
    known = np.logical_and.reduce([~one.censored for one in labelled])
    ends = windows.cutoff + windows.lead_days + days
    found, until = {}, windows.panel.n_days
    for name in ("test", "val", "train"):
        part = split.part(name)
        index = positions(part, windows)
        found[name] = index[(ends[index] <= until) & known[index]]
        if "time" in split.kind:
            until = int(part.cutoff.min()) - split.embargo_days
    return found


def _divided(split: Split, windows: Windows, kept: dict[str, NDArray[np.intp]]) -> Split:
    """The split with other windows in its parts."""
    parts = {name: windows.take(index) for name, index in kept.items()}
    nothing = windows.take(np.arange(0))
    train, val, test = (parts[name] for name in ("train", "val", "test"))
    return replace(split, train=train, val=val, test=test, score=nothing, unfinished=None)


def _returns(splits: dict[int, Split]) -> tuple[dict[int, Returns], str]:
    """The returns after each horizon, and the part they are from: validation if the test part ends too late."""
    longest = max(splits)
    found = {days: returns(split.test, longest_days=longest) for days, split in splits.items()}
    if any(len(back.came) for back in found.values()):
        return found, "test"
    return {days: returns(split.val, longest_days=longest) for days, split in splits.items()}, "validation"


def _named(days: int) -> str:
    return f"{days} day{'s' if days > 1 else ''}"


def _back(back: Returns, days: int) -> str:
    if not len(back.came):
        return ""
    return say(
        "Of those silent for {days}, {share} (n = {n:,} windows of {users:,} users) act again within the next {weeks} "
        "weeks.",
        days=say_many("{n} day", "{n} days", days),
        share=percent(back.share),
        n=len(back.came),
        users=len(np.unique(back.user)),
        weeks=BACK_DAYS // 7,
    )


def _counted_on(part: str) -> str:
    if part == "test":
        return say("Returns were counted on all test windows whose days after lie in the log.")
    return say("Returns were counted on all validation windows whose days after lie in the log.")


def _skill(table: pd.DataFrame) -> str:
    at = [
        say("{auc} for {days}", auc=decimal(auc, 2), days=say_many("{n} day", "{n} days", int(variant.split()[0])))
        for variant, auc in zip(table.variant, table.roc_auc, strict=True)
    ]
    rates = [percent(rate) for rate in table.base_rate]
    return say(
        "{model}'s ROC-AUC is {at}, at base rates of {rates}.",
        model=table.model.iloc[0],
        at=listed(at),
        rates=listed(rates),
    )


def _note(split: Split, longest: int) -> str:
    told = say(
        "Every horizon has the same {train:,} windows to learn from and {test:,} to be measured on, "
        "chosen so that {longest} days keep the split's rule; the log losses have no difference, as "
        "the labels differ.",
        train=len(split.train),
        test=len(split.test),
        longest=longest,
    )
    return joined((told, measured(users_of(split.test))))
