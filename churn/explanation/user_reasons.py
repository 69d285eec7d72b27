"""Reasons: facts about a user's last days that raise the probability, and their words when they are read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import AMOUNT, STICKERS, Windows
from churn.errors import UserError
from churn.explanation.stories import Pairs, stories
from churn.explanation.wording import (
    Side,
    Story,
    as_usual,
    chance_words,
    count_words,
    last_day_words,
    level_words,
    value_as_usual,
    yes_or_no_words,
)
from churn.language import Messages, event_in_words, joined, marked, say, termed, with_unit

TOP = 3  # reasons per user
_MISSING = "_missing"  # ends the column that says of whom a number is not known
_COUNTED = {"own": marked("own {event}"), "fan": marked("fan {event}"), "away": marked("{event} elsewhere")}
_SUMMED = {  # by how the name of a column begins
    "total": marked("total {counted}"),
    "average": marked("{counted} a day so far"),
    "month": marked("{counted} in four weeks"),
    "trend": marked("the last week’s share of {counted} in four weeks"),
    "rate": marked("{counted} per day known, two weeks added"),
}
_DERIVED = Messages(
    {
        "stickers_received": marked("stickers received"),
        "sticker_amount": marked("sticker amount"),
        "days_since_activity": marked("days since activity"),
        "days_since_first_seen": marked("days since first seen"),
        "days_since_joined": marked("days since joined"),
        "active_days": marked("active days"),
        "activity_elsewhere": marked("activity elsewhere"),
        "share_at_night": marked("share at night"),
        "share_in_morning": marked("share in morning"),
        "share_in_afternoon": marked("share in afternoon"),
        "share_in_evening": marked("share in evening"),
        "share_on_weekends": marked("share on weekends"),
        "churn": marked("churn"),
        "sticker": marked("sticker"),
        "active_days_week_1": marked("active days in the last week"),
        "active_days_week_2": marked("active days 8 to 14 days ago"),
        "active_days_week_3": marked("active days 15 to 21 days ago"),
        "active_days_week_4": marked("active days 22 to 28 days ago"),
        "gap_mean": marked("mean gap between active days"),
        "gap_spread": marked("spread of the gaps between active days"),
        "gap_last": marked("last gap between active days"),
        "gap_now": marked("days since activity"),
        "fans_recent": marked("fans in four weeks"),
        "fans_strongest": marked("the busiest fan’s share of fans’ activity in four weeks"),
        "fans_new": marked("the share of fans in four weeks who came in the last week alone"),
        "fans_silent": marked("the share of fans in four weeks who are silent everywhere for a week"),
        "own": marked("own activity"),
        "fan": marked("fans’ activity"),
        "away": marked("activity elsewhere"),
        "tenure": marked("tenure"),
        "tenure_capped": marked("tenure, at most four weeks"),
        "weekend": marked("weekend"),
        "weekday_sine": marked("weekday sine"),
        "weekday_cosine": marked("weekday cosine"),
        "month_day_sine": marked("month day sine"),
        "month_day_cosine": marked("month day cosine"),
    }
)


def reasons(
    windows: Windows, contributions: NDArray[np.float64], *, others: NDArray[np.float64], top: int = TOP
) -> pd.DataFrame:
    """The strongest reasons of each window, a row each: window, place (1, 2, …), and the facts of a `Reason`.

    A count is compared with the user's usual rate before the history, or with the others' average where the panel has
    none; see `stories`. Other features are stated as of the last day. A feature that is as usual may raise the
    probability too, but does not read as a reason: it is given only for users with no other.

    Args:
        windows: The users' windows. No day from their cutoffs on is read.
        contributions: Their SHAP values, (n, d, f); values that raise the probability count.
        others: The averages over the users at risk on the same day, (n, f) or (f,): of counts per week.
        top: Reasons per user.

    Raises:
        UserError: for windows with only some of their features.

    Example:
        >>> import numpy as np
        >>> from churn.data import example_split
        >>> newest = example_split().score
        >>> shap = np.full(newest.history().shape, 0.1) * [1, 0, 0, 0]  # of own posts alone
        >>> found = reasons(newest, shap, others=newest.summary().mean(axis=0))
        >>> worded(found, range(len(newest))).reason_1.iloc[0]
        'own post: 2 in the last 7 days, fewer than usual (4.5 a week)'
    """
    if windows.selected is not None:
        found = f"those with {', '.join(windows.features)} alone"
        raise UserError("expected windows with all of their features", found, "pass the whole windows")
    history = windows.history()
    totals = windows.summary(history)
    others = np.broadcast_to(others, totals.shape)
    by_feature = _by_feature(windows, contributions, totals)
    strongest = np.argsort(-by_feature, axis=1, kind="stable")
    raises = np.take_along_axis(by_feature, strongest, axis=1) > 0
    chosen = _Chosen([[] for _ in range(len(windows))], [[] for _ in range(len(windows))])
    for first in range(0, strongest.shape[1], top):  # most users have their reasons after the first round
        window, place = np.nonzero(raises[:, first : first + top] & chosen.lack(top)[:, None])
        feature = strongest[window, first + place]
        pairs = Pairs(window, feature, history[window, :, feature], contributions[window, :, feature])
        for n, reason in zip(window, _facts(windows, pairs, totals=totals, others=others), strict=True):
            chosen.add(int(n), reason)
    return reason_rows(chosen.rows(top)).astype({"window": np.int64})


def reason_rows(found: Iterable[tuple[object, int, "Reason"]], by: str = "window") -> pd.DataFrame:
    """A table of reasons, each given with whose it is and its place: `by`, place, and the fields of the reason."""
    rows = [(whose, place, *reason[:-1], *reason.story) for whose, place, reason in found]
    columns = [by, "place", *Reason._fields[:-1], *Story._fields]
    return pd.DataFrame(rows, columns=columns).astype({"fell": "datetime64[us]"})


def worded(found: pd.DataFrame, of: Iterable[object], *, by: str = "window", top: int = TOP) -> pd.DataFrame:
    """Reasons in the language spoken, a row for each of `of`: reason_1, reason_2, …, empty where there are fewer.

    Args:
        found: The result of `reasons`.
        of: The owners of the reasons, in order, by the column `by`.
        by: The column of a reason's owner.
        top: Reasons per owner.
    """
    names, facts = heads(found.feature), found[["feature", "kind", "risky", *Story._fields]]
    words = [joined((names[row[0]], ": ", _words(row)), "") for row in facts.itertuples(index=False, name=None)]
    table = found[[by, "place"]].assign(words=words).pivot_table("words", by, "place", aggfunc="first", sort=False)
    table = table.reindex(index=list(of), columns=range(1, top + 1)).fillna("")
    return table.set_axis([f"reason_{place}" for place in table.columns], axis=1).reset_index(drop=True).astype(object)


class Reason(NamedTuple):
    """One feature of a user, with the facts of its reason."""

    feature: str
    kind: Literal["count", "yes or no", "chance", "last day"]
    risky: Side  # values that read as a risk by themselves
    story: Story  # for a feature that is not a count, `total` holds the value

    @property
    def as_usual(self) -> bool:
        """Whether the feature is as usual or as for others, and so is no reason to a reader."""
        if self.kind == "count":
            return as_usual(self.story)
        if self.kind == "yes or no":
            return self.story.total == self.story.others
        return value_as_usual(self.story.total, others=self.story.others)


def _words(facts: Sequence[Any]) -> str:
    """The words of a row of facts: feature, kind, risky, and the fields of a story."""
    story = Story(*facts[3:])
    story = story._replace(fell=None if pd.isna(story.fell) else story.fell)
    if facts[1] == "count":
        return count_words(story, risky=facts[2])
    if facts[1] == "yes or no" and (level := _level(facts[0])):
        return level_words(level[1], story.total, others=story.others)
    if facts[1] == "yes or no":
        return yes_or_no_words(story.total, others=story.others)
    if facts[1] == "chance":
        return chance_words(story.total, others=story.others)
    return last_day_words(facts[0], story.total, others=story.others, risky=facts[2])


@dataclass(frozen=True)
class _Chosen:
    """The reasons of each window, strongest first, and separately the features that are as usual."""

    reasons: list[list[Reason]]
    spare: list[list[Reason]]

    def lack(self, top: int) -> NDArray[np.bool_]:
        """Whether each window has fewer reasons than asked for, (n,)."""
        return np.array([len(found) < top for found in self.reasons], np.bool_)

    def add(self, window: int, reason: Reason) -> None:
        """Add a reason, to the usual ones if it is as usual."""
        (self.spare if reason.as_usual else self.reasons)[window].append(reason)

    def rows(self, top: int) -> list[tuple[object, int, "Reason"]]:
        """The reasons, up to `top` per window; features that are as usual where there is none."""
        return [
            (window, place, reason)
            for window, (found, spare) in enumerate(zip(self.reasons, self.spare, strict=True))
            for place, reason in enumerate((found or spare)[:top], start=1)
        ]


def fans_among(features: Iterable[str]) -> bool:
    """Whether columns count what others than the users themselves do, or users elsewhere.

    Example:
        >>> fans_among(["own_post", "fan_like"]), fans_among(["own_order", "sticker_amount"])
        (True, False)
    """
    return any(feature.startswith(("fan_", "away_")) for feature in features)


def readable(feature: str) -> str:
    """A feature's name in words: the platform's own, with the unit of amounts.

    Example:
        >>> readable("own_post"), readable("fan_reply"), readable("away_visit"), readable("total_away_visit")
        ('own post', 'fan reply', 'visit elsewhere', 'total visit elsewhere')
        >>> readable("month_own"), readable("trend_stickers_received"), readable("rate_active_days")
        ('own activity in four weeks', 'the last week’s share of stickers received in four weeks',
        'active days per day known, two weeks added')
        >>> readable("month(likes)"), readable("trend(likes)")
        ('likes in four weeks', 'the last week’s share of likes in four weeks')
        >>> readable("home_room=lounge"), readable("visits_missing")
        ('home room: lounge', 'visits: not known')
        >>> readable("title:churn")
        'churn by title alone'
    """
    if level := _level(feature):
        return joined(level, ": ")
    attribute, of, target = feature.rpartition(":")
    if of and attribute:
        return say("{target} by {attribute} alone", target=termed(target), attribute=attribute.replace("_", " "))
    how, of_channel, counted = feature.rstrip(")").partition("(")
    if of_channel and how in _SUMMED and feature.endswith(")"):
        return say(_SUMMED[how], counted=_plain(counted))
    how, _, counted = feature.partition("_")
    if how in _SUMMED and (counted in _DERIVED or how in ("total", "average")):
        return say(_SUMMED[how], counted=_plain(counted))
    return _plain(feature)


def _plain(feature: str) -> str:
    """The words of a column that is no sum of others."""
    role, _, event = feature.partition("_")
    if feature in _DERIVED:
        return with_unit(_DERIVED[feature]) if feature == AMOUNT else _DERIVED[feature]
    if role in _COUNTED and event:
        return say(_COUNTED[role], event=event_in_words(event))
    return feature.replace("_", " ")


def _by_feature(
    windows: Windows, contributions: NDArray[np.float64], totals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The contribution of each feature's whole history to the logit, (n, f); 0 for features that are no reasons."""
    by_feature: NDArray[np.float64] = contributions.sum(axis=1)
    by_feature[:, [source is not None and source.reason is None for source in windows.sources]] = 0
    if AMOUNT in windows.panel.features:  # stickers and their amount are one reason: the stronger stands for both
        gifts, amount = (windows.panel.features.index(name) for name in (STICKERS, AMOUNT))
        by_amount = (by_feature[:, amount] > by_feature[:, gifts]) & (totals[:, gifts] > 0)
        both = by_feature[:, gifts] + by_feature[:, amount]
        by_feature[:, gifts], by_feature[:, amount] = np.where(by_amount, 0, both), np.where(by_amount, both, 0)
    return by_feature


