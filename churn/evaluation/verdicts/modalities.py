"""The verdict on texts and pictures: what each of these and the table add, and what is lost where one is missing."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.data import Feature, Panel, Split, Windows
from churn.errors import UserError
from churn.evaluation.verdicts.config import QUESTIONS
from churn.evaluation.verdicts.contest import Contestant
from churn.evaluation.verdicts.measures import Verdict, compare, tabulate
from churn.evaluation.verdicts.trials import Inquiry, Trial, attempt, best, other, thinned, users_of
from churn.evaluation.verdicts.wording import by_side, measured
from churn.language import joined, marked, say

EVERYTHING, FUSED = marked("everything"), marked("mean of the single ones")
TABLE = "table"  # all columns that come from neither text nor picture
ALONE, WITHOUT, MISSING = "{} alone", "without {}", "{} missing"  # variants of a part
_EDGE = 1e-6  # keeps logits finite


def modalities(inquiry: Inquiry) -> Verdict:
    """Compare fits on everything with fits on, and without, each part, with their mean, and with a part missing.

    Raises:
        UserError: without two parts.
    """
    split = thinned(inquiry.dataset.split(), inquiry)
    parts = parts_of(split.train, [entry.name for entry in inquiry.dataset.config.encoded])
    if len(parts) < 2:
        remedy = "name attributes with `as: text` or `as: picture` in data.features"
        raise UserError("expected a text or a picture beside other columns", "none", remedy)
    trials = [trial for contestant in inquiry.rivals for trial in _trials(contestant, split, parts, inquiry)]
    chosen = best(trials, EVERYTHING)
    return Verdict(
        "modalities",
        inquiry.target,
        QUESTIONS["modalities"],
        _answer(trials, chosen, list(parts), inquiry),
        _note(split),
        tabulate("modalities", trials, inquiry=inquiry, reference=EVERYTHING),
    )


def parts_of(windows: Windows, encoded: list[str]) -> dict[str, list[str]]:
    """The columns of each text and picture and of the table, by part; none for a table without columns."""
    names = [name if source is not None and (name := source.name) in encoded else TABLE for source in windows.sources]
    parts: dict[str, list[str]] = {}
    for part, column in zip(names, windows.features, strict=True):
        parts.setdefault(part, []).append(column)
    return parts


def without(windows: Windows, part: str, usual: Mapping[str, float]) -> Windows:
    """The windows as if nobody had a text or picture: its chances are as usual, and what tells of its absence says so.

    Args:
        windows: The windows.
        part: The text or picture.
        usual: The average of each column over the training windows.
    """
    return replace(windows, derived=tuple(_absent(one, usual) if one.name == part else one for one in windows.derived))


def _absent(feature: Feature, usual: Mapping[str, float]) -> Feature:
    def values(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        columns = feature.columns(panel)
        told = [usual[name] if feature.reason == "chance" else 1.0 for name in columns]
        return np.broadcast_to(np.asarray(told, np.float32), (*day.shape, len(columns)))

    return replace(feature, values=values)


def _trials(contestant: Contestant, split: Split, parts: Mapping[str, list[str]], inquiry: Inquiry) -> list[Trial]:
    """A contestant on everything, each part alone, all but each, the mean of the single ones, and each missing."""
    every = [name for columns in parts.values() for name in columns]
    usual = dict(zip(split.train.features, split.train.summary().mean(axis=0), strict=True))
    splits = {EVERYTHING: split}
    for part, columns in parts.items():
        splits[ALONE.format(part)] = split.mapped(partial(Windows.only, features=columns))
        rest = [name for name in every if name not in columns]
        splits[WITHOUT.format(part)] = split.mapped(partial(Windows.only, features=rest))
        if part != TABLE:
            splits[MISSING.format(part)] = replace(split, test=without(split.test, part, usual))
    trials = [attempt(contestant, one, inquiry=inquiry, variant=variant) for variant, one in splits.items()]
    return [*trials, _fused([trial for trial in trials if trial.variant in map(ALONE.format, parts)])]


def _fused(single: list[Trial]) -> Trial:
    """Late fusion: the mean of the logits of models that see one part each."""
    logits = [scipy.special.logit(np.clip(trial.each, _EDGE, 1 - _EDGE)) for trial in single]
    each = np.asarray(scipy.special.expit(np.mean(logits, axis=0)))
    return replace(single[0], variant=FUSED, each=each, loss_a=np.inf)


def _answer(trials: list[Trial], chosen: Trial, parts: list[str], inquiry: Inquiry) -> str:
    told = [_added(other(trials, chosen, WITHOUT.format(part)), chosen, part, inquiry) for part in parts]
    return joined((*told, _against_mean(other(trials, chosen, FUSED), chosen, inquiry)))


def _added(less: Trial, chosen: Trial, part: str, inquiry: Inquiry) -> str:
    return by_side(
        compare(less, chosen, inquiry),
        above=marked("Beside the rest, {part} adds: without it, {model}'s log loss rises by {amount}."),
        below=marked("Beside the rest, {part} does harm: without it, {model}'s log loss falls by {amount}."),
        across=marked(
            "Beside the rest, {part} adds nothing that can be seen: without it, {model}'s log loss changes by "
            "{change} ({why})."
        ),
        part=part_words(part),
        model=chosen.model,
    )


def _against_mean(fused: Trial, chosen: Trial, inquiry: Inquiry) -> str:
    return by_side(
        compare(fused, chosen, inquiry),
        above=marked("One model on all parts beats the mean of models that see one part each, by {amount}."),
        below=marked("The mean of models that see one part each beats one model on all parts, by {amount}."),
        across=marked(
            "One model on all parts is no better than the mean of models that see one part each, whose log loss "
            "differs by {change} ({why})."
        ),
    )


def part_words(part: str) -> str:
    """A part's name in words.

    Example:
        >>> part_words("table"), part_words("cover_photo")
        ('the table', 'cover photo')
    """
    return say("the table") if part == TABLE else part.replace("_", " ")


def _note(split: Split) -> str:
    told = say(
        "Models on each part learned from the same {train:,} windows and were measured on the same {test:,}. Where a "
        "part is missing, the model on all parts is shown nobody's, as when new data come without it.",
        train=len(split.train),
        test=len(split.test),
    )
    return joined((told, measured(users_of(split.test))))
