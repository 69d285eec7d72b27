"""Where tables come from: files, databases, data frames and the simulator."""

from churn.data.sources.databases import moved, without_password
from churn.data.sources.opening import Frame, digest, open_table

__all__ = ["Frame", "digest", "moved", "open_table", "without_password"]
