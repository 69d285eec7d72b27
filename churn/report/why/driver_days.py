"""Maps of columns by the days on which they count: for the surrogate, and for the network itself."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import say, target_of, titled
from churn.report.parts.blocks import Beside, Block, Figure, Heading, Text
from churn.report.parts.chart_parts import COLOUR_BAR, chart, colour_of, figure, label
from churn.report.parts.wording import decimal, feature, listed, signed
from churn.report.why import attribution, fidelity
from churn.runs import Run

SHOWN = 12  # features per chart
WARM = "#b34d00"  # as dark at its end as the cold colour


def build(run: Run) -> list[Block]:
    """Heat maps of column by day; a network's own stands beside the surrogate's."""
    text = say("The darker a cell, the more the scores depend on that column on that day; −1 is the last day known.")
    told = [target for target in run.targets if fidelity.standing(run, target) != "constant"]
    maps = [columns for target in told if (columns := _maps(run, target))]
    if not maps:
        return []
    text = " ".join([text, *_two_maps(run, told)])
    two = any(len(columns) > 1 for columns in maps)
    beside = [Beside(columns) for columns in maps] if two else [Beside(tuple(one for (one,) in maps))]
    return [Heading(say("By day before the cutoff")), Text(text), *beside]


def _scores(run: Run, target: str) -> bool:
    """Whether the network whose attributions the run holds is the model behind the scores."""
    found = not attribution.by_feature(run, target).empty
    return found and attribution.network(run, target) == run.chosen(target)


def _two_maps(run: Run, told: list[str]) -> list[str]:
    """Sentences on the question of each of a target's two maps; nothing where no target has two."""
    both = [titled(target) for target in told if _scores(run, target) and not fidelity.replaced(run, target)]
    if not both:
        return []
    asked = say(
        "A map named after a network asks it itself (integrated gradients), the other asks the imitating trees."
    )
    agree = say(
        "{targets}: both maps are of one model, so where they agree, it does not hang on the method.",
        targets=listed(both),
    )
    return [asked, agree]


def _maps(run: Run, target: str) -> tuple[tuple[Block, ...], ...]:
    """The surrogate's map, unless it is a sketch that a network replaces, and that of a network which scores."""
    of_surrogate = () if fidelity.replaced(run, target) else ((_of_surrogate(run, target),),)
    return (*of_surrogate, *(((_of_network(run, target),),) if _scores(run, target) else ()))


def _grid(run: Run, target: str) -> pd.DataFrame:
    """Mean |SHAP| by column and day, the column with the strongest day first; empty where nothing was explained."""
    table = run.table(declared.EXPLANATIONS_BY_DAY, target)
    if table.empty or not table["mean_abs_shap"].any():
        return pd.DataFrame()
    return _ordered(table.pivot_table(index="feature", columns="day", values="mean_abs_shap")).head(SHOWN)


def _ordered(grid: pd.DataFrame) -> pd.DataFrame:
    return grid.loc[grid.max(axis=1).sort_values(ascending=False, kind="stable").index]


def _of_surrogate(run: Run, target: str) -> Block:
    title, grid = say("{target}: which days count", target=titled(target)), _grid(run, target)
    if grid.empty:
        return Text(say("{title}: the explanation is not broken down by day.", title=title))
    caption = say(
        "{strongest} Shade: mean |SHAP| (logits). {fidelity}",
        strongest=_strongest(grid),
        fidelity=fidelity.in_short(run, target),
    )
    return _figure(grid, title, caption.strip(), _scale(target))


def _of_network(run: Run, target: str) -> Figure:
    """The network's map, with the rows of the surrogate's map where that stands beside it."""
    grid = _ordered(attribution.by_day(run, target))
    beside = [] if fidelity.replaced(run, target) else [name for name in _grid(run, target).index if name in grid.index]
    if beside and grid.index[0] not in beside:
        beside = [*beside[: SHOWN - 1], grid.index[0]]  # the strongest is named, so it is shown
    shown = grid.loc[beside] if beside else grid.head(SHOWN)
    said = (
        _strongest(grid),
        say("Shade: mean |attribution| (logits)."),
        attribution.completeness(run, target),
    )
    title = say(
        "{target}: which days count for {network} itself",
        target=titled(target),
        network=attribution.network(run, target),
    )
    return _figure(shown, title, " ".join(filter(None, said)), _scale(target))


def _strongest(grid: pd.DataFrame) -> str:
    name, day = grid.max(axis=1).idxmax(), grid.max().idxmax()  # of the one cell that holds the highest value
    return say("Strongest: {column} on day {day}.", column=feature(str(name)), day=signed(float(str(day)), 0))


def _scale(target: str) -> str:
    return WARM if target_of(target).warm else colour_of(target)


def _figure(grid: pd.DataFrame, title: str, caption: str, colour: str) -> Figure:
    return figure(_heat(grid, colour), title=title, description=f"{title}. {caption}", caption=caption)


def _heat(grid: pd.DataFrame, colour: str) -> Any:
    days = [signed(float(day), 0) for day in grid.columns]
    hover = [
        [
            say("{column}, day {day}: {value}", column=label(feature(name), 80), day=day, value=decimal(value))
            for day, value in zip(days, row, strict=True)
        ]
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
    drawn.update_xaxes(type="category", title_text=say("days before the cutoff"), showgrid=False)
    drawn.update_yaxes(autorange="reversed", showgrid=False)
    return drawn
