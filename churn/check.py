"""A page about the data in the terminal, before anything is trained."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from churn.artefacts import write_with
from churn.data import STANDARD_COLUMNS, DataConfig, Dataset, Finding, Health, Split, examine, prepare
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.folder import claimed
from churn.progress import page, progress

ROLES = {"own": "own", "fan": "by fans", "away": "elsewhere"}
GAPS = 10  # stretches listed


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
    return [
        *_section("Tables", [_columns(dataset), *_times(dataset)]),
        *_section("Rows", [_rows(dataset)]),
        *_section("Days", _days(dataset, health)),
        *_section("Users", _users(dataset, health)),
        *_section("Events by role", [_events(health)]),
        *_section("Features", _features(dataset, health)),
        *_section("Windows", _windows(dataset) if trouble is None else _labelled(dataset)),
        *_section("Warnings", _warnings(health.findings)),
        _verdict(len(health.findings), trouble),
    ]


def _section(title: str, blocks: Iterable[RenderableType]) -> list[RenderableType]:
    return [Text(title, style="bold"), *(Padding(block, (0, 0, 0, 2), expand=False) for block in blocks), Text()]


def _columns(dataset: Dataset) -> Table:
    """The columns of each table with their types, and the standard column that each is used as."""
    rows = []
    for name, schema in dataset.columns.items():
        mapping = dataset.config.mappings[name] or {}
        used = {own: word for word in STANDARD_COLUMNS[name] if (own := mapping.get(word, word))}
        attributes = dataset.members.columns if name == "members" and dataset.members is not None else ()
        use = dict.fromkeys(attributes, "attribute") | used
        rows += [(name, column, kind, use.get(column, "–")) for column, kind in schema.items()]
    return _table(("table", "column", "type", "used as"), rows)


def _times(dataset: Dataset) -> list[RenderableType]:
    """The format of each table's times, with one time as written and as read, and the first and last."""
    lines = [
        f"times of {name}: {told['format']}; {told['text']!r} is read as {told['read']}; "
        f"the first {told['first']}, the last {told['last']}"
        for name, told in dataset.times.items()
        if "text" in told
    ]
    if (zone := dataset.config.zone) != "UTC":
        lines.append(
            f"times that name no zone are UTC, and a day begins at midnight in {zone}; if they are local times, leave "
            "data.zone out, and a day begins at their own midnight"
        )
    return list(map(_text, lines))


def _rows(dataset: Dataset) -> Table:
    rows = []
    for name, counts in dataset.reconciliation.items():
        read = counts["read"]
        rows += [(name, "read", f"{read:,}", ""), ("", "used", *_of(counts["used"], read))]
        lost = {"non-members": counts["non_members"], **{f"rejected: {k}": n for k, n in counts["rejected"].items()}}
        rows += [("", what, *_of(n, read)) for what, n in lost.items() if n]
    return _table(("table", "rows", "count", "share"), rows, right=2)


def _of(n: int, whole: int) -> tuple[str, str]:
    return f"{n:,}", f"{n / max(1, whole):.1%}"


def _days(dataset: Dataset, health: Health) -> list[RenderableType]:
    panel, events = dataset.panel, health.events_per_day
    span = f"{panel.date(0).date()} to {panel.date(panel.n_days - 1).date()}"
    quartiles = _quartiles(events)
    lines: list[RenderableType] = [
        _text(f"days: {span}, {panel.n_days:,} of them, in {dataset.config.zone}"),
        _text(
            f"events a day: median {quartiles[1]:,.0f}, half of the days between {quartiles[0]:,.0f} and "
            f"{quartiles[2]:,.0f}; on the last day {events[-1]:,.0f}"
        ),
    ]
    if not health.gaps:
        return [*lines, _text("days without any event: none")]
    spans = [
        f"{panel.date(first).date()}" + (f" to {panel.date(last).date()}" if last > first else "")
        for first, last in health.gaps[:GAPS]
    ]
    more = f" and {len(health.gaps) - GAPS:,} more stretches" if len(health.gaps) > GAPS else ""
    total = sum(last - first + 1 for first, last in health.gaps)
    return [*lines, _text(f"days without any event: {total:,}: {', '.join(spans)}{more}")]


def _quartiles(values: NDArray[np.float64]) -> list[float]:
    return [float(value) for value in np.quantile(values, (0.25, 0.5, 0.75))]


