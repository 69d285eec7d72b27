"""Spreadsheets as tables: the one sheet of a workbook that has rows, its first row the names of the columns."""

from collections.abc import Collection, Sequence

import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend

from churn.errors import UserError


def open_sheets(paths: Sequence[str], engine: Backend, as_text: Collection[str]) -> ibis.Table:
    """Read workbooks into a table; a column of mixed types becomes text.

    Args:
        paths: The files, .xlsx or .xlsm.
        engine: The DuckDB in which the table is made.
        as_text: Columns that are never numbers, whatever they look like.

    Raises:
        UserError: for a file that is not a workbook, or one with several sheets or none.
    """
    frame = pd.concat([_sheet(path) for path in paths], ignore_index=True)
    frame = frame.set_axis(frame.columns.map(str), axis=1)
    name = ibis.util.gen_name("sheet")
    columns = {column: _typed(values, column in as_text) for column, values in frame.items()}
    engine.con.register(name, pa.table(columns))
    return engine.table(name)


def _sheet(path: str) -> pd.DataFrame:
    try:
        sheets = pd.read_excel(
            path, engine="openpyxl", sheet_name=None, dtype=object, keep_default_na=False, na_values=[""]
        )
    except Exception as error:  # openpyxl, zipfile and the XML parser each have errors of their own
        remedy = "save it as .xlsx or CSV again"
        found = " ".join(str(error).split())
        raise UserError(f"expected a workbook that can be read at {path}", found, remedy) from error
    filled = {name: sheet for name, sheet in sheets.items() if len(sheet)}
    if len(filled) != 1:
        found = f"the sheets {', '.join(filled)}" if filled else "none"
        remedy = "save the one that is meant as a file of its own"
        raise UserError(f"expected one sheet with rows in {path}", found, remedy)
    return next(iter(filled.values()))


def _typed(values: pd.Series, text: bool) -> pa.Array:
    """A column in the common type of its cells, else as text."""
    inferred = values.infer_objects()
    if not text and (inferred.dtype != object or pd.api.types.infer_dtype(values, skipna=True) == "boolean"):
        return pa.array(inferred, from_pandas=True)
    known = values.notna()
    return pa.array([str(value) if there else None for value, there in zip(values, known, strict=True)], pa.string())
