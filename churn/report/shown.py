"""The report's charts by themselves, for notebooks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import plotly.io

from churn.errors import UserError
from churn.report.blocks import Beside, Block, Caption, Figure, Fold, Heading, Multiples
from churn.report.pages import REPORT, evidence_with
from churn.runs import Run


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
    artefacts = Run.open(run)
    anchors = []
    for build in (*REPORT.builds, *evidence_with(sections).builds):
        found = build(artefacts)
        if found.anchor == section:
            return {name: plotly.io.from_json(one.spec) for name, one in named(found.blocks)}
        anchors.append(found.anchor)
    raise UserError(f"expected a section out of {', '.join(anchors)}", repr(section), "correct the name")


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
