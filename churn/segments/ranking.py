"""Ranking: what a score says of a user, and the order that it gives."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.errors import UserError
from churn.segments.config import RankBy

_DIGITS = 6  # significant; a network in float32 gives one history scores that differ in the eighth


def chance_of_first(scores: pd.DataFrame) -> str:
    """The column with the chance of a run's first target: p_churn, or p_<name> of an outcome.

    Example:
        >>> chance_of_first(pd.DataFrame({"user_id": [1], "p_carried": [0.4], "priority": [0.4]}))
        'p_carried'
    """
    return next(name for name in map(str, scores) if name.startswith("p_"))


def sticker_if_stays(scores: pd.DataFrame) -> pd.Series:
    """P(sticker | stays), (n,): as it was learnt from users who stayed, else p_sticker / (1 − p_churn), at most 1.

    A run learns it, see `churn.evaluation.IfStays`. The quotient of runs that did not is exact where nobody who churns
    receives a sticker and both probabilities are right, for then P(sticker) = P(stays) × P(sticker | stays). Where
    churners receive some, since a sticker needs no activity of its receiver, it is too high, by P(churn) ×
    P(sticker | churns) / P(stays): by little for a user who is likely to stay, and by most at p_churn near 1, where
    the bound of 1 holds it. Without stickers it is 1: all who stay are worth equally much.

    Args:
        scores: p_churn and, with stickers, p_sticker and, where it was learnt, p_sticker_if_stays.

    Example:
        >>> sticker_if_stays(pd.DataFrame({"p_churn": [0.5, 0.9, 1.0], "p_sticker": [0.1, 0.2, 0.0]})).tolist()
        [0.2, 1.0, 0.0]
    """
    if "p_sticker" not in scores:
        return pd.Series(1.0, scores.index)
    if "p_sticker_if_stays" in scores:
        return scores.p_sticker_if_stays
    stays = (1 - scores.p_churn).mask(scores.p_churn >= 1, np.finfo(float).tiny)  # so that 0 / 0 is 0
    return (scores.p_sticker / stays).clip(upper=1.0)


def add_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Add priority, value_at_risk and, where there is an expected_amount, expected_loss; of an outcome priority alone.

    Args:
        scores: p_churn and, with stickers, p_sticker and expected_amount, or p_<name> of an outcome; a row per window.

    Example:
        >>> scores = pd.DataFrame({"p_churn": [0.5, 0.2], "p_sticker": [0.1, 0.4], "expected_amount": [3.0, 2.0]})
        >>> add_scores(scores)[["priority", "value_at_risk", "expected_loss"]].round(2).to_numpy().tolist()
        [[0.05, 0.1, 0.3], [0.08, 0.1, 0.2]]
    """
    if (first := chance_of_first(scores)) != "p_churn":
        return scores.assign(priority=scores[first])
    p_sticker = scores.p_sticker if "p_sticker" in scores else 1.0
    at_risk = scores.p_churn * sticker_if_stays(scores)
    scored = scores.assign(priority=scores.p_churn * p_sticker, value_at_risk=at_risk)
    return scored.assign(expected_loss=at_risk * scores.expected_amount) if "expected_amount" in scores else scored


def ranked(scored: pd.DataFrame, rank_by: RankBy, *, by_cutoff: bool = False) -> pd.DataFrame:
    """The rows best first, with the `list` that each is on: by the score, then by the first chance, then at random.

    Args:
        scored: What `add_scores` made.
        rank_by: The column to rank by.
        by_cutoff: A list for every cutoff rather than one over all rows.

    Raises:
        UserError: for a score that the rows lack.

    Example:
        >>> scored = pd.DataFrame({"user_id": list("abc"), "p_churn": [0.1, 0.9, 0.5], "priority": [0.1, 0.2, 0.2]})
        >>> ranked(scored, "priority").user_id.tolist()
        ['b', 'c', 'a']
    """
    if rank_by not in scored and chance_of_first(scored) != "p_churn":
        raise UserError("expected segments.rank_by: priority or best for an outcome", rank_by, "leave it out")
    if rank_by not in scored:
        found = "none: the log has no stickers"
        raise UserError(f"expected amounts for segments.rank_by: {rank_by}", found, "rank by value_at_risk")
    lists = scored.assign(list=scored.cutoff if by_cutoff else 0)
    return in_order(lists, {rank_by: False, chance_of_first(scored): False})


def in_order(rows: pd.DataFrame, ascending: Mapping[str, bool]) -> pd.DataFrame:
    """The rows of each `list` by some columns, and in random order where six digits of these are equal.

    The draw is made among the users in the order of their ids, once per cutoff: it depends neither on the order of
    the rows nor on what the users are called, so long as their names sort alike.

    Args:
        rows: user_id, list, the columns and, where there is one, cutoff.
        ascending: Whether less comes first, by column; the first column decides before the second.
    """
    keys = {"list": rows["list"]} | {f"by_{name}": digits(rows[name]) for name in ascending} | {"lot": _lots(rows)}
    rising = [True, *ascending.values(), True]
    order = pd.DataFrame(keys).reset_index(drop=True).sort_values(list(keys), ascending=rising, kind="stable").index
    return rows.iloc[order]


def ties(scored: pd.DataFrame, rank_by: RankBy) -> dict[str, int]:
    """Counts of the users whose place is drawn at random: on the list, and at the line where it ends.

    Args:
        scored: What `prioritise` made, a row per user.
        rank_by: The score that orders the list.

    Returns:
        listed: users on the list whose place is drawn; line: scored users with the scores of the last on the list;
        line_listed: users of the line who are on the list, more or fewer of whom would be as well placed.

    Example:
        >>> scored = pd.DataFrame({"p_churn": [0.9, 0.5, 0.5, 0.5], "priority": [0.9, 0.5, 0.5, 0.5]})
        >>> ties(scored.assign(segment=["priority", "priority", "other", "other"]), "priority")
        {'listed': 1, 'line': 3, 'line_listed': 1}
    """
    keys = pd.DataFrame({"score": digits(scored[rank_by]), "chance": digits(scored[chance_of_first(scored)])})
    alike = keys.groupby(["score", "chance"], dropna=False).ngroup()  # numbered by rising keys
    listed = scored.segment == "priority"
    size, line = alike.map(alike.value_counts()), alike == alike[listed].min()
    found = {"listed": listed & (size > 1), "line": line, "line_listed": line & listed}
    return {name: int(rows.sum()) for name, rows in found.items()}


def digits(values: pd.Series) -> pd.Series:
    """The numbers to six significant digits, so that rounding errors tell nobody apart.

    Example:
        >>> digits(pd.Series([0.1 + 0.2, 0.3])).nunique(), digits(pd.Series([0.0, 1234567.0])).tolist()
        (1, [0.0, 1234570.0])
    """
    known = values.to_numpy(np.float64, na_value=np.nan)
    size = np.floor(np.log10(np.abs(known), out=np.zeros(len(known)), where=np.abs(known) > 0))
    scale = 10.0 ** (_DIGITS - 1 - size)
    return pd.Series(np.round(known * scale) / scale, values.index)


def _lots(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Each row's random place among the rows of its list, (n,)."""
    by = [name for name in ("list", "user_id", "cutoff") if name in rows]
    users = rows[by].reset_index(drop=True).sort_values(by, kind="stable")
    places = np.empty(len(users), np.int64)
    for _, one in users.groupby("list", sort=False):
        occasion = one.cutoff.max().toordinal() if "cutoff" in one else 0
        places[one.index] = np.random.default_rng(occasion).permutation(len(one))
    return places
