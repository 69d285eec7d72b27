"""What is at stake: who of the list is expected to fall silent, what goes with them, and what calling would earn."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from churn.language import say
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
    detail = " ".join(filter(None, [say("of the {n} on the list, by their chances.", n=count(n)), _before(run, n)]))
    return Tile(say("Expected churners"), decimal(float(listed["p_churn"].sum()), 1), detail, few=n < FEW)


def _before(run: Run, n: int) -> str:
    """How many it would be if as many fell silent as on past lists; nothing where too few were seen."""
    rate = run.rate("priority", "churn")
    if rate is None or rate[1] < FEW:
        return ""
    value, low, high = (n * share for share in (rate[0].value, rate[0].low, rate[0].high))
    expected = f"{decimal(value, 1)} {decimals(low, high, 1)}".rstrip()
    return say("At the rate of past lists: {expected}.", expected=expected)


def _lost(run: Run, listed: pd.DataFrame) -> Tile | None:
    """The amount expected of them if they stayed or, where no amounts are known, how many would receive a sticker."""
    if not run.stickers or "value_at_risk" not in listed:
        return None
    few, users = len(listed) < FEW, decimal(float(listed["value_at_risk"].sum()), 1)
    if "expected_loss" not in listed:
        detail = say("of these churners would receive a sticker if they stayed.")
        return Tile(say("Stickers at stake"), users, f"{detail}{_caution(run)}", few=few)
    detail = say("that {users} of these churners would receive if they stayed.", users=users)
    amount = decimal(float(listed["expected_loss"].sum()), 1)
    return Tile(say("Amount at stake"), amount, f"{detail}{_caution(run)}", few=few)


def _caution(run: Run) -> str:
    return say(" It may be too high: past lists received less.") if overpromised(run, "sticker") else ""


def _profit(run: Run, n: int) -> Tile | None:
    """What calling the list is expected to earn where the curve has its size, else what the best size would."""
    plan: Mapping[str, Any] | None = run.manifest.get("budget")
    if plan is None:
        return None
    title = say("Expected profit")
    few, best, most = plan["scored"] < FEW, plan["best"], decimal(plan["profit"], 1)
    if not best:
        nothing = say("No list pays: no number of calls is expected to earn what it costs.")
        return Tile(title, "–", nothing, few=few)
    curve = run.table("budget.csv")
    row = curve[curve["k"] == n]
    if row.empty or best == n:
        between = decimals(plan["profit_low"], plan["profit_high"], 1)
        detail = say("of calling the first {best} users, which earns most.", best=count(best))
        return Tile(title, most, detail, between, few=few)
    earned, low, high = (float(row[name].iloc[0]) for name in ("profit", "low", "high"))
    detail = say(
        "of calling the {n} on the list. Calling the first {best} would earn most: {most}.",
        n=count(n),
        best=count(best),
        most=most,
    )
    return Tile(title, decimal(earned, 1), detail, decimals(low, high, 1), few=few)
