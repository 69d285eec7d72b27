"""The variation of a model's measures by chance: each seed's fit judged as if it were the only one."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Split
from churn.evaluation.calibration import choose_calibrator
from churn.statistics import METRICS, evaluate

SEED_COLUMNS = ["seed", "part", "metric", "value"]


def seed_measures(
    by_seed: Mapping[str, NDArray[np.float64]], split: Split, *, target: str, kinds: Collection[str], seed: int = 0
) -> pd.DataFrame:
    """All metrics of every seed's fit: seed, part, metric, value.

    The first fit is the search's best trial, which half A chose: its values on `val` flatter it, its values on test
    do not.

    Args:
        by_seed: Raw probabilities (s, n) of s fits for the n windows of `val` (half A), `calibration` (half B) and
            `test`.
        split: Each fit is calibrated on half B and measured on half A and test.
        target: The target to predict.
        kinds: The calibrators to choose from.
        seed: The seed of the first fit; the others count on.
    """
    half_b, rows = split.val_b, []
    for place, p_half_b in enumerate(by_seed["calibration"]):
        calibrator, _ = choose_calibrator(p_half_b, half_b.label(target), users=half_b.user, kinds=kinds)
        for part, windows in (("val", split.val_a), ("test", split.test)):
            values = evaluate(windows.label(target), calibrator(by_seed[part][place]))
            rows += [(seed + place, part, metric, float(values[metric][0])) for metric in METRICS]
    return pd.DataFrame(rows, columns=SEED_COLUMNS)
