"""The page as a whole, and the verdict on whether a run would go through."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from shutil import copyfile

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from churn.artefacts import write_with
from churn.check.labelled_windows import divided, labelled
from churn.check.plain import text
from churn.check.read_rows import columns, days, events, features, rows, times, users
from churn.data import (
    DataConfig,
    Dataset,
    Finding,
    Health,
    Split,
    examine,
    prepare,
)
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.folder import claimed
from churn.language import say, say_many
from churn.progress import page, progress


def check(config: DataConfig, out: Path | None = None) -> None:
    """Read the data and print a page about them: tables, days, events, users, features, windows and warnings.

    The page is printed even if the data cannot be split, since it says why.

    Args:
        config: The `data:` block.
        out: The folder for the rows that cannot be used, as quarantine.parquet.

    Raises:
        UserError: for anything that would stop a run.
    """
    with temporary_folder() as folder:
        with progress("read"):
            dataset = prepare(config, folder / "dataset", unsplit=True)
            if out is not None:
                with claimed(out, "rejected rows"):
                    write_with(partial(copyfile, dataset.quarantine), out / dataset.quarantine.name)
            split, trouble = _split(dataset)
            health = examine(dataset, split)
            sections = _page(dataset, health, trouble)
        page().print(Group(*sections))
    if trouble is not None:
        raise trouble


def _split(dataset: Dataset) -> tuple[Split | None, UserError | None]:
    """The newest fold, or the error for which the data cannot be split."""
    try:
        return dataset.folds()[-1], None
    except UserError as error:
        return None, error


def _page(dataset: Dataset, health: Health, trouble: UserError | None) -> list[RenderableType]:
    with_log, with_past = dataset.config.events is not None, dataset.config.has_past
    return [
        *_section(say("Tables"), [columns(dataset), *times(dataset)]),
        *_section(say("Rows"), [rows(dataset)]),
        *(_section(say("Days"), days(dataset, health)) if with_past else []),
        *_section(say("Users"), users(dataset, health)),
        *(_section(say("Events by role"), [events(health)]) if with_log else []),
        *_section(say("Features"), features(dataset, health)),
        *_section(say("Windows"), divided(dataset) if trouble is None else labelled(dataset)),
        *_section(say("Warnings"), _warnings(health.findings)),
        _verdict(len(health.findings), trouble),
    ]


def _section(title: str, blocks: Iterable[RenderableType]) -> list[RenderableType]:
    return [Text(title, style="bold"), *(Padding(block, (0, 0, 0, 2), expand=False) for block in blocks), Text()]


def _warnings(findings: Sequence[Finding]) -> list[RenderableType]:
    if not findings:
        return [text(say("none"))]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for place, finding in enumerate(findings, start=1):
        grid.add_row(text(f"{place}."), text(finding.sentence))
        grid.add_row("", text(f"→ {finding.remedy}"))
    return [grid]


def _verdict(n: int, trouble: UserError | None) -> Text:
    if trouble is not None:
        return Text(say("A run would stop: {error}", error=trouble), style="bold red")
    if not n:
        return Text(say("No warnings: ready to run."), style="bold green")
    warned = say_many(
        "{n} warning: a run would go through; read them first.",
        "{n} warnings: a run would go through; read them first.",
        n,
    )
    return Text(warned, style="bold yellow")
