"""The reference for people, from the declarations: a run's files, the keys of a configuration, the commands."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import MISSING, Field, fields
from io import StringIO
from pathlib import Path
from typing import get_type_hints
from unittest.mock import patch

import yaml
from docstring_parser import parse  # of jsonargparse[signatures], which reads the same sentences for --help

from churn.artefacts import Document, Table, declared
from churn.cli import main
from churn.commands import COMMANDS
from churn.configuration import OutcomeConfig, RunConfig
from churn.delivery import DeliveryConfig
from churn.keys import Block, in_words

_FILES = """# The files of a run

Every file that a command writes into its output folder. The list is made by `make reference` from the declarations in
`churn/artefacts/declared.py`, against which every file is checked when it is written and when it is read.
A run has two pages beside them: `report.html` for whoever acts, `evidence.html` for whoever checks.
`churn.Run(folder)` has each table as an attribute: `priority` without users held back, and `shap` by target, as in
`run.shap("churn")`. The last five tables lie in the folder of `churn outcomes`, and quarantine.parquet beside scores;
a run has its own in dataset/. The files items.parquet, measures.csv, categories.csv, confusion.csv, tagging.json and
tagger.npz, the tagger as plain numbers, lie in the folder of `churn tag`; certificate.json in that of
`churn verify-engine`, export.json in that of `churn export`; receipt.json and delivered.parquet in one of
`churn deliver`, in the folder of the receipts.

Types: text, number, count (a whole number), flag, day, and id, a user's id, which is a hash where `segments.id_key`
is set. A column with `?` is one that some runs do not have. Rows of a ranked table are in order; the order of others
tells nothing.
"""
_KEYS = """# Every key

Each key can stand in a YAML file, under its block, or on the command line, as `--data.zone Asia/Seoul`; the command
line wins, and of several `--config` files the last one. The list is made by `make reference` from the code, as is
`churn run --help`. Only `data.events` must be given.
The last blocks are the keys of another file, of [`churn deliver`](recipes/deliver.md), in which only `owner` must be
given.
"""
_COMMANDS = """# Every command

The options of each command. `check`, `verify-engine`, `run`, `tune`, `score` and `outcomes` take every [key](keys.md)
as an option, too, and `deliver` takes every key of delivery.yaml; every command takes `--quiet`, which shows no
progress, and `--verbose`, which tells each step. The list is made by `make reference` from the commands' own help.

Exit codes: 0; 2 for a mistake in the input, told in one line; 3 for an alarm of `churn outcomes`, or a value that
`churn verify-engine` finds to differ; 128 and the signal's
number for a command that was stopped; 1 for a fault of the program.
"""
_OPTION = re.compile(r"^  (\S.*?)(?:\n {20,}|  +)(\S.*)$", re.MULTILINE)
_TYPE = re.compile(r" \(type: [^,()]+\)|,? ?type: [^,()]+(?=\))|type: [^,()]+, ")
_LIGHTNING = """## `churn fit`, `validate`, `test`, `predict`

