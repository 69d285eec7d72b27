"""Recognition: the table that a file holds and the meaning of its columns, by their names and values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import ibis
from ibis import _

from churn.data.log.column_names import likeness
from churn.data.log.dialects import by_format, dialect_of
from churn.data.log.events import standard_columns
from churn.data.log.numbers import number_in
from churn.data.log.times import fitting_formats, written
from churn.data.sources import UNREADABLE
from churn.errors import UserError

TableName = Literal["events", "daily", "stickers", "members"]
_SAMPLE = 2_000  # rows by which a column's kind is told
_MANY_EVENTS = 1_000  # distinct values from which on a text is no event type
_NEARLY_ALL = 0.95
_ROWS_PER_TIME = 5  # rows, at least, of each time in a table of days: users of one day
_FEW_USERS = 12  # distinct values that hardly are all users
_PLAUSIBLE = 6e8  # the least number that is likely a time since 1970: 1989, in seconds


@dataclass(frozen=True)
class ColumnLook:
    """A column, judged by its values."""

    name: str
    is_time: bool
    is_number: bool
    is_key: bool  # text or whole numbers
    is_text: bool
    distinct: int
    forms: tuple[str, ...] = ()  # formats of strptime, each of which reads its times


@dataclass(frozen=True)
class TableLook:
    """A file's table with its columns."""

    source: str
    rows: int
    columns: tuple[ColumnLook, ...]
    table: ibis.Table

    def best(self, standard: str, candidates: Sequence[ColumnLook]) -> ColumnLook | None:
        """The candidate whose name fits a standard column best; None where no name fits."""
        found = max(candidates, key=lambda column: likeness(column.name, standard), default=None)
        return found if found is not None and likeness(found.name, standard) else None


@dataclass(frozen=True)
class Recognised:
    """A table of the configuration: its source, and the column of each standard one, with the reason."""

    look: TableLook
    mapping: dict[str, ColumnLook] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    @property
    def forms(self) -> tuple[str, ...]:
        """The formats in which the table's times may be written; empty where they need none."""
        return next((found.forms for name in ("timestamp", "joined") if (found := self.mapping.get(name))), ())


def look_at(source: str, table: ibis.Table) -> TableLook:
    """Look at every column of a table."""
    table = table.drop(*{UNREADABLE} & {*table.columns})
    rows = int(table.count().execute())
    counts = table.aggregate(**{f"c{place}": table[name].nunique() for place, name in enumerate(table.columns)})
    distinct = counts.to_pandas().iloc[0] if table.columns else ()
    looks = tuple(_column(table, name, int(n)) for name, n in zip(table.columns, distinct, strict=True))
    return TableLook(source, rows, looks, table)


def alone(look: TableLook) -> Recognised:
    """A table looked at alone; where what reads like users is few values, ids that stand once each are the users.

    Raises:
        UserError: for a table without users.
    """
    found = _mapped(look)
    keys = [column for column in look.columns if column.is_key and column.distinct == look.rows]
    if found.mapping["user_id"].distinct > _FEW_USERS or (ids := look.best("user_id", keys)) is None:
        return found
    return Recognised(look, {"user_id": ids}, {"user_id": "ids, each once"})


def recognise(looks: Sequence[TableLook]) -> dict[TableName, Recognised]:
    """Recognise events or days, stickers and members: members have a row per user, stickers an amount and no event.

    Raises:
        UserError: for a table without users or times, and for more tables of a kind than one.
    """
    found = [_mapped(look) for look in looks]
    events = max(found, key=_is_log)
    if "timestamp" not in events.mapping:
        names = ", ".join(column.name for column in events.look.columns)
        remedy = "name a file with a row per event, or write the configuration by hand: see docs/guide/log.md"
        raise UserError(f"expected a column of times in {events.look.source}", f"the columns {names}", remedy)
    tables: dict[TableName, Recognised] = {"daily": events} if _is_of_days(events) else {"events": _acting(events)}
    for one in found:
        if one is events:
            continue
        name: TableName = "members" if _is_list(one) else "stickers"
        if name in tables or (name == "stickers" and not _is_giving(one)):
            remedy = "give one file per table; several files of one table as a folder or a quoted glob: 'log/*.csv'"
            raise UserError("expected one file of events, one of stickers and one of members", one.look.source, remedy)
        tables[name] = one
    return {name: _as(name, one) for name, one in tables.items()}


def _column(table: ibis.Table, name: str, distinct: int) -> ColumnLook:
    kind, head = table[name].type(), table.filter(table[name].notnull()).limit(_SAMPLE)
    forms = _time_forms(table, head, name)
    whole = kind.is_string() or kind.is_integer()
    number = kind.is_numeric() or (kind.is_string() and _are_numbers(head, name))
    return ColumnLook(name, forms is not None, number, whole, kind.is_string(), distinct, forms or ())


def _time_forms(table: ibis.Table, head: ibis.Table, name: str) -> tuple[str, ...] | None:
    """The formats by which a column's times can be read, none where they need none; None if it holds no times."""
    kind = table[name].type()
    if not (kind.is_timestamp() or kind.is_date() or kind.is_numeric() or kind.is_string()):
        return None
    try:
        how = written(head, name, asked=None, name=name, key="")
    except UserError:
        return _usual_forms(table, head, name)
    number = dialect_of(head).number(head[name]) if kind.is_string() else head[name]
    least = number.min() if how.kind == "epoch" else ibis.null("float64")
    read = head.aggregate(n=how.moment(head[name]).count(), least=least).to_pandas().iloc[0]
    if not read.n or (how.kind == "epoch" and float(read.least) < _PLAUSIBLE):
        return None
    enough = read.n >= _NEARLY_ALL * int(head.count().execute())
    return ((how.form,) if how.form else ()) if enough else None


