"""A first configuration, written after a look at the files."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from churn.data import (
    FORMAT_KEY,
    DataConfig,
    Engines,
    LoneList,
    Recognised,
    SplitConfig,
    TableName,
    alone,
    likely_encoding,
    lone_list,
    look_at,
    open_table,
    read_tables,
    recognise,
    standard_columns,
    stands_alone,
    without_password,
)
from churn.disk import writing
from churn.errors import UserError
from churn.progress import progress

_USUAL_DAYS, _MONTH = 7, 30
_SURE, _UNSURE = "what is asked", "MAKE SURE: which values mean yes"
_LEAST_SPAN = 60  # days of a log whose validation part, 15% of the cutoffs, holds a horizon of the usual length
_SPAN_PER_HORIZON = 9  # days of a shorter log for each day of the horizon


def init(files: Sequence[str], *, out: Path) -> None:
    """Recognise the tables in files, write a configuration, and print the columns recognised, with reasons.

    Args:
        files: A file, folder, glob or database's table for each table, in any order.
        out: The YAML file, which must not exist yet.

    Raises:
        UserError: for files that cannot be read or distinguished, and if `out` exists.
    """
    if out.exists():
        raise UserError(f"expected a new file at {out}", "one that is there", "choose another --out, or delete it")
    csv = {"encoding": encoding} if (encoding := next(filter(None, map(likely_encoding, files)), None)) else None
    with progress("look"), Engines() as engines:
        looks = [look_at(file, open_table(file, engines=engines, csv=csv)) for file in files]
        if len(looks) == 1 and stands_alone(one := alone(looks[0])):
            return _write(_of_list(lone_list(one), csv), out)
        found = recognise(looks)
        tables = read_tables(_config(found, csv), engines=engines, frames={})
    main: TableName = "events" if "events" in found else "daily"
    if tables.times[main].get("first", "NaT") == "NaT":
        raise UserError(f"expected a usable event in {found[main].look.source}", "none", "name a file with events")
    _write(_written(found, csv=csv, times=tables.times), out)


def _write(text: str, out: Path) -> None:
    with writing(out), out.open("x", encoding="utf-8") as file:
        file.write(text)
    body = [line for line in text.splitlines() if line and not line.startswith("#")]
    print("\n".join([*body, f"configuration: {out}", f"next: churn check --config {out}"]))


def _of_list(found: LoneList, csv: dict[str, str] | None) -> str:
    """The configuration of a list that stands alone, whose members are asked about on arrival."""
    look, joined, names = found.members.look, found.joined, [_quoted(column.name) for column in found.attributes]
    lines = ["# Written by `churn init` from a look at the file: read it through, change what is wrong, then run", ""]
    lines += ["# churn check --config THIS FILE", "data:"]
    lines += [
        f"  members: {_quoted(without_password(look.source))}  # {look.rows:,} rows, each id once: no log of events"
    ]
    lines += ["  member_columns:", f"    user_id: {_quoted(found.members.mapping['user_id'].name)}"]
    lines += [f"    joined: {'null' if joined is None else _quoted(joined.name)}"]
    if joined is None:
        lines += [f"  last_day: {date.today().isoformat()}  # MAKE SURE: the day on which the list was drawn"]
    lines += [
        f"  outcome: {{{_asked(found)}}}  # {_SURE if found.sure else _UNSURE}; members without an answer are scored"
    ]
    lines += ["  attributes:  # MAKE SURE: what is written after the arrival is {known: after}, and leaves features"]
    texts = {_quoted(column.name) for column in found.texts}
    lines += [f"    {name}: {{known: arrival{', as: text' * (name in texts)}}}" for name in names]
    lines += [f"  features: [{', '.join(names)}]"]
    if found.unused:
        lines += [f"  # not used: {', '.join(column.name for column in found.unused)}"]
    if csv is not None:
        lines += [f"  csv: {{encoding: {csv['encoding']}}}  # the text is not UTF-8"]
    windows = f"{{at_risk: arrival, history_days: 0, horizon_days: {_MONTH}}}"
    lines += [f"  windows: {windows}  # the horizon: days until an answer is known, where no column says it"]
    lines += [f"  split: {{kind: {'user' if joined is None else 'time'}}}"]
    lines += ["models: [churn.models.LightGBM, churn.models.Logistic, churn.models.Majority]", ""]
    return "\n".join(lines)


def _asked(found: LoneList) -> str:
    """The keys of `data.outcome`."""
    told = {"column": _quoted(found.outcome.name), "positive": _listed(found.positive)}
    told |= {"of": _listed(found.among)} if found.among else {}
    told |= {"from": _quoted(found.due.name)} if found.due else {}
    return ", ".join(f"{key}: {value}" for key, value in told.items())


def _listed(values: Sequence[str]) -> str:
    return json.dumps(values, ensure_ascii=False)  # in quotes, since YAML takes yes, no and on for something else


def _config(found: Mapping[TableName, Recognised], csv: dict[str, str] | None) -> DataConfig:
    """The `data:` block of the recognised tables."""
    keys: dict[str, object] = {name: one.look.source for name, one in found.items()}
    keys |= {f"{name.rstrip('s')}_columns": _mapping(name, one) for name, one in found.items()}
    return DataConfig(**keys, csv=csv)  # type: ignore[arg-type]  # jsonargparse would read them from YAML


def _mapping(name: str, one: Recognised) -> dict[str, str | None]:
    """The mapping of a table's columns; null for a standard name that an unrelated column has."""
    names = {column.name for column in one.look.columns}
    mapping: dict[str, str | None] = {
        standard: column.name if (column := one.mapping.get(standard)) else None
        for standard in standard_columns(name)
        if standard in one.mapping or standard in names
    }
    return mapping | ({FORMAT_KEY: one.forms[0]} if one.forms else {})


