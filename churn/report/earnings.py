"""What the plan says that calling the list earns: by the chances, and as past lists fared."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from churn.report.run import Estimate, Run
from churn.report.wording import FEW
from churn.segments.budget import gains
from churn.segments.config import BudgetConfig

APART = 2.0  # times, from which on two worths of a user conflict


def plan_of(run: Run) -> Mapping[str, Any] | None:
    """What the manifest says of the budget; nothing for a run that was told none."""
    found: Mapping[str, Any] | None = run.manifest.get("budget")
    return found


def listed_users(run: Run) -> pd.DataFrame:
    """The scores of the users on the list."""
    scores = run.table("scores.parquet")
    return scores[scores["segment"] == "priority"]


def to_call(run: Run) -> int:
    """How many users of the list may be called: all but those who are held back by lot."""
    control: Mapping[str, Any] = run.manifest["segment"].get("control") or {}
    return len(listed_users(run)) - int(control.get("held_back", 0))


def of_the_list(run: Run) -> Estimate | None:
    """The expected profit of calling the list, between two points of the curve where it has not the list's size.

    Of those held back, who are drawn along the whole list, nothing is earned.
    """
    n, curve = len(listed_users(run)), run.table("budget.csv").sort_values("k")
    if plan_of(run) is None or not n or curve.empty or n > curve["k"].max():
        return None
    share = to_call(run) / n
    return Estimate(*(share * float(np.interp(n, curve["k"], curve[name])) for name in ("profit", "low", "high")))


def as_past_lists(run: Run) -> Estimate | None:
    """The list's profit if as many fell silent as on past lists; nothing where users differ in worth, or were few."""
    budget, rate, n = _assumed(run), run.rate("priority", "churn"), to_call(run)
    if budget is None or budget.value is None or rate is None or rate[1] < FEW or not n:
        return None
    chances = pd.DataFrame({"p_churn": [rate[0].value, rate[0].low, rate[0].high]})
    value, *ends = (n * float(gain) for gain in gains(chances, budget))
    return Estimate(value, min(ends), max(ends))


def paying_on_list(run: Run) -> int | None:
    """Users of the list whose own chance is over that from which a contact pays; nothing where none is known."""
    pays_from = (plan_of(run) or {}).get("pays_from")
    return None if pays_from is None else int((listed_users(run)["p_churn"] > pays_from).sum())


def worths(run: Run) -> tuple[float, float] | None:
    """What the plan counts for a user kept, and what stickers are lost with one; nothing where one is unknown."""
    budget, listed = _assumed(run), listed_users(run)
    if budget is None or budget.value is None or "expected_loss" not in listed or not listed["p_churn"].sum():
        return None
    return budget.value, float(listed["expected_loss"].sum() / listed["p_churn"].sum())


def in_conflict(run: Run) -> bool:
    """Whether the two worths of a user are so far apart that one of them should be looked at."""
    found = worths(run)
    return found is not None and max(found) > APART * min(found)


def _assumed(run: Run) -> BudgetConfig | None:
    assumed = (plan_of(run) or {}).get("assumed")
    return None if assumed is None else BudgetConfig(**assumed)
