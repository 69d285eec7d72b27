"""Keeping views: a table and a few facts, from which a view is made again where it is read."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from churn.artefacts import as_written, declared, read_table, write_table
from churn.eda.beginnings import FirstSteps
from churn.eda.cohorts import Retention, Revenue
from churn.eda.decomposition import Seasons
from churn.eda.definition_lab import Definitions
from churn.eda.journey_differences import JourneyDifferences
from churn.eda.one_user import Anatomy
from churn.eda.session_variants import Variants
from churn.eda.silences import Returns
from churn.eda.staying import Survival
from churn.eda.transitions import DirectlyFollows
from churn.eda.view import View
from churn.language import Said, kept, retold, revalued, valued

_KINDS: Mapping[str, type[View]] = {
    kind.__name__: kind
    for kind in (
        Anatomy,
        Definitions,
        DirectlyFollows,
        FirstSteps,
        JourneyDifferences,
        Retention,
        Returns,
        Revenue,
        Seasons,
        Survival,
        Variants,
    )
}


def keep_view(view: View, name: str, folder: Path) -> dict[str, object]:
    """Write a view's table into a folder, and return what else it knows, as JSON has it.

    The table is written twice: whole, as `open_view` reads it, and its numbers as CSV for a spreadsheet.

    Args:
        view: The view.
        name: What its files are called.
        folder: The run's folder.

    Example:
        >>> import tempfile
        >>> from churn.data import example_dataset
        >>> from churn.eda.cohorts import retention
        >>> folder = Path(tempfile.mkdtemp())
        >>> facts = keep_view(retention(example_dataset().panel), "retention", folder)
        >>> open_view(facts, "retention", folder).table.equals(retention(example_dataset().panel).table)
        True
    """
    table = view.table.reset_index()
    said = [str(column) for column in table if any(isinstance(value, Said) for value in table[column])]
    write_table(table.drop(columns=said), folder / declared.view(name))
    messages = {column: [json.dumps(kept(text)) for text in table[column]] for column in said}
    write_table(table.assign(**messages), folder / declared.whole_view(name))
    known = {field.name: getattr(view, field.name) for field in fields(view) if field.name != "table"}
    return {"kind": type(view).__name__, "said": said, "facts": valued(known)}


def open_view(told: Mapping[str, Any], name: str, folder: Path) -> View:
    """Make a view again, its texts in the language spoken now.

    Args:
        told: What `keep_view` returned.
        name: What its files are called.
        folder: The run's folder.

    Raises:
        UserError: if the files are gone or spoilt.
    """
    path = folder / declared.whole_view(name)
    table = read_table(path)
    with as_written(path, KeyError, TypeError, AttributeError):
        for column in told["said"]:
            table[column] = [retold(json.loads(text)) for text in table[column]]
        index = table.columns[0]
        table = table.set_index(index).rename_axis(None if index == "index" else index)
        return _KINDS[told["kind"]](table, **revalued(told["facts"]))
