"""The page's first sentences: what to do with the list, and why."""

from churn import segments
from churn.report.worth import earnings
from churn.runs import Run


def advice(run: Run) -> str:
    """Advice on the list, as the spreadsheet gives it, too."""
    profit, plan = earnings.profit(run), earnings.plan_of(run)
    return segments.advice(
        segments.Order.of(run.manifest["order"]),
        listed=len(run.to_contact),  # without the users held back
        target=run.first.name,
        answered=run.answered,
        held_back=int(run.manifest["segment"]["control"]["held_back"]),
        profit=None if profit is None else profit.value,
        best=None if plan is None else int(plan["best"]),
    )
