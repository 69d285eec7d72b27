"""Declarations: each file of a run with its columns, checked when it is written and when it is read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from churn.artefacts.formats import read_table, write_table
from churn.artefacts.reading import read_json
from churn.artefacts.signed import check_signed, signed
from churn.artefacts.writing import write_json
from churn.errors import UserError

REMEDY = "finish the run with `churn run --config FILE --out DIR`, then build the report again"
_KINDS = {"text": "OSU", "number": "iuf", "count": "iu", "flag": "b", "day": "M"}  # NumPy's, by a column's type
Hide = Callable[[pd.Series], pd.Series]  # users' ids to ids that may be published


@dataclass(frozen=True)
class Table:
    """A table of a run's folder.

    Args:
        file: Its name in the folder.
        row: The thing that a row describes.
        columns: Names with types, as in `user_id:id p_churn:number reason:text?`. The types are text, number, count
            (a whole number), flag, day, and id (text or whole numbers, as the log has users); `?` marks a column that
            some runs do not have.
        further: A description of columns of other names, where there may be any.
        optional: Whether some runs do not write it.
        chance: Whether the chance of an outcome, p_<name>, may stand in place of p_churn.
        ranked: Whether the order of the rows has a meaning. The rows of other tables are sorted by hashed ids, since
            their own order would reveal the ids.

    Example:
        >>> import tempfile
        >>> gains = Table("gains.csv", "a share of users", "share:number gain:number low:number?")
        >>> folder = Path(tempfile.mkdtemp())
        >>> gains.write(pd.DataFrame({"share": [0.1], "gain": [2]}), folder)
        >>> gains.read(folder).to_dict("records")
        [{'share': 0.1, 'gain': 2}]
        >>> gains.write(pd.DataFrame({"share": ["a tenth"], "gain": [2]}), folder)
        Traceback (most recent call last):
        TypeError: gains.csv: share is object, declared as number
    """

    file: str
    row: str
    columns: str
    further: str = ""
    optional: bool = False
    ranked: bool = False
    chance: bool = False

    @cached_property
    def types(self) -> Mapping[str, str]:
        """The type of each column."""
        return {name: kind.removesuffix("?") for name, _, kind in (one.partition(":") for one in self.columns.split())}

    @cached_property
    def required(self) -> Sequence[str]:
        """The columns that every run's table has."""
        return [one.partition(":")[0] for one in self.columns.split() if not one.endswith("?")]

    @property
    def holds_users(self) -> bool:
        """Whether rows are of users, whose ids are hidden where a key is set."""
        return "id" in self.types.values()

    def write(self, table: pd.DataFrame, folder: Path, hide: Hide | None = None) -> None:
        """Write a table into a folder.

        Args:
            table: The rows; an empty table needs no types.
            folder: The run's folder.
            hide: The function that hashes users' ids; None where ids may be read.

        Raises:
            TypeError: for a column that is missing, undeclared or of another type.
        """
        self._check(table)
        if hide is not None and self.holds_users:
            table = table.assign(user_id=hide(table["user_id"]))
            table = table if self.ranked else table.sort_values("user_id", kind="stable", ignore_index=True)
        write_table(table, folder / self.file)

    def read(self, folder: Path) -> pd.DataFrame:
        """Read the table of a folder; one without rows may lack its header.

        Raises:
            UserError: if it is missing though every run writes it, or lacks a column.
        """
        path = folder / self.file
        if self.optional and not path.exists():
            return self.empty()
        if not path.is_file():
            raise UserError(f"expected {self.file} in {folder}", "no such file", REMEDY)
        table = read_table(path, [name for name, kind in self.types.items() if kind == "text" and name != "user_id"])
        if table.empty and not len(table.columns):
            return self.empty()
        if lacking := [name for name in self.required if name not in table]:
            raise UserError(f"expected {', '.join(lacking)} in {self.file}", ", ".join(map(str, table)), REMEDY)
        return table

    def of(self, rows: Iterable[Sequence[object]]) -> pd.DataFrame:
        """The table of some rows, each with a value for every column."""
        return pd.DataFrame(list(rows), columns=list(self.types))

    def empty(self) -> pd.DataFrame:
        """The table without rows."""
        return self.of(())

    def _check(self, table: pd.DataFrame) -> None:
        found = [str(name) for name in table]
        if lacking := [name for name in self.required if name not in found]:
            raise TypeError(f"{self.file}: no column {', '.join(lacking)}")
        if undeclared := [name for name in found if name not in self.types and not self._is_further(name)]:
            raise TypeError(f"{self.file}: {', '.join(undeclared)} not declared")
        for name in found if len(table) else ():
            declared, column = self.types.get(name, "number" if self._is_chance(name) else "id"), table[name]
            if declared != "id" and column.dtype.kind not in _KINDS[declared] and column.notna().any():
                raise TypeError(f"{self.file}: {name} is {column.dtype}, declared as {declared}")

    def _is_further(self, name: str) -> bool:
        return bool(self.further) or self._is_chance(name)

    def _is_chance(self, name: str) -> bool:
        return self.chance and name.startswith("p_")


