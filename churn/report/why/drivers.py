"""Drivers: what the scores react to, and how far that can be believed."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.explanation import named
from churn.language import say, say_again, titled
from churn.report.parts.blocks import Beside, Block, Fold, Heading, Section, Text
from churn.report.parts.chart_parts import GREY, chart, colour_of, figure, label
from churn.report.parts.tables import Table, heads, number_cell, text_cell
from churn.report.parts.wording import decimal, feature, happening, listed
from churn.report.why import attribution, beeswarm, dependence, driver_days, fidelity, shared_drivers
from churn.run_files import records
from churn.runs import Run

SHOWN, NAMED = 12, 3  # features per chart; features named first
ARROWS = {"raises": "▲", "lowers": "▼", "mixed": "◆"}


def build(run: Run) -> Section:
    """The drivers of both targets, side by side, then user by user, by value, and by day before the cutoff."""
    lead = " ".join(_most(run, target) for target in run.targets)
    about = say(
        "What moves the scores up or down, on average over users. These are habits of the model, not "
        "causes: changing such a number by a campaign need not change what a user does. Strengths are "
        "in logits: +1 raises a chance of 50% to 73%."
    )
    blocks: tuple[Block, ...] = (
        Text(about),
        Beside(tuple(_column(run, target) for target in run.targets)),
        *shared_drivers.build(run),
        *beeswarm.build(run),
        *dependence.build(run),
        *(driver_days.build(run) if run.windowing["history_days"] else []),
        _table(run),
    )
    return Section("drivers", say("Why: what the scores react to"), lead, blocks, behind="why")


def _most(run: Run, target: str) -> str:
    """The strongest drivers by name, as the chart shows them."""
    found = run.table(declared.EXPLANATIONS, target)
    if fidelity.standing(run, target) == "constant":
        return say("{target}: nothing, since every user has the same chance.", target=titled(target))
    if fidelity.replaced(run, target):
        found = attribution.by_feature(run, target)
    words = named(found["feature"])
    names = [words[name] for name in found.sort_values("rank")["feature"].head(NAMED)]
    if not names:
        return say("{target}: nothing was explained.", target=titled(target))
    return say("{target}: the score reacts most of all to {names}.", target=titled(target), names=listed(names))


def _column(run: Run, target: str) -> tuple[Block, ...]:
    if fidelity.standing(run, target) == "constant":
        return Heading(titled(target)), Text(say(fidelity.CONSTANT))
    if fidelity.replaced(run, target):
        return _of_network(run, target), *fidelity.notes(run, target)
    return _of_surrogate(run, target), *fidelity.notes(run, target)


def _of_surrogate(run: Run, target: str) -> Block:
    title = say("{target}: strongest drivers", target=titled(target))
    table = run.table(declared.EXPLANATIONS, target).sort_values("rank").head(SHOWN)
    if table.empty or not table["mean_abs_shap"].any():
        return Text(say("{title}: the run explained nothing for this target.", title=title))
    table = table.rename(columns={"mean_abs_shap": "strength"})
    caption = say(
        "▲ more of it raises the chance of {outcome}, ▼ lowers it, ◆ mixed. Length: mean |SHAP|. {fidelity}",
        outcome=happening(target),
        fidelity=fidelity.in_short(run, target),
    )
    colour = GREY if fidelity.standing(run, target) == "sketch" else colour_of(target)
    return _figure(table, title, caption.strip(), x_title=say("mean |SHAP| (logits)"), colour=colour)


def _of_network(run: Run, target: str) -> Block:
    name = attribution.network(run, target)
    caption = say(
        "▲ more of it raises the chance of {outcome}, ▼ lowers it, ◆ mixed. Length: mean |attribution| "
        "of each day, added up. {remark} {completeness}",
        outcome=happening(target),
        remark=attribution.scores_itself(run, target),
        completeness=attribution.completeness(run, target),
    )
    return _figure(
        attribution.by_feature(run, target).head(SHOWN),
        say("{target}: what {name} itself reacts to", target=titled(target), name=name),
        " ".join(caption.split()),
        x_title=say("mean |attribution| (logits)"),
        colour=colour_of(target),
    )


def _figure(table: pd.DataFrame, title: str, caption: str, *, x_title: str, colour: str) -> Block:
    said = "; ".join(f"{feature(row.feature)} ({say_again(row.direction)})" for row in records(table))
    drawn = _bars(table, colour)
    drawn.update_xaxes(title_text=x_title)
    return figure(
        drawn, title=title, description=say("{title}, in order: {said}.", title=title, said=said), caption=caption
    )


def _bars(table: pd.DataFrame, colour: str) -> Any:
    names = [
        label(feature(name), 24) + f"  {ARROWS.get(way, '◆')}"
        for name, way in zip(table["feature"], table["direction"], strict=True)
    ]
    hover = [
        f"{label(feature(row.feature), 80)}: {decimal(row.strength)}, {say_again(row.direction)}"
        for row in records(table)
    ]
    colours = [GREY if way == "mixed" else colour for way in table["direction"]]
    bars = go.Bar(
        x=list(table["strength"]),
        y=names,
        orientation="h",
        marker_color=colours,
        hovertext=hover,
        hoverinfo="text",
    )
    drawn = chart([bars], height=26 * len(table) + 60)
    drawn.update_xaxes(nticks=5)
    drawn.update_yaxes(autorange="reversed", showgrid=False)
    return drawn


def _table(run: Run) -> Fold:
    table = run.table(declared.EXPLANATIONS).sort_values(["target", "rank"])
    rows = tuple(
        (
            text_cell(titled(row.target)),
            text_cell(feature(row.feature)),
            text_cell(say_again(row.direction)),
            number_cell(row.mean_abs_shap),
            number_cell(row.rank, 0),
        )
        for row in records(table)
    )
    columns = heads(say("Target"), say("Column"), say("Direction"), say("Mean |SHAP|"), say("Rank"), first=3)
    return Fold(
        say("All drivers as a table"), (Table(say("All drivers, by the surrogates"), columns, rows, searchable=True),)
    )
