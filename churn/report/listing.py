"""By which rule and which score the list was drawn, in plain words."""

from churn.report.run import Run
from churn.report.wording import count, decimal, percent

RANKS = {"priority": "priority", "value_at_risk": "value at risk", "expected_loss": "expected loss"}
MADE = {
    "value_at_risk": "the chance of falling silent × the chance of a sticker if the user stays",
    "expected_loss": "the chance of falling silent × the chance of a sticker if the user stays × the amount to expect "
    "of one",
}
APPROXIMATE = (
    "The chance of a sticker if the user stays is taken as the chance of a sticker ÷ the chance of staying, at most 1, "
    "which is right where nobody who falls silent receives one, and else too high."
)


def rank_by(run: Run) -> str:
    """The score that orders the list; older runs knew one only."""
    return str(run.manifest["segment"].get("rank_by", "priority"))


def drawn(run: Run) -> str:
    """Who is on the list."""
    segment, score = run.manifest["segment"], RANKS[rank_by(run)]
    rule, number, scored = segment.get("rule", "quantile"), segment.get("number"), segment["scored"]
    if rule == "number" and number > scored:
        return f"all {count(scored)} scored users, since {count(number)} can be contacted"
    if rule == "number":
        return f"the {count(number)} scored users with the highest {score}, as many as can be contacted"
    if rule == "profit":
        return f"the {count(segment['listed'])} scored users with the highest {score}, the size of most expected profit"
    return f"the {percent(1 - segment['quantile'], 0)} of the scored users with the highest {score}"


def starts(run: Run) -> str:
    """From which score on, in brackets; nothing for an empty list."""
    threshold = run.manifest["segment"]["threshold"]
    return "" if threshold is None else f" (from {decimal(threshold)} up)"


def order(run: Run) -> str:
    """What the list is ordered by where that is not the priority; nothing where it is."""
    if rank_by(run) == "priority":
        return ""
    score, approximate = RANKS[rank_by(run)], f" {APPROXIMATE}" if run.stickers else ""
    made = MADE[rank_by(run)] if run.stickers else "the chance of falling silent, since the run knows no stickers"
    return f"The list is ordered by {score}: {made}.{approximate}"