def _written(
    found: Mapping[TableName, Recognised], *, csv: dict[str, str] | None, times: Mapping[str, dict[str, str]]
) -> str:
    """The configuration as YAML, each line with the reason for its value."""
    main = "events" if "events" in found else "daily"
    first, last = (pd.Timestamp(times[main][end]).tz_localize(None).normalize() for end in ("first", "last"))
    lines = ["# Written by `churn init` from a look at the files: read it through, change what is wrong, then run", ""]
    lines += ["# churn check --config THIS FILE", "data:"]
    for name, one in found.items():
        lines += _table(name, one, times.get(name, {}))
    if csv is not None:
        lines.append(f"  csv: {{encoding: {csv['encoding']}}}  # the text is not UTF-8")
    lines.append("  zone: UTC  # where a day begins, such as Asia/Seoul; times that name no zone are in UTC")
    lines += _windows(first, last)
    lines += ["", "# All models are compared by default; these two take a minute:"]
    lines += ["# models: [churn.models.LightGBM, churn.models.Majority]", ""]
    return "\n".join(lines)


def _table(name: str, one: Recognised, times: Mapping[str, str]) -> list[str]:
    span = f", {times['first'][:10]} to {times['last'][:10]}" if times else ""
    lines = [f"  {name}: {_quoted(without_password(one.look.source))}  # {one.look.rows:,} rows{span}"]
    lines.append(f"  {name.rstrip('s')}_columns:")
    for standard, own in _mapping(name, one).items():
        lines.append(f"    {standard}: {'null' if own is None else _quoted(own)}  # {_reason(standard, one, times)}")
    unused = {
        "members": "compared between groups, and seen by models if data.attributes says when they are known",
        "daily": "channels, where they are numbers; levels such as subscribers or a balance belong in daily_levels",
    }
    if left := [column.name for column in one.look.columns if column not in one.mapping.values()]:
        lines.append(f"  # {unused.get(name, 'not used')}: {', '.join(left)}")
    return lines


def _reason(standard: str, one: Recognised, times: Mapping[str, str]) -> str:
    if standard == FORMAT_KEY:
        others = " or ".join(f'"{form}"' for form in one.forms[1:])
        read = f"{times['text']!r} is read as {times['read'][:16]}" if times else "as strptime has it"
        return f"{read}; MAKE SURE: it may be {others}, which the file does not tell" if others else read
    column = one.mapping.get(standard)
    if column is None:
        return "a column of this name that is none"
    sample = f"; {times['format']}" if standard == "timestamp" and times and not one.forms else ""
    many = f"; {column.distinct:,} different" if standard in ("user_id", "actor_id", "event") else ""
    return f"{one.why[standard]}{many}{sample}"


def _windows(first: pd.Timestamp, last: pd.Timestamp) -> list[str]:
    """Windows that the log is long enough for, and the split by shares with its dates."""
    days = (last.date() - first.date()).days + 1
    length = _USUAL_DAYS if days >= _LEAST_SPAN else max(1, days // _SPAN_PER_HORIZON)
    cutoffs = first + pd.Timedelta(days=length), last + pd.Timedelta(days=1 - length)
    try:
        val, test = (day.date() for day in SplitConfig().boundaries(*cutoffs))
        dates = f"validation from {val}, test from {test}; as dates: val_from, test_from"
    except UserError:
        dates = f"the log has {days} days, too few for three parts"
    return [
        f"  windows: {{history_days: {length}, horizon_days: {length}, at_risk_days: {length}}}  # of {days} days",
        f"  split: {{kind: time, val_share: 0.15, test_share: 0.15}}  # {dates}",
    ]


def _quoted(text: str) -> str:
    """Text quoted so that YAML reads it as text."""
    return text if text.replace("_", "a").isalnum() and not text[:1].isdigit() else json.dumps(text, ensure_ascii=False)
