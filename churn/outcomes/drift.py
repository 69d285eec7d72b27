"""Drift: the difference between the users at risk now and the users who were scored."""

import pandas as pd

from churn.artefacts import declared
from churn.data import FEATURES, Windows
from churn.segments import chance_of_first
from churn.statistics import stability_index

SCORES = ("p_sticker", "priority", "value_at_risk", "expected_loss")
_FALSE_ALARMS = 0.05  # chance of an alarm among all watched columns, without drift


def drift(
    reference: pd.DataFrame, scored: pd.DataFrame, *, newest: Windows, newest_scored: pd.DataFrame
) -> pd.DataFrame:
    """The stability index of every feature (its sum over the history) and score, the most moved first: kind, name, psi,
    by_chance, excess, limit, bins, n_reference, n_newest, mean_reference, mean_newest, watched.

    Calendar columns, tenure and totals move with the date itself, so they are measured and not watched. Without drift,
    all watched indices together stay under `limit` in 95 of 100 cases.

    Args:
        reference: The features of the windows that were scored.
        scored: Their scores.
        newest: The newest windows.
        newest_scored: Their scores.
    """
    now = pd.DataFrame(newest.summary(), columns=list(newest.features))
    with_the_date = [feature for feature in FEATURES if feature.bounded or feature.reason is None]
    clocks = {name for feature in with_the_date for name in feature.columns(newest.panel)}
    pairs = [("feature", name, reference[name], now[name]) for name in now]
    scores = dict.fromkeys((chance_of_first(scored), *SCORES))
    pairs += [("score", name, scored[name], newest_scored[name]) for name in scores if name in scored]
    watched = [not (kind == "feature" and name in clocks) for kind, name, *_ in pairs]
    level = 1 - _FALSE_ALARMS / max(1, sum(watched))
    rows = []
    for (kind, name, old, new), is_watched in zip(pairs, watched, strict=True):
        found = stability_index(old, new, level=level)
        index = (found.psi, found.by_chance, found.excess, found.limit, found.bins, found.n_reference, found.n_newest)
        rows.append((kind, name, *index, float(old.mean()), float(new.mean()), is_watched))
    return declared.DRIFT.of(rows).sort_values("excess", ascending=False, kind="stable", ignore_index=True)
