"""Observed outcomes of the users of past lists, group by group, beside everyone."""

from typing import Any

from churn.artefacts import declared
from churn.language import Messages, marked, say, target_of
from churn.report.parts.blocks import Beside, Block, Section, Text, Tile, Tiles
from churn.report.parts.chart_parts import GREY, Dots, colour_of, dot_plot, figure
from churn.report.parts.splits import words
from churn.report.parts.wording import afterwards, count, every, percent, percents
from churn.report.trust import trust
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW, Interval, side

GROUPS = Messages(  # of the test part's days
    {
        "priority": marked("On past lists"),
        "likely churner": marked("Likely churners, not listed"),
        "likely": marked("Likely, not listed"),
        "other": marked("Everyone else"),
        "all": marked("All users"),
    }
)


def build(run: Run) -> Section:
    """The rates of past lists with the base rates, then the rates of every group with their intervals."""
    title = say("What came of past lists, in numbers")
    if run.table(declared.SEGMENT_RATES).empty:
        nothing = say("No observed rates: the test part held no labelled window of these groups.")
        return Section("observed", title, nothing, ())
    tiles = Tiles(tuple(_outcome(run, target) for target in run.targets))
    return Section("observed", title, _found(run), (tiles, *_rates(run)), behind="past")


def _found(run: Run) -> str:
    """A sentence on whether past lists beat a list drawn at random."""
    found = trust.found_of_list(run)
    if found == "seen":
        return say(trust.SEEN)
    return trust.FOUND[found] if found in trust.FOUND else say("Nobody whose outcome is known was on a past list.")


def _outcome(run: Run, target: str) -> Tile:
    """The observed rate of users whom the same rule put on the list in the test part."""
    found = target_of(target)
    name = found.say(found.listed)
    listed, everyone = run.rate("priority", target), run.rate("all", target)
    if listed is None or everyone is None:
        return Tile(name, "–", say("not measured: no labelled test window on the list"))
    rate, n = listed
    detail = f"{_against(rate, everyone[0].value, n)}."
    return Tile(name, percent(rate.value), detail, percents(rate.low, rate.high), few=n < FEW)


def _against(rate: Interval, base: float, n: int) -> str:
    """The side of the base rate on which the interval lies, in words."""
    usual, users = percent(base), count(n)
    if n < FEW:
        return say("base rate {usual}; too few users on test to tell ({users})", usual=usual, users=users)
    if side(rate, base) == "above":
        return say("base rate {usual}, so more often than usual; {users} users on test", usual=usual, users=users)
    if side(rate, base) == "below":
        return say("base rate {usual}, so less often than usual; {users} users on test", usual=usual, users=users)
    return say("base rate {usual}, so not clearly different; {users} users on test", usual=usual, users=users)


def _rates(run: Run) -> list[Block]:
    text = Text(
        say(
            "The same rule, applied to {unseen}: one list drawn from all of them, and what became of its users, group "
            "by group, with 95% intervals (lines). The dashed line is the base rate of everyone; grey marks fewer than "
            "{few} users.",
            unseen=words(run).unseen,
            few=FEW,
        )
        if run.scattered
        else say(
            "The same rule, applied to {unseen}: a list drawn {every} in the test part, and what its users did in "
            "{horizon}. n counts places on these lists, the same user once a list; the 95% intervals "
            "(lines) allow for that. A user counts in every group that the user was in on some day, so the users of "
            "the groups add up to more than all. The dashed line is the base rate of everyone at risk; grey marks "
            "fewer than {few} users.",
            horizon=afterwards(run.windowing),
            unseen=words(run).unseen,
            every=every(run.windowing["stride_days"]),
            few=FEW,
        )
    )
    return [text, Beside(tuple((_rate_figure(run, target),) for target in run.targets))]


def _rate_figure(run: Run, target: str) -> Block:
    rates = run.table(declared.SEGMENT_RATES, target)
    rates = rates[rates["segment"].isin(list(GROUPS)) & (rates["n"] > 0)]
    labels = {
        row.segment: say(
            "{segment}<br>n = {n}, {n_users} users",
            segment=GROUPS[row.segment],
            n=count(row.n),
            n_users=count(row.n_users),
        )
        for row in records(rates)
    }
    rows = [labels[segment] for segment in GROUPS if segment in labels]
    series = [_rate_dot(row, labels[row.segment], colour_of(target)) for row in records(rates)]
    everyone = run.rate("all", target)
    drawn = dot_plot(series, rows=rows, x_title="", reference=everyone[0].value if everyone else None, share=True)
    drawn.update_xaxes(nticks=4)
    drawn.update_layout(height=60 + 44 * len(rows), showlegend=False, scattermode="overlay", margin_t=8)
    said = "; ".join(
        f"{GROUPS[row.segment]}: {percent(row.rate)} {percents(row.low, row.high)}, {_size(row)}"
        for row in records(rates)
    )
    found = target_of(target)
    title = found.say(found.share)
    return figure(
        drawn,
        title=title,
        description=say("{title}, by group. {said}.", title=title, said=said),
        caption="",
    )


def _size(row: Any) -> str:
    return say("n = {n}, {n_users} users", n=count(row.n), n_users=count(row.n_users))


def _rate_dot(row: Any, label: str, colour: str) -> Dots:
    rate, low, high = (float(getattr(row, name)) for name in ("rate", "low", "high"))
    hover = f"{percent(rate)} {percents(low, high)}, {_size(row)}"
    return Dots("", [label], [rate], [low], [high], [hover], GREY if row.n_users < FEW else colour)
