"""Alarms: sentences for which a scheduler should wake somebody."""

import pandas as pd

from churn.configuration import AlarmConfig
from churn.language import say, termed
from churn.outcomes.calibration import LEFT_ALONE
from churn.outcomes.rows import Row, records
from churn.statistics import FEW, above

_MOVED = ("name", "psi", "by_chance", "n_reference", "n_newest", "mean_reference", "mean_newest")


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
        say(
            "calibration_gap: the mean probability of {target} was {forecast:.1%}, and {rate:.1%} of {n:,} users whom "
            "nobody contacted came true; a calibrated forecast stays between {low:.1%} and {high:.1%}, allowed "
            "{allowed:g}",
            target=termed(target),
            forecast=forecast,
            rate=rate["value"],
            n=rate["n"],
            low=band["low"],
            high=band["high"],
            allowed=config.calibration_gap,
        )
    ]


def _error(measured: dict[str, Row], target: str, config: AlarmConfig) -> list[str]:
    error, band = measured["ece"], measured["ece_band"]["high"]
    if config.ece is None or not (above(error["value"], config.ece) and above(error["value"], band)):
        return []
    return [
        say(
            "ece: the calibration error of {target} is {error:.3f} (n = {n:,}), a calibrated forecast stays under "
            "{band:.3f}; allowed {allowed:g}",
            target=termed(target),
            error=error["value"],
            n=error["n"],
            band=band,
            allowed=config.ece,
        )
    ]


def _unstable(stability: pd.DataFrame, config: AlarmConfig) -> list[str]:
    least = config.jaccard
    return [
        say(
            "jaccard: {both} users stand on both lists of {listed} and {other}, {days} days apart: Jaccard {found:.2f} "
            "among the {common:,} users at risk both times; at least {least:g} is expected",
            both=row["n_both"],
            listed=row["n_list"],
            other=row["n_other"],
            days=row["days"],
            found=row["jaccard_at_risk"],
            common=row["n_common"],
            least=least,
        )
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
        say(
            "psi: {name} has moved, {psi:.2f} where chance shows {by_chance:.2f} (n = {n_reference:,} and "
            "{n_newest:,}), its mean from {mean_reference:.3g} to {mean_newest:.3g}; allowed {allowed:g} above chance",
            allowed=config.psi,
            **{name: row[name] for name in _MOVED},
        )
        for row in records(moved)
    ]
