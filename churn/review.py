"""Warnings that a reader should know before trusting a run's numbers, as sentences."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from churn.artefacts import declared, read_json
from churn.language import joined, percentage, retold, say, termed
from churn.statistics import FEW, LEAST_LOSS, Interval, above, digits_apart, side

_Errors = dict[str, tuple[float, float]]  # target to its calibration error on test and the upper end of its band


def warnings(folder: Path, *, fidelity_floor: float, calibrators: Collection[str]) -> list[str]:
    """Warnings from the artefacts of a run: calibration, the list, the chosen model, explanations, and the data's own.

    Args:
        folder: The run's folder.
        fidelity_floor: The held-out R² under which a surrogate's drivers are a sketch.
        calibrators: The kinds of calibration that could be chosen.
    """
    surrogates, scores = declared.SURROGATES.read(folder), declared.SCORES.read(folder)
    manifest = read_json(folder / declared.MANIFEST.file)
    audit = manifest["audit"]
    return [
        *list_warnings(folder, calibrators=calibrators),
        *_unbounded(manifest["segment"], len(scores)),
        *_overpromised(declared.SEGMENT_RATES.read(folder)),
        *_outdone(declared.DIFFERENCES.read(folder), manifest["chosen"]),
        *_unfaithful(surrogates, fidelity_floor),
        *map(retold, audit["warnings"]),
    ]


def list_warnings(folder: Path, *, calibrators: Collection[str]) -> list[str]:
    """The warnings that hold for every list made by the run's models, of new data too: calibration.

    Args:
        folder: The run's folder.
        calibrators: The kinds of calibration that could be chosen.
    """
    board = declared.LEADERBOARD.read(folder)
    test = board[(board.part == "test") & board.chosen].set_index(["target", "metric"])
    errors = {
        target: (test.loc[(target, "ece"), "value"], test.loc[(target, "ece_band"), "high"])
        for target in test.index.unique("target")
    }
    return [*_never_calibrated(errors, calibrators), *_uncalibrated(errors)]


def _never_calibrated(errors: _Errors, calibrators: Collection[str]) -> list[str]:
    """Calibration was switched off, and priority is a product: nothing made either factor a probability."""
    if len(errors) < 2 or set(calibrators) != {"none"}:
        return []
    measured = [
        say(
            "{error:.3f} for {target} (a calibrated forecast stays under {band:.3f})",
            error=error,
            target=termed(str(target)),
            band=band,
        )
        for target, (error, band) in errors.items()
    ]
    return [
        say(
            "NOT CALIBRATED: priority multiplies the probabilities of {targets}, and neither was ever calibrated, "
            "since evaluation.calibrators is [none]. Their calibration error on the test part is {measured}. Add "
            "temperature, platt and isotonic to evaluation.calibrators, or leave it out, and run into another --out.",
            targets=_both([termed(str(target)) for target in errors]),
            measured=_both(measured),
        )
    ]


def _both(items: list[str]) -> str:
    return say("{most} and {last}", most=joined(items[:-1], ", "), last=items[-1])


def _unbounded(segment: Mapping[str, Any], scored: int) -> list[str]:
    """The list leaves nobody out, as where more users can be contacted than there are."""
    number = segment.get("number")
    if segment.get("rule") == "number" and number is not None and number >= scored:
        return [
            say(
                "segments.number is {number:,} and {scored:,} users were scored: all of them are on the list, which so "
                "picks nobody out, and on days like this one there is nobody to compare them with.",
                number=number,
                scored=scored,
            )
        ]
    if segment.get("listed") == scored:
        return [say("All {scored:,} scored users are on the list, which so picks nobody out.", scored=scored)]
    return []


def _overpromised(rates: pd.DataFrame) -> list[str]:
    """Forecasts of past lists that did not come true: the highest ones are, more often than others, too high."""
    listed = rates[(rates.segment == "priority") & rates.low.notna() & (rates.n_users >= FEW)]
    columns = (listed[name] for name in ("target", "forecast", "rate", "low", "high"))
    return [
        say(
            "On past lists, those of the test part, the mean probability of {target} was {forecast}, and {rate} "
            "[{low}, {high}] came true: on a list, read it as an order, not as a chance.",
            target=termed(str(target)),
            forecast=percentage(forecast, digits := digits_apart(forecast, low, high)),
            rate=percentage(rate, digits),
            low=f"{100 * low:.{digits}f}",
            high=f"{100 * high:.{digits}f}",
        )
        for target, forecast, rate, low, high in zip(*columns, strict=True)
        if not low <= forecast <= high
    ]


def _outdone(differences: pd.DataFrame, chosen: Mapping[str, str]) -> list[str]:
    """A model that was not chosen is better on test than the one that scores, clearly and by what matters."""
    rows = differences[(differences.metric == "log_loss") & (differences.model == differences.target.map(chosen))]
    ends = rows[["value", "low", "high"]].to_numpy(float).tolist()
    worse = [side(Interval(*three), least=LEAST_LOSS) == "above" for three in ends]
    return [
        say(
            "The model chosen for {target}, {model}, is clearly worse than {reference} on the test part: its log loss "
            "is higher by {value:.3f} [{low:.3f}, {high:.3f}].",
            target=termed(str(row.target)),
            model=row.model,
            reference=row.reference,
            value=row.value,
            low=row.low,
            high=row.high,
        )
        for row in rows.loc[pd.Series(worse, rows.index, dtype=bool)].itertuples()
    ]


def _uncalibrated(errors: _Errors) -> list[str]:
    return [
        say(
            "The probabilities of {target} are off on the test part: their calibration error is "
            "{error:.3f}, where a calibrated forecast stays under {band:.3f}. They tell whom to call first; "
            "do not read them as probabilities.",
            target=termed(str(target)),
            error=error,
            band=band,
        )
        for target, (error, band) in errors.items()
        if above(error, band)
    ]


def _unfaithful(surrogates: pd.DataFrame, floor: float) -> list[str]:
    return [
        say(
            "The drivers of {target} come from a surrogate that explains {share} of the model on unseen "
            "users, under the floor of {floor}: read them as a sketch.",
            target=termed(str(target)),
            share=percentage(math.floor(100 * max(0, r2)) / 100),
            floor=percentage(floor),
        )
        if r2 == r2
        else say(
            "The chosen model gives every user the same probability of {target}, so nothing drives it.",
            target=termed(str(target)),
        )
        for target, r2 in surrogates[surrogates.explained].set_index("target").r2.items()
        if not r2 >= floor
    ]
