"""The first screen: how many, who, and whether to believe it."""

from typing import Any

from churn.report import stake
from churn.report.blocks import Beside, Block, Caption, Checks, Heading, Items, Section, Text, Tile, Tiles
from churn.report.figures import COLOURS, GREY, Dots, dot_plot, figure
from churn.report.listing import drawn
from churn.report.run import Estimate, Run, records
from churn.report.splits import words
from churn.report.trust import on_data, on_list, on_target
from churn.report.wording import FEW, SEGMENTS, TARGETS, count, day, percent, percents

LISTED = {"churn": "On the list before: fell silent", "sticker": "On the list before: received a sticker"}
RATE_TITLES = {"churn": "Share that fell silent", "sticker": "Share that received a sticker"}


def build(run: Run) -> Section:
    """How many users are at risk, what the list is worth, and whether to trust it."""
    blocks: list[Block] = [Tiles(_tiles(run)), Heading("Can it be trusted?"), *_trust(run)]
    warnings = tuple(str(warning) for warning in run.manifest["warnings"])
    if warnings:
        blocks += [Heading("Warnings"), Items(warnings)]
    blocks.append(Heading("What happened to such users before"))
    blocks.append(Tiles(tuple(_outcome(run, target) for target in run.targets)))
    return Section("glance", "At a glance", _lead(run), (*blocks, *_rates(run)))


def _trust(run: Run) -> list[Block]:
    """The verdict on the list, those of each target in a column, and that on the data below."""
    columns = [(Caption(TARGETS[target]), Checks(on_target(run, target))) for target in run.targets]
    return [Checks((on_list(run),)), Beside(tuple(columns)), Checks((on_data(run),))]


def _lead(run: Run) -> str:
    horizon, segment = run.windows["horizon_days"], run.manifest["segment"]
    chance = ", and how likely to receive a sticker" if run.stickers else ""
    return (
        f"{_at_risk(run)} {day(segment['cutoff'])} are at risk. Each has been scored: how likely to fall silent in "
        f"the {horizon} days from then on{chance}."
    )


def _at_risk(run: Run) -> str:
    if run.windows["at_risk"] == "member":
        return "Members on"
    return f"Users who were active in the {run.windows['at_risk_days']} days before"


def _tiles(run: Run) -> tuple[Tile, ...]:
    segment, scores = run.manifest["segment"], run.table("scores.parquet")
    listed = int((scores["segment"] == "priority").sum())
    likely = int((scores["p_churn"] >= segment["likely_churn"]).sum())
    at_risk = Tile(
        "Users at risk",
        count(segment["scored"]),
        f"scored on {day(segment['cutoff'])}; {count(likely)} of them with a chance of churn of "
        f"{percent(segment['likely_churn'], 0)} or more.",
    )
    return at_risk, Tile("On the list", count(listed), f"{drawn(run)}."), *stake.tiles(run)


def _outcome(run: Run, target: str) -> Tile:
    """What became of users whom the same rule put on the list in the test part."""
    name = LISTED[target]
    listed, everyone = run.rate("priority", target), run.rate("all", target)
    if listed is None or everyone is None:
        return Tile(name, "–", "not measured: no labelled test window on the list.")
    rate, n = listed
    detail = (
        f"base rate {percent(everyone[0].value)}, so {_against(rate, everyone[0].value)}; {count(n)} users on test."
    )
    return Tile(name, percent(rate.value), detail, percents(rate.low, rate.high), few=n < FEW)


def _against(rate: Estimate, base: float) -> str:
    """In words, on which side of the base rate the interval lies."""
    if rate.low > base:
        return "more often than usual"
    return "less often than usual" if rate.high < base else "not clearly different"


def _rates(run: Run) -> list[Block]:
    if run.table("segment_rates.csv").empty:
        return [Text("No observed rates: the test part held no labelled window of these groups.")]
    text = Text(
        f"The same rule, applied to {words(run).unseen}: a list drawn on every day of the test part, and what "
        "its users did in the days after. n counts places on these lists, the same user once a day; the 95 % intervals "
        "(lines) allow for that. The dashed line is the base rate of everyone at risk; grey marks fewer than "
        f"{FEW} users."
    )
    return [text, Beside(tuple((_rate_figure(run, target),) for target in run.targets))]


def _rate_figure(run: Run, target: str) -> Block:
    rates = run.table("segment_rates.csv", target)
    rates = rates[rates["segment"].isin(SEGMENTS)]
    labels = {
        row.segment: f"{SEGMENTS[row.segment]}<br>n = {count(row.n)}, {count(row.n_users)} users"
        for row in records(rates)
    }
    rows = [labels[segment] for segment in SEGMENTS if segment in labels]
    series = [_rate_dot(row, labels[row.segment], COLOURS[target]) for row in records(rates)]
    everyone = run.rate("all", target)
    drawn = dot_plot(series, rows=rows, x_title="", reference=everyone[0].value if everyone else None, share=True)
    drawn.update_xaxes(nticks=4)
    drawn.update_layout(height=60 + 44 * len(rows), showlegend=False, scattermode="overlay", margin_t=8)
    said = "; ".join(
        f"{SEGMENTS[row.segment]}: {percent(row.rate)} {percents(row.low, row.high)}, {_size(row)}"
        for row in records(rates)
    )
    return figure(drawn, title=RATE_TITLES[target], description=f"{RATE_TITLES[target]}, by group. {said}.", caption="")


def _size(row: Any) -> str:
    return f"n = {count(row.n)}, {count(row.n_users)} users"


def _rate_dot(row: Any, label: str, colour: str) -> Dots:
    rate, low, high = (float(getattr(row, name)) for name in ("rate", "low", "high"))
    hover = f"{percent(rate)} {percents(low, high)}, {_size(row)}"
    return Dots("", [label], [rate], [low], [high], [hover], GREY if row.n_users < FEW else colour)
