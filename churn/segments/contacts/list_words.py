"""The description of a list, in plain words for its second sheet."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from churn.language import Messages, Target, marked, say, target_of, with_unit
from churn.segments.config import SegmentConfig
from churn.segments.ranking import ties

ORDERS = Messages(
    {
        "priority": marked(
            "priority, the chance of churn × the chance of a sticker: a heuristic, no probability of anything"
        ),
        "p_churn": marked("the chance of churn alone"),
        "value_at_risk": marked("value at risk, the chance of churn × the chance of a sticker if the user stays"),
        "expected_loss": marked(
            "expected loss, the chance of churn × the chance of a sticker if the user stays × its amount"
        ),
    }
)
COLUMNS = Messages(
    {
        "rank": marked(
            "Place in the segment, 1 is the first to contact; places of users who are held back are left out"
        ),
        "user_id": marked("The user"),
        "priority": marked("p_churn × p_sticker"),
        "priority_rank": marked("Place among all users scored by the priority, 1 is the highest"),
        "value_at_risk": marked("p_churn × the chance of a sticker if the user stays"),
        "expected_loss": marked("p_churn × the chance of a sticker if the user stays × the amount to expect of one"),
        "active_days": marked("Active days among the last days before the cutoff, which the chances are computed from"),
        "back_by": marked(
            "The day by which the user is as likely back as not; empty where that lies beyond the days foretold"
        ),
        "unusual_week": marked("What is unlike the user's own earlier weeks in the last one; empty where nothing is"),
    }
)
BASES = Messages(
    {"popular": marked("popular lately"), "like_yours": marked("like the user's own activities, and popular lately")}
)
_MAKES = "makes"
_REASONS, _LEVERS, _OFFERS, _BASIS = "reason_1, …", "lever_1, …", "offer_1, …", "offer_basis"
_FIRST = ("rank", "user_id", "priority", "priority_rank")  # columns before the chances
_NEVER_MISSING = {"rank", "user_id", "priority_rank"}
_IF_STAYS = "p_sticker_if_stays"  # a chance of no target
_ALWAYS = {"priority", "active_days"}  # in every list, as far as they are known, and so are the chances
Rows = list[tuple[str, object]]


def about(
    scored: pd.DataFrame,
    config: SegmentConfig,
    *,
    held_back: int,
    first: str = "",
    columns: Collection[str] | None = None,
    answered: bool = False,
) -> Rows:
    """The list's description: terms with their values, a date as a date and a number as a number.

    Args:
        scored: The scored users with their segment.
        config: How the list was drawn.
        held_back: Users of the list in the control group.
        first: What to do with it, from `advice`.
        columns: The columns of the list, which are described; by default the columns that any list of `scored` has.
        answered: Whether the answers of all who were scored are known, so that they are the test part.
    """
    listed = int((scored.segment == "priority").sum())
    known, chances = list(map(str, scored)), [f"p_{name}" for name in _targets(map(str, scored))]
    shown = {*_ALWAYS, config.order, *chances} & {*known} if columns is None else set(columns)
    names = dict.fromkeys((*_FIRST, *chances, *COLUMNS))
    described = {name: in_words(name, known) for name in names if name in shown | _NEVER_MISSING}
    target = _first(known)
    order = ORDERS[config.order] if "p_sticker" in scored else target.say(target.unworthy)
    return [
        *([(say("What to do"), first)] if first else []),
        *_when(scored, target, answered=answered),
        (say("Users scored"), len(scored)),
        (say("Users in the priority segment"), listed),
        (say("Size of the segment"), _rule(config)),
        (say("Order"), order),
        (say("Order among equal scores"), among_equals(ties(scored, config.order), listed=listed)),
        (say("Users to contact, on the first sheet"), listed - held_back),
        (say("Users held back: do not contact"), held_back),
        (say("Control group"), _control(config, listed, held_back)),
        (say("Ids"), say("hashes; ids.csv beside the key tells whose") if config.id_key else say("as in the log")),
        *described.items(),
        (_REASONS, in_words(_REASONS, known)),
        *([(_LEVERS, in_words(_LEVERS, known))] if "lever_1" in (columns or ()) else []),
        *([(name, in_words(name, known)) for name in (_OFFERS, _BASIS)] if "offer_1" in (columns or ()) else []),
        *([(_MAKES, in_words(_MAKES, known))] if _MAKES in (columns or ()) else []),
    ]


def _targets(scores: Iterable[str]) -> list[str]:
    """The targets whose chances are among scores' names, the first one first."""
    return [name.removeprefix("p_") for name in map(str, scores) if name.startswith("p_") and name != _IF_STAYS]


