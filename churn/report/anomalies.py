"""Users whose last week departs from their own past."""

from typing import Any

from churn.report.blocks import Section, Text
from churn.report.run import Run, records
from churn.report.tables import Cell, Column, Table, number_cell, percent_cell, text_cell
from churn.report.wording import SEGMENTS, count, decimal, known

TITLE = "Out of the ordinary"
FACTS = {"n_scored": 0, "n_examined": 0, "n_departed": 0, "n_listed": 0}
DIRECTIONS = {"burst": "more than usual", "drop": "less than usual", "burst and drop": "more and less"}
TOLD = ("departure_1", "departure_2", "departure_3")


def build(run: Run) -> Section:
    """A table of the users who depart most, with what departed."""
    facts = FACTS | dict(run.manifest.get("anomalies") or {})
    lead = (
        "Users whose last 7 days are unlike their own earlier weeks. A burst may be a success or an attack, a drop a "
        "holiday or a quarrel: the page cannot tell which, so look before you call. Nothing here went into the scores "
        "or the list."
    )
    users = run.table("anomalies.csv")
    if users.empty:
        return Section("anomalies", TITLE, lead, (Text(_nobody(facts)),))
    return Section("anomalies", TITLE, lead, (Text(_among(run, facts)), _table(run)))


def _nobody(facts: dict[str, int]) -> str:
    if not facts["n_examined"]:
        return "Nobody was examined: no scored user has 4 earlier weeks to compare with."
    return (
        f"Nobody is listed: none of {count(facts['n_examined'])} users with 4 earlier weeks departs enough from them."
    )


def _among(run: Run, facts: dict[str, int]) -> str:
    settings = dict(run.manifest["segment"].get("anomalies") or {})
    least = decimal(float(settings.get("least", 3.0)), 1)
    return (
        f"Of {count(facts['n_scored'])} scored users, {count(facts['n_examined'])} have at least 4 earlier weeks. Of "
        f"those, {count(facts['n_departed'])} depart in some count by {least} standard deviations or more from their "
        f"own weeks, and the {count(facts['n_listed'])} most unusual are listed. The rank is by an isolation forest, "
        "which holds each user’s departures against everyone’s: where all are quieter, nobody stands out."
    )


def _table(run: Run) -> Table:
    columns = (
        *(Column("User", clipped=True), Column("Last week"), Column("What departed", wide=True)),
        *(Column(title, numeric=True) for title in ("P(churn)", "Score")),
        Column("Segment"),
    )
    rows = tuple(_row(row) for row in records(run.table("anomalies.csv")))
    return Table("Users who depart from their own past", columns, rows, searchable=True)


def _row(row: Any) -> tuple[Cell, ...]:
    told = [text for text in (getattr(row, name) for name in TOLD) if isinstance(text, str) and text]
    return (
        text_cell(row.user_id),
        Cell(DIRECTIONS.get(row.direction, str(row.direction))),
        Cell(" · ".join(told)),
        percent_cell(row.p_churn if known(row.p_churn) else None),
        number_cell(row.score, 2),
        Cell(SEGMENTS.get(row.segment, str(row.segment))),
    )
