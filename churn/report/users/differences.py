"""Differences of the users on the list, and of the loyal earners, from the others."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import marked, say, say_again, say_many
from churn.report.parts.blocks import Block, Fold, Heading, Note, Section, Text
from churn.report.parts.tables import Cell, Column, Table, number_cell, percent_cell
from churn.report.parts.wording import afterwards, count, decimal, decimals, feature, listed, p_value, percent, signed
from churn.report.users import categories, forest
from churn.report.users.forest import BY_CONSTRUCTION, FINDING, UNTESTED, kind
from churn.run_files import records
from churn.runs import Run

COUNTED = ("active_days_afterwards", "stickers_received_afterwards", "sticker_amount_afterwards")  # no yes or no
IN_WORDS = 3  # findings whose means are told
LOYAL = marked(
    "Loyal earners are those whose chance of churn is under the line of likely churners and whose chance of a sticker "
    "is at the top among them: whom the platform keeps without being asked."
)


def build(run: Run) -> Section:
    """A forest plot and a table per comparison, what no model saw before descriptions."""
    tests = run.table(declared.SEGMENT_TESTS)
    if tests.empty:
        nothing = say("No comparison was made: too few users in a group.")
        return Section("differences", say("How they differ"), nothing, ())
    minimum = int(run.manifest["segment"]["minimum_cell"])
    tests = tests.assign(kind=[kind(row, minimum) for row in records(tests)])
    levels = run.table(declared.SEGMENT_CATEGORIES)
    blocks: list[Block] = []
    small: list[str] = []
    for name, group in tests.groupby("comparison", sort=False):
        if _size(group) < minimum:
            small.append(_sizes(str(name), group))
        else:
            blocks += _comparison(str(name), group, levels[levels["comparison"] == name], minimum)
    title, left = say("How they differ"), _not_compared(small, minimum) if small else ""
    if not blocks:
        return Section("differences", title, left, ())
    told = [block.body for block in blocks if isinstance(block, Heading | Text) and block.body != say(LOYAL)]
    lead = ": ".join(told[:2])  # the first comparison, and what was found in it
    described = (*_pooled(run), Text(_compared(run)), _explained(minimum), _named(run), *_twins(run), *_clock(run))
    return Section("differences", title, lead, (*described, *blocks, *([Text(left)] if left else [])))


def _compared(run: Run) -> str:
    """The users who are compared, and the measure of how they differ."""
    if run.scattered:
        return say(
            "The priority segment, the users with the highest priority, against others in the test part. Hedges’ g is "
            "the difference in standard deviations: 0.2 is small, 0.5 middling, 0.8 large."
        )
    return say(
        "The priority segment, the users with the highest priority, against others, each user once, at the user’s "
        "latest day at risk in the test part. For most that is the last before silence, so more of them fell silent "
        "than on lists of all days. Hedges’ g is the difference in standard deviations: 0.2 is small, 0.5 "
        "middling, 0.8 large."
    )


def _size(group: pd.DataFrame) -> int:
    """The number of users in the smaller group of a comparison."""
    return int(min(group["n_priority"].max(), group["n_other"].max()))


def _sizes(name: str, group: pd.DataFrame) -> str:
    first, others = count(group["n_priority"].max()), count(group["n_other"].max())
    return say("{comparison} ({first} and {others} users)", comparison=say_again(name), first=first, others=others)


def _not_compared(comparisons: list[str], minimum: int) -> str:
    """The comparisons of a group that is too small for any test, in one line."""
    return say(
        "Not compared, since a group has fewer than {minimum} users: {comparisons}. The numbers are in "
        "segment_tests.csv.",
        minimum=count(minimum),
        comparisons="; ".join(comparisons),
    )


def _explained(minimum: int) -> Text:
    return Text(
        say(
            "Two kinds of rows. A column that went into the scores differs between the groups by construction: its row "
            "(grey, “by construction”) describes the group and proves nothing. Findings can come only from columns "
            "that no model saw (blue): filled where the difference holds after adjusting for the number of tests, "
            "those of the grey rows included, hollow where it does not. Where a group is so skewed that a few users "
            "make its mean, ranks decide what is a finding, since a t-test errs too often there. What happened "
            "afterwards is what the scores set out to foresee: read it as a check of the list. Where a group has fewer "
            "than {minimum} users nothing is tested, and its rows are grey, too.",
            minimum=count(minimum),
        )
    )


def _named(run: Run) -> Text:
    """The meaning of the endings of the columns' names."""
    windows, before = run.windowing, int(run.manifest["segment"]["before_days"])
    if not windows["history_days"]:
        return Text(say("Names that end in “afterwards” say what became of the user."))
    return Text(
        say(
            "Names that end in “before” are of the {before} days before the {history} days that the models see, those "
            "that end in “afterwards” of {horizon}. A share in the morning is the share of the user’s own acts between "
            "6:00 and 12:00; night, afternoon and evening are six hours each, too.",
            before=before,
            history=windows["history_days"],
            horizon=afterwards(windows),
        )
    )


