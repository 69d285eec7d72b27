"""Why: what the scores react to, and how far that can be believed."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.report.blocks import Beside, Block, Fold, Heading, Note, Section, Text
from churn.report.figures import COLOUR_BAR, COLOURS, GREY, chart, figure, label
from churn.report.run import Run, records
from churn.report.tables import Table, heads, number_cell, text_cell
from churn.report.wording import FEW, OUTCOMES, TARGETS, count, decimal, feature, listed, percent, signed

SHOWN = 12  # features per chart
ARROWS = {"raises": "▲", "lowers": "▼", "mixed": "◆"}
SCALES = {"churn": "#0072b2", "sticker": "#b34d00"}


def build(run: Run) -> Section:
    """The drivers of both targets, side by side, then by day before the cutoff."""
    lead = (
        "What moves the scores up or down, on average over users. These are habits of the model, not causes: "
        "changing such a number by a campaign need not change what a user does."
    )
    blocks: list[Block] = [
        Beside(tuple(_column(run, target) for target in run.targets)),
        Heading("By day before the cutoff"),
        Text("The darker a cell, the more the scores depend on that column on that day; −1 is the last day known."),
        Beside(tuple(_days(run, target) for target in run.targets)),
        _table(run),
    ]
    return Section("drivers", "Why: what the scores react to", lead, tuple(blocks))


def _column(run: Run, target: str) -> tuple[Block, ...]:
    title = f"{TARGETS[target]}: strongest drivers"
    table = run.table("explanations.csv", target).sort_values("rank").head(SHOWN)
    if table.empty:
        return (Text(f"{title}: the run explained nothing for this target."), _fidelity(run, target))
    said = "; ".join(f"{feature(row.feature)} ({row.direction})" for row in records(table))
    caption = f"▲ more of it raises the chance of {OUTCOMES[target]}, ▼ lowers it, ◆ mixed. Length: mean |SHAP|."
    drawn = _bars(table, COLOURS[target])
    return (
        figure(drawn, title=title, description=f"{title}, in order: {said}.", caption=caption),
        _fidelity(run, target),
    )


def _bars(table: pd.DataFrame, colour: str) -> Any:
    names = [
        label(feature(name), 24) + f"  {ARROWS.get(way, '◆')}"
        for name, way in zip(table["feature"], table["direction"], strict=True)
    ]
    hover = [f"{label(row.feature, 80)}: {decimal(row.mean_abs_shap)}, {row.direction}" for row in records(table)]
    colours = [GREY if way == "mixed" else colour for way in table["direction"]]
    bars = go.Bar(
        x=list(table["mean_abs_shap"]),
        y=names,
        orientation="h",
        marker_color=colours,
        hovertext=hover,
        hoverinfo="text",
    )
    drawn = chart([bars], height=26 * len(table) + 60)
    drawn.update_xaxes(title_text="mean |SHAP|", nticks=5)
    drawn.update_yaxes(autorange="reversed", showgrid=False)
    return drawn


def _fidelity(run: Run, target: str) -> Note:
    """How well the explained model stands for the one behind the scores."""
    table = run.table("surrogates.csv", target)
    if table.empty:
        return Note("Fidelity", "Not measured: read the chart as a hint only.", tone="care")
    explained = table[table["explained"].astype(bool)]
    said = [_stands_for(row) for row in records(explained)]
    others = [f"{row.model} R² {decimal(row.r2, 2)}" for row in records(table[~table["explained"].astype(bool)])]
    if others:
        said.append(f"Surrogates of other models: {listed(others)}.")
    return Note("Fidelity", " ".join(said), tone="care" if (explained["n_users"] < FEW).any() else "plain")


def _stands_for(row: Any) -> str:
    return (
        f"Explained is a surrogate of {row.model}: a simpler model that imitates it. On held-out users of the training "
        "part it reproduces "
        f"the scores with R² {decimal(row.r2, 2)} and rank correlation {signed(row.spearman)}, and shares "
        f"{percent(row.top_tenth, 0)} of their top tenth (n = {count(row.n_users)} users, {count(row.n_windows)} "
        "windows)."
    )


def _days(run: Run, target: str) -> tuple[Block, ...]:
    title = f"{TARGETS[target]}: which days count"
    table = run.table("explanations_by_day.csv", target)
    if table.empty:
        return (Text(f"{title}: the explanation is not broken down by day."),)
    order = table.groupby("feature")["mean_abs_shap"].max().sort_values(ascending=False).index[:SHOWN]
    grid = table.pivot_table(index="feature", columns="day", values="mean_abs_shap").loc[order]
    top = table.sort_values("mean_abs_shap", ascending=False).iloc[0]
    caption = f"Strongest: {feature(str(top['feature']))} on day {signed(top['day'], 0)}."
    return (
        figure(
            _heat(grid, SCALES[target]),
            title=title,
            description=f"{title}. {caption}",
            caption=f"{caption} {_short_fidelity(run, target)}",
        ),
    )


def _short_fidelity(run: Run, target: str) -> str:
    table = run.table("surrogates.csv", target)
    table = table[table["explained"].astype(bool)]
    return " ".join(
        f"Fidelity: R² {decimal(row.r2, 2)}, n = {count(row.n_users)} held-out users." for row in records(table)
    )


def _heat(grid: pd.DataFrame, colour: str) -> Any:
    days = [signed(float(day), 0) for day in grid.columns]
    hover = [
        [f"{label(name, 80)}, day {day}: {decimal(value)}" for day, value in zip(days, row, strict=True)]
        for name, row in zip(grid.index, grid.to_numpy(), strict=True)
    ]
    heat = go.Heatmap(
        z=[[None if value != value else float(value) for value in row] for row in grid.to_numpy()],
        x=days,
        y=[label(feature(name), 24) for name in grid.index],
        text=hover,
        hoverinfo="text",
        colorscale=[[0, "#f5f7fa"], [1, colour]],
        zmin=0,
        xgap=2,
        ygap=2,
        colorbar=COLOUR_BAR,
    )
    drawn = chart([heat], height=26 * len(grid) + 110)
    drawn.update_layout(margin_t=44)
    drawn.update_xaxes(type="category", title_text="days before the cutoff", showgrid=False)
    drawn.update_yaxes(autorange="reversed", showgrid=False)
    return drawn


def _table(run: Run) -> Fold:
    table = run.table("explanations.csv").sort_values(["target", "rank"])
    rows = tuple(
        (
            text_cell(TARGETS.get(row.target, row.target)),
            text_cell(row.feature),
            text_cell(row.direction),
            number_cell(row.mean_abs_shap),
            number_cell(row.rank, 0),
        )
        for row in records(table)
    )
    columns = heads("Target", "Column", "Direction", "Mean |SHAP|", "Rank", first=3)
    return Fold("All drivers as a table", (Table("All drivers", columns, rows, searchable=True),))
