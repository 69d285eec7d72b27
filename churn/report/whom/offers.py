"""Offers: what users are offered, what such offers were worth at earlier cutoffs, and how true their chances were."""

from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import Messages, marked, say, say_many
from churn.report.parts.blocks import Block, Section, Text
from churn.report.parts.tables import Cell, Table, count_cell, heads, number_cell, percent_cell
from churn.report.parts.wording import count, percents, shortened
from churn.run_files import records
from churn.runs import Run

SHOWN = 10  # popular activities
LONGEST = 24  # letters of a title in the list
_KNOWN = Messages(
    {"0": marked("no activity"), "1": marked("one"), "2+": marked("two or more"), "1+": marked("one or more")}
)
_BASES = Messages({"popular": marked("popular lately"), "like_yours": marked("like the user's own")})
_LEFT_OUT = Messages(
    {
        "unknown activity": marked("of activities that are not listed"),
        "null activity_id": marked("without an activity"),
        "null or unreadable timestamp": marked("without a time that can be read"),
        "from the cutoff on": marked("from the cutoff on"),
    }
)


def build(run: Run) -> Section:
    """The most offered activities, the measures of both rankings, and the chances beside the shares that joined."""
    blocks: list[Block] = [_popular(run)]
    measures, chances = run.table(declared.OFFER_MEASURES), run.table(declared.OFFER_CHANCES)
    if measures.empty:
        blocks.append(Text(say("There are too few earlier days to judge offers by, so no chances are told.")))
    else:
        blocks += [Text(_how(run)), _measures(measures), _chances(chances)]
    return Section("offers", say("What to offer"), _lead(run), (*blocks, Text(_counted(run))))


def to_offer(run: Run) -> dict[str, str]:
    """The titles of what each scored user is offered, the likeliest first, by id."""
    table = run.table(declared.OFFERS).sort_values("place", kind="stable")
    by_user = table["title"].map(lambda title: shortened(str(title), LONGEST)).groupby(table["user_id"])
    return {str(user): " · ".join(titles) for user, titles in by_user}


def _lead(run: Run) -> str:
    table = run.table(declared.OFFERS).drop_duplicates("user_id")
    like = int((table["basis"] == "like_yours").sum())
    return say_many(
        "{n} user is offered activities, {like} by what is like the own ones; {others} by what is popular lately.",
        "{n} users are offered activities, {like} by what is like their own ones; {others} by what is popular lately.",
        len(table),
        like=count(like),
        others=count(len(table) - like),
    )


def _how(run: Run) -> str:
    told = run.manifest["offers"]
    return say(
        "Judged at {n} earlier cutoffs, {days} days apart: the earlier half chose how much likeness counts, the later "
        "half is shown. A hit is a member whose next new activity was among the offers. Likeness is used only for "
        "members for whom its gain over what is popular is clearly above zero. Intervals: 95%.",
        n=count(told["cutoffs"]),
        days=count(told["horizon_days"]),
    )


def _popular(run: Run) -> Table:
    rows = tuple(
        (Cell(row.title), count_cell(row.members), count_cell(row.users))
        for row in records(run.table(declared.POPULAR).head(SHOWN))
    )
    columns = heads(say("Activity"), say("Members lately"), say("Users to whom it is offered"))
    return Table(say("Popular lately: what visitors without an id are offered"), columns, rows)


def _measures(table: pd.DataFrame) -> Table:
    titles = (say("Activities known"), say("Offers by"), say("Among"))
    numbers = (
        say("Members"),
        say("Hit rate"),
        say("Best possible"),
        say("Activities covered"),
        say("Gain"),
        say("Used"),
    )
    columns = heads(*titles, *numbers, first=2)
    return Table(say("Hits of offers at earlier cutoffs"), columns, tuple(map(_measured, records(table))))


def _measured(row: Any) -> tuple[Cell, ...]:
    gain = row.gain == row.gain
    return (
        Cell(_KNOWN[row.known]),
        Cell(_BASES[row.basis]),
        count_cell(row.k),
        count_cell(row.n_users, grey=True),
        percent_cell(row.hit_rate, under=percents(row.low, row.high)),
        percent_cell(row.best),
        percent_cell(row.coverage),
        number_cell(100 * row.gain, 1, under=_points(row)) if gain else number_cell(None),
        Cell(say("yes") if row.used else say("no")),
    )


def _points(row: Any) -> str:
    return say("{low:.1f} to {high:.1f} points", low=100 * row.gain_low, high=100 * row.gain_high)


def _chances(table: pd.DataFrame) -> Table:
    rows = tuple(
        (
            Cell(_KNOWN[row.known]),
            count_cell(row.place),
            count_cell(row.n, grey=True),
            percent_cell(row.chance),
            percent_cell(row.joined, under=percents(row.low, row.high)),
        )
        for row in records(table)
    )
    columns = heads(say("Activities known"), say("Offer"), say("Offers"), say("Mean chance"), say("Joined"))
    return Table(say("Chances of joining, and how many joined"), columns, rows)


def _counted(run: Run) -> str:
    """The visits that were used, and why others were not."""
    visits = run.manifest["offers"]["rows"]["visits"]
    used = say("{used} of {read} visits were used.", used=count(visits["used"]), read=count(visits["read"]))
    left = ", ".join(f"{count(visits[name])} {words}" for name, words in _LEFT_OUT.items() if visits.get(name))
    out = say("Left out: {left}.", left=left)
    return f"{used} {out}" if left else used
