"""The base of the models that read a row as one text."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from leads.words import Words, texts, with_copies
from numpy.typing import NDArray

from churn.data import Split, Windows
from churn.keys import Range
from churn.models import Classifier

Copies = Annotated[int, Range(0, 100)]
Copied = Literal["positive", "both"]
Share = Annotated[float, Range(0, below=1)]
Weakest = Annotated[int, Range(0, 1_000)]
_STEP = 7919  # between the seeds of copies


class TextModel(Classifier):
    """The steps on rows that both models have: a text per row, columns left out, copies with nulls."""

    uses_chance: ClassVar[bool] = True
    words: Words
    copies: int
    copied: Copied
    blanked: float
    dropped: int

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Any = None) -> Self:
        """Learn from the training part."""
        return self.refit(split.train, target=target, seed=seed)

    def read_as(self, windows: Windows) -> list[str]:
        """The text of each window, (n,)."""
        return texts(self.words.of(windows)) if len(windows) else []

    def _rows(self, windows: Windows, target: str, seed: int) -> tuple[NDArray[np.object_], NDArray[np.int8]]:
        """Words to learn from and their labels, once the columns are chosen."""
        y, self.words = windows.label(target), Words.fit(windows)
        if self.dropped:
            self.words = self.words.without_weakest(self.dropped, windows, y, seed=seed)
        both = self.copied == "both"
        return with_copies(
            self.words.of(windows), y, copies=self.copies, of_both=both, blanked=self.blanked, seed=seed + _STEP
        )

    def write(self, folder: Path) -> None:
        """Write the columns and the tenths."""
        (folder / "words.json").write_text(json.dumps(asdict(self.words)))

    def read(self, folder: Path) -> None:
        """Read the columns and the tenths."""
        self.words = Words(**json.loads((folder / "words.json").read_text()))
