"""What a reader should know before trusting a run's numbers, as sentences."""

from pathlib import Path
from typing import Any

import pandas as pd

from churn.artefacts import read_json, read_table
from churn.data import CAUTIONS


def warnings(folder: Path, *, fidelity_floor: float) -> list[str]:
    """Warnings from the artefacts of a run: its split, a changed platform, calibration, explanations, lost rows.

    Args:
        folder: The run's folder.
        fidelity_floor: The held-out R² under which a surrogate's drivers are a sketch.
    """
    board, surrogates = (read_table(folder / name) for name in ("leaderboard.csv", "surrogates.csv"))
    scores, manifest = read_table(folder / "scores.parquet"), read_json(folder / "manifest.json")
    return [
        *_careless(manifest["split_kind"]),
        *_shifted(manifest["audit"]["at_risk_per_test_day"], len(scores)),
        *_uncalibrated(board),
        *_unfaithful(surrogates, fidelity_floor),
        *_lost_rows(manifest),
    ]


def _careless(split_kind: str) -> list[str]:
    """What a split that does not hold the times apart does to every measure."""
    caution = CAUTIONS.get(split_kind)
    return [] if caution is None else [f"{caution[0].upper()}{caution[1:]}."]


def _shifted(per_day: float, scored: int) -> list[str]:
    """Far more or fewer users at risk than on a day of the test part: the rates on test may not hold now."""
    if 2 / 3 <= scored / per_day <= 3 / 2:
        return []
    return [
        f"{scored:,} users are at risk now, where an average day of the test part had {per_day:,.0f}: the "
        "platform, the season or the log has changed, and what held on test may not hold now."
    ]


def _uncalibrated(board: pd.DataFrame) -> list[str]:
    test = board[(board.part == "test") & board.chosen].set_index(["target", "metric"])
    found = []
    for target in test.index.unique("target"):
        error, band = test.loc[(target, "ece"), "value"], test.loc[(target, "ece_band"), "high"]
        if error > band:
            found.append(
                f"The probabilities of {target} are off on the test part: their calibration error is {error:.3f}, "
                f"where a calibrated forecast stays under {band:.3f}. Their product ranks users; it is no probability."
            )
    return found


def _unfaithful(surrogates: pd.DataFrame, floor: float) -> list[str]:
    return [
        f"The drivers of {target} come from a surrogate that explains {max(0, r2):.0%} of the model on unseen users, "
        f"under the floor of {floor:.0%}: read them as a sketch."
        if r2 == r2
        else f"The chosen model gives every user the same probability of {target}, so nothing drives it."
        for target, r2 in surrogates[surrogates.explained].set_index("target").r2.items()
        if not r2 >= floor
    ]


def _lost_rows(manifest: dict[str, Any]) -> list[str]:
    found = []
    for table, counts in manifest["reconciliation"].items():
        lost = sum(counts["rejected"].values())
        if lost > 0.01 * counts["read"]:
            found.append(f"{lost:,} of {counts['read']:,} rows of {table} could not be used.")
    if unknown := manifest["audit"]["unknown_events"]:
        names = ", ".join(list(unknown)[:5])
        found.append(f"{sum(unknown.values()):,} events are of types that training did not know: {names}.")
    return found
