"""Moves: other values of what a member controls that went with better chances, in numbers, and their words."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.explanation.levers import Lever, Levers
from churn.explanation.user_reasons import TOP, readable
from churn.explanation.wording import number
from churn.language import joined, say, say_many

MOVES = ["window", "attribute", "kind", "place", "value_from", "value_to", "level_from", "level_to"]
CHANCES = ["chance", "change", "low", "high"]
CURVES = ["attribute", "kind", "value", "level", "n", *CHANCES[:1], *CHANCES[2:]]


def moves(levers: Levers, windows: Windows, p: NDArray[np.float64], *, good: bool, top: int = TOP) -> pd.DataFrame:
    """The chance of each window at every other value of each lever, a row each.

    The best value of an attribute is a move, unless its interval contains 0; `place` ranks a window's moves by the
    change, the best at 1, and is 0 for all other values.

    Args:
        levers: The levers.
        windows: The windows.
        p: Their chances, (n,).
        good: Whether a higher chance is hoped for.
        top: Moves per window.

    Returns:
        window, attribute, kind, place; value_from and value_to or, of levels, level_from and level_to; chance, and its
        change with the ends of the interval, low and high.
    """
    tables = [_values(lever, windows, p) for lever in levers.every]
    found = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*MOVES, *CHANCES])
    gain, sure = (found.change, found.low) if good else (-found.change, -found.high)
    offered = found.assign(gain=gain)[sure > 0].sort_values("gain", ascending=False, kind="stable")
    best = offered.drop_duplicates(["window", "attribute"])
    place = best.groupby("window").cumcount() + 1
    found["place"] = place[place <= top].reindex(found.index, fill_value=0)
    return found


def curves(levers: Levers, windows: Windows, p: NDArray[np.float64]) -> pd.DataFrame:
    """The chance on average over windows at each value of each lever, a row each.

    Args:
        levers: The levers.
        windows: The windows.
        p: Their chances, (n,).

    Returns:
        attribute, kind, value or level, n, chance, low and high.
    """
    tables = []
    for lever in levers.every:
        chance, low, high = lever.average(windows, p)
        table = pd.DataFrame({"chance": chance, "low": low, "high": high, "n": len(windows)})
        value, level = _told(lever, lever.points)
        tables.append(table.assign(attribute=lever.of.name, kind=lever.of.kind, value=value, level=level)[CURVES])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=CURVES)


def worded_moves(found: pd.DataFrame, of: Iterable[object], *, top: int = TOP) -> pd.DataFrame:
    """Moves in the language spoken, a row for each of `of`: lever_1, lever_2, …, empty where there are fewer.

    Args:
        found: Moves as `moves` has them, with a user_id.
        of: The users, in order.
        top: Moves per user, at most; there are no more columns than attributes.
    """
    users = list(of)
    best = found[(found.place > 0) & found.user_id.isin(users)]
    words = [move_words(*row) for row in best[_WORDED].itertuples(index=False, name=None)]
    table = best[["user_id", "place"]].assign(words=words).pivot_table("words", "user_id", "place", aggfunc="first")
    columns = range(1, min(top, found.attribute.nunique()) + 1)
    table = table.reindex(index=users, columns=columns).fillna("")
    return table.set_axis([f"lever_{n}" for n in columns], axis=1).reset_index(drop=True).astype(object)


_WORDED = ["attribute", "kind", "value_from", "value_to", "level_from", "level_to", "change"]


def move_words(
    attribute: str, kind: str, value_from: float, value_to: float, level_from: str, level_to: str, change: float
) -> str:
    """A move in words, the change in percentage points.

    Example:
        >>> move_words("goal", "number", 12000.0, 5000.0, "", "", 0.081)
        'goal: from 12,000 to 5,000 (+8 points)'
        >>> move_words("team", "level", float("nan"), float("nan"), "one", "several", 0.0101)
        'team: from one to several (+1 point)'
        >>> move_words("has_video", "yes or no", 0.0, 1.0, "", "", 0.004)
        'has video: from no to yes (+0.4 points)'
    """
    before, after = value_words(kind, value_from, level_from), value_words(kind, value_to, level_to)
    told = points(change)
    moved = say_many(
        "from {before} to {after} ({points} point)",
        "from {before} to {after} ({points} points)",
        1 if told[1:] == "1" else 2,
        before=before,
        after=after,
        points=told,
    )
    return joined((readable(attribute), moved), ": ")


def value_words(kind: str, value: float, level: str) -> str:
    """A value of a lever in words.

    Example:
        >>> value_words("date", 30.0, ""), value_words("level", float("nan"), "music")
        ('30 days', 'music')
    """
    if kind == "level":
        return level
    if kind == "yes or no":
        return say("yes") if value else say("no")
    return say("{number} days", number=number(value)) if kind == "date" else number(value)


def points(change: float) -> str:
    """A change of a chance in percentage points, with its sign.

    Example:
        >>> points(0.081), points(-0.2), points(0.004)
        ('+8', '−20', '+0.4')
    """
    size = abs(100 * change)
    return f"{'−' if change < 0 else '+'}{size:.0f}" if size >= 1 else f"{'−' if change < 0 else '+'}{size:.1g}"


def _values(lever: Lever, windows: Windows, p: NDArray[np.float64]) -> pd.DataFrame:
    """The chances at every value but a window's own; of windows without a known one there are none."""
    found = lever.effect(windows, p)
    other = ~np.isnan(found.before)[:, None] & (found.before[:, None] != lever.points)
    window, point = np.nonzero(other)
    chances = {"chance": found.chance, "low": found.low - p[:, None], "high": found.high - p[:, None]}
    table = pd.DataFrame({name: values[other] for name, values in chances.items()}).assign(
        window=window, attribute=lever.of.name, kind=lever.of.kind, place=0, change=found.chance[other] - p[window]
    )
    table["value_from"], table["level_from"] = _told(lever, found.before[window])
    table["value_to"], table["level_to"] = _told(lever, lever.points[point])
    return table[[*MOVES, *CHANCES]]


def _told(lever: Lever, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Values as numbers, and as the names of levels: of one kind alone, the others are missing."""
    if lever.of.kind != "level":
        return values, np.full(len(values), None, object)
    return np.full(len(values), np.nan), np.array(lever.of.levels, object)[values.astype(np.int64)]
