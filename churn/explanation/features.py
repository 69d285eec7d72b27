"""The judgement of features: collinearity and relevance of each, and the decision to keep it."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.explanation.stability import Relevance, stable_relevance
from churn.explanation.variance_inflation import collinearity
from churn.language import marked

_ROWS = 5000  # rows per round of a run
_REMOVED = "removed"  # removed before relevance was judged
_DIVIDED = marked("carries more than its shuffled copies in one half of the runs, no more in the other")
_WORDS = {
    "confirmed": marked("carries more than its shuffled copies"),
    "tentative": marked("not distinguishable from its shuffled copies"),
    "rejected": marked("carries no more than its shuffled copies"),
}


def judged_features(
    windows: Windows, *, target: str, sample: int = 20_000, rounds: int = 25, seeds: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Judge each feature by one number per history, the sum of a count.

    Args:
        windows: Windows of the training part.
        target: The target for whose labels relevance is judged.
        sample: The most windows to use, drawn at random.
        rounds: Boruta's rounds, in each of the runs.
        seeds: Boruta's runs in each of two stretches of time.
        seed: The seed of the draw and the rounds.

    Returns:
        One row per feature, in the windows' order: feature; vif; duplicates, for a collinear feature the kept
        features that duplicate it, strongest first; boruta, the verdict of most runs on features that are not
        collinear, and `removed` for the others, so that duplicates do not take each other's place; stability, the
        share of the runs with this verdict, nan where no run could be made; kept; reason.
    """
    windows = windows.sample(sample, seed=seed)
    totals, names = windows.summary(), list(windows.features)
    found = collinearity(totals, names)
    left = (found.reasons == "").to_numpy()
    relevance = stable_relevance(
        totals[:, left],
        windows.label(target),
        users=windows.user,
        cutoff=windows.cutoff,
        seeds=seeds,
        rounds=rounds,
        rows=_ROWS,
        seed=seed,
    )
    judged = pd.DataFrame({"feature": names, "vif": found.vif.to_numpy(), "duplicates": found.duplicates.to_numpy()})
    judged["boruta"], judged["stability"] = _REMOVED, np.nan
    judged.loc[left, "boruta"], judged.loc[left, "stability"] = relevance.verdict, relevance.stability
    judged["kept"] = left & (judged.boruta != "rejected")
    judged["reason"] = found.reasons.to_numpy()
    judged.loc[left, "reason"] = _words(relevance)
    return judged


def _words(relevance: Relevance) -> NDArray[np.object_]:
    """The runs' verdict on each feature in words, or the reason why there was no run: (f,)."""
    if relevance.unjudged:
        return np.full(len(relevance.verdict), relevance.unjudged, object)
    words = [
        _DIVIDED if share == 0 else _WORDS[said]
        for said, share in zip(relevance.verdict, relevance.stability, strict=True)
    ]
    return np.array(words, object)