One network on one target, by Lightning's command line: see [One network at a time](recipes/lightning.md), and
`churn fit --help` for the options of the trainer.
"""


def files() -> str:
    """The files of a run as Markdown.

    Example:
        >>> print(files().splitlines()[0])
        # The files of a run
    """
    tables = [(name, one) for name, one in vars(declared).items() if isinstance(one, Table)]
    documents = [one for one in vars(declared).values() if isinstance(one, Document)]
    lines = ["| file | attribute of a Run | a row is | columns |", "|---|---|---|---|"]
    lines += [f"| {_file(one)} | `{name.lower()}` | {_row(one)} | {_columns(one)} |" for name, one in tables]
    lines += ["", "| file | holds | keys |", "|---|---|---|"]
    lines += [f"| {_file(one)} | {one.holds} | {one.keys.replace(' ', ', ')} |" for one in documents]
    return "\n".join([_FILES, *lines, ""])


def keys() -> str:
    """Every key of a configuration as Markdown, by block.

    Example:
        >>> print([line for line in keys().splitlines() if line.startswith("| `data.zone`")][0])
        | `data.zone` | The time zone in which a day begins. ... | a time zone | `UTC` |
    """
    blocks = [*_blocks(RunConfig, ""), *_blocks(OutcomeConfig, "outcomes.")]
    delivery = _blocks(DeliveryConfig, "")
    return "\n".join([_KEYS, *(_block(kind, prefix) for kind, prefix in (*blocks, *delivery))])


def commands() -> str:
    """Every command with its own options as Markdown.

    Example:
        >>> "## `churn score`" in commands()
        True
    """
    return "\n".join([_COMMANDS, *(_command(name, text) for name, (_, text) in COMMANDS.items()), _LIGHTNING])


def _file(one: Table | Document) -> str:
    return f"`{one.file}`{', of some runs' if one.optional else ''}"


def _row(one: Table) -> str:
    return f"{one.row}{'; ranked' if one.ranked else ''}"


def _columns(one: Table) -> str:
    names = [f"{name} ({kind})" for name, _, kind in (column.partition(":") for column in one.columns.split())]
    return ", ".join([*names, *([one.further] if one.further else [])])


def _blocks(kind: type[Block], prefix: str) -> Iterator[tuple[type[Block], str]]:
    """A block with its prefix, and the blocks below it."""
    yield kind, prefix
    for one in _below(kind):
        yield from _blocks(get_type_hints(kind)[one.name], f"{prefix}{one.name}.")


def _below(kind: type[Block]) -> list[Field[object]]:
    """The fields of a block that are blocks."""
    hints = get_type_hints(kind)
    return [one for one in fields(kind) if isinstance(hints[one.name], type) and issubclass(hints[one.name], Block)]


def _block(kind: type[Block], prefix: str) -> str:
    """A block's own keys: a title, a sentence and a table."""
    told = parse(kind.__doc__ or "")
    means = {one.arg_name: " ".join((one.description or "").split()) for one in told.params}
    hints, below = get_type_hints(kind, include_extras=True), _below(kind)
    own = [one for one in fields(kind) if one not in below]
    rows = [
        f"| `{prefix}{one.name}` | {_cell(means[one.name])} | {_cell(in_words(hints[one.name]))} | {_default(one)} |"
        for one in own
    ]
    top = "## At the top" if kind is RunConfig else "## At the top of delivery.yaml"
    title = f"## `{prefix.removesuffix('.')}`" if prefix else top
    table = ["| key | meaning | takes | by default |", "|---|---|---|---|", *rows]
    return "\n".join([title, "", told.short_description or "", "", *table, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(one: Field[object]) -> str:
    """A field's default as YAML writes it in one line."""
    if one.default is MISSING and one.default_factory is MISSING:
        return "must be given"
    value = one.default if one.default_factory is MISSING else one.default_factory()
    value = [*value] if isinstance(value, tuple) else value
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return f"`{text.removesuffix('...' + os.linesep).strip()}`"


def _command(name: str, text: str) -> str:
    """A command: its sentence and its own options, as its help tells them when it has room for a line each."""
    helped = StringIO()
    with redirect_stdout(helped), patch.dict(os.environ, {"COLUMNS": "10000"}), suppress(SystemExit):
        main([name, "--help"])
    own = [one for one in helped.getvalue().split("\n\n") if one.startswith(("options:", "positional arguments:"))]
    found = [pair for one in own for pair in _OPTION.findall(one) if not pair[0].startswith(("-h", "--print"))]
    rows = [f"| `{option.split(',')[0]}` | {_cell(_TYPE.sub('', means))} |" for option, means in found]
    return "\n".join(
        [f"## `churn {name}`", "", f"{text[0].upper()}{text[1:]}.", "", "| option | meaning |", "|---|---|", *rows, ""]
    )


REFERENCE: dict[str, Callable[[], str]] = {"files.md": files, "keys.md": keys, "commands.md": commands}

if __name__ == "__main__":
    for page, made in REFERENCE.items():
        (Path(sys.argv[1]) / page).write_text(made(), encoding="utf8")
