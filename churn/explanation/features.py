"""The feature ledger: collinearity and relevance of each feature, and whether it would be kept."""

import numpy as np
import pandas as pd

from churn.data import Target, Windows
from churn.explanation.boruta_shap import boruta_shap
from churn.explanation.collinearity import collinearity


def feature_ledger(
    windows: Windows, *, target: Target, sample: int = 5000, rounds: int = 25, seed: int = 0
) -> pd.DataFrame:
    """Judge each feature by one number per history, the sum of a count: feature, vif, boruta, kept, reason.

    Args:
        windows: Windows of the training part.
        target: For whose labels relevance is judged.
        sample: Windows that are looked at, at most, drawn at random.
        rounds: Boruta's rounds.
        seed: Of the draw and the rounds.
    """
    index = np.random.default_rng(seed).permutation(len(windows))[:sample]
    windows = windows.take(np.sort(index))
    totals, names = windows.summary(), list(windows.features)
    found = collinearity(totals, names)
    verdict = boruta_shap(totals, windows.label(target), users=windows.user, rounds=rounds, seed=seed)
    reasons = found.reasons.where(found.reasons != "", pd.Series(verdict, index=names).map(_relevance))
    kept = (found.reasons == "").to_numpy() & (verdict != "rejected")
    return pd.DataFrame(
        {"feature": names, "vif": found.vif.to_numpy(), "boruta": verdict, "kept": kept, "reason": reasons.to_numpy()}
    )


def _relevance(verdict: str) -> str:
    return {
        "confirmed": "carries more than its shuffled copies",
        "tentative": "not told apart from its shuffled copies",
        "rejected": "carries no more than its shuffled copies",
    }[verdict]
