"""Data health: what was read, what was left out, and what the parts hold."""

from collections.abc import Mapping
from typing import Any

from churn.data import Drift, drift_sentences
from churn.language import retold, say, say_again, say_many, titled
from churn.report.parts.blocks import Block, Heading, Note, Section, Text
from churn.report.parts.tables import Cell, Column, Table, count_cell, heads, number_cell, percent_cell, text_cell
from churn.report.parts.wording import count, day, decimal, listed
from churn.report.trust.trust import on_data
from churn.runs import Run

ROWS = ("read", "used", "non_members")
MEASURES = {"roc_auc": "ROC-AUC", "precision": "precision", "share": "share"}


def build(run: Run) -> Section:
    """Rows read against rows used, the parts with their base rates, and what was unknown."""
    audit = run.manifest["audit"]
    about = say(
        "From {first} to {last}: what was read, what was used, and what was left out and why.",
        first=day(audit["first_day"]),
        last=day(audit["last_day"]),
    )
    blocks: list[Block] = [
        Text(about),
        _reconciliation(run),
        *_quarantine(run),
        Heading(say("Parts and base rates")),
        Text(_windows(run, audit)),
        *_censored(audit.get("windows_censored", 0)),
        _parts(run),
    ]
    if not run.arrivals:  # of whom nobody stands in two parts
        blocks += _shared(audit)
    if "events" in run.manifest["reconciliation"]:
        blocks.append(Text(_unknown(audit)))
    blocks += _drift(run)
    blocks += [Heading(say("Columns that know too much")), *_alarms(audit), _inputs(run)]
    return Section("health", say("Data health"), on_data(run).detail, tuple(blocks))


def _drift(run: Run) -> list[Block]:
    """The drift of the scored day from the training part."""
    told = run.manifest["drift"]
    if not told:
        return []
    return [
        Heading(say("From the training part to now")),
        *map(Text, drift_sentences(Drift.read(told), scattered=run.scattered)),
    ]


def _reconciliation(run: Run) -> Block:
    tables = run.manifest["reconciliation"]
    reasons = list(dict.fromkeys(reason for counts in tables.values() for reason in counts["rejected"]))
    rows = [
        (text_cell(say_again(key.replace("_", "-"))), *(count_cell(counts.get(key, 0)) for counts in tables.values()))
        for key in ROWS
    ]
    rows += [
        (
            text_cell(say("rejected: {reason}", reason=say_again(reason))),
            *(count_cell(counts["rejected"].get(reason, 0)) for counts in tables.values()),
        )
        for reason in reasons
    ]
    rows.append(
        (text_cell(say("adds up")), *(Cell(say("yes") if _whole(counts) else say("no")) for counts in tables.values()))
    )
    return Table(
        say("Rows read = used + of non-members + rejected"),
        heads(say("Rows"), *(say_again(name) for name in tables)),
        tuple(rows),
    )


def _quarantine(run: Run) -> list[Block]:
    """A note on the file that holds the rejected rows."""
    rejected = sum(sum(counts["rejected"].values()) for counts in run.manifest["reconciliation"].values())
    if not rejected:
        return []
    return [
        Text(
            say(
                "Rejected rows ({n}) stand with their reasons in dataset/quarantine.parquet of this run.",
                n=count(rejected),
            )
        )
    ]


def _whole(counts: Mapping[str, Any]) -> bool:
    return bool(counts["read"] == counts["used"] + counts["non_members"] + sum(counts["rejected"].values()))


def _windows(run: Run, audit: Mapping[str, Any]) -> str:
    gaps = audit["windows_in_gaps"]
    if run.arrivals:
        return say("{windows} users have a known answer.", windows=count(audit["windows_labelled"]))
    if not gaps:
        return say(
            "{windows} windows (a user on a cutoff) have a known outcome.", windows=count(audit["windows_labelled"])
        )
    return say(
        "{windows} windows (a user on a cutoff) have a known outcome; {gaps} of them belong to no "
        "part, so that no part knows an outcome of a later one.",
        windows=count(audit["windows_labelled"]),
        gaps=count(gaps),
    )


def _censored(n: int) -> list[Block]:
    """The windows whose answer no row tells; nothing where there is none."""
    if not n:
        return []
    return [
        Text(
            say_many(
                "{n} further window is in no part: a day that tells its answer has no row in the table of days. Rows "
                "that are absent are no churn, but they may not be absent by chance.",
                "{n} further windows are in no part: a day that tells their answer has no row in the table of days. "
                "Rows that are absent are no churn, but they may not be absent by chance.",
                n,
            )
        )
    ]


