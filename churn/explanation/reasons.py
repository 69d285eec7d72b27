"""Reasons in words: what about a user's last days speaks for the outcome."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Feature, Windows

_ROLES = {"own": "own", "fan": "from fans:", "away": "in others' rooms:"}


def reasons(
    windows: Windows, contributions: NDArray[np.float64], *, usual: NDArray[np.float64], top: int = 3
) -> pd.DataFrame:
    """The strongest reasons of each window: reason_1, reason_2, …, in plain words, empty where there are fewer.

    Args:
        windows: The users' windows.
        contributions: Their SHAP values, (n, d, f); those that raise the probability count.
        usual: The average of each feature's one number per history, (f,).
        top: Reasons per user.
    """
    sources = windows.sources
    by_feature = contributions.sum(axis=1)
    by_feature[:, [source is not None and source.reason is None for source in sources]] = 0
    totals = windows.summary()
    strongest = np.argsort(-by_feature, axis=1, kind="stable")[:, :top]
    columns: dict[str, list[str]] = {}
    for place in range(top):
        columns[f"reason_{place + 1}"] = [
            _words(windows, j, sources[j], value=totals[i, j], usual=usual[j]) if by_feature[i, j] > 0 else ""
            for i, j in enumerate(strongest[:, place] if place < strongest.shape[1] else [])
        ] or [""] * len(windows)
    return pd.DataFrame(columns)


def readable(feature: str) -> str:
    """A feature's name in words.

    Example:
        >>> readable("fan_reply"), readable("own_post_chat"), readable("stickers_received")
        ('from fans: reply', 'own post chat', 'stickers received')
    """
    role, _, rest = feature.partition("_")
    return f"{_ROLES[role]} {rest.replace('_', ' ')}" if role in _ROLES and rest else feature.replace("_", " ")


def _words(windows: Windows, feature: int, source: Feature | None, *, value: float, usual: float) -> str:
    name = readable(windows.features[feature])
    if source is not None and source.reason == "yes or no":
        return f"{name}: {'yes' if value else 'no'} (on average {usual:.0%} yes)"
    days = f" in the last {windows.history_days} days" if source is None or source.over_days == "sum" else ""
    return f"{name}: {_number(value)}{days} (on average {usual:,.1f})"


def _number(value: float) -> str:
    """Four digits, but never an exponent."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
