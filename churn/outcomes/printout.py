"""A page about the outcome of a list in the terminal."""

from collections.abc import Sequence

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from churn.language import say, say_again, speaking
from churn.outcomes.calibration import LEFT_ALONE
from churn.outcomes.following import LATER, FollowUp
from churn.outcomes.rows import Row, records
from churn.progress import page
from churn.segments import CONTACT, CONTROL

WIDTH, FEW, MOVED = 80, 30, 5  # columns; users under which numbers are grey; columns of drift that are shown
_GROUPS = (CONTACT, CONTROL, "list, reached", "list, not reached", "all")


def summary(found: FollowUp) -> None:
    """Print the outcome of a list, on one page of 80 columns."""
    with speaking(found.run.language, found.run.labels):
        _print(found)


def _print(found: FollowUp) -> None:
    console, facts = page(WIDTH), found.facts
    console.print(_text(_about(found)))
    console.print(_groups(found.outcomes))
    if not found.effects.empty:
        console.print(_effects(found.effects))
    console.print(_calibration(found.calibration))
    for line in (*_stability(found.stability), *_drift(found.drift), *(f"· {note}" for note in facts["notes"])):
        console.print(_text(line))
    console.print(_text(say("Grey: under {few} users. Tables: {folder}", few=FEW, folder=found.folder)))


def _about(found: FollowUp) -> str:
    """The list in a sentence, with the horizon that it was followed for; an outcome has none."""
    facts = found.facts
    users = {name: facts[name] for name in ("cutoff", "scored", "contact", "control")}
    if found.run.data.asked is not None:
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


def _groups(table: pd.DataFrame) -> Table:
    shown = table[table.group.isin(_GROUPS) & (table.n > 0)]
    rows = [(_group(row), row["n"] < FEW) for row in records(shown)]
    return _table(say("What happened"), ("group", "target", "n", "rate", "95%", "forecast", "lift"), rows)


def _group(row: Row) -> list[str]:
    target = row["target"]
    rates = (_shown(target, row["rate"]), _span(row), _shown(target, row["forecast"]), _number(row["lift"]))
    return [row["group"], say_again(target), f"{row['n']:,}", *rates]


def _effects(table: pd.DataFrame) -> Table:
    rows = [(_effect(row), min(row["n_a"], row["n_b"]) < FEW) for row in records(table)]
    heads = ("comparison", "target", "change", "95%", "p", "detectable")
    return _table(say("What a contact changed"), heads, rows)


def _effect(row: Row) -> list[str]:
    target, change = row["target"], _signed(row["target"], row["difference"])
    tested = (_span(row, signed=True), _number(row["p"], 3), _shown(target, row["detectable"]))
    return [row["comparison"], say_again(target), change, *tested]


def _calibration(table: pd.DataFrame) -> Table:
    alone = table[table.group == LEFT_ALONE]
    rows = []
    for target, part in alone.groupby("target", sort=False):
        of = {row["metric"]: row for row in records(part)}
        rate, n = of["rate"], of["rate"]["n"]
        scores = (f"{of[name]['value']:.3f}/{_number(of[name]['test'], 3)}" for name in ("log_loss", "ece"))
        shown = (f"{of['forecast']['value']:.1%}", f"{rate['value']:.1%}", _span(rate))
        rows.append(([say_again(str(target)), f"{n:,}", *shown, *scores], n < FEW))
    heads = ("target", "n", "forecast", "rate", "95%", "log loss/test", "ece/test")
    return _table(say("Calibration since, of users whom nobody contacted"), heads, rows)


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


def _table(title: str, heads: Sequence[str], rows: Sequence[tuple[Sequence[str], bool]]) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 0, 0, 1),
    )
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 or head == "target" else "right", no_wrap=True)
    above = ""
    for (first, *rest), few in rows:
        table.add_row(*map(_text, ("" if first == above else first, *rest)), style="dim" if few else "")
        above = first
    return table


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


def _text(words: str) -> Text:
    """Words as plain text: no markup, and no control characters."""
    return Text("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words))
