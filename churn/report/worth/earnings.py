"""Earnings of calling the list, from the manifest: by the chances, and as past lists fared."""

from collections.abc import Mapping
from typing import Any

from churn.runs import Run
from churn.statistics import FEW, Interval


def plan_of(run: Run) -> Mapping[str, Any] | None:
    """The plan of the budget, as the manifest has it; None for a run that was told none."""
    found: Mapping[str, Any] | None = run.manifest["budget"]
    return found


def of_the_list(run: Run) -> Mapping[str, Any]:
    """The earnings of calling the list, as the manifest has them; empty without a budget."""
    return run.manifest["earnings"] or {}


def profit(run: Run) -> Interval | None:
    """The expected profit of calling the list, by the chances."""
    return _estimate(of_the_list(run).get("profit"))


def as_past_lists(run: Run) -> Interval | None:
    """The list's profit if as many fell silent as on past lists; nothing where these were few, or it is unknown."""
    found = of_the_list(run)
    return _estimate(found.get("as_past_lists")) if found.get("past_users", 0) >= FEW else None


def _estimate(found: Mapping[str, float | None] | None) -> Interval | None:
    """A number with the ends of its interval, NaN where the manifest has null."""
    if found is None:
        return None
    value, low, high = (float("nan") if (end := found[name]) is None else end for name in ("value", "low", "high"))
    return Interval(value, low, high)
