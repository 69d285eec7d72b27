"""Alarms: sentences for which a scheduler should wake somebody."""

import pandas as pd

from churn.configuration import AlarmConfig
from churn.outcomes.calibration import LEFT_ALONE
from churn.outcomes.rows import Row, records
from churn.statistics import FEW, above


def alarms(
    calibration: pd.DataFrame, stability: pd.DataFrame, drifted: pd.DataFrame, *, config: AlarmConfig
) -> list[str]:
    """A sentence for each threshold that is exceeded by more than chance explains.

    A list whose forecasts are calibrated alarms for its calibration in at most 5 of 100 cases.

    Args:
        calibration: The result of `calibration_since`; users whom nobody contacted count.
        stability: The result of `list_stability`, a row or none.
        drifted: The result of `drift`.
        config: The thresholds.
    """
    found = []
    for target, part in calibration[calibration.group == LEFT_ALONE].groupby("target", sort=False):
        measured = {row["metric"]: row for row in records(part)}
        if measured["rate"]["n"] < FEW:
            continue
        found += [*_gap(measured, str(target), config), *_error(measured, str(target), config)]
    return [*found, *_unstable(stability, config), *_drifted(drifted, config)]


def _gap(measured: dict[str, Row], target: str, config: AlarmConfig) -> list[str]:
    forecast, rate, band = measured["forecast"]["value"], measured["rate"], measured["rate_band"]
    if config.calibration_gap is None or not above(abs(forecast - rate["value"]), config.calibration_gap):
        return []
    if not (above(band["low"], rate["value"]) or above(rate["value"], band["high"])):
        return []
    return [
        f"calibration_gap: the mean probability of {target} was {forecast:.1%}, and {rate['value']:.1%} of "
        f"{rate['n']:,} users whom nobody contacted came true; a calibrated forecast stays between {band['low']:.1%} "
        f"and {band['high']:.1%}, allowed {config.calibration_gap:g}"
    ]


def _error(measured: dict[str, Row], target: str, config: AlarmConfig) -> list[str]:
    error, band = measured["ece"], measured["ece_band"]["high"]
    if config.ece is None or not (above(error["value"], config.ece) and above(error["value"], band)):
        return []
    return [
        f"ece: the calibration error of {target} is {error['value']:.3f} (n = {error['n']:,}), a calibrated forecast "
        f"stays under {band:.3f}; allowed {config.ece:g}"
    ]


def _unstable(stability: pd.DataFrame, config: AlarmConfig) -> list[str]:
    least = config.jaccard
    return [
        f"jaccard: {row['n_both']} users stand on both lists of {row['n_list']} and {row['n_other']}, {row['days']} "
        f"days apart: Jaccard {row['jaccard_at_risk']:.2f} among the {row['n_common']:,} users at risk both times; at "
        f"least {least:g} is expected"
        for row in records(stability)
        if least is not None
        and min(row["n_list"], row["n_other"], row["n_common"]) >= FEW
        and row["jaccard_at_risk"] < least
    ]


def _drifted(drifted: pd.DataFrame, config: AlarmConfig) -> list[str]:
    if config.psi is None:
        return []
    moved = drifted[drifted.watched.astype(bool) & (drifted.excess > config.psi) & (drifted.psi > drifted.limit)]
    return [
        f"psi: {row['name']} has moved, {row['psi']:.2f} where chance shows {row['by_chance']:.2f} "
        f"(n = {row['n_reference']:,} and {row['n_newest']:,}), its mean from {row['mean_reference']:.3g} to "
        f"{row['mean_newest']:.3g}; allowed {config.psi:g} above chance"
        for row in records(moved)
    ]
