"""What is at stake: who of the list is expected to fall silent, what goes with them, and what calling would earn."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from churn.report.blocks import Tile
from churn.report.run import Run
from churn.report.trust import overpromised
from churn.report.wording import FEW, count, decimal, decimals


def tiles(run: Run) -> tuple[Tile, ...]:
    """Expected churners on the list, what is lost with them, and the plan's profit; each where it is known."""
    scores = run.table("scores.parquet")
    listed = scores[scores["segment"] == "priority"]
    if listed.empty:
        return ()
    return tuple(filter(None, (_churners(run, listed), _lost(run, listed), _profit(run, len(listed)))))


def _churners(run: Run, listed: pd.DataFrame) -> Tile:
    n = len(listed)
    detail = f"of the {count(n)} on the list, by their chances.{_before(run, n)}"
    return Tile("Expected churners", decimal(float(listed["p_churn"].sum()), 1), detail, few=n < FEW)


def _before(run: Run, n: int) -> str:
    """How many it would be if as many fell silent as on past lists; nothing where too few were seen."""
    rate = run.rate("priority", "churn")
    if rate is None or rate[1] < FEW:
        return ""
    value, low, high = (n * share for share in (rate[0].value, rate[0].low, rate[0].high))
    return f" At the rate of past lists: {decimal(value, 1)} {decimals(low, high, 1)}".rstrip() + "."


def _lost(run: Run, listed: pd.DataFrame) -> Tile | None:
    """The amount expected of them if they stayed or, where no amounts are known, how many would receive a sticker."""
    if not run.stickers or "value_at_risk" not in listed:
        return None
    few, users = len(listed) < FEW, decimal(float(listed["value_at_risk"].sum()), 1)
    much = " It may be too high: past lists received less."
    caution = much if overpromised(run, "sticker") else ""
    if "expected_loss" not in listed:
        detail = f"of these churners would receive a sticker if they stayed.{caution}"
        return Tile("Stickers at stake", users, detail, few=few)
    detail = f"that {users} of these churners would receive if they stayed.{caution}"
    return Tile("Amount at stake", decimal(float(listed["expected_loss"].sum()), 1), detail, few=few)


def _profit(run: Run, n: int) -> Tile | None:
    """What calling the list is expected to earn where the curve has its size, else what the best size would."""
    plan: Mapping[str, Any] | None = run.manifest.get("budget")
    if plan is None:
        return None
    title = "Expected profit"
    few, best, most = plan["scored"] < FEW, plan["best"], decimal(plan["profit"], 1)
    if not best:
        return Tile(title, "–", "No list pays: no number of calls is expected to earn what it costs.", few=few)
    curve = run.table("budget.csv")
    row = curve[curve["k"] == n]
    if row.empty or best == n:
        between = decimals(plan["profit_low"], plan["profit_high"], 1)
        return Tile(title, most, f"of calling the first {count(best)} users, which earns most.", between, few=few)
    earned, low, high = (float(row[name].iloc[0]) for name in ("profit", "low", "high"))
    detail = f"of calling the {count(n)} on the list. Calling the first {count(best)} would earn most: {most}."
    return Tile(title, decimal(earned, 1), detail, decimals(low, high, 1), few=few)
