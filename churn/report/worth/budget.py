"""The worth of calling the users of the list, and how many to call."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import marked, say, say_many, with_unit
from churn.report.parts.blocks import Block, Heading, Items, Note, Section, Text, Tiles
from churn.report.parts.chart_parts import GREY, INK, REFERENCE_LINE, SERIES, chart, figure
from churn.report.parts.listing import RANKS, rank_by
from churn.report.parts.tables import Cell, Table, count_cell, heads, money_cell
from churn.report.parts.wording import count, known, money, moneys, percent
from churn.report.worth import earnings, stake
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW, Interval

APART = 2.0  # times, from which on two worths of a user conflict
TITLE = marked("What it is worth to call them")
SEVERAL = 2  # points from which on there is a curve


def build(run: Run) -> Section:
    """The curve of expected profit with the best size, and its assumptions; a sentence where no budget is known."""
    found: Mapping[str, Any] | None = run.manifest["budget"]
    if found is None:
        lead = say(
            "This run was not told what a call costs and what keeping a user is worth, so it cannot say "
            "what the list would earn."
        )
        return Section("budget", say(TITLE), lead, tuple(_tiles(run)), behind="worth")
    assumed = Heading(say("What this assumes")), Items(_assumed(found["assumed"], stickers=run.stickers))
    blocks = (
        *_tiles(run),
        Text(_asked(run)),
        *_pays(found, earnings.of_the_list(run)),
        *_of_the_list(run),
        *_conflict(run, found),
        *_curve(run, found),
    )
    lead = f"{_best(found)} {_number(found)}".strip()
    return Section("budget", say(TITLE), lead, (*blocks, *_orders(run, found), *assumed), behind="worth")


def _tiles(run: Run) -> list[Tiles]:
    """Tiles on what is at stake, with the origin of each number; nothing for an empty list."""
    return [Tiles(found)] if (found := stake.tiles(run)) else []


def _asked(run: Run) -> str:
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
            "In this order most is earned by calling the first {best} of {scored} users: an expected profit of "
            "{profit}.",
            best=best,
            scored=scored,
            profit=profit,
        )
    return say(
        "In this order most is earned by calling the first {best} of {scored} users (95% interval {low} to {high}): "
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
    return f"{money(found[name])} {moneys(found[f'{name}_low'], found[f'{name}_high'])}".rstrip()


def _pays(found: Mapping[str, Any], of_list: Mapping[str, Any]) -> tuple[Text, ...]:
    """The chance from which on a call pays, and how many users reach it, of all and of the list."""
    scored, paying, pays_from = count(found["scored"]), count(found["paying"]), found["pays_from"]
    if pays_from is None:
        said = say(
            "What a user kept is worth differs between users, so no one chance of churn decides whether a call pays. "
            "Taken alone, the calls to {paying} of the {scored} scored users are expected to pay.",
            paying=paying,
            scored=scored,
        )
    elif pays_from >= 1:
        said = say("By these costs no call pays, however likely the user is to fall silent.")
    else:
        said = say(
            "A call pays from a chance of churn of {chance} on. Of the {scored} scored users {paying} are over it, of "
            "the {listed} on the list {paying_listed}.",
            chance=percent(pays_from),
            scored=scored,
            paying=paying,
            listed=count(of_list["listed"]),
            paying_listed=count(of_list["paying"]),
        )
    return (Text(said),)


def _of_the_list(run: Run) -> tuple[Text, ...]:
    """The earnings of calling the list by the chances and, where it can be told, as past lists fared."""
    earned, past = earnings.profit(run), earnings.as_past_lists(run)
    if earned is None:
        return ()
    n = count(earnings.of_the_list(run)["listed"])
    said = say("Calling the {n} on the list is expected to earn {profit}.", n=n, profit=_between(earned))
    if past is None:
        return (Text(said),)
    before = say(
        "If as many of them fall silent as of past lists, it earns {profit}; this interval is that of the observed "
        "rate.",
        profit=_between(past),
    )
    return (Text(f"{said} {before}"),)


def _between(found: Interval) -> str:
    return f"{money(found.value)} {moneys(found.low, found.high)}".rstrip()


def _conflict(run: Run, found: Mapping[str, Any]) -> tuple[Note, ...]:
    """A caution where the settings and the stickers put a very different worth on a user."""
    value, stickers = found["assumed"]["value"], earnings.of_the_list(run).get("stickers_each")
    if value is None or stickers is None or max(value, stickers) <= APART * min(value, stickers):
        return ()
    said = say(
        "The plan counts {value} for every user kept, which is a setting. The amount at stake counts the stickers of "
        "{horizon} days alone, {stickers} for each likely loss on the list. Where a user kept stays for longer, the "
        "setting may be right; otherwise correct it.",
        value=money(value, 2),
        stickers=money(stickers, 2),
        horizon=run.windowing["horizon_days"],
    )
    return (Note(say("Two worths of a user"), said, "care"),)


def _orders(run: Run, found: Mapping[str, Any]) -> tuple[Block, ...]:
    """The profit of each score that can order the users, at its own best size."""
    orders: Mapping[str, Mapping[str, Any]] = found["orders"]
    ordered = sorted(orders, key=lambda name: -orders[name]["profit"])
    rows = tuple(
        (
            Cell(RANKS[name], badge=say("used") if name == rank_by(run) else ""),
            count_cell(orders[name]["best"]),
            money_cell(orders[name]["profit"]),
        )
        for name in ordered
    )
    scored = count(found["scored"])
    title = say("What each order would earn at its best size (n\u00a0= {scored} scored users)", scored=scored)
    columns = heads(say("Ordered by"), say("Users to call"), say("Expected profit"))
    return (Text(_best_order(run, orders, ordered[0])), Table(title, columns, rows))


def _best_order(run: Run, orders: Mapping[str, Mapping[str, Any]], first: str) -> str:
    if orders[first]["profit"] <= orders[rank_by(run)]["profit"]:
        said = say("No other order would earn more than the one used.")
    elif run.manifest["order"]["asked"] == "best":
        said = say(
            "By the chances the order by {score} would earn most; the one used did best by what came of past lists.",
            score=RANKS[first],
        )
    else:
        said = say(
            "By the chances the order by {score} would earn most; the one used was asked for.", score=RANKS[first]
        )
    taken = say("All of these take the chances as right.")
    return f"{said} {taken}"


def _curve(run: Run, found: Mapping[str, Any]) -> tuple[Block, ...]:
    table = run.table(declared.BUDGET).sort_values("k")
    if len(table) < SEVERAL:
        return (Text(say("The run holds no curve of the profit.")),)
    drawn = chart(_traces(table, found), height=360, legend=True)
    drawn.add_hline(y=0, line=REFERENCE_LINE, layer="below")
    drawn.update_xaxes(title_text=say("users called, best first"), rangemode="tozero", nticks=6)
    drawn.update_yaxes(title_text=with_unit(say("expected profit")), nticks=6)
    few = say(" Fewer than {few} users, so grey: read with care.", few=FEW) if found["scored"] < FEW else ""
    title = say("Expected profit by the number of users called")
    said = f"{_best(found)} {_number(found)}".strip()
    caption = say("Band: 95% interval over users. n = {n} users.{few}", n=count(found["scored"]), few=few)
    return (figure(drawn, title=title, description=f"{title}. {said}", caption=caption),)


def _traces(table: pd.DataFrame, found: Mapping[str, Any]) -> list[Any]:
    """The curve in its band, the best size and, where one is known, the number that can be called."""
    colour = GREY if found["scored"] < FEW else SERIES[2]
    x, edge = list(table["k"]), {"mode": "lines", "hoverinfo": "skip", "line": {"width": 0, "color": colour}}
    hover = [
        say_many("{n} user: {profit}", "{n} users: {profit}", int(row.k), profit=money(row.profit))
        for row in records(table)
    ]
    line = go.Scatter(x=x, y=list(table["profit"]), mode="lines", line={"color": colour, "width": 2})
    line.update(name=say("expected profit"), hovertext=hover, hoverinfo="text")
    band = go.Scatter({**edge, "x": x, "y": list(table["high"])}, fill="tonexty", fillcolor=f"{colour}2e")
    band.update(name=say("95% band"))
    marks = [_mark(say("best size"), found["best"], found["profit"], symbol="circle")]
    if found["number"] is not None:
        marks.append(_mark(say("can be called"), found["number"], found["at_number"], symbol="diamond-open"))
    return [go.Scatter({**edge, "x": x, "y": list(table["low"])}, showlegend=False), band, line, *marks]


def _mark(name: str, k: int, profit: float, *, symbol: str) -> Any:
    marker = {"size": 11, "color": INK, "symbol": symbol, "line": {"width": 1.5, "color": INK}}
    hover = say_many("{name}: {n} user, {profit}", "{name}: {n} users, {profit}", k, name=name, profit=money(profit))
    return go.Scatter(x=[k], y=[profit], mode="markers", name=name, marker=marker, hovertext=[hover], hoverinfo="text")


def _assumed(budget: Mapping[str, Any], *, stickers: bool) -> tuple[str, ...]:
    if budget["value"] is not None:
        worth = say("Every user kept is worth {value}.", value=money(budget["value"], 2))
    elif stickers:
        worth = say(
            "A user whom it keeps is worth the chance of a sticker if the user stays × the amount to "
            "expect of one, by the stickers so far of the user and of everyone."
        )
    else:
        worth = say("Every user kept counts as 1, since the log does not say what users are worth.")
    return (
        say("A call costs {cost}, whatever comes of it.", cost=money(budget["contact_cost"], 2)),
        say(
            "It keeps {share} of those who would have fallen silent, whoever they are.",
            share=percent(budget["save_rate"]),
        ),
        worth,
        *_incentive(budget),
        say("Nobody leaves because of a call, and nobody who would have stayed brings more for it."),
        say(
            "The chances of falling silent are taken as right. The interval covers which users happen to "
            "be scored, not wrong assumptions: a test that leaves some of the list alone, drawn at random, is "
            "what would show the save rate."
        ),
    )


def _incentive(budget: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence on the users to whom an incentive is paid; nothing where there is none."""
    if not budget["incentive"]:
        return ()
    return (
        say(
            "An incentive of {incentive} is paid to those whom it keeps, and to {share} of those who would "
            "have stayed anyway.",
            incentive=money(budget["incentive"], 2),
            share=percent(budget["uptake"]),
        ),
    )