def _pooled(run: Run) -> list[Block]:
    """Notes where the users compared are not the list as drawn: by another score, or by a number of users a day."""
    segment, compared = run.manifest["segment"], run.manifest["compared"]
    if segment["rule"] != "number":
        return _by_priority(segment, compared)
    return [
        *_by_priority(segment, compared),
        Text(
            say(
                "A list of {number} users is compared here by its share: of {users} users in the test part, {listed} "
                "count as being on the list.",
                number=count(segment["number"]),
                users=count(compared["users"]),
                listed=count(compared["listed"]),
            )
            if run.scattered
            else say(
                "A list of {number} users is compared here by its share: on an average cutoff of the test part "
                "{per_day} users were at risk, and so of {users} users {listed} count as being on the list.",
                number=count(segment["number"]),
                per_day=count(compared["per_day"]),
                users=count(compared["users"]),
                listed=count(compared["listed"]),
            )
        ),
    ]


def _by_priority(segment: Mapping[str, Any], compared: Mapping[str, Any]) -> list[Block]:
    if segment["rank_by"] == "priority" and segment["rule"] != "profit":
        return []
    said = say(
        "The {listed} of {users} users with the highest priority are compared here. The list is ordered and ended "
        "otherwise, so it holds other users, who may differ in another way.",
        listed=count(compared["listed"]),
        users=count(compared["users"]),
    )
    return [Note(say("Not the users of the list"), said, tone="care")]


def _twins(run: Run) -> list[Block]:
    """A note where chance divided users of equal scores into list and others; nothing elsewhere."""
    ties = run.manifest["compared"]["ties"]
    if ties["line"] == ties["line_listed"]:
        return []
    return [
        Text(
            say_many(
                "Of {line} users with the same scores at the end of the list, {n} counts as being on it, drawn at "
                "random, and is compared with the others like it: the more there are, the less the groups can differ.",
                "Of {line} users with the same scores at the end of the list, {n} count as being on it, drawn at "
                "random, and are compared with the others like them: the more there are, the less the groups can "
                "differ.",
                ties["line_listed"],
                line=count(ties["line"]),
            )
        )
    ]


def _clock(run: Run) -> list[Block]:
    """A sentence on hours of which the log does not know all; nothing where it does."""
    clock = run.manifest["clock"]
    if clock is None or clock["timed"] == clock["actions"]:
        return []
    if not clock["timed"]:
        return [Text(say("The log holds dates without a time of day, so hours of the day are not compared."))]
    return [
        Text(
            say(
                "Of the users’ own actions, {timed} of {actions} have a time of day; the hours are compared by these "
                "alone.",
                timed=count(clock["timed"]),
                actions=count(clock["actions"]),
            )
        )
    ]


def _comparison(name: str, group: pd.DataFrame, levels: pd.DataFrame, minimum: int) -> list[Block]:
    strength = group.assign(size=group["hedges_g"].abs())
    ordered = strength.sort_values(["circular", "size"], ascending=[True, False], kind="stable")
    title = say_again(name)
    title = title[:1].upper() + title[1:]
    words = [Text(say(LOYAL))] if _is_loyal(ordered) else []
    return [
        Heading(title),
        *words,
        Text(_found(ordered, minimum)),
        forest.build(title, ordered),
        _table(title, ordered, minimum),
        *categories.build(title, levels, minimum=minimum),
    ]


def _is_loyal(group: pd.DataFrame) -> bool:
    return bool(group["group"].iloc[0] != "priority")


def _found(group: pd.DataFrame, minimum: int) -> str:
    free = group[group["kind"] != BY_CONSTRUCTION]
    if free.empty:
        return say("Every column compared here went into the scores, so there is no finding, only description.")
    tested = free[free["kind"] != UNTESTED]
    left_out = len(free) - len(tested)
    few = count(minimum)
    if tested.empty:
        return say("Nothing was tested: of each column too few users are known, fewer than {few} in a group.", few=few)
    found = _kept(tested[tested["kind"] == FINDING], count(len(tested)))
    if not left_out:
        return found
    more = say(
        "Not tested: {n} more, of which too few users are known (under {few} in a group).", n=count(left_out), few=few
    )
    return f"{found} {more}"


