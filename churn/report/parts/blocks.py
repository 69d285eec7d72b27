"""Blocks: the parts of a section; the page's template knows how each kind looks."""

from dataclasses import dataclass
from typing import ClassVar

from churn.report.parts.tables import Table


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    body: str


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    body: str


@dataclass(frozen=True)
class Caption:
    """The title of a column of blocks."""

    kind: ClassVar[str] = "caption"
    body: str


@dataclass(frozen=True)
class Note:
    """A boxed remark."""

    kind: ClassVar[str] = "note"
    title: str
    body: str
    tone: str = "plain"  # plain, care


@dataclass(frozen=True)
class Tile:
    """One number with its meaning."""

    label: str
    value: str
    detail: str
    interval: str = ""
    few: bool = False


@dataclass(frozen=True)
class Tiles:
    """A row of numbers."""

    kind: ClassVar[str] = "tiles"
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Check:
    """A question about the run, with its verdict."""

    question: str
    tone: str  # good, care, bad
    verdict: str
    detail: str


@dataclass(frozen=True)
class Checks:
    """Questions with their verdicts."""

    kind: ClassVar[str] = "checks"
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Bar:
    """A share with its name, its number and a remark."""

    label: str
    share: float  # 0 to 1
    value: str
    detail: str = ""
    few: bool = False


@dataclass(frozen=True)
class Bars:
    """Shares one below the other, each a bar that needs no script."""

    kind: ClassVar[str] = "bars"
    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    kind: ClassVar[str] = "items"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Definitions:
    """Terms and what they mean."""

    kind: ClassVar[str] = "definitions"
    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Code:
    """Text as it stands in a file."""

    kind: ClassVar[str] = "code"
    body: str


@dataclass(frozen=True)
class Figure:
    """A chart with its words."""

    kind: ClassVar[str] = "figure"
    title: str
    description: str  # read out instead of the chart
    caption: str
    spec: str  # plotly JSON
    height: int  # pixels


@dataclass(frozen=True)
class Multiples:
    """Small charts of one kind, as many in a row as there is room for."""

    kind: ClassVar[str] = "multiples"
    figures: tuple[Figure, ...]
    least: float  # rem, the width from which on one more stands in the row


@dataclass(frozen=True)
class Beside:
    """Columns of blocks, one beside the other where there is room."""

    kind: ClassVar[str] = "beside"
    columns: tuple[tuple["Block", ...], ...]


@dataclass(frozen=True)
class Fold:
    """Blocks that open on demand."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: tuple["Block", ...]


Words = Text | Heading | Caption | Note | Items | Definitions | Code
Block = Words | Tiles | Checks | Bars | Table | Figure | Multiples | Beside | Fold


@dataclass(frozen=True)
class Section:
    """One part of a page, with its place in the contents; without blocks it is one line."""

    anchor: str
    title: str
    lead: str  # says the finding
    blocks: tuple[Block, ...]
    behind: str = ""  # the anchor of the section of the other page that holds the numbers behind it
