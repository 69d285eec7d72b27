"""The list: whom to contact first."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.explanation import heads
from churn.language import say, say_many
from churn.report.parts.blocks import Block, Note, Section, Text
from churn.report.parts.listing import RANKS, drawn, order, rank_by, starts, stickers_of_churners
from churn.report.parts.tables import Cell, Choice, Column, Table, count_cell, number_cell, percent_cell
from churn.report.parts.wording import capital, count, known, signed
from churn.report.whom import held_back, offers
from churn.report.whom.marks import Marks, marks
from churn.report.whom.policies import scoring
from churn.run_files import records
from churn.runs import Run
from churn.segments import among_equals, worded_makes

SHOWN = 20_000  # rows; longer lists make a page too heavy to open
AT_ONCE = 100  # rows that are drawn before any is asked for, and printed
REASONS = ("reason_1", "reason_2", "reason_3")
MOSTLY, HARDLY = 0.5, 0.2  # rank correlations from which on one order mostly follows another, or at all


def build(run: Run) -> Section:
    """The users of the priority segment, best first, with reasons, and the ones who must not be contacted."""
    if run.to_contact.empty:
        return Section(
            "list", say("Whom to contact"), say("Nobody is on the list at this cutoff."), (), behind="reading"
        )
    lead = run.first.say(run.first.why, who=_sentence(drawn(run)))
    blocks: tuple[Block, ...] = (*_equals(run), *held_back.to_leave_alone(run), *_list(run))
    return Section("list", say("Whom to contact"), lead, blocks, behind="reading")


def reading(run: Run) -> Section:
    """The way to read the list: its rule, its score, what its order follows, and what its reasons compare with."""
    lead = say("{who}{starts}, best first.", who=_sentence(drawn(run)), starts=starts(run))
    reasons = run.first.say(run.first.reasons)
    notes: tuple[Block, ...] = (_heuristic(run), Text(reasons), *held_back.held_back(run), Text(scoring(run)))
    return Section("reading", say("How to read the list"), lead, notes, behind="list")


def _sentence(words: str) -> str:
    """Words with a capital."""
    return words[0].upper() + words[1:]


def _heuristic(run: Run) -> Note:
    if run.first.outcome:
        body = run.first.say(
            "Priority is the chance of “{outcome}” itself: the list holds the users most likely to end so."
        )
        return Note(say("How to read the priority"), body)
    if not run.stickers:
        body = say(
            "The log does not say what users are worth, so priority is the probability of churn itself: the list "
            "holds the users most likely to fall silent."
        )
        return Note(say("How to read the priority"), f"{body} {order(run)}".strip())
    body = say(
        "Priority is the chance of falling silent × the chance of a sticker: a heuristic, and no probability of "
        "anything, since the two depend on each other."
    )
    return Note(
        say("How to read the priority"),
        " ".join(filter(None, [body, stickers_of_churners(run), order(run), _agreement(run)])),
        tone="care",
    )


def _equals(run: Run) -> tuple[Block, ...]:
    """A note on the order of equal scores, which is random; nothing where none are equal."""
    segment = run.manifest["segment"]
    found = segment["ties"]
    if not found["listed"]:
        return ()
    return (Note(say("Equal scores"), among_equals(found, listed=segment["listed"]), tone="care"),)


def _agreement(run: Run) -> str:
    """The chance that this run's order follows, by rank correlations, and so how to read it."""
    table = run.table(declared.AGREEMENT)
    found = {frozenset((row.a, row.b)): float(row.spearman) for row in records(table) if known(float(row.spearman))}
    if rank_by(run) == "p_churn":  # its own order, so there is one correlation to tell
        return _of_churn(found.get(frozenset(("p_churn", "p_sticker"))), count(run.manifest["segment"]["scored"]))
    churn, sticker = (found.get(frozenset((rank_by(run), name))) for name in ("p_churn", "p_sticker"))
    if churn is None or sticker is None:
        return say("The run holds no rank correlations that would show what its order follows.")
    between = found.get(frozenset(("p_churn", "p_sticker")))
    apart = (
        say("; the two chances have {correlation} between them", correlation=signed(between))
        if between is not None
        else ""
    )
    n = count(run.manifest["segment"]["scored"])
    return (
        say(
            "In this run its order {follows_churn} the chance of churn ({churn}) and {follows_sticker} the "
            "chance of a sticker ({sticker}){apart} (rank correlations, n = {n}; 1 is the same order, 0 none, −1 "
            "the reverse).",
            follows_churn=_follows(churn),
            churn=signed(churn),
            follows_sticker=_follows(sticker),
            sticker=signed(sticker),
            apart=apart,
            n=n,
        )
        + f" {_reading(churn, sticker)}"
    )


