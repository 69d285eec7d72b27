"""Measures of a tagger on items that it has not seen."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.statistics import rate_interval

LEAST = 1e-9  # probability, which keeps logarithms finite


def measured(
    p: NDArray[np.floating], codes: NDArray[np.int64], inside: NDArray[np.bool_], *, groups: NDArray[np.int64]
) -> pd.DataFrame:
    """The measures, a row each: metric, n, value, low, high; intervals of shares over groups of items.

    Args:
        p: Probabilities, (n, k).
        codes: The right categories, (n,).
        inside: The sets, (n, k).
        groups: The group of each item, equal for items that are not independent, (n,).
    """
    order = np.argsort(-p, axis=1, kind="stable")[:, :3]
    n, rows = len(codes), []
    shares = {
        "top_1": order[:, 0] == codes,
        "top_3": (order == codes[:, None]).any(axis=1),
        "coverage": inside[np.arange(n), codes],
    }
    for name, hit in shares.items():
        found = rate_interval(hit.astype(np.int8), users=groups)
        rows.append((name, n, found.value, found.low, found.high))
    plain = {
        "macro_f1": macro_f1(codes, order[:, 0]),
        "log_loss": log_loss(p, codes),
        "ece": _calibration_error(p.max(axis=1), shares["top_1"]),
        "set_size": float(inside.sum(axis=1).mean()),
        "majority": float(np.bincount(codes).max() / n),
    }
    rows += [(name, n, value, np.nan, np.nan) for name, value in plain.items()]
    return pd.DataFrame(rows, columns=["metric", "n", "value", "low", "high"])


def log_loss(p: NDArray[np.floating], codes: NDArray[np.int64]) -> float:
    """The mean negative logarithm of the right category's probability; 0 for no items.

    Example:
        >>> round(log_loss(np.array([[0.5, 0.5]]), np.array([1])), 3)
        0.693
    """
    own = np.clip(p[np.arange(len(codes)), codes], LEAST, 1)
    return abs(float(np.log(own).mean())) if len(codes) else 0.0


def macro_f1(codes: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """The mean F1 over the categories that stand in either.

    Example:
        >>> macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]))
        0.6666666666666666
    """
    from sklearn.metrics import f1_score

    return float(f1_score(codes, said, average="macro", zero_division=0))


def by_category(
    p: NDArray[np.floating], codes: NDArray[np.int64], inside: NDArray[np.bool_], *, names: NDArray[np.object_]
) -> pd.DataFrame:
    """A row per category: category, n, predicted, precision, recall, f1, coverage, set_size."""
    from sklearn.metrics import precision_recall_fscore_support

    said, every = p.argmax(axis=1), np.arange(len(names))
    precision, recall, f1, n = precision_recall_fscore_support(codes, said, labels=every, zero_division=np.nan)
    held = inside[np.arange(len(codes)), codes].astype(np.float64)
    size, there = inside.sum(axis=1).astype(np.float64), np.maximum(n, 1)
    columns = {"category": names, "n": n, "predicted": np.bincount(said, minlength=len(names)), "precision": precision}
    columns |= {"recall": recall, "f1": f1}
    for name, values in {"coverage": held, "set_size": size}.items():
        columns[name] = np.where(n > 0, np.bincount(codes, values, minlength=len(names)) / there, np.nan)
    return pd.DataFrame(columns)


def confused(codes: NDArray[np.int64], said: NDArray[np.int64], *, names: NDArray[np.object_]) -> pd.DataFrame:
    """The pairs that occur, most frequent first: category, said, n, share (of the category's items)."""
    counts = pd.DataFrame({"category": codes, "said": said}).value_counts().rename("n").reset_index()
    counts["share"] = counts.n / np.bincount(codes)[counts.category]
    counts = counts.sort_values(["n", "category", "said"], ascending=[False, True, True], ignore_index=True)
    return counts.assign(category=names[counts.category], said=names[counts.said])


def _calibration_error(chance: NDArray[np.floating], hit: NDArray[np.bool_]) -> float:
    """Expected calibration error of the likeliest category, in ten bins of equally many items (Naeini et al., 2015)."""
    bins = np.array_split(np.argsort(chance, kind="stable"), 10)
    gaps = [abs(float(chance[one].mean()) - float(hit[one].mean())) * len(one) for one in bins if len(one)]
    return sum(gaps) / len(chance)
