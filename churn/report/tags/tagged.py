"""The folder that `churn tag` wrote, whose files are read when they are asked for."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.run_files import records

NONE = "none of these"  # as items.parquet calls the basis of an item without a category


class Tags:
    """The files of a folder that `churn tag` wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: dict[str, Any] = declared.TAGGING.read(folder)

    @property
    def files(self) -> list[str]:
        """The names of the files with the numbers."""
        return sorted(path.name for path in self.folder.glob("[!.]*.*") if path.name != declared.REPORT)

    @cached_property
    def items(self) -> pd.DataFrame:
        """A row per item."""
        return declared.ITEMS.read(self.folder)

    @cached_property
    def measures(self) -> pd.DataFrame:
        """A row per measure of each tagger."""
        return declared.TAG_MEASURES.read(self.folder)

    @cached_property
    def categories(self) -> pd.DataFrame:
        """A row per category of the test items."""
        return declared.TAG_CATEGORIES.read(self.folder)

    @cached_property
    def confused(self) -> pd.DataFrame:
        """The pairs of a category and another that was said, most frequent first."""
        pairs = declared.TAG_CONFUSION.read(self.folder)
        return pairs[pairs["category"] != pairs["said"]]

    def measure(self, metric: str) -> Any:
        """A measure of the chosen tagger, with n, low and high."""
        own = self.measures[self.measures["chosen"] & (self.measures["metric"] == metric)]
        return next(records(own))