@dataclass(frozen=True)
class Document:
    """A JSON file of a run's folder: an object, or a list of objects.

    Args:
        file: Its name in the folder.
        holds: A description of its contents.
        keys: The keys that the object, or each object of the list, has; `?` marks one that older files do not have.
        several: Whether it is a list.
        optional: Whether some runs do not write it.
        signed: Whether the object holds its own hash, by which it is checked when it is read.
    """

    file: str
    holds: str
    keys: str
    several: bool = False
    optional: bool = False
    signed: bool = False

    def write(self, value: Mapping[str, Any] | Sequence[Mapping[str, Any]], folder: Path) -> None:
        """Write the document into a folder.

        Raises:
            TypeError: for a missing key.
        """
        for one in value if self.several else [value]:
            if lacking := self._lacking(one):
                raise TypeError(f"{self.file}: no key {', '.join(lacking)}")
        write_json(signed(value) if self.signed and isinstance(value, Mapping) else value, folder / self.file)

    def read(self, folder: Path) -> Any:
        """Read the document of a folder; an empty list if an optional one is missing.

        Raises:
            UserError: if it is missing, corrupt, or lacks a key.
        """
        path = folder / self.file
        if not path.is_file():
            if self.optional and not path.exists():
                return []
            raise UserError(f"expected {self.file} in {folder}", "no such file", REMEDY)
        found = read_json(path)
        if isinstance(found, list) != self.several:
            raise UserError(f"expected {'a list' if self.several else 'an object'} in {path}", "another", REMEDY)
        for one in found if self.several else [found]:
            if lacking := self._lacking(one):
                raise UserError(f"expected {', '.join(lacking)} in {self.file}", ", ".join(map(str, one)), REMEDY)
        if self.signed:
            check_signed(found, path)
        return found

    def _lacking(self, one: Any) -> list[str]:
        return [key for key in self.keys.split() if key[-1] != "?" and (not isinstance(one, Mapping) or key not in one)]


class TargetTables:
    """Tables that are made per target and written together, the target in the first column."""

    def __init__(self) -> None:
        self._parts: dict[Table, list[pd.DataFrame]] = {}

    def add(self, declared: Table, table: pd.DataFrame, *, target: str) -> None:
        """Keep a target's rows of a table."""
        table = table.copy()
        table.insert(0, "target", target)
        self._parts.setdefault(declared, []).append(table)

    def write(self, folder: Path, hide: Hide | None = None) -> None:
        """Write every table, without rows where no target has any."""
        for declared, parts in self._parts.items():
            full = [part for part in parts if not part.empty]
            declared.write(pd.concat(full, ignore_index=True) if full else parts[0], folder, hide)
