"""The rule and the score by which the list was drawn, in plain words."""

from collections.abc import Mapping
from typing import Any

from churn.artefacts import as_written, declared
from churn.language import Messages, marked, say, say_many, with_unit
from churn.report.parts.wording import count, decimal, known, percent, percents
from churn.runs import Run

SELDOM = 0.25  # of the rate among users who stay, up to which churners receive stickers seldom


class _Scores(Messages):
    """Names of scores; that of an amount has its unit."""

    def __getitem__(self, key: str) -> str:
        """The name, said."""
        name = super().__getitem__(key)
        return with_unit(name) if key == "expected_loss" else name


RANKS = _Scores(
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


def facts(run: Run) -> Mapping[str, Any]:
    """The manifest's facts of the list: its rule and size, and what is at stake with it.

    Raises:
        UserError: for a run of an earlier state of the program.
    """
    found: Mapping[str, Any] = run.manifest["segment"]
    with as_written(run.folder / declared.MANIFEST.file, KeyError):
        _ = found["likely"], found["at_stake"]
    return found


def ranked(run: Run, order: str) -> str:
    """A score that can order the list, in words; in a run on an outcome it is the chance itself."""
    return run.first.say(run.first.ordered_by) if run.first.outcome else RANKS[order]


def rank_by(run: Run) -> str:
    """The score that orders the list."""
    return str(run.manifest["segment"]["rank_by"])


def drawn(run: Run) -> str:
    """The users on the list, in words."""
    segment, score = run.manifest["segment"], ranked(run, rank_by(run))
    rule, number, scored = segment["rule"], segment["number"], segment["scored"]
    if rule == "number" and number > scored:
        return say("all {scored} users, since {number} can be contacted", scored=count(scored), number=count(number))
    if rule == "number":
        return say_many(
            "the user with the highest {score}, as many as can be contacted",
            "the {n} users with the highest {score}, as many as can be contacted",
            number,
            score=score,
        )
    if rule == "profit":
        return say_many(
            "the user with the highest {score}, as many as earn most",
            "the {n} users with the highest {score}, as many as earn most",
            segment["listed"],
            score=score,
        )
    return say(
        "the {share} of all users with the highest {score}",
        share=percent(1 - segment["quantile"], 0),
        score=score,
    )


def if_stays(run: Run) -> str:
    """The origin of the chance of a sticker if the user stays, and whether it held."""
    stayed = run.manifest["stickers"]["stayed"]
    learnt = say("The chance of a sticker if the user stays was learnt from validation users who stayed (half B).")
    if not known(stayed["rate"]):
        return learnt
    held = say(
        "On the test part it promised one to {forecast} of those who stayed, and {rate} {interval} received one (n = "
        "{n} users).",
        forecast=percent(stayed["forecast"]),
        rate=percent(stayed["rate"]),
        interval=percents(stayed["low"], stayed["high"]),
        n=count(stayed["n_users"]),
    )
    return f"{learnt} {held}"


def stickers_of_churners(run: Run) -> str:
    """The rate at which users who fell silent received a sticker here; nothing where nobody knows."""
    if not run.stickers:
        return ""
    found = run.manifest["stickers"]
    if not (known(found["churned"]["rate"]) and known(found["stayed"]["rate"])):
        return ""
    churned, stayed = found["churned"], found["stayed"]
    numbers = {
        "churned": percent(churned["rate"]),
        "stayed": percent(stayed["rate"]),
        "n": count(churned["n_users"]),
        "n_stayed": count(stayed["n_users"]),
    }
    if churned["rate"] <= SELDOM * stayed["rate"]:
        return say(
            "Whoever falls silent seldom receives a sticker in the same days: on the test part {churned} of them did "
            "(n = {n} users), and {stayed} of those who stayed (n = {n_stayed}).",
            **numbers,
        )
    return say(
        "Whoever falls silent may well receive a sticker in the same days: on the test part {churned} of them did "
        "(n = {n} users), and {stayed} of those who stayed (n = {n_stayed}).",
        **numbers,
    )


def starts(run: Run) -> str:
    """The score from which on users are listed, in brackets; nothing for an empty list."""
    threshold = run.manifest["segment"]["threshold"]
    return "" if threshold is None else say(" (from {threshold} up)", threshold=at_score(run, threshold))


def is_chance(run: Run) -> bool:
    """Whether the list is ordered by the chance of churn, which every score is where no stickers are known."""
    return rank_by(run) == "p_churn" or not run.stickers


def at_score(run: Run, value: float) -> str:
    """A value of the score that orders the list, a chance as a percentage."""
    return percent(value) if is_chance(run) else decimal(value)


def order(run: Run) -> str:
    """The list's order where that is not the priority, and whether past lists chose it."""
    return " ".join(filter(None, [_other(run), _chosen(run)]))


def _chosen(run: Run) -> str:
    """The reason for the order; nothing where it was asked for, or all orders are one."""
    if run.manifest["order"]["asked"] != "best" or not run.stickers:
        return ""
    return say("Of all orders it is the one whose lists did best on validation, by what came of their users.")


def _other(run: Run) -> str:
    """The list's order where that is not the priority; nothing where it is."""
    if rank_by(run) == "priority":
        return ""
    score = ranked(run, rank_by(run))
    if not run.stickers:
        return say(
            "The list is ordered by {score}: the chance of falling silent, since the log does not say what users are "
            "worth.",
            score=score,
        )
    ordered = say("The list is ordered by {score}: {made}.", score=score, made=MADE[rank_by(run)])
    return ordered if rank_by(run) == "p_churn" else f"{ordered} {if_stays(run)}"