def _usual_forms(table: ibis.Table, head: ibis.Table, name: str) -> tuple[str, ...] | None:
    """The formats by which nearly all of a column's text can be read; a title may hold a date, too."""
    forms = tuple(fitting_formats(table, name))
    if not forms:
        return None
    read = ibis.coalesce(*(by_format(head[name], form) for form in forms))
    found = head.aggregate(n=_.count(), read=read.count()).to_pandas().iloc[0]
    return forms if found["read"] >= _NEARLY_ALL * found["n"] else None


def _are_numbers(head: ibis.Table, name: str) -> bool:
    text = head.select(text=head[name])
    found = number_in(text, "text", decimal=".", name=name), number_in(text, "text", decimal=",", name=name)
    n = text.aggregate(n=text.count(), read=ibis.coalesce(*found).count()).to_pandas().iloc[0]
    return bool(n.n and n["read"] >= _NEARLY_ALL * n.n)


def _mapped(look: TableLook) -> Recognised:
    """The standard columns matched by name, or by their values where no name fits."""
    left = list(look.columns)
    mapping: dict[str, ColumnLook] = {}
    why: dict[str, str] = {}

    def take(standard: str, candidates: list[ColumnLook], otherwise: ColumnLook | None, reason: str) -> None:
        candidates = [column for column in candidates if column in left]
        named = look.best(standard, candidates)
        chosen = named or (otherwise if otherwise in left else None)
        if chosen is not None:
            mapping[standard], why[standard] = chosen, "by its name" if named else reason
            left.remove(chosen)

    times = [column for column in look.columns if column.is_time]
    unnamed = [c for c in times if not any(likeness(c.name, other) for other in ("user_id", "actor_id", "amount"))]
    take("timestamp", times, max(unnamed, key=lambda c: c.distinct, default=None), "the column of times")
    keys = [column for column in look.columns if column.is_key and column.distinct > 1]
    take("actor_id", [c for c in keys if likeness(c.name, "actor_id") > likeness(c.name, "user_id")], None, "")
    repeated = [column for column in keys if column.distinct < look.rows]
    take("user_id", keys, max(repeated, key=lambda c: c.distinct, default=None), "ids that come again")
    take("amount", [column for column in look.columns if column.is_number], None, "")
    texts = [column for column in keys if column.is_text and not (column.is_number or column.is_time)]
    few = [c for c in texts if c.distinct <= min(_MANY_EVENTS, look.rows // 2)]
    take("event", few, min(few, key=lambda c: c.distinct, default=None), "text with few different values")
    if "user_id" not in mapping:
        names = ", ".join(column.name for column in look.columns)
        raise UserError(f"expected a column of users in {look.source}", f"the columns {names}", "rename it user_id")
    return Recognised(look, mapping, why)


def _is_log(one: Recognised) -> tuple[bool, bool, bool, int]:
    """A key that sorts tables by their likeness to a log of events."""
    return "timestamp" in one.mapping, not _is_list(one), "event" in one.mapping, one.look.rows


def _is_list(one: Recognised) -> bool:
    """Whether a table has a row per user."""
    return one.mapping["user_id"].distinct >= _NEARLY_ALL * one.look.rows


def _is_of_days(one: Recognised) -> bool:
    """Whether a table has a row per user and day, with numbers, and no column that is called an event or an actor."""
    day, user, look = one.mapping["timestamp"], one.mapping["user_id"], one.look
    numbers = [column for column in look.columns if column.is_number and column not in (day, user)]
    if not numbers or "actor_id" in one.mapping or one.why.get("event") == "by its name":
        return False
    pairs = look.table.select(user.name, day.name).distinct().count().execute()
    return bool(pairs == look.rows >= _ROWS_PER_TIME * day.distinct)


def _is_giving(one: Recognised) -> bool:
    """Whether a table may hold stickers, which have times, and an amount or no event."""
    return "timestamp" in one.mapping and ("amount" in one.mapping or "event" not in one.mapping)


def _acting(events: Recognised) -> Recognised:
    """Events with the actor as the user, where nobody acts under the own id; else unchanged."""
    user, actor = (events.mapping.get(name) for name in ("user_id", "actor_id"))
    if user is None or actor is None:
        return events
    table = events.look.table
    own = table.filter(table[user.name].cast("string") == table[actor.name].cast("string")).count().execute()
    if own:
        return events
    mapping = {name: column for name, column in events.mapping.items() if name != "actor_id"} | {"user_id": actor}
    why = events.why | {"user_id": f"who acts; nobody does so under the own id in {user.name}"}
    return Recognised(events.look, mapping, why)


def _as(name: TableName, one: Recognised) -> Recognised:
    """The standard columns that a table of this name has; members have the day of joining in place of times."""
    mapping: Mapping[str, ColumnLook] = one.mapping
    why = dict(one.why)
    if name == "members" and (joined := one.look.best("joined", [c for c in one.look.columns if c.is_time])):
        mapping, why = {**mapping, "joined": joined}, why | {"joined": "by its name"}
    kept = {standard: mapping[standard] for standard in standard_columns(name) if standard in mapping}
    return Recognised(one.look, kept, {standard: why[standard] for standard in kept})