def _parts(run: Run) -> Block:
    parts = run.manifest["audit"]["parts"]
    days = (say("First arrival"), say("Last arrival")) if run.arrivals else (say("First cutoff"), say("Last cutoff"))
    rates = (target.say(target.rate) for target in run.words)
    columns = heads(say("Part"), *days, say("Windows"), say("Users"), *rates, first=3)
    same_days = run.manifest["split_kind"] in ("user", "random")
    title = say("Parts, on the same days") if same_days else say("Parts, in the order of time")
    return Table(title, columns, tuple(_part(part, run) for part in parts))


def _shared(audit: Mapping[str, Any]) -> list[Block]:
    """The overlap of each two parts, and the part of it that gives answers away."""
    overlaps = audit["overlaps"]
    text = Text(
        say(
            "What two parts share. Days that both see are no fault as long as none of them is an outcome "
            "of the later part: then an answer was given away."
        )
    )
    titles = [
        say("Earlier"),
        say("Later"),
        say("Users in both"),
        say("Days of a user seen by both"),
        say("of these, outcomes of the later"),
    ]
    rows = tuple(
        (
            text_cell(say_again(pair["earlier"])),
            text_cell(say_again(pair["later"])),
            *(count_cell(pair[key]) for key in ("users", "user_days", "outcome_days")),
        )
        for pair in overlaps
    )
    return [text, Table(say("Overlaps of the parts"), heads(*titles, first=2), rows)]


def _part(part: Mapping[str, Any], run: Run) -> tuple[Cell, ...]:
    rates = [percent_cell(part.get(f"{target}_rate"), few=part["windows"] < 30) for target in run.targets]
    days = [Cell(day(part.get(key)), order=str(part.get(key, ""))) for key in ("first_cutoff", "last_cutoff")]
    return (
        text_cell(say_again(part["part"])),
        *days,
        count_cell(part["windows"], grey=True),
        count_cell(part["users"], grey=True),
        *rates,
    )


def _alarms(audit: Mapping[str, Any]) -> list[Block]:
    """The findings of the leak alarm in a table; a sentence where it named nothing or did not listen."""
    alarms = audit["alarms"]
    how = say(
        "Each feature and attribute was held alone against what became of the users of the training "
        "part. One that tells it almost without a mistake is more likely to have been filled in "
        "afterwards than to foretell it."
    )
    if not alarms:
        return [Text(say("{how} None does, and none looks like an identifier.", how=how))]
    columns = (
        Column(say("Column"), clipped=True),
        Column(say("Kind")),
        Column(say("Outcome")),
        Column(say("Measure")),
        Column(say("Value"), numeric=True),
        Column(say("Users"), numeric=True),
        Column(say("What it does"), wide=True),
    )
    table = Table(say("Possible leaks and identifiers"), columns, tuple(_alarm(alarm) for alarm in alarms))
    return [Note(say("Look at these columns before anything else"), how, tone="care"), table]


def _alarm(alarm: Mapping[str, Any]) -> tuple[Cell, ...]:
    low = alarm["low"]
    at_least = say("at least {low}", low=decimal(low)) if low is not None else ""
    return (
        text_cell(alarm["column"]),
        text_cell(say_again(alarm["kind"])),
        text_cell(titled(alarm["target"]) if alarm["target"] else None),
        text_cell(say_again(MEASURES.get(alarm["measure"], alarm["measure"]))),
        number_cell(alarm["statistic"], under=at_least),
        count_cell(alarm["n_users"], grey=True),
        text_cell(retold(alarm["sentence"])),
    )


def _inputs(run: Run) -> Block:
    inputs = run.manifest["inputs"]
    columns = (
        Column(say("Input")),
        Column(say("Path"), clipped=True),
        Column(say("Rows"), numeric=True),
        Column(say("SHA-256"), clipped=True),
    )
    rows = tuple(
        (text_cell(say_again(one["name"])), text_cell(one["path"]), count_cell(one["rows"]), text_cell(one["sha256"]))
        for one in inputs
    )
    return Table(say("Inputs"), columns, rows) if rows else Text(say("The run names no inputs."))


def _unknown(audit: Mapping[str, Any]) -> str:
    unknown = audit["unknown_events"]
    if not unknown:
        return say("Every event name was known from the training part.")
    most = sorted(unknown.items(), key=lambda pair: -pair[1])[:10]
    more = say(" (and {n} more)", n=count(len(unknown) - 10)) if len(unknown) > 10 else ""
    names = listed([f"{name} ({count(n)})" for name, n in most])
    return say(
        "Event names that the training part did not know, counted as “other”: {names}{more}.", names=names, more=more
    )
