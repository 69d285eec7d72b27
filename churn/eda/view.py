"""View: the base of every view of the data."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import pandas as pd

from churn.charts import sentence


@dataclass(frozen=True, repr=False, eq=False)  # tables are not compared in a word
class View(ABC):
    """A table with its message in words, and its chart."""

    table: pd.DataFrame
    empty: str | None  # why there is nothing to show; None where there is

    def figure(self) -> Any:
        """The chart, a plotly figure; a sentence where there is nothing to draw."""
        return self._draw() if self.empty is None else sentence(self.empty)

    def __str__(self) -> str:
        """The view's message, in a few lines."""
        return self._say() if self.empty is None else self.empty

    __repr__ = __str__

    @property
    def finding(self) -> str:
        """The line of the message that says most; the first one names the view and its size."""
        return str(self).splitlines()[:2][-1]

    def _ipython_display_(self) -> None:
        """The view in notebooks: the words, then the chart as plotly shows any, without a network if it can."""
        print(self)
        self.figure().show()

    @abstractmethod
    def _draw(self) -> Any: ...

    @abstractmethod
    def _say(self) -> str: ...
