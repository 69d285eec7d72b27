"""Spellings: ids and names that differ only in ways that people would not call a difference."""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import ibis
import pandas as pd
from ibis import _

from churn.data.config.data_config import DataConfig
from churn.data.log.daily import Daily, Tables

FRACTIONAL = r"^(-?[0-9]+)[.]0+$"  # a whole number in a column that a null has made fractional
_EXAMPLES = 3
_BEGINS = tuple("+-0123456789")  # the first signs of a number
_NUMBER = re.compile(r"([+-]?)0*([0-9]+)(?:[.]0*|,0{1,2})?")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(?:[.]0*)?")
_FLOAT = re.compile(r"[0-9](?:[.][0-9]+)?[eE][+][0-9]{2}")
_WHOLE = {"float32": 2**24, "float64": 2**53}  # the number from which on a type does not hold every whole number
_NOBODY = ("", "null", "none", "nan", "n/a", "<na>", "undefined")  # values that mean a missing id


@dataclass(frozen=True)
class Spellings:
    """Names of one kind that differ only in case, blanks, Unicode form, or the way a number is written.

    Example:
        >>> Spellings.of(["u1", " U1", "u2", "007", "7.0"])
        Spellings(names=2, written=4, examples=[['007', '7.0'], [' U1', 'u1']], nobody=[], rounded=0, rounded_as='')
    """

    names: int  # that are written in several ways
    written: int  # the ways
    examples: list[list[str]]
    nobody: list[str]  # names that stand for a missing one
    rounded: int = 0  # names that are numbers which a column of floats has rounded
    rounded_as: str = ""  # an example

    @classmethod
    def of(cls, names: Iterable[str], others: Iterable[str] = (), *, whole: float = math.inf) -> "Spellings":
        """Compare names with each other, and with them others that matter as their spellings alone.

        Args:
            names: The names.
            others: The others.
            whole: The number from which on names that are whole numbers may be rounded.
        """
        first: dict[str, str] = {}
        ways: dict[str, set[str]] = {}
        for name in names:
            if (same := first.setdefault(one := folded(name), name)) != name:
                ways.setdefault(one, {same}).add(name)
        for name in others:
            if (same := first.get(one := folded(name), name)) != name:
                ways.setdefault(one, {same}).add(name)
        several = [sorted(ways[one]) for one in sorted(ways)]
        nobody = sorted({name for one in _NOBODY if one in first for name in (first[one], *ways.get(one, ()))})
        rounded = sorted(name for name in first.values() if _is_rounded(name, whole))
        return cls(
            len(several), sum(map(len, several)), several[:_EXAMPLES], nobody, len(rounded), next(iter(rounded), "")
        )


def plain_ids(ids: pd.Series) -> pd.Series:
    """Ids of a table from elsewhere as text, written as the log's are.

    Example:
        >>> plain_ids(pd.Series([7.0, 8.0])).tolist(), plain_ids(pd.Series(["7.0", "u1"])).tolist()
        (['7', '8'], ['7', 'u1'])
    """
    return ids.astype(str).str.replace(FRACTIONAL, r"\1", regex=True)


def folded(name: str) -> str:
    """The form that a name has in common with its other spellings.

    Example:
        >>> folded(" Zoe\N{COMBINING DIAERESIS} "), folded("0012.0"), folded("1.2e+04"), folded("12,000")
        ('zoë', '12', '12000', '12000')
    """
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    if not plain.isalnum():
        plain = "".join(sign for sign in plain if sign.isprintable() and not sign.isspace())
    if plain[:1] not in _BEGINS:
        return plain.casefold()
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    if number := _NUMBER.fullmatch(plain):
        return "".join(number.groups()).removeprefix("+")
    return _written_out(plain) or plain.casefold()


def _written_out(text: str) -> str | None:
    """A whole number that a spreadsheet has written with an exponent, as its digits."""
    if not re.fullmatch(r"[0-9](?:[.][0-9]+)?[eE][+]?[0-9]{1,2}", text):
        return None
    value = float(text)
    return str(int(value)) if value.is_integer() else None


def _is_rounded(name: str, whole: float) -> bool:
    """Whether a name is a number with more digits than a float holds."""
    if name.isdecimal():
        return int(name) >= whole
    return "+" in name and bool(_FLOAT.fullmatch(name)) and float(name) >= _WHOLE["float64"]


def spellings_in(tables: Tables, daily: Daily, *, config: DataConfig) -> dict[str, Spellings]:
    """The spellings of users' ids, among all ids that the tables hold, and of event types, where there are any."""
    found = {"event": Spellings.of(daily.event_types)}
    if daily.users.user_id.type().is_string():
        users = daily.users.order_by("code").user_id.to_pyarrow().to_pylist()
        found["user_id"] = Spellings.of(users, _others(tables, daily), whole=_whole(tables, config))
    return {name: one for name, one in found.items() if one.names or one.nobody or one.rounded}


def _whole(tables: Tables, config: DataConfig) -> float:
    """The number from which on users' ids may be rounded because the log holds them as floats; infinity elsewhere."""
    kinds = [
        tables.columns.get(log.name, {}).get((log.columns or {}).get(name) or name, "")
        for log in config.logs
        for name in ("user_id", "actor_id")
    ]
    return min((_WHOLE[kind.lstrip("!")] for kind in kinds if kind.lstrip("!") in _WHOLE), default=math.inf)


def _others(tables: Tables, daily: Daily) -> Iterator[str]:
    """The ids of strangers and actors, none of which is a user's own."""
    every = [(tables.events, "user_id"), (tables.events, "actor_id"), (tables.daily, "user_id")]
    every.append((tables.stickers, "user_id"))
    ids = [
        table.filter(_.reason.isnull()).select(user_id=table[column])
        for table, column in every
        if table is not None and column in table.columns
    ]
    for batch in ibis.union(*ids, distinct=True).anti_join(daily.users, "user_id").to_pyarrow_batches():
        yield from batch["user_id"].to_pylist()
