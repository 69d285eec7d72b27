"""A list as shown: its columns, its rows in words, and the advice on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from churn.artefacts import declared
from churn.explanation import worded
from churn.language import Target, retold, say, spoken
from churn.segments import CONTROL, Order, advice_on
from churn.serving import words
from churn.serving.catalogue import Drawn
from churn.serving.lists import Lists
from churn.serving.work import State


@dataclass(frozen=True)
class Row:
    """A user of a page in words."""

    user_id: str
    rank: str
    values: Sequence[str]  # by column
    why: str
    state: State
    held: bool

    @property
    def status(self) -> str:
        """The key of the status that is shown."""
        return "held" if self.held else self.state.status


def targets(drawn: Drawn) -> dict[str, Target]:
    """The words of each target, by its name."""
    return {one.name: one for one in drawn.run.words}


def chance(drawn: Drawn) -> str:
    """The column of the chance by which a list is asked for first."""
    return f"p_{drawn.run.first.name}"


def columns(drawn: Drawn, known: Mapping[str, str]) -> list[str]:
    """The columns that a page shows out of the known ones: the chances, and the score that orders the list."""
    order = str(drawn.segment["rank_by"])
    wanted = [*(f"p_{name}" for name in drawn.run.targets), "value_at_risk", "expected_loss", order]
    return [name for name in dict.fromkeys(wanted) if name in known]


def rows(
    lists: Lists,
    drawn: Drawn,
    users: Sequence[Mapping[str, Any]],
    shown: Sequence[str],
    states: Mapping[str, State],
) -> list[Row]:
    """The users of a page in words, with the first reason of each and whether the list holds the user back."""
    listed = [user["user_id"] for user in users if user["rank"] is not None]
    asked = (drawn.name, drawn.id, spoken(), tuple(listed))
    why = lists.why.of(asked, lambda: reasons(lists, drawn, listed, top=1))
    return [
        Row(
            user["user_id"],
            words.value("rank", user["rank"]),
            [words.value(name, user[name]) for name in shown],
            next(iter(why.get(user["user_id"], ())), ""),
            states[user["user_id"]],
            user["group"] == CONTROL,
        )
        for user in users
    ]


def reasons(lists: Lists, drawn: Drawn, users: Sequence[str], *, top: int = 3) -> dict[str, list[str]]:
    """The reasons of each user in words, the strongest first; none for a user who is not on the list."""
    found = lists.of_users(drawn, declared.REASONS, users)
    found = found[found["place"] <= top]
    if found.empty:
        return {}
    told = worded(found, users, by="user_id", top=top)
    return {user_id: [one for one in row if one] for user_id, row in zip(users, told.to_numpy().tolist(), strict=True)}


def advice(drawn: Drawn) -> str:
    """The advice on the list, with which the run's own page begins."""
    held = int(drawn.segment["control"]["held_back"])
    order = Order.of(drawn.run.manifest["order"])
    return advice_on(
        drawn.folder,
        order,
        drawn.config,
        listed=int(drawn.segment["listed"]),
        held_back=held,
        target=drawn.run.first.name,
        answered=drawn.answered,
    )


def about(drawn: Drawn) -> str:
    """The days of a list in words."""
    cutoff, windows = drawn.cutoff, drawn.run.windowing
    if drawn.run.scattered:
        return say("Of {day}", day=words.day(cutoff))
    first = cutoff + timedelta(days=windows["lead_days"])
    last = first + timedelta(days=windows["horizon_days"] - 1)
    return say("Of {day}, for the days from {first} to {last}", day=words.day(cutoff), **_days(first, last))


def _days(first: object, last: object) -> dict[str, str]:
    return {"first": words.day(first), "last": words.day(last)}


def warnings(drawn: Drawn) -> list[str]:
    """The warnings, which a reader should know before trusting the list."""
    return [retold(one) for one in drawn.warnings]
