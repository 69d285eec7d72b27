"""Attribution of a network's own scores: integrated gradients by column and day."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import say
from churn.report.parts.wording import count, known
from churn.runs import Run


def network(run: Run, target: str) -> str:
    """The network whose attributions the run holds; empty where there is none."""
    table = run.table(declared.ATTRIBUTIONS, target)
    return "" if table.empty else str(table["model"].iloc[0])


def by_feature(run: Run, target: str) -> pd.DataFrame:
    """Drivers over the whole history, strongest first: feature, strength, direction, rank; no rows for no network."""
    table = run.table(declared.ATTRIBUTIONS, target)
    strength = table.groupby("feature", sort=False)["mean_abs"].sum().astype(float)
    strength = strength.sort_values(ascending=False, kind="stable")
    if not strength.any():
        strength = strength.head(0)  # a network that nothing moves
    way = dict(zip(table["feature"], table["direction"], strict=True))
    rows = [(str(name), size, way.get(name, "mixed"), rank) for rank, (name, size) in enumerate(strength.items(), 1)]
    return pd.DataFrame(rows, columns=["feature", "strength", "direction", "rank"])


def by_day(run: Run, target: str) -> pd.DataFrame:
    """Strengths by column (rows) and day (columns), in logits; empty where nothing was attributed."""
    table = run.table(declared.ATTRIBUTIONS, target)
    if by_feature(run, target).empty:
        return pd.DataFrame()
    return table.pivot_table(index="feature", columns="day", values="mean_abs")


def completeness(run: Run, target: str) -> str:
    """A sentence on how nearly the attributions add up to the score; nothing where it was not measured."""
    found: Mapping[str, Any] = run.manifest["completeness"].get(target) or {}
    gap, n = found.get("max_gap"), found.get("n_windows")
    if gap is None or not known(gap) or not known(n):
        return ""
    unnamed = say("the network")
    return say(
        "Adds up to {network}’s score within {gap} logits (n = {n} windows).",
        network=found.get("model", unnamed),
        gap=small(gap),
        n=count(n),
    )


def scores_itself(run: Run, target: str) -> str:
    """A remark where the network is not the model behind the scores."""
    name = network(run, target)
    if name == run.chosen(target):
        return ""
    return say(
        "{network} is the best network, not the model behind the scores ({model}).",
        network=name,
        model=run.chosen(target),
    )


def small(gap: float) -> str:
    """A gap with one digit that counts, rounded up as a bound is.

    Example:
        >>> small(0.00312), small(0.0000004), small(0.25)
        ('0.004', '0.001', '0.250')
    """
    return f"{max(1, -(-gap * 1000 // 1)) / 1000:.3f}"
