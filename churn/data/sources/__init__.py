"""Where tables come from: files, databases, data frames and the simulator."""

from churn.data.sources.databases import Engines, engine_errors, moved, readable_to_the_last_row, without_password
from churn.data.sources.opening import Frame, digest, open_table, size

__all__ = [
    "Engines",
    "Frame",
    "digest",
    "engine_errors",
    "moved",
    "open_table",
    "readable_to_the_last_row",
    "size",
    "without_password",
]
