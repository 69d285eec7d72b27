"""Users whose last week departs from their own past."""

from collections.abc import Mapping
from typing import Any

from churn.artefacts import declared
from churn.language import Messages, marked, say
from churn.report.parts.blocks import Section, Text
from churn.report.parts.tables import Cell, Column, Table, number_cell, percent_cell, text_cell
from churn.report.parts.wording import SEGMENTS, count, decimal, known
from churn.report.whom.marks import departures
from churn.run_files import records
from churn.runs import Run

AT_ONCE = 100  # rows that are drawn before any is asked for
TITLE = marked("Out of the ordinary")
DIRECTIONS = Messages(
    {
        "burst": marked("more than usual"),
        "drop": marked("less than usual"),
        "burst and drop": marked("more and less"),
    }
)


def build(run: Run) -> Section:
    """A table of the users who depart most, with what departed."""
    facts = run.manifest["anomalies"]
    about = say(
        "Users whose last 7 days are unlike their own earlier weeks. A burst may be a success or an attack, a drop a "
        "holiday or a quarrel: the page cannot tell which, so look before you call. This flag did not change a score "
        "or the list, where it stands as “unusual week” with whoever is on it."
    )
    users = run.table(declared.ANOMALIES)
    if users.empty:
        return Section("anomalies", say(TITLE), _nobody(facts), ())
    return Section("anomalies", say(TITLE), _among(run, facts), (Text(about), _table(run)))


def _nobody(facts: Mapping[str, int]) -> str:
    if not facts["n_examined"]:
        return say("Nobody was examined: no scored user has 4 earlier weeks to compare with.")
    return say(
        "Nobody is listed: none of {examined} users with 4 earlier weeks departs enough from them.",
        examined=count(facts["n_examined"]),
    )


def _among(run: Run, facts: Mapping[str, int]) -> str:
    least = decimal(run.manifest["segment"]["anomalies"]["least"], 1)
    sentence = _ALL if facts["n_departed"] <= facts["n_listed"] else _MOST
    return say(
        sentence,
        scored=count(facts["n_scored"]),
        examined=count(facts["n_examined"]),
        departed=count(facts["n_departed"]),
        least=least,
        listed=count(facts["n_listed"]),
    )


_MOST = marked(
    "Scored users with at least 4 earlier weeks: {examined} of {scored}. Of these, {departed} depart in some count "
    "by {least} standard deviations or more from their own weeks, and the {listed} most unusual are listed. The "
    "rank is by an isolation forest, which holds each user’s departures against everyone’s: where all are "
    "quieter, nobody stands out."
)
_ALL = marked(
    "Scored users with at least 4 earlier weeks: {examined} of {scored}. Departing in some count by {least} standard "
    "deviations or more from their own weeks: {departed}, all listed. The rank is by an isolation forest, which holds "
    "each user’s departures against everyone’s: where all are quieter, nobody stands out."
)


def _table(run: Run) -> Table:
    columns = (
        *(Column(say("User"), clipped=True), Column(say("Last week")), Column(say("What departed"), wide=True)),
        *(Column(title, numeric=True) for title in (say("P(churn)"), say("Score"))),
        Column(say("Segment")),
    )
    departed = departures(run)
    rows = tuple(_row(row, departed[str(row.user_id)]) for row in records(run.table(declared.ANOMALIES)))
    title = say("Users who depart from their own past")
    return Table(title, columns, rows, searchable=True, cards=True, at_once=AT_ONCE)


def _row(row: Any, departed: str) -> tuple[Cell, ...]:
    return (
        text_cell(row.user_id),
        Cell(DIRECTIONS.get(row.direction, str(row.direction))),
        Cell(departed),
        percent_cell(row.p_churn if known(row.p_churn) else None),
        number_cell(row.score, 2),
        Cell(_segment(row)),
    )


def _segment(row: Any) -> str:
    """The user's segment, or the warning that a user held back at random is not to be called."""
    if getattr(row, "held_back", False):
        return say("Held back at random: do not contact")
    return SEGMENTS.get(row.segment, str(row.segment))