def named(features: Iterable[str]) -> Mapping[str, str]:
    """The names of features in words, or unchanged where two would read alike.

    Example:
        >>> named(["own_post", "tenure"])
        {'own_post': 'own post', 'tenure': 'tenure'}
    """
    words = {feature: readable(feature) for feature in dict.fromkeys(features)}
    times = Counter(words.values())
    return {feature: word if times[word] == 1 else feature for feature, word in words.items()}


def heads(features: Iterable[str]) -> Mapping[str, str]:
    """The words with which the reasons of features begin: the names, or of an attribute's level the attribute's.

    Example:
        >>> heads(["own_post", "home_room=lounge"])
        {'own_post': 'own post', 'home_room=lounge': 'home room'}
    """
    return {feature: level[0] if (level := _level(feature)) else name for feature, name in named(features).items()}


def _level(feature: str) -> tuple[str, str] | None:
    """The attribute whose level a column holds, and the level, in words; None for any other column."""
    attribute, holds, level = feature.partition("=")
    if feature.partition("_")[0] in _COUNTED:
        return None
    if not holds and feature.endswith(_MISSING):
        attribute, level = feature.removesuffix(_MISSING), say("not known")
    return (attribute.replace("_", " "), level) if attribute and level else None


def _facts(windows: Windows, pairs: Pairs, *, totals: NDArray[np.float64], others: NDArray[np.float64]) -> list[Reason]:
    """The reason of each pair, from the totals of each window and feature and the others' averages, (n, f)."""
    counts = pairs.feature < len(windows.panel.features)
    beside, names = others[pairs.window, pairs.feature], [windows.features[place] for place in pairs.feature]
    values = totals[pairs.window, pairs.feature]
    told = iter(stories(windows, pairs.take(counts), others=beside[counts]))
    risky: Side = "either" if windows.scattered else "low"  # an outcome is no risk
    return [
        Reason(names[pair], "count", risky, next(told))
        if counted
        else _derived(windows, pairs.feature[pair], values[pair], others=beside[pair], risky=risky)
        for pair, counted in enumerate(counts)
    ]


def _derived(windows: Windows, feature: int, value: float, *, others: float, risky: Side) -> Reason:
    source, name = windows.sources[feature], windows.features[feature]
    story = Story(float(value), windows.history_days, windows.history_days, np.nan, float(others))
    if source is not None and source.reason == "yes or no":
        return Reason(name, "yes or no", risky, story)
    if source is not None and source.reason == "chance":
        return Reason(name, "chance", risky, story)
    if source is not None and source.over_days == "sum":
        return Reason(name, "count", risky, story._replace(amount=True))
    return Reason(name, "last day", source.risky if source is not None and risky != "either" else risky, story)
