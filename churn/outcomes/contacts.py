"""The users who were really contacted, by a file of the CRM."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from churn.data import plain_ids
from churn.errors import UserError
from churn.outcomes.earlier import Earlier
from churn.segments import forms


def really_contacted(path: Path, earlier: Earlier) -> tuple[NDArray[np.bool_], int]:
    """A mask of the scored users in the file, (n,), and the number of users in it who were never scored.

    Ids may be written as in the log, as in the list (with its apostrophe before text like a formula), or, where the
    list holds hashes, as hashes.

    Raises:
        UserError: for a file that cannot be read, or has no column user_id.
    """
    ids = _read(path)
    place = {user_id: row for row, user_id in enumerate(earlier.scored.user_id)}
    contacted = np.zeros(len(earlier.scored), np.bool_)
    unknown = 0
    for user_id in ids:
        rows = [place[form] for form in forms(user_id, earlier.names) if form in place]
        if rows:
            contacted[rows[0]] = True
        else:
            unknown += 1
    return contacted, unknown


def _read(path: Path) -> list[str]:
    if path.suffix in (".xlsx", ".xls"):
        raise UserError("expected CSV or parquet in outcomes.contacted", path, "save the sheet as CSV")
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else _text(path)
    except (OSError, ValueError) as error:  # errors of pandas and pyarrow, such as an empty file's
        raise UserError("expected a table in outcomes.contacted", f"{path}: {error}", "check the file") from error
    if "user_id" not in table:
        found = ", ".join(map(str, table.columns)) or "no column"
        raise UserError(f"expected a column user_id in {path}", found, "rename the column")
    return list(dict.fromkeys(plain_ids(table.user_id)))


def _text(path: Path) -> pd.DataFrame:
    """A table of CSV, plain or compressed, which Arrow unpacks: a file that was cut gives a system error."""
    with pa.input_stream(path) as stream:
        table: pd.DataFrame = pd.read_csv(stream, dtype=str, keep_default_na=False)
    return table
