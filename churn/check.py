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
from churn.data import (
    DataConfig,
    Dataset,
    Finding,
    Health,
    Panel,
    Split,
    examine,
    measured_together,
    prepare,
    standard_columns,
)
from churn.disk import temporary_folder
from churn.errors import UserError
from churn.folder import claimed
from churn.language import Messages, marked, say, say_again, say_many, termed
from churn.progress import page, progress

ROLES = Messages({"own": marked("own"), "fan": marked("by fans"), "away": marked("elsewhere")})
FATES = Messages(  # of members who are asked about once, or of rows of outcomes
    {
        "yes": marked("yes"),
        "no": marked("no"),
        "to_score": marked("to score: no answer yet"),
        "ended_otherwise": marked("ended otherwise: neither yes nor no"),
        "answered_before": marked("answered before the day that is asked about"),
        "without_day": marked("without a day of arrival"),
        "outside": marked("outside the days read"),
    }
)
ASKED = ("yes", "no", "to_score")  # fates that are told even of nobody
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
    with_log, with_past = dataset.config.events is not None, dataset.config.has_past
    return [
        *_section(say("Tables"), [_columns(dataset), *_times(dataset)]),
        *_section(say("Rows"), [_rows(dataset)]),
        *(_section(say("Days"), _days(dataset, health)) if with_past else []),
        *_section(say("Users"), _users(dataset, health)),
        *(_section(say("Events by role"), [_events(health)]) if with_log else []),
        *_section(say("Features"), _features(dataset, health)),
        *_section(say("Windows"), _windows(dataset) if trouble is None else _labelled(dataset)),
        *_section(say("Warnings"), _warnings(health.findings)),
        _verdict(len(health.findings), trouble),
    ]


def _section(title: str, blocks: Iterable[RenderableType]) -> list[RenderableType]:
    return [Text(title, style="bold"), *(Padding(block, (0, 0, 0, 2), expand=False) for block in blocks), Text()]


def _columns(dataset: Dataset) -> Table:
    """The columns of each table with their types, and the standard column that each is used as."""
    rows = []
    for name, schema in dataset.columns.items():
        mapping = dataset.config.mappings[name] or {}
        used = {own: word for word in standard_columns(name) if (own := mapping.get(word, word))}
        attributes = dataset.members.columns if name == "members" and dataset.members is not None else ()
        use = dict.fromkeys(attributes, say("attribute")) | used
        if name == "daily":
            use |= _channels(dataset)
        if name == ("outcomes" if dataset.config.outcomes else "members") and (asked := dataset.config.asked):
            use |= {asked.column: say("answer")} | ({asked.due: say("day of the answer")} if asked.due else {})
        rows += [(say_again(name), column, kind, use.get(column, "–")) for column, kind in schema.items()]
    return _table((say("table"), say("column"), say("type"), say("used as")), rows)


def _channels(dataset: Dataset) -> dict[str, str]:
    """The columns of the table of days that are channels, and whether each is a count or a level."""
    words, listed = dataset.vocabulary, dataset.config.channels.listed
    kinds = dict.fromkeys(words.counted, say("count of the day")) | dict.fromkeys(words.levels, say("level"))
    return {listed.get(name, name): kind for name, kind in kinds.items()}


def _times(dataset: Dataset) -> list[RenderableType]:
    """The format of each table's times, with one time as written and as read, and the first and last."""
    lines = [
        say(
            "times of {table}: {format}; {text!r} is read as {read}; the first {first}, the last {last}",
            table=say_again(name),
            **told,
        )
        for name, told in dataset.times.items()
        if "text" in told
    ]
    if (zone := dataset.config.zone) != "UTC":
        lines.append(
            say(
                "times that name no zone are UTC, and a day begins at midnight in {zone}; if they are local times, "
                "leave data.zone out, and a day begins at their own midnight",
                zone=zone,
            )
        )
    return list(map(_text, lines))


def _rows(dataset: Dataset) -> Table:
    rows = []
    for name, counts in dataset.reconciliation.items():
        read = counts["read"]
        rows += [(say_again(name), say("read"), f"{read:,}", ""), ("", say("used"), *_of(counts["used"], read))]
        rejected = {say("rejected: {reason}", reason=say_again(why)): n for why, n in counts["rejected"].items()}
        lost = {say("non-members"): counts["non_members"], **rejected}
        rows += [("", what, *_of(n, read)) for what, n in lost.items() if n]
    return _table((say("table"), say("rows"), say("count"), say("share")), rows, right=2)


def _of(n: int, whole: int) -> tuple[str, str]:
    return f"{n:,}", f"{n / max(1, whole):.1%}"


