"""The windows: whom they ask about, their answers, and the parts into which they are divided."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from churn.check.plain import table, text
from churn.data import Dataset
from churn.language import say, say_again, say_many, termed


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


def labelled(dataset: Dataset) -> list[RenderableType]:
    """The windows of a log that cannot be split: their number and base rates."""
    known = dataset.labelled
    rates = [f", {termed(target)} {known.label(target).mean():.4f}" for target in known.targets if len(known)]
    told = say("labelled windows: {n:,}{rates}; no split", n=len(known), rates="".join(rates))
    return [*map(text, (_definition(dataset), *_activity(dataset), told))]


def divided(dataset: Dataset) -> list[RenderableType]:
    """The windows of a log that can be split: their number, base rates, parts, and what parts share."""
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
    return [*map(text, lines), *tables, *shared]


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
    return table((*heads, *map(termed, targets)), rows, right=1)


def _overlaps(overlaps: Sequence[Mapping[str, Any]]) -> Table:
    """The counts that an earlier part shares with a later one: days of outcomes would be leaks."""
    heads = (say("shared"), say("users"), say("user-days"), say("outcome days"), say("windows reaching over"))
    keys = ("users", "user_days", "outcome_days", "windows")
    rows = [(f"{say_again(o['earlier'])}–{say_again(o['later'])}", *(f"{o[key]:,}" for key in keys)) for o in overlaps]
    return table(heads, rows, right=1)
