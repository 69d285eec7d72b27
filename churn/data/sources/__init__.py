"""Where tables come from: files, data frames and the simulator."""

from churn.data.sources.files import Frame, digest, open_table

__all__ = ["Frame", "digest", "open_table"]
