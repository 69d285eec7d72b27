"""The two groups whose journeys are compared: who is in them, and whether they are enough."""

import pandas as pd

from churn.eda.arguments import check_count
from churn.eda.coded_events import day_number
from churn.errors import UserError
from churn.language import say

LEAST = 10  # users in a group to compare it at all


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
    """What to say of a group in which nobody has events."""
    without = [name for name, n in zip(names, found, strict=True) if not n]
    if "nobody" in without and len(without) == 1:
        return say("All users are of one group, {group}, so there is nothing to compare them with.", group=names[0])
    if len(without) == 2:
        first, second = without
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
            first=names[0],
            n_second=found[1],
            second=names[1],
            least=LEAST,
        )
    return None
