"""The two groups whose journeys are compared: who is in them, and whether they are enough."""

import numpy as np
import pandas as pd

from churn.data import Windows
from churn.eda.arguments import check_count
from churn.eda.coded_events import day_number
from churn.errors import UserError
from churn.language import marked, say, say_again

LEAST = 10  # users in a group to compare it at all
LISTED, OTHERS = marked("on the list"), marked("others at risk")
CHURNED, STAYED = marked("fell silent"), marked("stayed")


def of_the_list(scored: pd.DataFrame) -> pd.DataFrame:
    """The scored users, on the list or not, the list first whatever it is called: user_id, cutoff, group.

    Example:
        >>> users = pd.DataFrame({"user_id": [1, 2], "cutoff": "2024-03-01", "segment": ["other", "priority"]})
        >>> of_the_list(users)[["user_id", "group"]].to_numpy().tolist()
        [[2, 'on the list'], [1, 'others at risk']]
    """
    return _grouped(scored, scored["segment"].eq("priority"), (LISTED, OTHERS))


def of_fates(part: Windows) -> pd.DataFrame:
    """A part's users by their fate after its last cutoff, the users who fell silent first: user_id, cutoff, group.

    At each user's own latest window, users who fell silent would be further into their silence than the others.

    Example:
        >>> from churn.data import example_split
        >>> of_fates(example_split().test).cutoff.nunique()
        1
    """
    windows = part.take(part.cutoff == part.cutoff.max())
    users = pd.DataFrame({"user_id": windows.user_ids, "cutoff": windows.dates})
    return _grouped(users, pd.Series(windows.answers == 1), (CHURNED, STAYED))


def _grouped(users: pd.DataFrame, inside: pd.Series, names: tuple[str, str]) -> pd.DataFrame:
    """The users and the name of each one's group, in English, the first group's users first."""
    table = users.assign(group=inside.map({True: names[0], False: names[1]}))
    return table.iloc[np.argsort(~inside, kind="stable")]


def checked(groups: pd.DataFrame, history_days: int | None) -> tuple[tuple[str, str], pd.DataFrame]:
    """The names of the two groups, in the order of their first rows, and the users with the days that are read.

    Raises:
        UserError: for a missing column, a null, or more than two groups.
    """
    wanted = ("user_id", "group", "cutoff")
    if absent := [column for column in wanted if column not in groups.columns]:
        raise UserError(f"expected the columns {', '.join(wanted)}", f"no {absent[0]}", "add it to the groups")
    if groups[list(wanted)].isna().any(axis=None):
        raise UserError("expected groups without gaps", "a null", "drop or fill the row")
    seen = [str(name) for name in groups["group"].unique()]
    if len(seen) > 2:
        raise UserError("expected two groups", ", ".join(seen), "compare two at a time")
    chosen = groups[list(wanted)].astype({"group": str}).reset_index(drop=True)
    if history_days is not None:
        check_count("history_days", history_days)
        days = [day_number(day) - history_days for day in chosen["cutoff"]]
        chosen["since"] = pd.to_datetime(days, unit="D").date
    names = [*seen, "nobody", "nobody"]
    return (names[0], names[1]), chosen


def lacking(names: tuple[str, str], found: tuple[int, int]) -> str | None:
    """A sentence on groups in which nobody, or too few, have events; None where there are enough."""
    first, second = map(say_again, names)
    without = [name for name, n in zip((first, second), found, strict=True) if not n]
    if names[1] == "nobody" and len(without) == 1:
        return say("All users are of one group, {group}, so there is nothing to compare them with.", group=first)
    if len(without) == 2:
        return say(
            "Nobody in {first} and {second} has an event before the cutoff to compare.", first=first, second=second
        )
    if without:
        return say("Nobody in {group} has an event before the cutoff to compare.", group=without[0])
    if min(found) < LEAST:
        return say(
            "Too few users to compare: {n_first:,} in {first}, {n_second:,} in {second}, with events; it takes {least} "
            "in each.",
            n_first=found[0],
            first=first,
            n_second=found[1],
            second=second,
            least=LEAST,
        )
    return None
