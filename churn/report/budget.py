"""What it is worth to call the users of the list, and how many to call."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.language import marked, say
from churn.report.blocks import Block, Heading, Items, Section, Text
from churn.report.figures import GREY, INK, REFERENCE_LINE, SERIES, chart, figure
from churn.report.listing import RANKS, rank_by
from churn.report.run import Run, records
from churn.report.wording import FEW, count, decimal, known, percent

TITLE = marked("What it is worth to call them")
SEVERAL = 2  # points from which on there is a curve


def build(run: Run) -> Section:
    """The curve of expected profit with the best size, and what it assumes; a sentence where no budget is known."""
    found: Mapping[str, Any] | None = run.manifest.get("budget")
    if found is None:
        lead = say(
            "This run was not told what a call costs and what keeping a user is worth, so it cannot say "
            "what the list would earn; segments.budget says it."
        )
        return Section("budget", say(TITLE), lead, ())
    said = Text(f"{_best(found)} {_number(found)}".strip())
    blocks = (said, *_curve(run, found), Heading(say("What this assumes")), Items(_assumed(found["assumed"])))
    return Section("budget", say(TITLE), _lead(run), blocks)


def _lead(run: Run) -> str:
    return say(
        "Call the scored users one after the other, the highest {score} first: what is it expected to "
        "earn, all calls taken together, against calling nobody?",
        score=RANKS[rank_by(run)],
    )


def _best(found: Mapping[str, Any]) -> str:
    scored = count(found["scored"])
    if not found["best"]:
        return say(
            "No list pays: of {scored} users, no number of calls is expected to earn what it costs.", scored=scored
        )
    best, profit = count(found["best"]), _money(found, "profit")
    if not known(found["low"]):
        return say(
            "Most is earned by calling the first {best} of {scored} users: an expected profit of {profit}.",
            best=best,
            scored=scored,
            profit=profit,
        )
    return say(
        "Most is earned by calling the first {best} of {scored} users (95 % interval {low} to {high}): "
        "an expected profit of {profit}.",
        best=best,
        scored=scored,
        low=count(found["low"]),
        high=count(found["high"]),
        profit=profit,
    )


def _number(found: Mapping[str, Any]) -> str:
    if found["number"] is None:
        return ""
    return say(
        "Calling {number}, as many as can be called, earns {profit}.",
        number=count(found["number"]),
        profit=_money(found, "at_number"),
    )


def _money(found: Mapping[str, Any], name: str) -> str:
    low, high = found[f"{name}_low"], found[f"{name}_high"]
    between = f" [{decimal(low, 1)},\u00a0{decimal(high, 1)}]" if known(low) and known(high) else ""
    return f"{decimal(found[name], 1)}{between}"


def _curve(run: Run, found: Mapping[str, Any]) -> tuple[Block, ...]:
    table = run.table("budget.csv").sort_values("k")
    if len(table) < SEVERAL:
        return (Text(say("The run holds no curve of the profit.")),)
    drawn = chart(_traces(table, found), height=360, legend=True)
    drawn.add_hline(y=0, line=REFERENCE_LINE, layer="below")
    drawn.update_xaxes(title_text=say("users called, best first"), rangemode="tozero", nticks=6)
    drawn.update_yaxes(title_text=say("expected profit"), nticks=6)
    few = say(" Fewer than {few} users, so grey: read with care.", few=FEW) if found["scored"] < FEW else ""
    title = say("Expected profit by the number of users called")
    said = f"{_best(found)} {_number(found)}".strip()
    caption = say("Band: 95 % interval over users. n = {n} users.{few}", n=count(found["scored"]), few=few)
    return (figure(drawn, title=title, description=f"{title}. {said}", caption=caption),)


def _traces(table: pd.DataFrame, found: Mapping[str, Any]) -> list[Any]:
    """The curve in its band, the best size and, where one is known, the number that can be called."""
    colour = GREY if found["scored"] < FEW else SERIES[2]
    x, edge = list(table["k"]), {"mode": "lines", "hoverinfo": "skip", "line": {"width": 0, "color": colour}}
    hover = [
        say("{users} users: {profit}", users=count(row.k), profit=decimal(row.profit, 1)) for row in records(table)
    ]
    line = go.Scatter(x=x, y=list(table["profit"]), mode="lines", line={"color": colour, "width": 2})
    line.update(name=say("expected profit"), hovertext=hover, hoverinfo="text")
    band = go.Scatter({**edge, "x": x, "y": list(table["high"])}, fill="tonexty", fillcolor=f"{colour}2e")
    band.update(name=say("95 % band"))
    marks = [_mark(say("best size"), found["best"], found["profit"], symbol="circle")]
    if found["number"] is not None:
        marks.append(_mark(say("can be called"), found["number"], found["at_number"], symbol="diamond-open"))
    return [go.Scatter({**edge, "x": x, "y": list(table["low"])}, showlegend=False), band, line, *marks]


def _mark(name: str, k: int, profit: float, *, symbol: str) -> Any:
    marker = {"size": 11, "color": INK, "symbol": symbol, "line": {"width": 1.5, "color": INK}}
    hover = say("{name}: {users} users, {profit}", name=name, users=count(k), profit=decimal(profit, 1))
    return go.Scatter(x=[k], y=[profit], mode="markers", name=name, marker=marker, hovertext=[hover], hoverinfo="text")


def _assumed(budget: Mapping[str, Any]) -> tuple[str, ...]:
    if budget["value"] is not None:
        worth = say("A user whom it keeps is worth {value} for every user.", value=decimal(budget["value"], 2))
    else:
        worth = say(
            "A user whom it keeps is worth the chance of a sticker if the user stays × the amount to "
            "expect of one, by the stickers so far of the user and of everyone; 1 where there are no "
            "stickers."
        )
    return (
        say("A call costs {cost}, whatever comes of it.", cost=decimal(budget["contact_cost"], 2)),
        say(
            "It keeps {share} of those who would have fallen silent, whoever they are.",
            share=percent(budget["save_rate"]),
        ),
        worth,
        say(
            "An incentive of {incentive} is paid to those whom it keeps, and to {share} of those who would "
            "have stayed anyway.",
            incentive=decimal(budget["incentive"], 2),
            share=percent(budget["uptake"]),
        ),
        say("Nobody leaves because of a call, and nobody who would have stayed brings more for it."),
        say(
            "The chances of falling silent are taken as right. The interval covers which users happen to "
            "be scored, not wrong assumptions: a test that leaves some of the list alone, drawn by lot, is "
            "what would show the save rate."
        ),
    )
