"""Levers: the chance on average at each value of what users control, and for how many users another is better."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.explanation import value_words
from churn.language import say, say_many
from churn.report.parts.blocks import Figure, Multiples, Section, Text
from churn.report.parts.chart_parts import Dots, chart, colour_of, dot_plot, figure, label
from churn.report.parts.wording import count, feature, percent, percents
from churn.run_files import records
from churn.runs import Run

LOGARITHMIC = 20  # times that the highest value is the lowest, from which on an axis is logarithmic


def build(run: Run) -> Section:
    """A chart of each lever, with a sentence on how to read it and how not to."""
    table, title = run.table(declared.LEVER_CURVES), say("What users control")
    if table.empty:
        return Section("levers", title, say("No attribute is said to be controllable."), ())
    charts = tuple(_figure(run, rows) for _, rows in table.groupby("attribute", sort=False))
    text = say(
        "Each point is the average chance of {n} users if all had this value and the rest stayed as it is, by what "
        "users alike have had. It does not say that a change of the value changes the outcome: users who chose another "
        "value may differ in ways that no column tells. Intervals: 95%.",
        n=count(table["n"].iloc[0]),
    )
    return Section("levers", title, _lead(run), (Multiples(charts, least=15), Text(text)))


def _lead(run: Run) -> str:
    moves = run.table(declared.LEVERS)
    users, told = len(run.table(declared.SCORES)), moves[moves["place"] > 0]["user_id"].nunique()
    return say_many(
        "For {told} of {n} user scored, users alike with another value of what they control have had a clearly better "
        "chance.",
        "For {told} of {n} users scored, users alike with another value of what they control have had a clearly better "
        "chance.",
        users,
        told=count(told),
    )


def _figure(run: Run, rows: pd.DataFrame) -> Figure:
    one = next(records(rows))
    words = [value_words(row.kind, row.value, row.level) for row in records(rows)]
    numbers = one.kind in ("number", "date") and len(rows) > 2
    drawn = _curve(run, rows, words) if numbers else _dots(run, rows, words)
    title = feature(one.attribute)
    ends = (rows["chance"].to_numpy().argmin(), rows["chance"].to_numpy().argmax())
    said = "; ".join(f"{words[at]}: {_chance(rows.iloc[at])}" for at in sorted(ends))
    caption = say("Lowest and highest: {said}.", said=said)
    every = "; ".join(f"{word} {_chance(row)}" for word, (_, row) in zip(words, rows.iterrows(), strict=True))
    return figure(drawn, title=title, description=f"{title}: {every}.", caption=caption)


def _chance(row: Any) -> str:
    return f"{percent(row.chance, 0)} {percents(row.low, row.high, 0)}"


def _curve(run: Run, rows: pd.DataFrame, words: list[str]) -> Any:
    colour, values = colour_of(run.first.name), list(rows["value"])
    band = go.Scatter(
        x=[*values, *values[::-1]],
        y=[*rows["high"], *rows["low"][::-1]],
        mode="lines",
        fill="toself",
        fillcolor=f"{colour}2e",
        line={"width": 0},
        hoverinfo="skip",
    )
    line = go.Scatter(
        x=values,
        y=list(rows["chance"]),
        mode="lines+markers",
        line={"color": colour, "width": 2},
        hovertext=[f"{word}: {_chance(row)}" for word, (_, row) in zip(words, rows.iterrows(), strict=True)],
        hoverinfo="text",
    )
    drawn = chart([band, line], height=230)
    drawn.update_yaxes(tickformat=".0%", nticks=5, title_text=run.first.say(run.first.chance))
    drawn.update_xaxes(nticks=5)
    if 0 < values[0] * LOGARITHMIC < values[-1]:
        ticks = {"tickvals": values[::4], "ticktext": words[::4]}
        drawn.update_xaxes(type="log", title_text=say("value (log scale)"), **ticks)
    return drawn


def _dots(run: Run, rows: pd.DataFrame, words: list[str]) -> Any:
    names = [label(word, 24) for word in words]
    hover = [f"{word}: {_chance(row)}" for word, (_, row) in zip(words, rows.iterrows(), strict=True)]
    values, lows, highs = (list(rows[name]) for name in ("chance", "low", "high"))
    dots = Dots("", names, values, lows, highs, hover, colour_of(run.first.name))
    return dot_plot([dots], rows=names, x_title=run.first.say(run.first.chance), reference=None, share=True)