def _first(scores: Sequence[str]) -> Target:
    """The target asked first, by the names of scores."""
    return target_of(next(iter(_targets(scores)), "churn"))


def _when(scored: pd.DataFrame, target: Target, *, answered: bool) -> Rows:
    """The day on which the users were asked about: one for all of a log, or the days of an outcome."""
    if not target.outcome:
        return [(say("First day that was not known (cutoff)"), scored.cutoff.iloc[0])]
    known = say("known: they are the users of the test part, from whom no model has learnt")
    return [
        (say("First day asked about"), scored.cutoff.min()),
        (say("Last day asked about"), scored.cutoff.max()),
        (say("Their answers"), known if answered else say("not known yet")),
    ]


def in_words(column: str, scores: Sequence[str]) -> str:
    """The meaning of a column of the list.

    Args:
        column: Its name.
        scores: The names of the scores that are known, in order: without stickers the priority is the chance of churn.
    """
    target = _first(scores)
    if column.startswith("reason_"):
        return target.say(target.reason)
    if column.startswith("lever_"):
        return target.say(target.lever)
    if column == _BASIS:
        return say("How the offers are known")
    if column.startswith("offer_"):
        return say("An activity that the user has not joined and may like, the likeliest first")
    if column == _MAKES:
        return say("The categories of what the user has made, the most frequent first, with their numbers")
    if column.startswith("p_"):
        one = target_of(column.removeprefix("p_"))
        return one.say(one.column)
    if column == "priority" and target.outcome:
        return target.say(target.column)
    if column == "priority" and "p_sticker" not in scores:
        return say("p_churn itself, since the log does not say what users are worth")
    return with_unit(COLUMNS[column]) if column == "expected_loss" else COLUMNS[column]


def among_equals(found: Mapping[str, int], *, listed: int) -> str:
    """The part of a list that chance decides, in words.

    Args:
        found: The counts of `ties`.
        listed: Users on the list.
    """
    if not found["listed"]:
        return say("No two users have the same scores, so nothing is left to chance.")
    order = say(
        "{n:,} of the {listed:,} users on the list have the same scores as others, and their order among these is at "
        "random.",
        n=found["listed"],
        listed=listed,
    )
    if found["line"] == found["line_listed"]:
        return order
    line = say(
        "The list ends among {line:,} users with the same scores: {on:,} of them were put on it at random.",
        line=found["line"],
        on=found["line_listed"],
    )
    return f"{order} {line}"


def _rule(config: SegmentConfig) -> str:
    if config.ending == "number":
        return say("the first {number} users, as many as can be contacted", number=config.number)
    if config.ending == "profit":
        return say("as many users as bring the most expected profit")
    return say("the first {share:.3g}% of the users", share=100 * (1 - config.quantile))


def _control(config: SegmentConfig, listed: int, held_back: int) -> str:
    if not config.control.share:
        return say("none: nobody is held back, so what a contact changes will not be known")
    if not held_back:
        return say("none: a segment of {listed} is too small to hold anybody back", listed=listed)
    return say(
        "{share:.3g}% of the segment, drawn at random with seed {seed}; control.csv names them",
        share=100 * config.control.share,
        seed=config.control.seed,
    )
