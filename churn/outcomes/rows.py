"""Rows of a table as dictionaries, to be put into words."""

from typing import Any

import pandas as pd

Row = dict[str, Any]


def records(table: pd.DataFrame) -> list[Row]:
    """The rows with their columns as keys.

    Example:
        >>> records(pd.DataFrame({"n": [1, 2]}))
        [{'n': 1}, {'n': 2}]
    """
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
