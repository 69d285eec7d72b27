"""Calibration: whether 70% happens seven times in ten."""

from dataclasses import dataclass
from math import comb
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import marked, say, say_again, titled
from churn.report.parts.blocks import Beside, Block, Figure, Fold, Heading, Section, Text
from churn.report.parts.chart_parts import BLUE, FAINT, GREY, INK, QUIET, chart, colour_of, figure, label
from churn.report.parts.tables import Table, heads, number_cell, signed_cell, text_cell
from churn.report.parts.wording import count, decimal, decimals, percent, percents
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW, ROUNDING, digits_apart

UNCORRECTED = marked("No correction was fitted: the probabilities are the models’ own.")


def build(run: Run) -> Section:
    """Reliability diagrams of the chosen models, the others faint behind them, and the calibrators."""
    about = run.first.say(run.first.kept)
    title = say("Whether the probabilities hold")
    if run.table(declared.CALIBRATION).empty and run.table(declared.CALIBRATORS).empty:
        nothing = " ".join([*(_unmeasured(target) for target in run.targets), say(UNCORRECTED)])
        return Section("calibration", title, nothing, (), behind="trust")
    blocks: list[Block] = [
        Text(about),
        Beside(tuple((_diagram(run, target),) for target in run.targets)),
        *_calibrators(run),
    ]
    return Section("calibration", title, _found(run), tuple(blocks), behind="trust")


def _found(run: Run) -> str:
    """The number of groups of like forecasts that are off, for each target."""
    told = ((target, groups_off(run, target)) for target in run.targets)
    return " ".join(f"{titled(target)}: {off}" for target, off in told if off.n) or say("No calibration was measured.")


def _unmeasured(target: str) -> str:
    return say("{target}: the calibration of the chosen model was not measured.", target=titled(target))


def _diagram(run: Run, target: str) -> Block:
    bins = run.table(declared.CALIBRATION, target)
    own = bins[bins["model"] == run.chosen(target)].sort_values("mean_predicted")
    if own.empty:
        return Text(_unmeasured(target))
    title = say("{target}: predicted and observed, {model}", target=titled(target), model=run.chosen(target))
    others = bins[bins["model"] != run.chosen(target)]
    return diagram(own, title=title, caption=_caption(run, target, own), others=others, colour=colour_of(target))


def diagram(
    own: pd.DataFrame, *, title: str, caption: str = "", others: pd.DataFrame | None = None, colour: str = BLUE
) -> Figure:
    """A reliability diagram.

    Args:
        own: Groups of like predictions: n, mean_predicted, observed, low, high.
        title: The title.
        caption: A remark below it.
        others: The groups of other models, which stand faint behind it.
        colour: The colour of its line.
    """
    said = "; ".join(
        say(
            "predicted {predicted}, observed {observed}",
            predicted=percent(row.mean_predicted, 0),
            observed=percent(row.observed, 0),
        )
        for row in records(own)
    )
    faint = [] if others is None else _faint(others)
    drawn = _draw(faint, own, colour)
    return figure(
        drawn, title=title, description=say("{title}, test part. {said}.", title=title, said=said), caption=caption
    )


def _caption(run: Run, target: str, own: pd.DataFrame) -> str:
    ece, band = run.metric(target, "ece"), run.metric(target, "ece_band")
    error = (
        say(
            " Calibration error {error}; perfect calibration would show {interval}.",
            error=decimal(ece.value),
            interval=decimals(band.low, band.high),
        )
        if ece and band
        else ""
    )
    said = say(
        "Band: 95% interval of the observed share; of right forecasts about 19 in 20 hold the diagonal. n = {n} "
        "windows.{error}",
        n=count(int(own["n"].sum())),
        error=error,
    )
    return f"{said} {_held(own)}"


@dataclass(frozen=True)
class GroupsOff:
    """The number of groups of like forecasts whose interval misses the diagonal."""

    off: int
    n: int

    @property
    def too_many(self) -> bool:
        """Whether at least `off` miss it in fewer than 5 of 100 right forecasts, each interval missing in 1 of 20."""
        chances = (comb(self.n, k) * 0.05**k * 0.95 ** (self.n - k) for k in range(self.off, self.n + 1))
        return self.off > 0 and sum(chances) < 0.05

    def __str__(self) -> str:
        """The number in words."""
        return say("{off} of {n} groups of like forecasts off the mark.", off=count(self.off), n=count(self.n))


def groups_off(run: Run, target: str) -> GroupsOff:
    """The number of groups of like forecasts in which the chosen model is off."""
    bins = run.table(declared.CALIBRATION, target)
    own = bins[bins["model"] == run.chosen(target)]
    return GroupsOff(int((_gap(own) > ROUNDING).sum()), len(own))


def _gap(own: pd.DataFrame) -> pd.Series:
    """The distance of each group's interval from the diagonal; 0 where it holds it."""
    return (own["low"] - own["mean_predicted"]).clip(lower=0) + (own["mean_predicted"] - own["high"]).clip(lower=0)