def _days(dataset: Dataset, health: Health) -> list[RenderableType]:
    panel, events = dataset.panel, health.events_per_day
    low, median, high = _quartiles(events)
    span = say(
        "days: {first} to {last}, {n:,} of them, in {zone}",
        first=panel.date(0).date(),
        last=panel.date(panel.n_days - 1).date(),
        n=panel.n_days,
        zone=dataset.config.zone,
    )
    told = {"median": median, "low": low, "high": high, "last": events[-1]}
    if dataset.config.daily is not None:
        usual = say(
            "rows a day: median {median:,.0f}, half of the days between {low:,.0f} and {high:,.0f}; on the last day "
            "{last:,.0f}",
            **told,
        )
    else:
        usual = say(
            "events a day: median {median:,.0f}, half of the days between {low:,.0f} and {high:,.0f}; on the last day "
            "{last:,.0f}",
            **told,
        )
    return [_text(span), _text(usual), _text(_gaps(panel, health.gaps))]


def _gaps(panel: Panel, gaps: Sequence[tuple[int, int]]) -> str:
    """Stretches of days without any event or row, the first few with their days."""
    if not gaps and panel.reported is not None:
        return say("days without any row: none")
    if not gaps:
        return say("days without any event: none")
    days = [(panel.date(first).date(), panel.date(last).date()) for first, last in gaps[:GAPS]]
    spans = [say("{first} to {last}", first=a, last=b) if b > a else str(a) for a, b in days]
    more = say(" and {n:,} more stretches", n=len(gaps) - GAPS) if len(gaps) > GAPS else ""
    total = sum(last - first + 1 for first, last in gaps)
    if panel.reported is not None:
        return say("days without any row: {n:,}: {spans}{more}", n=total, spans=", ".join(spans), more=more)
    return say("days without any event: {n:,}: {spans}{more}", n=total, spans=", ".join(spans), more=more)


def _quartiles(values: NDArray[np.float64]) -> list[float]:
    return [float(value) for value in np.quantile(values, (0.25, 0.5, 0.75))]


def _users(dataset: Dataset, health: Health) -> list[RenderableType]:
    n = len(dataset.panel.users)
    if dataset.fates is not None:
        return [_text(_listed(dataset, health)), _fates(dataset)]
    if dataset.members is None and dataset.config.daily is not None:
        return [_text(say("users: {n:,}, all who have a row in the table of days", n=n))]
    if dataset.members is None:
        return [_text(say("users: {n:,}, all who have events of their own", n=n))]
    if dataset.config.daily is not None:
        return [
            _text(
                say(
                    "users: {n:,} on the member list, {unseen:,} of whom have no row in the table of days",
                    n=n,
                    unseen=health.unseen,
                )
            )
        ]
    unseen = say(
        "users: {n:,} on the member list, {unseen:,} of whom never appear in the events", n=n, unseen=health.unseen
    )
    return [_text(unseen)]


def _listed(dataset: Dataset, health: Health) -> str:
    """The number of users who are asked about; where many days may be, also how many the log has never seen."""
    n, unseen = len(dataset.panel.users), health.unseen
    if not dataset.config.outcomes:
        return say("users: {n:,} on the member list", n=n)
    return say("users: {n:,} asked about, {unseen:,} of whom never appear in the events", n=n, unseen=unseen)


def _fates(dataset: Dataset) -> Table:
    """The numbers of members, or of rows, by their fate: who ended so, or otherwise, or is to be scored."""
    target = termed(dataset.windows.targets[0])
    rows = [(FATES[fate], f"{n:,}") for fate, n in (dataset.fates or {}).items() if n or fate in ASKED]
    return _table((target, say("rows") if dataset.config.outcomes else say("users")), rows, right=1)


def _events(health: Health) -> Table:
    rows = [(event, *(f"{n:,}" for n in row)) for event, *row in health.events.itertuples()]
    return _table((say("event"), *(ROLES[role] for role in health.events.columns)), rows, right=1)


def _features(dataset: Dataset, health: Health) -> list[RenderableType]:
    names = {
        "features": dataset.windows.features,
        "constant": health.constant,
        "equal": [f"{a} = {b}" for a, b in health.duplicates],
    }
    listed = {name: ", ".join(found) or say("none") for name, found in names.items()}
    return [
        _text(say("features: {names}", names=listed["features"])),
        _text(say("constant on the training days: {names}", names=listed["constant"])),
        _text(say("equal on the training days: {names}", names=listed["equal"])),
        *([_text(measured_together(health.together, dataset.windows.targets[0]))] if health.together else []),
    ]


def _definition(dataset: Dataset) -> str:
    windows = dataset.config.windows
    if dataset.windows.scattered:
        return _asked(_when(dataset), windows.history_days)
    active = say_many("active on the last day", "active in the last {n} days", windows.at_risk_days)
    risk = say("every member") if windows.at_risk == "member" else active
    if windows.lead_days:
        return say(
            "history {history} + lead {lead} + horizon {horizon} days, every {stride}; {risk}",
            history=windows.history_days,
            lead=windows.lead_days,
            horizon=windows.horizon_days,
            stride=windows.stride_days,
            risk=risk,
        )
    return say(
        "history {history} + horizon {horizon} days, every {stride}; {risk}",
        history=windows.history_days,
        horizon=windows.horizon_days,
        stride=windows.stride_days,
        risk=risk,
    )


