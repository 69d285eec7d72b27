"""Days ahead on the test part: what was foretold for each horizon beside what came."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from churn.data import CHURN, STICKER, Windows
from churn.models import DAYS, Classifier, DailyCalibrator, foretell
from churn.statistics import log_loss, rate_interval

COLUMNS = ["target", "days", "n", "n_users", "forecast", "observed", "low", "high", "log_loss", "constant"]


def foretold(
    model: Classifier,
    windows: Windows,
    calibrator: DailyCalibrator,
    *,
    days: Sequence[int] = DAYS,
    repetitions: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The mean forecast and the observed rate of each target and horizon, over windows whose days were all seen.

    Args:
        model: A fitted `Foresight`, or an ensemble of some.
        windows: n windows, whose days ahead may be read to the panel's end.
        calibrator: What `churn.models.calibrate_daily` gave.
        days: The horizons in days.
        repetitions: Resamples of users for the intervals.
        seed: Their seed.

    Returns:
        target, days, n, n_users, forecast, observed with its interval low and high, log_loss, and constant: the log
        loss of the observed rate as everybody's chance.
    """
    rows = _rows(model, windows, calibrator, days, repetitions=repetitions, seed=seed)
    return pd.DataFrame(list(rows), columns=COLUMNS)


def _rows(
    model: Classifier,
    windows: Windows,
    calibrator: DailyCalibrator,
    days: Sequence[int],
    *,
    repetitions: int,
    seed: int,
) -> Iterator[tuple[object, ...]]:
    future = foretell(model, windows, days=days, calibrator=calibrator)
    for horizon, chances in future.groupby("days"):
        ahead = windows.ahead(int(str(horizon)))
        seen = ~np.isnan(ahead[:, :, 0]).any(axis=1)
        if not seen.any():
            continue
        users = windows.user[seen]
        came = {CHURN: ahead[seen, :, 0].sum(axis=1) == 0}
        if STICKER in windows.labels:
            came[STICKER] = ahead[seen, :, 1].sum(axis=1) > 0
        for target, y in came.items():
            p = chances[f"p_{target}"].to_numpy()[seen]
            rate = rate_interval(y, users, repetitions=repetitions, seed=seed)
            losses = (log_loss(y, p), log_loss(y, np.full(len(y), y.mean())))
            yield target, horizon, len(y), len(np.unique(users)), p.mean(), rate.value, rate.low, rate.high, *losses
