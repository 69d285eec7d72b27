"""The sources of events: the log, and further tables whose rows are events of the same users."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from churn.errors import UserError

Mapped = dict[str, str | None] | None  # standard column name to the table's own; null leaves a column unused
FIRST = "events"  # the name of the first source
_KEYS = {"source", "name", "columns", "makes"}
_TAKEN = ("daily", "stickers", "members", "outcomes")


@dataclass(frozen=True)
class Log:
    """A source of events.

    Example:
        >>> [log.name for log in Log.every(["log.parquet", {"source": "tags/items.parquet"}], None)]
        ['events', 'items']
    """

    name: str  # in messages, counts and the quarantine; the type of its events where no column holds one
    source: str
    columns: Mapped
    makes: bool = False  # whether its rows are what users make, so that the list names each one's categories

    @classmethod
    def every(cls, events: str | Sequence[str | Mapping[str, Any]] | None, columns: Mapped) -> list["Log"]:
        """The sources of `data.events`, of which `data.event_columns` maps the first.

        Raises:
            UserError: for an empty list, an entry that is no source, two sources of one name, and one listed twice.
        """
        if events is None or isinstance(events, str):
            return [] if events is None else [cls(FIRST, events, columns)]
        if not events:
            raise UserError("expected at least one source in data.events", "none", "list one, or leave the key out")
        logs = [cls._of(entry, columns if not place else None, first=not place) for place, entry in enumerate(events)]
        names = [log.name for log in logs]
        for name in names:
            if names.count(name) > 1 or name in _TAKEN:
                remedy = "give it a name: {source: …, name: …}"
                raise UserError("expected sources in data.events with names of their own", repr(name), remedy)
        seen = [(log.source, log.columns) for log in logs]
        if twice := [log.source for place, log in enumerate(logs) if seen[place] in seen[:place]]:
            raise UserError("expected each source in data.events once", repr(twice[0]), "list it once")
        return logs

    @property
    def block(self) -> dict[str, Any]:
        """The source as `data.events` lists it."""
        return {"source": self.source, "name": self.name, "columns": self.columns, "makes": self.makes}

    @classmethod
    def _of(cls, entry: str | Mapping[str, Any], columns: Mapped, *, first: bool) -> "Log":
        block: dict[str, Any] = {"source": entry} if isinstance(entry, str) else dict(entry)
        name, source, own = block.get("name"), block.get("source"), block.get("columns")
        fits = isinstance(source, str) and isinstance(own, dict | None) and isinstance(name, str | None)
        fits = fits and isinstance(makes := block.get("makes", False), bool)
        if not fits or set(block) - _KEYS or (first and name not in (None, FIRST)):
            expected = "expected data.events as sources, each {source: …, name: …, columns: {…}}; the first is `events`"
            raise UserError(expected, repr(entry), "correct it")
        if columns is not None and own is not None:
            raise UserError("expected one mapping of the first source", "two", "leave data.event_columns out")
        return cls(FIRST if first else name or _stem(block["source"]), block["source"], own or columns, makes)


def _stem(source: str) -> str:
    """The name of a file without its folder and endings, or of a database's table."""
    last = re.split(r"::|[.](?=[^./]*$)", source)[-1] if "::" in source else PurePath(source).name.split(".")[0]
    return last or source
