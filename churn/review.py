"""What a reader should know before trusting a run's numbers, as sentences."""

from pathlib import Path

import pandas as pd

from churn.artefacts import read_json, read_table


def warnings(folder: Path, *, fidelity_floor: float) -> list[str]:
    """Warnings from the artefacts of a run: a changed platform, calibration, explanations, and the data's own.

    Args:
        folder: The run's folder.
        fidelity_floor: The held-out R² under which a surrogate's drivers are a sketch.
    """
    board, surrogates = (read_table(folder / name) for name in ("leaderboard.csv", "surrogates.csv"))
    scores, audit = read_table(folder / "scores.parquet"), read_json(folder / "manifest.json")["audit"]
    return [
        *_shifted(audit["at_risk_per_test_day"], len(scores)),
        *_uncalibrated(board),
        *_unfaithful(surrogates, fidelity_floor),
        *audit["warnings"],
    ]


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
