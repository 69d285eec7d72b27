"""Reasons for these users: what most have in common, and its effect on the chance."""

import pandas as pd

from churn.artefacts import declared
from churn.explanation import named
from churn.language import Messages, marked, say, say_many
from churn.report.parts.blocks import Bar, Bars, Section, Text
from churn.report.parts.wording import count, feature, listed, more_of
from churn.report.why import fidelity
from churn.run_files import records
from churn.runs import Run

SHOWN, NAMED = 5, 3  # columns with a bar; columns named in the first sentence
DOUBTS = Messages(
    {
        "sketch": marked("Take the reasons as hints: they tell only part of how the scores come about."),
        "unmeasured": marked(
            "Take the reasons as hints: whether they tell how the scores come about was not measured."
        ),
    }
)


def build(run: Run) -> Section:
    """The columns that the reasons of the list speak of most often, each with its effect on the chance."""
    title, told = say("Why these users?"), _told(run)
    if told.empty or fidelity.standing(run, run.first.name) == "constant":
        return Section("why", title, say("No reason is known for the users on the list."), (), behind="drivers")
    users = len(run.to_contact)
    words = named(told.index)
    lead = say("Most often the reason is {names}.", names=listed([words[one] for one in told.index[:NAMED]]))
    bars = Bars("", tuple(_bar(run, str(one), int(n), users) for one, n in told.head(SHOWN).items()))
    habits = (
        say("These are habits of the users, not causes: nobody knows whether a call changes them.")
        if run.windowing["history_days"]
        else say("These are facts about the users, not causes: other facts would not make another outcome.")
    )
    return Section("why", title, lead, (bars, Text(" ".join([habits, *_doubt(run)]))), behind="drivers")


def _told(run: Run) -> "pd.Series[int]":
    """The number of users of the list that have a column among their reasons, the most frequent first."""
    reasons = run.table(declared.REASONS)
    reasons = reasons[reasons["user_id"].isin(run.to_contact["user_id"])].drop_duplicates(["user_id", "feature"])
    return reasons.groupby("feature").size().sort_values(ascending=False, kind="stable")


def _bar(run: Run, column: str, n: int, users: int) -> Bar:
    value = say_many("{told} of {n} user", "{told} of {n} users", users, told=count(n))
    return Bar(feature(column), n / users, value, _way(run, column))


def _way(run: Run, column: str) -> str:
    """The effect of more of a column on the chance of the first target; nothing where no tree knows it."""
    first = run.first
    table = run.table(declared.EXPLANATIONS, first.name)
    row = next(records(table[table["feature"] == column]), None)
    return "" if row is None else first.say(first.ways[row.direction], more=more_of(column))


def _doubt(run: Run) -> list[str]:
    standing = fidelity.standing(run, run.first.name)
    return [DOUBTS[standing]] if standing in DOUBTS else []
