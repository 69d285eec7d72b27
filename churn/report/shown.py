"""The report's charts by themselves, for notebooks."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import plotly.io

from churn.errors import UserError
from churn.report.blocks import Beside, Block, Figure, Fold, Heading, Multiples
from churn.report.page import SECTIONS
from churn.report.run import read_run


def figures(run: Path, section: str) -> dict[str, Any]:
    """The plotly charts of one section of a run's report by their titles, those in folds too.

    A chart without a title of its own has that of the heading above it.

    Args:
        run: The run's folder.
        section: The section's place in the page's address, such as `drivers`.

    Raises:
        UserError: for a section that there is not, or an artefact of the run that is missing.
    """
    artefacts = read_run(run)
    built = {found.anchor: found for found in (build(artefacts) for build in SECTIONS)}
    if section not in built:
        raise UserError(f"expected a section out of {', '.join(built)}", repr(section), "correct the name")
    return {title: plotly.io.from_json(one.spec) for title, one in _drawn(built[section].blocks)}


def _drawn(blocks: Iterable[Block]) -> Iterator[tuple[str, Figure]]:
    """The charts with their titles; one without has that of the heading above it."""
    heading = ""
    for block in blocks:
        if isinstance(block, Heading):
            heading = block.body
        elif isinstance(block, Figure):
            yield block.title or heading, block
        elif isinstance(block, Multiples):
            yield from ((one.title, one) for one in block.figures)
        elif isinstance(block, Fold):
            yield from _drawn(block.blocks)
        elif isinstance(block, Beside):
            for column in block.columns:
                yield from _drawn(column)
