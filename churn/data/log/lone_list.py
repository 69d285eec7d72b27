"""Recognition of a member list that stands alone: the answers in it, their days, and what may be known on arrival."""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
from ibis import _

from churn.data.config.outcome_config import as_text
from churn.data.log.column_names import likeness
from churn.data.log.recognition import ColumnLook, Recognised
from churn.errors import UserError

FEW = 12  # distinct values up to which a column may hold answers
_LEVELS = 254  # distinct values up to which a text is an attribute, as many as trees tell apart
_LEAST = 30  # rows of a list
_SPOKEN = 0.5  # share of values of several words, from which on a column is a text
_YES = [
    "1",
    "true",
    "yes",
    "y",
    "t",
    "won",
    "win",
    "success",
    "successful",
    "converted",
    "paid",
    "renewed",
    "accepted",
    "approved",
    "carried",
    "funded",
    "ja",
    "si",
    "예",
    "성공",
]
_NO = [
    "0",
    "false",
    "no",
    "n",
    "f",
    "lost",
    "loss",
    "failed",
    "fail",
    "failure",
    "unsuccessful",
    "rejected",
    "declined",
    "refused",
    "nein",
    "아니오",
    "실패",
]


@dataclass(frozen=True)
class LoneList:
    """A member list with the column of its answers."""

    members: Recognised
    outcome: ColumnLook
    positive: tuple[str, ...]
    among: tuple[str, ...] | None  # the answers, where the column holds other values, too
    sure: bool  # whether the values say which ones mean yes
    joined: ColumnLook | None
    due: ColumnLook | None
    attributes: tuple[ColumnLook, ...]
    texts: tuple[ColumnLook, ...]  # of the attributes, texts with more values than levels
    unused: tuple[ColumnLook, ...]  # ids, times, and text with too many values


def lone_list(one: Recognised) -> LoneList:
    """The list of a table in which each id stands once.

    Raises:
        UserError: if no column looks like answers.
    """
    look, ids = one.look, one.mapping["user_id"]
    left = [column for column in look.columns if column is not ids]
    asked = [c for c in left if 2 <= c.distinct <= FEW and not c.is_time and likeness(c.name, "outcome")]
    if not asked:
        names = ", ".join(column.name for column in left)
        remedy = "write the configuration by hand: see docs/recipes/arrivals.md"
        raise UserError(f"expected a column of answers in {look.source}", f"the columns {names}", remedy)
    outcome = max(asked, key=lambda column: (likeness(column.name, "outcome"), -column.distinct))
    values = _values(look.table, outcome.name)
    positive = tuple(value for value in values if value.lower() in _YES)
    negative = tuple(value for value in values if value.lower() in _NO)
    among = (*positive, *negative) if positive and negative and len(values) > len(positive) + len(negative) else None
    times = [column for column in left if column.is_time]
    joined = _best(times, "joined") or _best(times, "timestamp")
    due = _best([column for column in times if column is not joined], "due")
    rest = [column for column in left if column not in (outcome, joined, due)]
    texts = _texts([c for c in rest if not (c.is_time or c.is_number) and c.distinct > _LEVELS], one)
    few = [c for c in rest if not c.is_time and c.distinct >= 2 and (c.is_number or c.distinct <= _LEVELS)]
    known = tuple(c for c in rest if c in texts or (c in few and not _is_id(c, look.rows)))
    return LoneList(
        members=one,
        outcome=outcome,
        positive=positive or values[-1:],
        among=among,
        sure=bool(positive),
        joined=joined,
        due=due,
        attributes=known,
        texts=texts,
        unused=tuple(column for column in rest if column not in known),
    )


def stands_alone(one: Recognised) -> bool:
    """Whether each id of a table stands once, as in a list and hardly in a log."""
    return one.look.rows >= _LEAST and one.mapping["user_id"].distinct == one.look.rows


def _values(table: ibis.Table, name: str) -> tuple[str, ...]:
    """The values of a column as text, the most frequent first."""
    counts = table.filter(table[name].notnull()).group_by(value=table[name]).aggregate(n=_.count())
    return tuple(as_text(value) for value in counts.order_by(ibis.desc("n"), "value").to_pandas()["value"])


def _texts(columns: Sequence[ColumnLook], one: Recognised) -> tuple[ColumnLook, ...]:
    """The columns whose values are mostly of several words."""
    table = one.look.table
    shares = {column.name: table[column.name].cast("string").strip().contains(" ").mean() for column in columns}
    found = table.aggregate(**shares).to_pandas().iloc[0] if shares else {}
    return tuple(column for column in columns if found[column.name] > _SPOKEN)


def _best(columns: Sequence[ColumnLook], standard: str) -> ColumnLook | None:
    found = max(columns, key=lambda column: likeness(column.name, standard), default=None)
    return found if found is not None and likeness(found.name, standard) else None


def _is_id(column: ColumnLook, rows: int) -> bool:
    return column.is_key and column.distinct == rows
