"""Where tables come from: files, data frames and the simulator."""

from churn.data.sources.files import Frame, open_table

__all__ = ["Frame", "open_table"]
