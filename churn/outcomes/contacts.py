"""The users who were really contacted, by a file of the CRM, a database's table or the store of `churn serve`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from churn.data import Engines, open_table, plain_ids, readable_to_the_last_row, without_password
from churn.errors import UserError
from churn.outcomes.earlier import Earlier
from churn.segments import forms

_LIST = "list_sha256"  # a column with the SHA-256 of the scores by which each user was contacted


@dataclass(frozen=True)
class Contacted:
    """The users who were really contacted."""

    reached: NDArray[np.bool_]  # (n,) whether each scored user was
    unknown: int  # users who were never scored
    of_others: int  # rows of other lists, which are left out


def really_contacted(source: str, earlier: Earlier) -> Contacted:
    """The scored users in a table of contacts; where it names the list of each, the contacts of this one alone.

    Ids may be written as in the log, as in the list (with its apostrophe before text like a formula), or, where the
    list holds hashes, as hashes.

    Args:
        source: A CSV or parquet file, or a database's URL and a table, such as sqlite:///runs/work.sqlite::contacts.
        earlier: The list.

    Raises:
        UserError: for a table that cannot be read, or has no column user_id.
    """
    table = _of_database(source) if "://" in source else _of_file(Path(source))
    if "user_id" not in table:
        found = ", ".join(map(str, table.columns)) or "no column"
        raise UserError(f"expected a column user_id in {without_password(source)}", found, "rename the column")
    own = table[table[_LIST] == earlier.id] if _LIST in table else table
    ids = list(dict.fromkeys(plain_ids(own.user_id)))
    place = {user_id: row for row, user_id in enumerate(earlier.scored.user_id)}
    contacted = np.zeros(len(earlier.scored), np.bool_)
    unknown = 0
    for user_id in ids:
        rows = [place[form] for form in forms(user_id, earlier.names) if form in place]
        if rows:
            contacted[rows[0]] = True
        else:
            unknown += 1
    return Contacted(contacted, unknown, len(table) - len(own))


def _of_database(source: str) -> pd.DataFrame:
    with Engines() as engines, readable_to_the_last_row():
        table: pd.DataFrame = open_table(source, engines=engines).to_pandas()
    return table


def _of_file(path: Path) -> pd.DataFrame:
    if path.suffix in (".xlsx", ".xls"):
        raise UserError("expected CSV or parquet in outcomes.contacted", path, "save the sheet as CSV")
    try:
        return pd.read_parquet(path) if path.suffix == ".parquet" else _text(path)
    except (OSError, ValueError) as error:  # errors of pandas and pyarrow, such as an empty file's
        raise UserError("expected a table in outcomes.contacted", f"{path}: {error}", "check the file") from error


def _text(path: Path) -> pd.DataFrame:
    """A table of CSV, plain or compressed, which Arrow unpacks: a file that was cut gives a system error."""
    with pa.input_stream(path) as stream:
        table: pd.DataFrame = pd.read_csv(stream, dtype=str, keep_default_na=False)
    return table
