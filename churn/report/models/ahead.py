"""Days ahead: what one model foretells for each horizon, and what came."""

from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import say, say_many, titled
from churn.report.parts.blocks import Section, Text
from churn.report.parts.tables import Cell, Table, count_cell, heads, number_cell, percent_cell, text_cell
from churn.report.parts.wording import count, day, decimal, listed, percents
from churn.run_files import records
from churn.runs import Run


def build(run: Run) -> Section:
    """A row per target and horizon, and how many of the scored users are expected back."""
    table, future = run.table(declared.FORETOLD), run.table(declared.FUTURE)
    how = say(
        "Foresight learns the chance of a return and of a sticker for each day ahead, so its answers for several "
        "horizons fit together. Half B of validation calibrates it. A horizon is measured on the windows of the test "
        "part all of whose days were seen; the intervals are 95%, over users. A constant is the observed rate as "
        "everybody's chance: a log loss below its own says that the model tells users apart."
    )
    names = (say("Days ahead"), say("Windows"), say("Foretold"), say("Observed"), say("Log loss"))
    rows = tuple(_row(row) for row in records(table))
    shown = Table(say("Foretold and observed, on the test part"), heads(say("Question"), *names, first=1), rows)
    return Section("ahead", say("Every day ahead"), f"{_held(table)} {_expected(future)}", (shown, Text(how)))


def _held(table: pd.DataFrame) -> str:
    if table.empty:
        return say("No horizon was over before the data end, so nothing could be held against what came.")
    inside = table["forecast"].between(table["low"], table["high"])
    return say(
        "{inside} of {n} forecasts lie within the interval of what came.", inside=int(inside.sum()), n=len(inside)
    )


def _expected(future: pd.DataFrame) -> str:
    """The users expected back, by horizon."""
    back = (1 - future["p_churn"]).groupby(future["days"]).sum()
    told = [
        say_many("{back} within {n} day", "{back} within {n} days", int(str(n)), back=count(round(users)))
        for n, users in back.items()
    ]
    return say(
        "Of the {n} users scored on {day}, expected to be active again: about {told}.",
        n=count(future["user_id"].nunique()),
        day=day(future["cutoff"].max()),
        told=listed(told),
    )


def _row(row: Any) -> tuple[Cell, ...]:
    return (
        text_cell(titled(row.target)),
        count_cell(row.days),
        count_cell(row.n),
        percent_cell(row.forecast),
        percent_cell(row.observed, under=percents(row.low, row.high)),
        number_cell(row.log_loss, under=say("{loss} of a constant", loss=decimal(row.constant))),
    )
