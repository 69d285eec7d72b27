"""The forms in which destinations take a list: the name of the key, the names of columns, and limits."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from churn.artefacts import harmless, write_table
from churn.delivery.config import DeliveryConfig
from churn.delivery.destinations import BrazeConfig, Destination, HubSpotConfig, SalesforceConfig, TableConfig
from churn.errors import UserError

LIST_COLUMNS = ("run", "cutoff")
OWN_COLUMNS = (*LIST_COLUMNS, "delivery", "delivered_at")  # that a table of a warehouse has before the key
_MB = 1_000_000
_ANY = re.compile(r"\S(.*\S)?")


@dataclass(frozen=True)
class Form:
    """CSV as a destination takes it: UTF-8, lines that end with a line feed, the key in the first column.

    Args:
        key: The name of the first column.
        rows: Most rows of a file, without its header.
        size: Most bytes of a file.
        columns: Most columns.
        longest: Most characters of a text; longer ones are cut.
        name: The pattern that names of columns fit.
        behind: The end of a column's name by default.
        missing: The text in place of a missing value.
    """

    key: str
    rows: int = 2**62
    size: int = 2**62
    columns: int = 2**31
    longest: int = 2**31
    name: re.Pattern[str] = field(default=_ANY)
    behind: str = ""
    missing: str = ""


_ATTRIBUTE = re.compile(r"(?!\$)\S(.{0,253}\S)?")
_COLUMN = re.compile(rf"(?!({'|'.join(OWN_COLUMNS)})$)\S(.*\S)?", re.IGNORECASE)
_FIELD = re.compile(r"(?=.{1,40}(__c)?$)[A-Za-z](_?[A-Za-z0-9])*(__c)?")


def form_of(config: DeliveryConfig, destination: Destination) -> Form:
    """The form of a destination, as its vendor documents it.

    Sources:
        Braze, CSV import: external_id, at most 500 MB; names and texts of custom attributes have at most 255
        characters, names do not begin with $; a blank leaves what is there:
        https://www.braze.com/docs/user_guide/audience/manage_audience/import_users/csv_import/
        HubSpot, Set up import files: UTF-8, under 1,000 columns, at most 512 MB and 1,048,576 rows:
        https://knowledge.hubspot.com/import-and-export/set-up-your-import-file
        Salesforce, Prepare CSV Files and Upload Job Data: at most 150 MB as base64, which is 100 MB of CSV; line feeds;
        #N/A empties a field, an empty value leaves it; names of fields are letters, digits and single underscores, at
        most 40 before __c:
        https://developer.salesforce.com/docs/platform/api-asynch/guide/upload-job-data.html
    """
    if isinstance(destination, BrazeConfig):
        return Form("external_id", size=500 * _MB, longest=255, name=_ATTRIBUTE)
    if isinstance(destination, HubSpotConfig):
        return Form(destination.property, rows=1_048_575, size=512 * _MB, columns=999)
    if isinstance(destination, SalesforceConfig):
        limits = {"size": 100 * _MB, "longest": 32_000}
        return Form(destination.external_id, **limits, name=_FIELD, behind="__c", missing="#N/A")
    key = "user_id" if config.match.table is None else config.match.key
    return Form(key, name=_COLUMN) if isinstance(destination, TableConfig) else Form(key)


def formed(columns: pd.DataFrame, keys: pd.Series, form: Form, wanted: dict[str, str]) -> tuple[pd.DataFrame, int]:
    """The rows as a destination gets them, and the number of texts that had to be cut.

    Args:
        columns: The columns of priority.csv.
        keys: The key of each row.
        form: The form of the destination.
        wanted: Its names of columns with the columns behind them; none take every column.

    Raises:
        UserError: for a column that the list has not, and for a name that the destination does not take.
    """
    names = wanted or {f"{name}{form.behind}": str(name) for name in columns}
    if unknown := [name for name in names.values() if name not in columns]:
        there = f"the columns {', '.join(map(str, columns))}"
        raise UserError(f"expected the column {unknown[0]!r} in the list", there, "correct `columns`")
    for name in (form.key, *names):
        if not form.name.fullmatch(name) or harmless(name) != name or (name == form.key and name in names):
            remedy = "name it otherwise in `columns`"
            raise UserError("expected names of columns that the destination takes", repr(name), remedy)
    if len(names) >= form.columns:
        raise UserError(f"expected at most {form.columns:,} columns", len(names) + 1, "name fewer in `columns`")
    table = columns[[*names.values()]].set_axis([*names], axis=1)
    whole, table = table, table.map(lambda value: _cut(value, form.longest))
    shortened = int((table.notna() & (table != whole)).to_numpy().sum())
    if form.missing:
        table = table.astype(object).where(table.notna() & (table != ""), form.missing)
    table.insert(0, form.key, keys)
    return table, shortened


def write_parts(table: pd.DataFrame, folder: Path, *, name: str, form: Form) -> list[Path]:
    """Write a table into a folder as numbered files within the limits of a form; return them in order.

    Raises:
        UserError: for a single row that is too large.

    Example:
        >>> import tempfile
        >>> rows = pd.DataFrame({"external_id": list("abc")})
        >>> found = write_parts(rows, Path(tempfile.mkdtemp()), name="may", form=Form("external_id", rows=2))
        >>> [path.name for path in found]
        ['may-001.csv', 'may-002.csv']
    """
    written: list[Path] = []
    waiting = [table.iloc[start : start + form.rows] for start in range(0, len(table), min(form.rows, len(table)))]
    while waiting:
        part, path = waiting.pop(0), folder / f"{name}-{len(written) + 1:03}.csv"
        write_table(part, path)
        if path.stat().st_size <= form.size:
            written.append(path)
        elif (half := len(part) // 2) == 0:
            raise UserError(f"expected rows of at most {form.size:,} bytes", part.iloc[0, 0], "name fewer columns")
        else:
            waiting[:0] = [part.iloc[:half], part.iloc[half:]]
            path.unlink()
    return written


def _cut(value: object, longest: int) -> object:
    """A text within a limit, also with the apostrophe that makes it harmless."""
    return f"{value[: longest - 2]}…" if isinstance(value, str) and len(str(harmless(value))) > longest else value
