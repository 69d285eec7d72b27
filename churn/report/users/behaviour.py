"""Groups of like behaviour: what sets them apart, and what happens to their users."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import marked, say
from churn.report.parts.blocks import Block, Figure, Fold, Section, Text
from churn.report.parts.chart_parts import COLOUR_BAR, chart, figure, label
from churn.report.parts.tables import Cell, Column, Table, count_cell, heads, number_cell, percent_cell
from churn.report.parts.wording import count, decimal, feature, percent, percents, signed
from churn.report.whom.marks import group_names
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW

TITLE = marked("Groups of like behaviour")
STABLE, LEAST_EXCESS = 0.6, 0.05  # what the search for groups asks for
SHOWN = 16  # columns of the heat map
LESS, NONE, MORE = "#d55e00", "#f5f7fa", "#0072b2"


def build(run: Run) -> Section:
    """A heat map of group by column and a table of the groups, or the sentence that there are none."""
    groups, facts = run.table(declared.GROUPS), run.manifest["groups"]
    if groups.empty:
        return Section("behaviour", say(TITLE), _none(run, facts), _search(run))
    lead = say(
        "There are {groups} groups of like behaviour, found among {users} users.",
        groups=count(len(groups)),
        users=count(facts["n_learnt"]),
    )
    about = say(
        "Users are alike here when the same things were counted in their last {history} days, in like numbers. The "
        "groups were found without looking at what happened afterwards.",
        history=count(run.windowing["history_days"]),
    )
    blocks: list[Block] = [
        Text(f"{about} {_learnt_from(facts)}"),
        _heat(run),
        Text(_reading()),
        _table(run, groups),
    ]
    return Section("behaviour", say(TITLE), lead, (*blocks, *_held_back(run), *_search(run)))


def _none(run: Run, facts: Mapping[str, Any]) -> str:
    if run.table(declared.GROUP_STABILITY).empty:
        return say(
            "No groups were looked for. There were {users} users to compare, and a group needs {few}; or nothing about "
            "the users varied, or the configuration asks for none.",
            users=count(facts["n_compared"]),
            few=FEW,
        )
    return say(
        "No groups: users vary continuously. Among {users} users no number of groups was both found again in parts of "
        "the users and further apart than groups made of users of one kind. Dividing them all the same would draw "
        "lines where there are none.",
        users=count(facts["n_compared"]),
    )


def _learnt_from(facts: Mapping[str, Any]) -> str:
    if facts["learnt_from"] == "scored users":
        return say("The groups were learnt from the scored users themselves.")
    return say(
        "There are too few scored users to learn groups from. So the groups were learnt from one earlier day of each "
        "user, drawn at random, and every scored user was given to the nearest group."
    )


def _reading() -> str:
    return say(
        "Expected on the list are as many of the group as there would be if the list were drawn at random. The "
        "observed rates are those of the test part, with 95% intervals over users. They describe the groups; they do "
        "not say what would happen if a user changed group."
    )


def _held_back(run: Run) -> tuple[Text, ...]:
    """A note that the list's control group is counted too, where there is one."""
    held_back = run.manifest["segment"]["control"]["held_back"]
    if not held_back:
        return ()
    text = say("“On the list” counts the {n} users who are held back at random, too.", n=count(held_back))
    return (Text(text),)


def _heat(run: Run) -> Figure:
    columns = run.table(declared.GROUP_COLUMNS)
    grid = columns.pivot_table(index="group", columns="feature", values="difference", sort=False)
    strongest = grid.abs().max().sort_values(ascending=False, kind="stable").head(SHOWN).index
    grid, n = grid[strongest].T, columns.groupby("group").n.first()
    names = [say("Group {group}<br>n = {n}", group=group, n=count(n[group])) for group in grid.columns]
    hover = [
        [
            say(
                "{column}, group {group}: {difference}",
                column=label(feature(str(name)), 80),
                group=group,
                difference=signed(value),
            )
            for group, value in zip(grid, row, strict=True)
        ]
        for name, row in zip(grid.index, grid.to_numpy(), strict=True)
    ]
    most = max(1.0, float(grid.abs().to_numpy().max()))
    heat = go.Heatmap(
        z=grid.to_numpy().tolist(),
        x=names,
        y=[label(feature(str(name)), 24) for name in grid.index],
        text=hover,
        hoverinfo="text",
        texttemplate=None,
        colorscale=[[0, LESS], [0.5, NONE], [1, MORE]],
        zmin=-most,
        zmax=most,
        xgap=2,
        ygap=2,
        colorbar=COLOUR_BAR,
    )
    drawn = chart([heat], height=26 * len(grid) + 130)
    drawn.update_layout(margin_t=44)
    drawn.update_xaxes(type="category", showgrid=False)
    drawn.update_yaxes(autorange="reversed", showgrid=False)
    said = "; ".join(say("group {name}", name=name) for name in group_names(run).values())
    caption = say(
        "Blue: more than the average user. Vermilion: less. Shade: difference of the mean logarithms, in standard "
        "deviations of all users. n counts the users that the groups were learnt from."
    )
    description = say("How the groups differ, by group and column: {said}.", said=said)
    return figure(drawn, title=say("How the groups differ"), description=description, caption=caption)


