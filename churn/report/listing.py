"""By which rule and which score the list was drawn, in plain words."""

from churn.language import Messages, marked, say, say_many
from churn.report.run import Run
from churn.report.wording import count, decimal, percent

RANKS = Messages(
    {
        "priority": marked("priority"),
        "p_churn": marked("chance of churn"),
        "value_at_risk": marked("value at risk"),
        "expected_loss": marked("expected loss"),
    }
)
MADE = Messages(
    {
        "p_churn": marked(
            "the chance of falling silent alone, which earns most where every user kept is worth the same"
        ),
        "value_at_risk": marked("the chance of falling silent × the chance of a sticker if the user stays"),
        "expected_loss": marked(
            "the chance of falling silent × the chance of a sticker if the user stays × the amount to expect of one"
        ),
    }
)
APPROXIMATE = marked(
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
        return say(
            "all {scored} scored users, since {number} can be contacted", scored=count(scored), number=count(number)
        )
    if rule == "number":
        return say_many(
            "the scored user with the highest {score}, as many as can be contacted",
            "the {n} scored users with the highest {score}, as many as can be contacted",
            number,
            score=score,
        )
    if rule == "profit":
        return say_many(
            "the scored user with the highest {score}, the size of most expected profit",
            "the {n} scored users with the highest {score}, the size of most expected profit",
            segment["listed"],
            score=score,
        )
    return say(
        "the {share} of the scored users with the highest {score}",
        share=percent(1 - segment["quantile"], 0),
        score=score,
    )


def starts(run: Run) -> str:
    """From which score on, in brackets; nothing for an empty list."""
    threshold = run.manifest["segment"]["threshold"]
    return "" if threshold is None else say(" (from {threshold} up)", threshold=decimal(threshold))


def order(run: Run) -> str:
    """What the list is ordered by where that is not the priority; nothing where it is."""
    if rank_by(run) == "priority":
        return ""
    score = RANKS[rank_by(run)]
    if not run.stickers:
        return say(
            "The list is ordered by {score}: the chance of falling silent, since the run knows no stickers.",
            score=score,
        )
    ordered = say("The list is ordered by {score}: {made}.", score=score, made=MADE[rank_by(run)])
    return ordered if rank_by(run) == "p_churn" else f"{ordered} {say(APPROXIMATE)}"