def _activity(dataset: Dataset) -> list[str]:
    """The channels of a table of days that tell who was active; nothing for an event log or an outcome."""
    config = dataset.config
    if config.daily is None or config.asked is not None:
        return []
    if config.state is not None:
        told = {"channel": config.state.column, "days": config.state.over_days}
        return [say("active in the {days} days up to a day: {channel} above 0 on it", **told)]
    names = config.activity_events or dataset.vocabulary.counted
    return [say("active on a day: any of {names} above 0", names=", ".join(names))]


def _when(dataset: Dataset) -> str:
    """The days on which users are asked about, where each has days of the own."""
    if not dataset.config.outcomes:
        return say("every user once, on the day of arrival")
    if not (lead := dataset.config.windows.lead_days):
        return say("every row on its date")
    return say_many("every row {n} day before its date", "every row {n} days before its date", lead)


def _asked(once: str, history_days: int) -> str:
    if not history_days:
        return say("{once}; of the days before nothing is known", once=once)
    return say_many("{once}; history {n} day", "{once}; history {n} days", history_days, once=once)


def _labelled(dataset: Dataset) -> list[RenderableType]:
    """The windows of a log that cannot be split: their number and base rates."""
    known = dataset.labelled
    rates = [f", {termed(target)} {known.label(target).mean():.4f}" for target in known.targets if len(known)]
    told = say("labelled windows: {n:,}{rates}; no split", n=len(known), rates="".join(rates))
    return [*map(_text, (_definition(dataset), *_activity(dataset), told))]


def _windows(dataset: Dataset) -> list[RenderableType]:
    audit = dataset.audit()
    rates = ", ".join(f"{termed(target)} {rate:.4f}" for target, rate in audit["base_rates"].items())
    lines = [
        _definition(dataset),
        *_activity(dataset),
        say(
            "labelled windows: {n:,}, of which {between:,} belong to no part",
            n=audit["windows_labelled"],
            between=audit["windows_in_gaps"],
        ),
        *_censored(audit["windows_censored"]),
        say("base rates: {rates}", rates=rates),
        say("split: {kind}, embargo of {days} days", kind=audit["kind"], days=audit["embargo_days"]),
    ]
    folds = [say("fold {place}", place=place) for place in range(1, len(audit["folds"]))] + [""]
    tables = [
        _parts(fold["parts"], dataset.windows.targets, name, arrivals=dataset.windows.arrivals)
        for name, fold in zip(folds, audit["folds"], strict=True)
    ]
    shared = [] if dataset.windows.arrivals else [_overlaps(audit["overlaps"])]  # nobody arrives twice
    return [*map(_text, lines), *tables, *shared]


def _censored(n: int) -> list[str]:
    """The number of windows whose answer no row tells; nothing where there is none."""
    if not n:
        return []
    return [
        say_many(
            "{n} window in no part, as a day that tells its answer has no row",
            "{n} windows in no part, as a day that tells their answer has no row",
            n,
        )
    ]


def _parts(parts: Sequence[Mapping[str, Any]], targets: Sequence[str], fold: str, *, arrivals: bool) -> Table:
    rows = [
        (
            say_again(str(part["part"])),
            f"{part['windows']:,}",
            f"{part['users']:,}",
            str(part.get("first_cutoff", "–")),
            str(part.get("last_cutoff", "–")),
            *(f"{part[key]:.4f}" if (key := f"{target}_rate") in part else "–" for target in targets),
        )
        for part in parts
    ]
    days = (say("first arrival"), say("last arrival")) if arrivals else (say("first cutoff"), say("last cutoff"))
    heads = (fold or say("part"), say("windows"), say("users"), *days)
    return _table((*heads, *map(termed, targets)), rows, right=1)


def _overlaps(overlaps: Sequence[Mapping[str, Any]]) -> Table:
    """The counts that an earlier part shares with a later one: days of outcomes would be leaks."""
    heads = (say("shared"), say("users"), say("user-days"), say("outcome days"), say("windows reaching over"))
    keys = ("users", "user_days", "outcome_days", "windows")
    rows = [(f"{say_again(o['earlier'])}–{say_again(o['later'])}", *(f"{o[key]:,}" for key in keys)) for o in overlaps]
    return _table(heads, rows, right=1)


def _warnings(findings: Sequence[Finding]) -> list[RenderableType]:
    if not findings:
        return [_text(say("none"))]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for place, finding in enumerate(findings, start=1):
        grid.add_row(_text(f"{place}."), _text(finding.sentence))
        grid.add_row("", _text(f"→ {finding.remedy}"))
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
