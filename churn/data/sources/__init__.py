"""Sources of tables: files, databases, data frames and the simulator."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.data.sources.databases import Engines, engine_errors, moved, readable_to_the_last_row
    from churn.data.sources.files import UNREADABLE, likely_encoding
    from churn.data.sources.opening import Frame, digest, open_table, size
    from churn.data.sources.passwords import without_password, without_passwords
    from churn.data.sources.warehouses import (
        columns_of,
        in_one_transaction,
        quoted,
        replace_rows,
        table_of,
        writable,
    )

__all__ = [
    "UNREADABLE",
    "Engines",
    "Frame",
    "columns_of",
    "digest",
    "engine_errors",
    "in_one_transaction",
    "likely_encoding",
    "moved",
    "open_table",
    "quoted",
    "readable_to_the_last_row",
    "replace_rows",
    "size",
    "table_of",
    "without_password",
    "without_passwords",
    "writable",
]

__getattr__ = lazily(__name__, __file__)