def _of_churn(sticker: float | None, n: str) -> str:
    """The chance of a sticker among the users who are most likely to leave."""
    if sticker is None:
        return ""
    return say(
        "The order {follows} the chance of a sticker ({sticker}; rank correlation, n = {n}).",
        follows=_follows(sticker),
        sticker=signed(sticker),
        n=n,
    )


def _follows(rank_correlation: float) -> str:
    """The agreement of an order with another, in words.

    Example:
        >>> _follows(0.82), _follows(0.25), _follows(0.06), _follows(-0.5)
        ('mostly follows', 'weakly follows', 'hardly follows', 'runs against')
    """
    if rank_correlation >= MOSTLY:
        return say("mostly follows")
    if rank_correlation <= -HARDLY:
        return say("runs against")
    return say("weakly follows") if rank_correlation >= HARDLY else say("hardly follows")


def _reading(churn: float, sticker: float) -> str:
    """The users at the top of such an order."""
    if max(churn, sticker) < MOSTLY:
        return say("Read the list as a compromise: neither the users most likely to leave nor the most valued.")
    if min(churn, sticker) >= MOSTLY:
        return say("Read the list as valued users who are likely to leave.")
    if sticker > churn:
        return say("Read the list as valued users who might leave, not as the users most likely to leave.")
    return say("Read the list as the users most likely to leave, not as the most valued.")


def _list(run: Run) -> list[Block]:
    users = run.priority
    shown, found = users.head(SHOWN), marks(run)
    group, about = found.column(shown), _about(run)
    given = {f"p_{target.name}": target for target in run.words}
    given = {name: target for name, target in given.items() if name in shown and shown[name].notna().any()}
    chances = list(given)
    score = rank_by(run)
    first = [score] if run.stickers and score not in chances else []  # without stickers each is the chance of churn
    last = ["priority"] if run.stickers and score != "priority" else []
    columns = (
        Column(say("Rank"), numeric=True),
        Column(say("User"), clipped=True),
        *(Column(capital(RANKS[name]), numeric=True) for name in first),
        *(Column(one.say(one.head), numeric=True, least=one.say(one.least)) for one in given.values()),
        *(Column(capital(RANKS[name]), numeric=True) for name in last),
        *([group] if group else []),
        Column(say("Why, and what about") if any(about) else say("Why"), wide=True, choice=_choice(run, shown)),
    )
    numbers = (*first, *chances, *last)
    rows = tuple(
        _row(user, numbers, found=found, grouped=group is not None, about=about) for user in shown.to_dict("records")
    )
    title = say_many("The list: {n} user", "The list: {n} users", len(users))
    table = Table(title, columns, rows, searchable=True, identified_by=1, stacked=True, at_once=AT_ONCE)
    marked = [Text(sentence) for sentence in found.sentences(users)]
    if len(users) <= SHOWN:
        return [table, *marked]
    said = say(
        "The first {shown} of {n} users; priority.csv and priority.xlsx hold them all.",
        shown=count(SHOWN),
        n=count(len(users)),
    )
    return [table, Text(said), *marked]


def _choice(run: Run, users: pd.DataFrame) -> Choice | None:
    """The features that the reasons speak of, each with the number of users; nothing where there are no reasons."""
    told = run.table(declared.REASONS)
    features = told[told["user_id"].isin(users["user_id"])]["feature"]
    found = features.map(heads(told["feature"])).value_counts()
    most = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    options = tuple((str(name), f"{name} ({count(n)})") for name, n in most)
    return Choice(say("Reason"), say("any"), options) if options else None


def _reasons(user: dict[Any, Any]) -> list[str]:
    return [user[name] for name in REASONS if user[name]]


def _about(run: Run) -> list[Mapping[str, str]]:
    """Lines about each user, by id: what the user makes, and what to offer."""
    made = worded_makes(run.table(declared.MAKES))
    makes = {user: say("Makes: {categories}", categories=words) for user, words in made.items()}
    offered = offers.to_offer(run)
    return [makes, {user: say("To offer: {titles}", titles=titles) for user, titles in offered.items()}]


def _row(
    user: dict[Any, Any], numbers: Sequence[str], *, found: Marks, grouped: bool, about: Sequence[Mapping[str, str]]
) -> tuple[Cell, ...]:
    name = str(user["user_id"])
    told = [*_reasons(user), *(words[name] for words in about if name in words)]
    return (
        count_cell(user["rank"]),
        found.user(name),
        *(percent_cell(user[key]) if key.startswith("p_") else number_cell(user[key]) for key in numbers),
        *([found.group(name)] if grouped else []),
        Cell("\n".join(told) or "–"),
    )