def _users(dataset: Dataset, health: Health) -> list[RenderableType]:
    n = len(dataset.panel.users)
    if dataset.members is None:
        return [_text(f"users: {n:,}, whoever acts in the own room")]
    return [_text(f"users: {n:,} on the member list, {health.unseen:,} of whom never appear in the events")]


def _events(health: Health) -> Table:
    rows = [(event, *(f"{n:,}" for n in row)) for event, *row in health.events.itertuples()]
    return _table(("event", *(ROLES[role] for role in health.events.columns)), rows, right=1)


def _features(dataset: Dataset, health: Health) -> list[RenderableType]:
    same = ", ".join(f"{a} = {b}" for a, b in health.duplicates)
    return [
        _text(f"features: {', '.join(dataset.windows.features)}"),
        _text(f"constant on the training days: {', '.join(health.constant) or 'none'}"),
        _text(f"equal on the training days: {same or 'none'}"),
    ]


def _definition(dataset: Dataset) -> str:
    windows = dataset.config.windows
    risk = "every member" if windows.at_risk == "member" else f"active in the last {windows.at_risk_days} days"
    return f"history {windows.history_days} + horizon {windows.horizon_days} days, every {windows.stride_days}; {risk}"


def _labelled(dataset: Dataset) -> list[RenderableType]:
    """The windows of a log that cannot be split: their number and base rates."""
    known = dataset.labelled
    rates = (f", {target} {known.label(target).mean():.4f}" for target in known.targets if len(known))
    return [_text(_definition(dataset)), _text(f"labelled windows: {len(known):,}{''.join(rates)}; no split")]


def _windows(dataset: Dataset) -> list[RenderableType]:
    audit = dataset.audit()
    rates = ", ".join(f"{target} {rate:.4f}" for target, rate in audit["base_rates"].items())
    lines = [
        _definition(dataset),
        f"labelled windows: {audit['windows_labelled']:,}, of which {audit['windows_in_gaps']:,} belong to no part",
        f"base rates: {rates}",
        f"split: {audit['kind']}, embargo of {audit['embargo_days']} days",
    ]
    folds = [f"fold {place}" for place in range(1, len(audit["folds"]))] + [""]
    tables = [
        _parts(fold["parts"], dataset.windows.targets, name) for name, fold in zip(folds, audit["folds"], strict=True)
    ]
    return [*map(_text, lines), *tables, _overlaps(audit["overlaps"])]


def _parts(parts: Sequence[Mapping[str, Any]], targets: Sequence[str], fold: str) -> Table:
    rows = [
        (
            str(part["part"]),
            f"{part['windows']:,}",
            f"{part['users']:,}",
            str(part.get("first_cutoff", "–")),
            str(part.get("last_cutoff", "–")),
            *(f"{part[key]:.4f}" if (key := f"{target}_rate") in part else "–" for target in targets),
        )
        for part in parts
    ]
    return _table((fold or "part", "windows", "users", "first cutoff", "last cutoff", *targets), rows, right=1)


def _overlaps(overlaps: Sequence[Mapping[str, Any]]) -> Table:
    """The counts that an earlier part shares with a later one: days of outcomes would be leaks."""
    heads = ("shared", "users", "user-days", "outcome days", "windows reaching over")
    keys = ("users", "user_days", "outcome_days", "windows")
    rows = [(f"{o['earlier']}–{o['later']}", *(f"{o[key]:,}" for key in keys)) for o in overlaps]
    return _table(heads, rows, right=1)


def _warnings(findings: Sequence[Finding]) -> list[RenderableType]:
    if not findings:
        return [_text("none")]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for place, finding in enumerate(findings, start=1):
        grid.add_row(_text(f"{place}."), _text(finding.sentence))
        grid.add_row("", _text(f"→ {finding.remedy}"))
    return [grid]


def _verdict(n: int, trouble: UserError | None) -> Text:
    if trouble is not None:
        return Text(f"A run would stop: {trouble}", style="bold red")
    if not n:
        return Text("No warnings: ready to run.", style="bold green")
    return Text(f"{n} warning{'s' * (n > 1)}: a run would go through; read them first.", style="bold yellow")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: int | None = None) -> Table:
    """A table whose columns from the `right`-th on hold numbers."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, head in enumerate(heads):
        number = right is not None and place >= right
        table.add_column(head, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _text(words: str) -> Text:
    """Words from the data as plain text: no markup, and no control characters."""
    return Text("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words))