def _kept(kept: pd.DataFrame, tested: str) -> str:
    """A sentence that names the tested columns that differ."""
    if kept.empty:
        return say("{tested} columns that no model saw were tested; none differ after adjustment.", tested=tested)
    names = listed([f"{feature(row.feature)} ({signed(row.hedges_g)})" for row in records(kept.head(6))])
    if len(kept) > 6:
        names = say("{names} and more", names=names)
    said = say_many(
        "{tested} columns that no model saw were tested; {n} differs after adjustment: {names}.",
        "{tested} columns that no model saw were tested; {n} differ after adjustment: {names}.",
        len(kept),
        tested=tested,
        names=names,
    )
    return " ".join([said, *(_in_words(row) for row in records(kept.head(IN_WORDS)))])


def _in_words(row: Any) -> str:
    """Both groups' means of a column."""
    return say(
        "{feature}: {first} on average, the others {others}.",
        feature=feature(row.feature),
        first=_mean(row.feature, row.mean_priority),
        others=_mean(row.feature, row.mean_other),
    )


def _mean(name: str, mean: float) -> str:
    """A mean, that of a share or of a yes or no as a percentage."""
    return percent(mean, 0) if _is_share(name) else decimal(mean, _digits(mean))


def _is_share(name: str) -> bool:
    """Whether a column is a share of a user's acts, or a yes or no, of which the mean is the share of users."""
    answer = name.endswith("_afterwards") and name not in COUNTED
    return answer or name.startswith(("share_in_", "share_at_", "share_on_"))


def _digits(mean: float) -> int:
    """Decimals enough to tell two means apart, and no more."""
    return 0 if abs(mean) >= 10 else 1 if abs(mean) >= 1 else 2


def _table(title: str, group: pd.DataFrame, minimum: int) -> Fold:
    loyal = _is_loyal(group)
    titles = (
        *(say("Mean of loyal earners") if loyal else say("Mean of the segment"), say("Mean of others")),
        *(say("n loyal") if loyal else say("n segment"), say("n others")),
        *(say("Hedges’ g"), say("Adjusted p"), "t", "df", say("p of t"), say("p of ranks")),
        *(say("p of t by Holm"), say("p of t by share of false")),
    )
    columns = (
        Column(say("Column")),
        Column(say("Kind"), clipped=True),
        *(Column(name, numeric=True) for name in titles),
    )
    rows = tuple(_row(row, minimum) for row in records(group))
    explained = Text(
        say(
            "Adjusted p decides: under 0.05 a row is a finding, and the chance of any false finding in the comparison "
            "is at most that. It is Holm’s, over the p of ranks (Mann–Whitney) where there is one and the p of t "
            "(Welch) elsewhere. Ranks are compared where a group is so skewed (beyond ±2) that few users make its "
            "mean. Beside it stand the t-tests alone, by Holm and by Benjamini and Hochberg: under 0.05 by the latter, "
            "at most that share of the findings is false."
        )
    )
    return Fold(
        say("The same as a table, with t-tests"),
        (explained, Table(say("{title} (Welch’s t-tests)", title=title), columns, rows)),
    )


def _row(row: Any, minimum: int) -> tuple[Cell, ...]:
    return (
        Cell(feature(row.feature)),
        Cell(say_again(row.kind)),
        _mean_cell(row.feature, row.mean_priority),
        _mean_cell(row.feature, row.mean_other),
        Cell(count(row.n_priority), order=str(row.n_priority), few=row.n_priority < minimum),
        Cell(count(row.n_other), order=str(row.n_other), few=row.n_other < minimum),
        number_cell(row.hedges_g, 2, under=decimals(row.low, row.high, 2)),
        _p_cell(row.p_finding),
        number_cell(row.t, 2),
        number_cell(row.df, 1),
        *(_p_cell(p) for p in (row.p, row.p_rank, row.p_adjusted, row.p_bh)),
    )


def _mean_cell(name: str, mean: float) -> Cell:
    return percent_cell(mean) if _is_share(name) else number_cell(mean, 2)


def _p_cell(p: float) -> Cell:
    return Cell(p_value(p), order=str(p))
