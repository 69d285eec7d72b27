"""The threshold of every model: tuned on half B of validation, where the calibrator was fitted."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from churn.statistics import best_threshold


def tune_thresholds(predictions: pd.DataFrame) -> pd.DataFrame:
    """The threshold with the best F1 of each model's calibrated probabilities: model, threshold, f1, share.

    `f1`, and `share`, the share of windows at or above the threshold, are measured on half B, which it was tuned on. So
    they flatter it; the leaderboard has its measures on other parts.

    Example:
        >>> half_b = {"model": "GRU", "part": "calibration", "y": [0, 1, 0, 1], "p": [0.1, 0.4, 0.6, 0.8]}
        >>> tune_thresholds(pd.DataFrame(half_b))
          model  threshold   f1  share
        0   GRU        0.4  0.8   0.75
    """
    half_b = predictions[predictions.part == "calibration"].groupby("model", sort=False)
    rows = [
        {"model": model, **asdict(best_threshold(table.y.to_numpy(np.int8), table.p.to_numpy()))}
        for model, table in half_b
    ]
    return pd.DataFrame(rows)