def _held(own: pd.DataFrame) -> str:
    """The number of groups of like forecasts whose interval holds the diagonal, and the one that misses it by most."""
    gap = _gap(own).where(lambda g: g > ROUNDING, 0.0)
    if not (gap > 0).any():
        return say("Here all {n} groups do.", n=count(len(own)))
    worst = next(records(own[gap == gap.max()]))
    digits = digits_apart(worst.mean_predicted, worst.low, worst.high)
    return say(
        "Here {held} of {n} groups do; furthest off is the one predicted at {predicted}, where {observed} {interval} "
        "came.",
        held=count(int((gap == 0).sum())),
        n=count(len(own)),
        predicted=percent(worst.mean_predicted, digits),
        observed=percent(worst.observed, digits),
        interval=percents(worst.low, worst.high, digits),
    )


def _draw(faint: list[Any], own: pd.DataFrame, colour: str) -> Any:
    drawn = chart([*faint, *_band(own, colour), _line(own, colour)], height=380, legend=True)
    end = float(min(1.0, max(own["mean_predicted"].max(), own["observed"].max(), own["high"].max()) * 1.06))
    drawn.add_shape(
        type="line", x0=0, y0=0, x1=end, y1=end, line={"color": QUIET, "width": 1, "dash": "dash"}, layer="below"
    )
    drawn.update_xaxes(title_text=say("predicted"), tickformat=".0%", range=[-0.03 * end, end], nticks=6)
    drawn.update_yaxes(title_text=say("observed"), tickformat=".0%", range=[-0.03 * end, end], nticks=6)
    return drawn


def _faint(others: pd.DataFrame) -> list[Any]:
    """The other models, one legend entry for all."""
    traces = []
    for place, (name, bins) in enumerate(others.groupby("model")):
        bins = bins.sort_values("mean_predicted")
        style = {"color": FAINT, "width": 1.2}
        hover = [
            f"{label(str(name))}: {percent(x, 0)} → {percent(y, 0)}"
            for x, y in zip(bins["mean_predicted"], bins["observed"], strict=True)
        ]
        points = {"x": list(bins["mean_predicted"]), "y": list(bins["observed"])}
        trace = go.Scatter(
            points, mode="lines", line=style, name=say("other models"), legendgroup="others", showlegend=place == 0
        )
        traces.append(trace.update(hovertext=hover, hoverinfo="text"))
    return traces


def _band(own: pd.DataFrame, colour: str) -> list[Any]:
    edges = {"mode": "lines", "hoverinfo": "skip", "line": {"width": 0, "color": colour}}
    across = list(own["mean_predicted"])
    low = go.Scatter({**edges, "x": across, "y": list(own["low"])}, showlegend=False)
    high = go.Scatter(
        {**edges, "x": across, "y": list(own["high"])}, fill="tonexty", fillcolor=f"{colour}2e", name=say("95% band")
    )
    return [low, high]


def _line(own: pd.DataFrame, colour: str) -> Any:
    hover = [
        say(
            "predicted {predicted}, observed {observed} {interval}, n = {n}",
            predicted=percent(row.mean_predicted),
            observed=percent(row.observed),
            interval=percents(row.low, row.high),
            n=count(row.n),
        )
        for row in records(own)
    ]
    colours = [GREY if n < FEW else colour for n in own["n"]]
    return go.Scatter(
        x=list(own["mean_predicted"]),
        y=list(own["observed"]),
        mode="lines+markers",
        line={"color": colour, "width": 1.6},
        marker={"color": colours, "size": 7, "line": {"color": INK, "width": 0}},
        name=say("chosen model"),
        hovertext=hover,
        hoverinfo="text",
    )


def _calibrators(run: Run) -> list[Block]:
    table = run.table(declared.CALIBRATORS)
    heading = Heading(say("How the probabilities were corrected"))
    if table.empty:
        return [heading, Text(say(UNCORRECTED))]
    text = Text(
        say(
            "Each model’s correction was fitted on half B of the validation users and chosen by log loss on those of "
            "them who took no part in fitting it; “none” wins unless another is better. What it gained shows on the "
            "test part, which had no say in it."
        )
    )
    rows = tuple(
        (
            text_cell(titled(row.target)),
            text_cell(row.model),
            text_cell(say_again(row.kind)),
            number_cell(row.log_loss_none),
            number_cell(row.log_loss_chosen),
            number_cell(row.test_log_loss_raw),
            number_cell(row.test_log_loss),
            signed_cell(row.test_log_loss_raw - row.test_log_loss),
        )
        for row in records(table)
    )
    titles = (say("Half B before"), say("Half B after"), say("Test before"), say("Test after"), say("Gain on test"))
    columns = heads(say("Target"), say("Model"), say("Correction"), *titles, first=3)
    return [
        heading,
        text,
        Fold(say("Corrections by model"), (Table(say("Log loss before and after correction"), columns, rows),)),
    ]
