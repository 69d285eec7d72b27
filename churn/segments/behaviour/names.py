"""Features that set a group apart, in numbers and as a name."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.explanation import readable
from churn.language import marked, say
from churn.segments.behaviour.groups import Groups, totals

NAMED = 3  # differences in a name
NEARLY_ALL = 0.75  # of the columns, which differ to one side
CLEAR = 0.25  # standard deviations, under which a difference names nothing
_MOST = (
    marked("high in nearly everything, most of all {most}"),
    marked("low in nearly everything, most of all {most}"),
)
COLUMNS = ("group", "feature", "n", "mean", "mean_all", "difference")


def group_columns(groups: Groups, windows: Windows) -> pd.DataFrame:
    """Differences of the groups: group, feature, n, mean, mean_all, difference; no rows without groups.

    The difference is the group's mean logarithm minus everyone's, in standard deviations over everyone.

    Args:
        groups: The groups.
        windows: One per user, from which the groups were learnt.
    """
    counts, group = totals(windows)[:, list(groups.places)], groups.assign(windows)
    logs = np.log1p(counts)
    spread = np.maximum(logs.std(axis=0), 1e-12)
    rows = []
    for number in range(1, len(groups) + 1 if len(groups) > 1 else 1):
        inside = group == number
        if not inside.any():
            continue
        apart = (logs[inside].mean(axis=0) - logs.mean(axis=0)) / spread
        means = zip(groups.features, counts[inside].mean(axis=0), counts.mean(axis=0), apart, strict=True)
        rows += [(number, name, int(inside.sum()), *values) for name, *values in means]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def group_names(columns: pd.DataFrame) -> dict[int, str]:
    """A name per group, all different: the strongest differences, the high ones first.

    Example:
        >>> rows = [(1, "own_post", -0.9), (1, "fan_reply", 0.1), (2, "own_post", 1.2), (2, "fan_reply", 0.8)]
        >>> columns = pd.DataFrame(rows, columns=["group", "feature", "difference"])
        >>> group_names(columns)
        {1: 'low own post', 2: 'high own post, high fan reply'}
    """
    names: dict[int, str] = {}
    for group, rows in columns.groupby("group"):
        names[int(str(group))] = _unique(rows.feature.tolist(), rows.difference.to_numpy(float), set(names.values()))
    return names


def _unique(features: list[str], differences: NDArray[np.float64], taken: set[str]) -> str:
    """The name by few differences or, while another group has it, by more; numbered where all names are taken."""
    clear = int((np.abs(differences) >= CLEAR).sum())
    tries = [_name(features, differences, size) for size in range(min(NAMED, clear), len(features) + 1)]
    numbered = (f"{tries[0]} ({number})" for number in range(2, len(taken) + 3))
    return next(name for name in (*tries, *numbered) if name not in taken)


def _name(features: list[str], differences: NDArray[np.float64], size: int) -> str:
    if not size:
        return say("like the average")
    strongest = np.argsort(-np.abs(differences), kind="stable")[:size]
    for side, message in zip((differences, -differences), _MOST, strict=True):
        if size >= NAMED and (side >= CLEAR).mean() >= NEARLY_ALL and (side > -CLEAR).all():
            return say(message, most=", ".join(readable(features[place]) for place in strongest))
    ordered = sorted(strongest, key=lambda place: differences[place] < 0)
    return ", ".join(_part(features[place], differences[place]) for place in ordered)


def _part(feature: str, difference: float) -> str:
    words = readable(feature)
    return say("high {feature}", feature=words) if difference > 0 else say("low {feature}", feature=words)
