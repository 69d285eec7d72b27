"""Leaving: the one decision on who leaves the house and why others stay; destinations get its answer and no more."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from churn.data import folded
from churn.language import Messages, marked
from churn.segments import CONTACT

LEAVES = "leaves"
HELD_BACK, SUPPRESSED, UNKNOWN = "held_back", "suppressed", "unknown"
REPEATED, LATELY, UNCHANGED = "repeated", "lately", "unchanged"
REASONS = Messages(
    {
        HELD_BACK: marked("held back"),
        SUPPRESSED: marked("not to be contacted"),
        UNKNOWN: marked("without a usable key"),
        REPEATED: marked("named twice"),
        LATELY: marked("delivered lately"),
        UNCHANGED: marked("unchanged"),
    }
)


def leaving(
    listed: pd.DataFrame,
    *,
    suppressed: Collection[str] = (),
    lately: Collection[str] = (),
    there: Mapping[str, str] | None = None,
) -> pd.Series:
    """The outcome of each row of a list: `leaves`, or the first reason of `REASONS` for which the user stays.

    A person is a key of the destinations, however it is spelled: one user who is held back or suppressed stops all
    others with that key. Whoever has another group than `contact` is held back.

    Args:
        listed: The list, best first: user_id, group, key (text; null where there is none), person and row (hashes).
        suppressed: Ids and keys of people who must not be contacted, folded.
        lately: Persons whom another list has brought to a destination lately.
        there: The row of each person that the destination has.

    Example:
        >>> users = pd.DataFrame({"user_id": ["a", "b", "c"], "group": ["contact", "control", "contact"]})
        >>> leaving(users.assign(key=["a", "b", "C"], person=["a", "b", "c"], row="-"), suppressed={"c"}).tolist()
        ['leaves', 'held_back', 'suppressed']
    """
    user = listed["user_id"].map(folded)
    known = listed["key"].notna()
    who = listed["key"].map(folded, na_action="ignore").where(known, user)
    held = _spread(listed["group"] != CONTACT, user, who)
    stopped = _spread(user.isin(suppressed) | who.isin(suppressed), user, who)
    outcome = pd.Series(
        np.select([held, stopped, ~known], [HELD_BACK, SUPPRESSED, UNKNOWN], LEAVES), listed.index, dtype=object
    )
    left = outcome == LEAVES
    again = left & (who.where(left).duplicated() | user.where(left).duplicated())
    same = listed["person"].map(there or {}) == listed["row"]
    for reason, rows in ((REPEATED, again), (LATELY, listed["person"].isin(lately)), (UNCHANGED, same)):
        outcome = outcome.where((outcome != LEAVES) | ~rows, reason)
    return outcome


def _spread(rows: pd.Series, *by: pd.Series) -> pd.Series:
    """The rows, and all others with a value of theirs, until no more are found."""
    while True:
        found = rows.copy()
        for names in by:
            found |= names.isin(set(names[found]))
        if found.equals(rows):
            return rows
        rows = found
