"""How the users on the list differ from the others."""

from typing import Any

import pandas as pd

from churn.report.blocks import Block, Fold, Heading, Section, Text
from churn.report.figures import GREY, SERIES, Dots, dot_plot, figure, label
from churn.report.run import Run, records
from churn.report.tables import Cell, Column, Table, count_cell, number_cell
from churn.report.wording import FEW, count, decimals, feature, listed, p_value, signed

SHOWN = 18  # rows per chart
LEVEL = 0.05
KINDS = {  # in the order of the chart
    "finding": (SERIES[0], "circle"),
    "no clear difference": (SERIES[0], "circle-open"),
    "by construction": (GREY, "diamond-open"),
}


def build(run: Run) -> Section:
    """A forest plot and a table per comparison, findings before descriptions."""
    lead = (
        "Those whom the rule would have put on the list against others, each user once, at the user’s latest day at "
        "risk in the test part. For most that is the last before silence, so fewer come back than on other days. "
        "Hedges’ g is the difference in standard deviations: .2 is small, .5 middling, .8 large."
    )
    tests = run.table("segment_tests.csv")
    if tests.empty:
        return Section(
            "differences", "How they differ", lead, (Text("No comparison was made: too few users in a group."),)
        )
    comparisons = tests.groupby("comparison", sort=False)
    blocks = [block for name, group in comparisons for block in _comparison(str(name), group)]
    return Section("differences", "How they differ", lead, (_explained(), *blocks))


def _explained() -> Text:
    return Text(
        "Two kinds of rows. A column that went into the scores differs between the groups by construction: its row "
        "(grey, “by construction”) describes the list and proves nothing. Findings can come only from columns that "
        "no model saw (blue): filled where the difference holds after adjusting for the number of tests, those "
        "of the grey rows included, hollow where it does not. What happened afterwards is what the scores set out "
        "to foresee: read it as a check of the list."
    )


def _comparison(name: str, group: pd.DataFrame) -> list[Block]:
    group = group.assign(kind=[_kind(row) for row in records(group)], size=group["hedges_g"].abs())
    ordered = group.sort_values("size", ascending=False).sort_values(
        "kind", key=lambda kinds: kinds.map(list(KINDS).index), kind="stable"
    )
    title = name[:1].upper() + name[1:]
    return [Heading(title), Text(_found(ordered)), _forest(title, ordered.head(SHOWN)), _table(title, ordered)]


def _kind(row: Any) -> str:
    if row.circular:
        return "by construction"
    return "finding" if row.p_adjusted < LEVEL else "no clear difference"


def _found(group: pd.DataFrame) -> str:
    free = group[group["kind"] != "by construction"]
    if free.empty:
        return "Every column compared here went into the scores, so there is no finding, only description."
    kept = free[free["kind"] == "finding"]
    names = listed([f"{feature(row.feature)} ({signed(row.hedges_g)})" for row in records(kept.head(6))])
    said = f": {names}{' and more' if len(kept) > 6 else ''}." if len(kept) else "."
    differ = count(len(kept)) if len(kept) else "none"
    verb = "differs" if len(kept) == 1 else "differ"
    return f"{count(len(free))} columns that no model saw were tested; {differ} {verb} after adjustment{said}"


def _forest(title: str, group: pd.DataFrame) -> Block:
    series = [_series(group[group["kind"] == kind], kind, *style) for kind, style in KINDS.items()]
    drawn = dot_plot(
        [one for one in series if one.labels],
        rows=[_label(row) for row in records(group)],
        x_title="← less  Hedges’ g  more →",
        reference=0.0,
    )
    drawn.update_layout(
        scattermode="overlay",
        showlegend=True,
        margin_t=34,
        height=drawn.layout.height + (0 if len(drawn.data) > 1 else 32),
    )
    said = "; ".join(
        f"{feature(row.feature)}{' (by construction)' if row.kind == 'by construction' else ''} {signed(row.hedges_g)}"
        for row in records(group)
    )
    return figure(
        drawn,
        title=f"{title}: effect sizes",
        description=f"Hedges’ g by column, with 95 % intervals. {said}.",
        caption=_groups(group),
    )


def _groups(group: pd.DataFrame) -> str:
    listed_n, other_n = int(group["n_priority"].max()), int(group["n_other"].max())
    few = f" Fewer than {FEW} users in a group: read with care." if min(listed_n, other_n) < FEW else ""
    return f"Lines are 95 % intervals. n = {count(listed_n)} on the list, {count(other_n)} others.{few}"


def _label(row: Any) -> str:
    return label(feature(row.feature))


def _series(group: pd.DataFrame, name: str, colour: str, symbol: str) -> Dots:
    hover = [
        f"{_label(row)}: {signed(row.hedges_g)} {decimals(row.low, row.high, 2)}, adjusted p {p_value(row.p_adjusted)}"
        for row in records(group)
    ]
    labels = [_label(row) for row in records(group)]
    return Dots(name, labels, list(group["hedges_g"]), list(group["low"]), list(group["high"]), hover, colour, symbol)


def _table(title: str, group: pd.DataFrame) -> Fold:
    titles = ("Mean on the list", "Mean of others", "n listed", "n others", "Hedges’ g", "t", "df", "p", "Adjusted p")
    columns = (Column("Column"), Column("Kind", clipped=True), *(Column(name, numeric=True) for name in titles))
    rows = tuple(_row(row) for row in records(group))
    return Fold("The same as a table, with t-tests", (Table(f"{title} (Welch’s t-tests)", columns, rows),))


def _row(row: Any) -> tuple[Cell, ...]:
    return (
        Cell(feature(row.feature)),
        Cell(row.kind),
        number_cell(row.mean_priority, 2),
        number_cell(row.mean_other, 2),
        count_cell(row.n_priority, grey=True),
        count_cell(row.n_other, grey=True),
        number_cell(row.hedges_g, 2, under=decimals(row.low, row.high, 2)),
        number_cell(row.t, 2),
        number_cell(row.df, 1),
        Cell(p_value(row.p), order=str(row.p)),
        Cell(p_value(row.p_adjusted), order=str(row.p_adjusted)),
    )
