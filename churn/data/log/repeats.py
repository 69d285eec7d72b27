"""Repeats: rows that equal an earlier one in every column, judged to be genuine or a second loading."""

from dataclasses import dataclass

import ibis
import pandas as pd
from ibis import _

from churn.data.log.daily import Daily, Tables
from churn.data.log.dialects import dialect_of

_SAMPLE = 1 << 16  # rows; a sample of this size of larger tables is looked at first, since grouping every row is slow
_NEARLY_ALL = 0.95  # share of the distinct rows of a day
_FEWEST = 20  # distinct rows of a day under which an even number of each is chance
_OF_PART = 0.01  # share of all distinct rows
_TIMES = (2, 3, 5, 7)  # the times that a day may have been loaded; multiples are found, too


@dataclass(frozen=True)
class Repeats:
    """The rows of a table that equal an earlier one, and the days that look loaded twice.

    Their share does not decide: where times are kept to the second genuine repeats are rare, where they are minutes or
    days every other row may be one. But a second loading doubles all that it loads. Of a day loaded twice, nearly every
    row is there an even number of times. Where part of every day is loaded twice, as one of many files, rows come in
    pairs and hardly in threes; chance makes pairs² / single rows × 2/3 threes (Poisson's law), and more where some
    users act more often than others.
    """

    rows: int  # the number that `deduplicate` would reject
    usable: int  # rows of the table
    days: tuple[int, ...]  # since 1970, that were loaded more than once
    in_part: bool  # whether part of the other days was

    @property
    def suspicious(self) -> bool:
        """Whether rows seem to have been loaded more than once."""
        return bool(self.days) or self.in_part

    @classmethod
    def of(cls, counts: pd.DataFrame) -> "Repeats":
        """Judge how many distinct rows (`groups`) of a day there are `n` times.

        Example:
            >>> log = pd.DataFrame({"day": [0, 0, 1], "n": [1, 2, 2], "groups": [97, 3, 100]})
            >>> Repeats.of(log)
            Repeats(rows=103, usable=303, days=(1,), in_part=False)
        """
        copied, whole = _copied(counts), bool(_copied(counts.assign(day=0)).any())
        days = tuple(copied.index[copied | whole].tolist())
        usable = int((counts.n * counts.groups).sum())
        return cls(usable - int(counts.groups.sum()), usable, days, _in_pairs(counts[~counts.day.isin(days)]))


def repeats_in(tables: Tables, daily: Daily) -> dict[str, Repeats]:
    """The repeats in the events and stickers, where these have no event_id.

    Of a large table a sample is looked at first, and if that is not suspicious the table is left out. The row
    itself decides whether it is in the sample, so that its copies are there with it.
    """
    every, rows = {**tables.sources, "stickers": tables.stickers}, daily.reconciliation
    found = {
        name: _repeats(table, rows[name].read) for name, table in every.items() if table is not None and name in rows
    }
    return {name: repeats for name, repeats in found.items() if repeats is not None}


def _repeats(table: ibis.Table, rows: int) -> Repeats | None:
    if "event_id" in table.columns:
        return None
    key = [column for column in table.columns if column not in ("day", "reason")]
    if (share := rows // _SAMPLE) > 1:
        hashed = dialect_of(table).hashed
        drawn = table.filter((hashed(table.user_id) ^ hashed(table.timestamp)) % share == 0)
        drawn = table.get_backend().create_table(ibis.util.gen_name("churn"), drawn, temp=True)
        if not Repeats.of(_counts(drawn, key)).suspicious:
            return None
    return Repeats.of(_counts(table, key))


def _counts(table: ibis.Table, key: list[str]) -> pd.DataFrame:
    """The number of distinct usable rows (`groups`) that occur `n` times on each day: day, n, groups."""
    distinct = table.filter(_.reason.isnull()).group_by(*key).aggregate(n=_.count(), day=_.day.max())
    counts: pd.DataFrame = distinct.group_by("day", "n").aggregate(groups=_.count()).order_by("day", "n").to_pandas()
    return counts


def _copied(counts: pd.DataFrame) -> pd.Series:
    """Whether nearly every row of a day occurs a multiple of two times, or of three, and so on."""
    copies = pd.DataFrame({times: counts.groups.where(counts.n % times == 0, 0) for times in _TIMES})
    groups, most = counts.groups.groupby(counts.day).sum(), copies.groupby(counts.day).sum().max(axis=1)
    return (groups >= _FEWEST) & (most >= _NEARLY_ALL * groups)


def _in_pairs(counts: pd.DataFrame) -> bool:
    """Whether pairs are common, and threes under half as many as chance would make."""
    once, twice, thrice = (int(counts.groups[counts.n == n].sum()) for n in (1, 2, 3))
    return bool(twice > _OF_PART * counts.groups.sum() and twice >= _FEWEST and 3 * thrice * once < twice**2)
