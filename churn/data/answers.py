"""The answers to the question of a run, which stand in the member list or in a table of outcomes."""

from dataclasses import replace

import ibis
import pandas as pd

from churn.data.config.data_config import DataConfig
from churn.data.log.daily import Tables
from churn.data.members import usable
from churn.data.windows.arrivals import Answers, check_values
from churn.errors import UserError

OUTCOMES = "outcomes.parquet"  # the rows of the table of outcomes in the folder of a data set


def with_days_of_joining(tables: Tables, config: DataConfig, *, new: bool) -> Tables:
    """The tables, with a day of joining for each member who is asked about on arrival.

    A list without such days was drawn on `last_day`: its members are asked about on the day after it, or, to learn from
    them, so long before it that their answers are known.

    Raises:
        UserError: if such a list does not come with its day.
    """
    members = tables.members
    if config.asked is None or tables.outcomes is not None or members is None or "joined" in members.columns:
        return tables
    if config.split.by_time and not new:
        remedy = "set it, or map member_columns.joined to a column of dates"
        raise UserError("expected data.split.kind: user for a list without days of joining", config.split.kind, remedy)
    if config.last_day is None:
        remedy = "map member_columns.joined, or set data.last_day to the day on which the list was drawn"
        raise UserError("expected days of joining in the member list", "none", remedy)
    before = pd.Timedelta(days=0 if new else config.windows.horizon_days)
    joined = pd.Timestamp(config.last_day[:10]) + pd.Timedelta(days=1) - before
    return replace(tables, members=members.mutate(joined=ibis.literal(joined)))


def answers_in(tables: Tables, config: DataConfig, *, new: bool) -> tuple[pd.DataFrame | None, Answers | None]:
    """The usable rows of the table of outcomes, and all answers; None where there is no such table, or no question.

    Raises:
        UserError: for an answer of the configuration that no row has, unless the rows are new.
    """
    if (asked := config.asked) is None:
        return None, None
    listed = None if tables.members is None else usable(tables.members)
    outcomes = None if tables.outcomes is None else _dated(usable(tables.outcomes), listed)
    if not new and outcomes is not None:
        check_values(asked, outcomes.answer, table="outcomes")
    elif not new and listed is not None:
        check_values(asked, listed[asked.column], table="members")
    return outcomes, answers_among(config, listed, outcomes)


def _dated(rows: pd.DataFrame, members: pd.DataFrame | None) -> pd.DataFrame:
    """The rows of outcomes that concern users, each on its day: user_id, timestamp and, where known, answer and due."""
    if members is not None:
        rows = rows[rows.user_id.isin(members.user_id)]
    rows = rows.assign(timestamp=pd.to_datetime(rows.day, unit="D")).sort_values(["user_id", "timestamp"])
    return rows[[name for name in ("user_id", "timestamp", "answer", "due") if name in rows]].reset_index(drop=True)


def answers_among(config: DataConfig, members: pd.DataFrame | None, outcomes: pd.DataFrame | None) -> Answers | None:
    """The answers to the question that the configuration asks; None where it asks none.

    Args:
        config: The `data:` block.
        members: The rows of the member list.
        outcomes: The rows of the table of outcomes, as `answers_in` gives them.
    """
    if (asked := config.asked) is None:
        return None
    if outcomes is not None:
        named = replace(asked, column="answer", due=asked.due and "due")
        return Answers.of(named, outcomes, dated="timestamp", zone=config.zone, windows=config.windows)
    if members is None:
        return None
    return Answers.of(asked, members, dated="joined", zone=config.zone, windows=config.windows)
