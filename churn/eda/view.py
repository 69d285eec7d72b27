"""What every view of the data has in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import pandas as pd

from churn.charts import sentence


@dataclass(frozen=True)
class View(ABC):
    """A table with what it says, and its chart."""

    table: pd.DataFrame
    empty: str | None  # why there is nothing to show; None where there is

    def figure(self) -> Any:
        """The chart, a plotly figure; a sentence where there is nothing to draw."""
        return self._draw() if self.empty is None else sentence(self.empty)

    def __str__(self) -> str:
        """What the view says, in a few lines."""
        return self._say() if self.empty is None else self.empty

    def _repr_html_(self) -> str:
        """For notebooks: the words, then the chart."""
        words = "".join(f"<p>{line}</p>" for line in _escaped(str(self)).splitlines())
        return words + str(self.figure().to_html(full_html=False, include_plotlyjs="cdn"))

    @abstractmethod
    def _draw(self) -> Any: ...

    @abstractmethod
    def _say(self) -> str: ...


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)
