"""Tables as files: parquet, and CSV in which no text is a formula to a spreadsheet."""

import csv
from collections.abc import Collection
from io import BytesIO
from pathlib import Path

import pandas as pd

from churn.artefacts.defused import harmless, restored
from churn.artefacts.reading import as_written
from churn.artefacts.writing import atomic


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as parquet or CSV, by the ending of `path`; `read_table` gives it back as it was.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "table.csv"
        >>> write_table(pd.DataFrame({"name": ["=1+1"], "n": [0.1]}), path)
        >>> print(path.read_text())
        "name","n"
        "'=1+1",0.1
        >>> read_table(path).to_dict("records")
        [{'name': '=1+1', 'n': 0.1}]
    """
    with atomic(path) as scratch:
        if path.suffix == ".parquet":
            table.to_parquet(scratch, index=False)
        else:
            text = table.select_dtypes(exclude=["number", "bool", "datetime"]).astype(object)
            defused = table.assign(**{str(name): text[name].map(harmless) for name in text}).rename(columns=harmless)
            # All text is quoted: an unquoted carriage return would begin a row, and with it a formula.
            defused.to_csv(scratch, index=False, quoting=csv.QUOTE_NONNUMERIC)


def read_table(path: Path, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a table that `write_table` wrote, with every number as it was and ids as text.

    Args:
        path: The file.
        text: Columns of a CSV that hold text, also where all of it looks like numbers.

    Raises:
        UserError: for a file that is missing, cut short or corrupt.
    """
    with as_written(path), path.open("rb") as file:
        return pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(file.read(), text)


def _read_csv(content: bytes, text: Collection[str]) -> pd.DataFrame:
    if not content.endswith(b"\n"):
        raise ValueError("a line that does not end")
    if content.isspace():  # a table without columns
        return pd.DataFrame()
    # By default pandas misses a third of the numbers by the last bit, and reads the id 007 as 7 and "null" as missing.
    table = pd.read_csv(
        BytesIO(content),
        float_precision="round_trip",
        converters={"user_id": str},
        dtype=dict.fromkeys(text, object),
        keep_default_na=False,
        na_values=[""],
    )
    words = table.select_dtypes(object)
    return table.assign(**{str(name): words[name].map(restored) for name in words}).rename(columns=restored)