def _table(run: Run, groups: pd.DataFrame) -> Table:
    titles = [say("Scored users"), say("P(churn)"), say("Observed churn"), say("On the list"), say("Test users")]
    if run.stickers:
        titles[3:3] = [say("P(sticker)"), say("Observed stickers")]
    columns = (Column(say("Group"), wide=True), *(Column(title, numeric=True) for title in titles))
    names = group_names(run)
    rows = tuple(_row(run, row, names[int(row.group)]) for row in records(groups))
    return Table(say("What becomes of each group"), columns, rows, cards=True)


def _row(run: Run, row: Any, name: str) -> tuple[Cell, ...]:
    few = row.n < FEW
    churn = (row.p_churn, row.churn, row.churn_low, row.churn_high)
    sticker = (row.p_sticker, row.sticker, row.sticker_low, row.sticker_high)
    expected = say("{n} expected", n=decimal(row.expected_listed, 1))
    return (
        Cell(name, order=str(row.group)),
        Cell(count(row.n), order=str(row.n), under=percent(row.share), few=few),
        *(
            cell
            for p, observed, low, high in ((churn, sticker) if run.stickers else (churn,))
            for cell in (percent_cell(p, few=few), _observed(observed, low, high, row.n_users))
        ),
        Cell(count(row.n_listed), order=str(row.n_listed), under=expected, few=few),
        count_cell(row.n_users, grey=True),
    )


def _observed(value: float, low: float, high: float, n_users: int) -> Cell:
    return percent_cell(value, under=percents(low, high), few=n_users < FEW)


def _search(run: Run) -> tuple[Block, ...]:
    tried = run.table(declared.GROUP_STABILITY)
    if tried.empty:
        return ()
    titles = (
        *(say("Stability"), say("Stability, shuffled"), say("Explained")),
        *(say("Explained, shuffled"), say("Explained, one kind")),
    )
    rows = tuple(
        (
            number_cell(row.groups, 0),
            *(number_cell(value, 2) for value in (row.stability, row.shuffled, row.explained)),
            *(number_cell(value, 2) for value in (row.explained_shuffled, row.explained_one_kind)),
            Cell(_judged(row)),
        )
        for row in records(tried)
    )
    columns = (*heads(say("Groups"), *titles, first=0), Column(say("Does it count?"), wide=True))
    table = Table(say("Numbers of groups tried"), columns, rows)
    return (Fold(say("How the number of groups was chosen"), (Text(_tried()), table)),)


def _judged(row: Any) -> str:
    """The verdict on a number of groups: yes, or the tests that it fails."""
    if row.beats_both:
        return say("yes")
    excess = row.explained - row.explained_one_kind
    fails = {
        say("Stability is under {least}.", least=decimal(STABLE, 1)): row.stability < STABLE,
        say("It is no more stable than shuffled columns."): row.stability <= row.shuffled,
        say(
            "It explains {excess} more than groups of one kind, and {least} more is asked.",
            excess=decimal(max(excess, 0)),
            least=decimal(LEAST_EXCESS, 2),
        ): excess < LEAST_EXCESS,
    }
    failed = [sentence for sentence, fails_it in fails.items() if fails_it]
    return " ".join([say("No."), *(failed or [say("Users drawn without groups explain as much at least once.")])])


def _tried() -> str:
    return say(
        "Stability: parts of the users are drawn again and again and grouped each time; 1 says that two parts always "
        "agree (adjusted Rand index). Explained: the share of the variance that lies between the groups. Shuffled: the "
        "same columns, each in an order of its own. One kind: users who vary continuously, with the same means and "
        "correlations. A number of groups counts if it is stable (0.6 or more), beats both, and explains 0.05 more "
        "than users of one kind on average. The most stable number is taken, and of those as stable the largest."
    )
