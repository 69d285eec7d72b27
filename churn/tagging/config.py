"""The configuration of `churn tag`: the items, how they are divided, and the taggers."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from churn.data import FORMAT_KEY, check_csv
from churn.errors import UserError
from churn.keys import Block, OneOf, Range, Seed
from churn.language import LANGUAGES

COLUMNS = ("item_id", "user_id", "timestamp", "text", "picture", "category")
_NAMES = ("Characters", "CharactersAndWords", "Words", "TextNetwork", "Pictures", "Fused")
TAGGERS = [f"churn.tagging.{name}" for name in _NAMES]
Kind = Literal["random", "time", "group"]
Part = Annotated[float, Range(above=0, below=0.5)]


@dataclass(frozen=True)
class ItemSplit(Block, key="data.split"):
    """The division of the items whose category is given.

    Args:
        kind: `random`; `time`: the newest items are tested on; `group`: items with equal values of `group`, or equal
            texts where there is no such column, stand in one part.
        group: The column of the groups.
        val_share: Share for validation, on which taggers are chosen, weighed and calibrated.
        test_share: Share for the test.
    """

    kind: Kind = "group"
    group: str | None = None
    val_share: Part = 0.15
    test_share: Part = 0.2


@dataclass(frozen=True)
class ItemConfig(Block, key="data"):
    """The items, and the names of their columns.

    Args:
        items: A file, folder, glob, or an ibis URL and a table: a row per item.
        item_columns: Standard name to the table's own: item_id, category, and text or picture, or both; user_id and
            timestamp, if the items are to be events of a run; time_format, if they are divided by time and strptime is
            needed to read it. `text` may be a list of columns, which are joined. Null
            leaves a column unused.
        pictures: The place of the pictures: a folder, whose files the column `picture` names, or one file, in which
            `<picture>_offset` and `<picture>_size` say where, in bytes.
        encoders: Local directories of networks that transformers reads, by what they read: text, picture. Pictures are
            described by the network then, and texts also by the tagger TextNetwork.
        csv: DuckDB's options for delimited text, such as {delim: ";"}, and any encoding, such as cp949.
        split: The division into parts.
    """

    items: str
    item_columns: dict[str, Any] = field(default_factory=dict)
    pictures: str | None = None
    encoders: dict[str, str] = field(default_factory=dict)
    csv: dict[str, str | bool] | None = None
    split: ItemSplit = field(default_factory=ItemSplit)

    def __post_init__(self) -> None:
        """Raises UserError for an unknown standard name, or an unknown option of `csv`."""
        super().__post_init__()
        check_csv(self.csv)
        for name in self.item_columns:
            OneOf((*COLUMNS, FORMAT_KEY)).check("data.item_columns", name)
        for name in self.encoders:
            OneOf(("text", "picture")).check("data.encoders", name)

    def column(self, standard: str) -> str | None:
        """The table's own name of a standard column; None for one that is left unused."""
        found = self.item_columns.get(standard, standard)
        if found is not None and not isinstance(found, str):
            raise UserError(f"expected data.item_columns.{standard} as one column", repr(found), "name one")
        return found

    @property
    def texts(self) -> list[str]:
        """The columns whose texts are joined."""
        found = self.item_columns.get("text", "text")
        return [] if found is None else [found] if isinstance(found, str) else list(found)


@dataclass(frozen=True)
class TagConfig(Block):
    """The whole configuration of `churn tag`.

    Args:
        data: The items.
        taggers: The taggers to compare: import paths of `churn.tagging.Tagger`s. Taggers that read what the items
            lack are left out.
        coverage: Share of the items whose set is to hold the right category.
        seed: The seed of the split and of the taggers.
        language: The language of what is printed: en or ko.
    """

    data: ItemConfig
    taggers: list[str] = field(default_factory=lambda: list(TAGGERS))
    coverage: Annotated[float, Range(0.5, below=1)] = 0.9
    seed: Seed = 0
    language: Annotated[str, OneOf(LANGUAGES)] = "en"
