"""Sections and charts of the pages by themselves, for notebooks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.io

from churn.eda import View
from churn.errors import UserError
from churn.language import say
from churn.report.pages import REPORT, evidence_with
from churn.report.parts.blocks import (
    Bars,
    Beside,
    Block,
    Caption,
    Checks,
    Figure,
    Fold,
    Heading,
    Items,
    Multiples,
    Note,
    Section,
    Text,
    Tiles,
)
from churn.runs import Run


@dataclass(frozen=True, repr=False, eq=False)
class SectionView(View):
    """A section of a run's pages as a view: its numbers, its words, and its charts.

    `table` is the first of `tables`, the run's tables that the section is made from, by their files' names.
    """

    title: str
    said: tuple[str, ...]  # the lead, then the section's other sentences
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, Any]  # plotly's, by their titles

    @property
    def finding(self) -> str:
        """The lead."""
        return self.said[0]

    def __str__(self) -> str:
        """The title, then every sentence, whether there is a chart or not."""
        return self._say()

    __repr__ = __str__

    def _say(self) -> str:
        return "\n".join((self.title, *self.said))

    def _draw(self) -> Any:
        return next(iter(self.figures.values()))

    def _ipython_display_(self) -> None:
        """The words, then every chart."""
        print(self)
        for drawn in self.figures.values():
            drawn.show()


def view(run: Run, name: str, *, sections: Sequence[str] = ()) -> View:
    """A view of a run by its name: of the data, such as `retention`, or of a section of its pages, such as `gains`.

    Args:
        run: The run.
        name: The name of one that `Run.views` gives, or the section's place in its page's address.
        sections: Import paths of sections of your own, as of `write_report`.

    Raises:
        UserError: for a name that there is not, or an artefact of the run that is missing.
    """
    of_data = []
    for _, called, found_view in run.views():
        if called == name:
            return found_view
        of_data.append(called)
    with run.noting() as tables:
        found = _section(run, name, sections=sections, others=of_data)
    charts = _charts(found)
    empty = None if charts else say("{title}: there is nothing to draw.", title=found.title)
    table = next(iter(tables.values()), pd.DataFrame()).copy()
    return SectionView(table, empty, found.title, (found.lead, *_said(found.blocks)), tables, charts)


def figures(run: Path | str, section: str, *, sections: Sequence[str] = ()) -> dict[str, Any]:
    """The plotly charts of one section of a run's pages by their titles, charts in folds too.

    Before the title stands what the page has above a group of charts, such as the target, as in `Churn: tenure`; where
    two groups have charts of one name, the heading above them, too. A chart without a title has that of the heading.

    Args:
        run: The run's folder.
        section: The section's place in its page's address, such as `drivers`.
        sections: Import paths of sections of your own, as of `write_report`.

    Raises:
        UserError: for a section that there is not, or an artefact of the run that is missing.
    """
    return _charts(_section(Run.open(run), section, sections=sections))


def _charts(section: Section) -> dict[str, Any]:
    return {title: plotly.io.from_json(one.spec) for title, one in named(section.blocks)}


def _section(run: Run, anchor: str, *, sections: Sequence[str], others: Iterable[str] = ()) -> Section:
    """The section at a place of either page; `others` are names that would have been right, too."""
    builds = {**REPORT.of(run).builds, **evidence_with(sections).of(run).builds}
    if anchor in builds and anchor not in sections:
        return builds[anchor](run)
    own = {found.anchor: found for found in (builds[path](run) for path in sections)}
    if anchor in own:
        return own[anchor]
    names = ", ".join([*others, *(name for name in builds if name not in sections), *own])
    raise UserError(f"expected a view out of {names}", repr(anchor), "correct the name")


def _said(blocks: Iterable[Block]) -> Iterator[str]:
    """The words outside folds, tables and charts."""
    for block in blocks:
        if isinstance(block, Text | Heading | Caption):
            yield block.body
        elif isinstance(block, Note):
            yield f"{block.title}: {block.body}"
        elif isinstance(block, Items):
            yield from block.items
        elif isinstance(block, Checks):
            yield from (f"{check.question} {check.verdict}. {check.detail}" for check in block.checks)
        elif isinstance(block, Tiles):
            yield from (" ".join(filter(None, (f"{t.label}:", t.value, t.interval, t.detail))) for t in block.tiles)
        elif isinstance(block, Bars):
            yield from (" ".join(filter(None, (f"{bar.label}: {bar.value}.", bar.detail))) for bar in block.bars)
        elif isinstance(block, Beside):
            for column in block.columns:
                yield from _said(column)


def named(blocks: Iterable[Block]) -> Iterator[tuple[str, Figure]]:
    """The charts, each with a name of its own."""
    drawn = list(_drawn(blocks))
    short, taken = Counter(path[1:] for path, _ in drawn), Counter[str]()
    for path, figure in drawn:
        name = ": ".join(filter(None, path if short[path[1:]] > 1 else path[1:]))
        taken[name] += 1
        yield name if taken[name] == 1 else f"{name} ({taken[name]})", figure


def _drawn(blocks: Iterable[Block], heading: str = "") -> Iterator[tuple[tuple[str, str, str], Figure]]:
    """The charts, each with the heading or fold that it stands under, the caption of its group, and its title."""
    caption = ""
    for block in blocks:
        if isinstance(block, Heading):
            heading, caption = block.body, ""
        elif isinstance(block, Caption):
            caption = block.body
        elif isinstance(block, Figure):
            yield (heading, caption, block.title or heading), block
        elif isinstance(block, Multiples):
            yield from (((heading, caption, one.title), one) for one in block.figures)
        elif isinstance(block, Fold):
            yield from _drawn(block.blocks, block.title)
        elif isinstance(block, Beside):
            for column in block.columns:
                yield from _drawn(column, heading)
