"""The outcome of a list in words: tables and sentences, for the terminal and for the pages of the server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from churn.language import retold, say, say_again
from churn.outcomes.calibration import LEFT_ALONE
from churn.outcomes.following import LATER
from churn.outcomes.rows import Row, records
from churn.segments import CONTACT, CONTROL

FEW, MOVED = 30, 5  # users under which numbers are grey; columns of drift that are shown
_GROUPS = (CONTACT, CONTROL, "list, reached", "list, not reached", "all")


@dataclass(frozen=True)
class Told:
    """A table in words: its rows, each with whether it is of few users."""

    title: str
    heads: Sequence[str]
    rows: Sequence[tuple[Sequence[str], bool]]


def tables(outcomes: pd.DataFrame, effects: pd.DataFrame, calibration: pd.DataFrame) -> list[Told]:
    """The tables of a follow-up that have rows."""
    shown = (_groups(outcomes), *([] if effects.empty else [_effects(effects)]), _calibration(calibration))
    return [table for table in shown if table.rows]


def sentences(stability: pd.DataFrame, drift: pd.DataFrame, notes: Sequence[Any]) -> list[str]:
    """The stability of the list, drift, and the notes of a follow-up."""
    return [*_stability(stability), *_drift(drift), *(f"· {retold(note)}" for note in notes)]


def about(facts: Mapping[str, Any], *, asked: bool) -> str:
    """The list in a sentence, with the horizon that it was followed for, which an outcome has not."""
    users = {name: facts[name] for name in ("cutoff", "scored", "contact", "control")}
    if asked:
        return say(
            "The list of {cutoff}: {scored:,} users whose answers are known, {contact:,} to contact, {control:,} held "
            "back.",
            **users,
        )
    return say(
        "The list of {cutoff} and the {days} days to {last}: {scored:,} users scored, {contact:,} to contact, "
        "{control:,} held back.",
        days=facts["horizon_days"],
        last=facts["last_horizon_day"],
        **users,
    )


def _groups(table: pd.DataFrame) -> Told:
    shown = table[table.group.isin(_GROUPS) & (table.n > 0)]
    rows = [(_group(row), row["n"] < FEW) for row in records(shown)]
    return Told(say("What happened"), ("group", "target", "n", "rate", "95%", "forecast", "lift"), rows)


def _group(row: Row) -> list[str]:
    target = row["target"]
    rates = (_shown(target, row["rate"]), _span(row), _shown(target, row["forecast"]), _number(row["lift"]))
    return [row["group"], say_again(target), f"{row['n']:,}", *rates]


def _effects(table: pd.DataFrame) -> Told:
    rows = [(_effect(row), min(row["n_a"], row["n_b"]) < FEW) for row in records(table)]
    heads = ("comparison", "target", "change", "95%", "p", "detectable")
    return Told(say("What a contact changed"), heads, rows)


def _effect(row: Row) -> list[str]:
    target, change = row["target"], _signed(row["target"], row["difference"])
    tested = (_span(row, signed=True), _number(row["p"], 3), _shown(target, row["detectable"]))
    return [row["comparison"], say_again(target), change, *tested]


def _calibration(table: pd.DataFrame) -> Told:
    alone = table[table.group == LEFT_ALONE]
    rows = []
    for target, part in alone.groupby("target", sort=False):
        of = {row["metric"]: row for row in records(part)}
        rate, n = of["rate"], of["rate"]["n"]
        scores = (f"{of[name]['value']:.3f}/{_number(of[name]['test'], 3)}" for name in ("log_loss", "ece"))
        shown = (f"{of['forecast']['value']:.1%}", f"{rate['value']:.1%}", _span(rate))
        rows.append(([say_again(str(target)), f"{n:,}", *shown, *scores], n < FEW))
    heads = ("target", "n", "forecast", "rate", "95%", "log loss/test", "ece/test")
    return Told(say("Calibration since, of users whom nobody contacted"), heads, rows)


def _stability(table: pd.DataFrame) -> list[str]:
    return [
        _overlap(row) if row["n_list"] or row["n_other"] else say("Both lists are empty.") for row in records(table)
    ]


def _overlap(row: Row) -> str:
    return say(
        "Stability: {both} of {listed} users stand also on {other} ({days:+d} days, {size} users): Jaccard {jaccard} "
        "(by chance {by_chance}; of users at risk both times {at_risk}); {left} left the list, {gone} are no longer at "
        "risk; Kendall {kendall} over {common:,} users.",
        both=row["n_both"],
        listed=row["n_list"],
        other=say(LATER) if row["compared_with"] == LATER else row["compared_with"],
        days=row["days"],
        size=row["n_other"],
        jaccard=_number(row["jaccard"]),
        by_chance=_number(row["jaccard_by_chance"]),
        at_risk=_number(row["jaccard_at_risk"]),
        left=row["left_list"],
        gone=row["left_risk"],
        kendall=_number(row["kendall"]),
        common=row["n_common"],
    )


def _drift(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    moved = [
        f"{row['name']} {row['psi']:.2f} ({row['by_chance']:.2f})"
        for row in records(table[table.watched.astype(bool)].head(MOVED))
    ]
    return [say("Drift, PSI and in brackets what chance shows, the most moved first: {moved}.", moved=", ".join(moved))]


def _span(row: Row, *, signed: bool = False) -> str:
    show = _signed if signed else _shown
    low, high = (show(row["target"], row[end]) for end in ("low", "high"))
    return f"{low.removesuffix('%')} to {high}" if row["low"] == row["low"] else "–"


def _shown(target: str, value: float) -> str:
    if value != value:
        return "–"
    return f"{value:.1%}" if target != "amount" else f"{value:,.2f}"


def _signed(target: str, value: float) -> str:
    if value != value:
        return "–"
    return f"{value:+.1%}" if target != "amount" else f"{value:+,.2f}"


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if value == value else "–"
