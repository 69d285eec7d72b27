"""Reasons in words: what about a user's last days speaks for the outcome, and what was usual for that user."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import AMOUNT, STICKERS, Windows
from churn.errors import UserError
from churn.explanation.stories import Pairs, stories
from churn.explanation.wording import (
    Story,
    as_usual,
    count_words,
    last_day_words,
    value_as_usual,
    yes_or_no_words,
)
from churn.language import Messages, marked, say

_COUNTED = {"own": marked("own {event}"), "fan": marked("fan {event}"), "away": marked("{event} elsewhere")}
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
    windows: Windows, contributions: NDArray[np.float64], *, others: NDArray[np.float64], top: int = 3
) -> pd.DataFrame:
    """The strongest reasons of each window: reason_1, reason_2, …, in plain words, empty where there are fewer.

    A count is told beside what was usual for the same user before the history, or beside the others' average where
    the panel does not tell; see `stories` for what is said when. Other features are told as of the last day. What is
    as it is for others raises the probability too, but reads as no reason: it is told only of users with no other.

    Args:
        windows: The users' windows. No day from their cutoffs on is read.
        contributions: Their SHAP values, (n, d, f); those that raise the probability count.
        others: The averages over the users at risk on the same day, (n, f) or (f,): of counts per week.
        top: Reasons per user.

    Raises:
        UserError: for windows with some of their features alone.

    Example:
        >>> import numpy as np
        >>> from churn.data import example_split
        >>> newest = example_split().score
        >>> shap = np.full(newest.history().shape, 0.1) * [1, 0, 0, 0]  # of own posts alone
        >>> found = reasons(newest, shap, others=newest.summary().mean(axis=0))
        >>> found.reason_1.iloc[0]
        'own post: 2 in the last 7 days, fewer than usual (4.5 a week)'
    """
    if windows.selected is not None:
        found = f"those with {', '.join(windows.features)} alone"
        raise UserError("expected windows with all of their features", found, "pass the whole windows")
    history = windows.history()
    totals = windows.summary(history)
    others = np.broadcast_to(others, totals.shape)
    by_feature = _by_feature(windows, contributions, totals)
    strongest, names = np.argsort(-by_feature, axis=1, kind="stable"), _names(windows.features)
    raises = np.take_along_axis(by_feature, strongest, axis=1) > 0
    chosen = _Chosen([[] for _ in range(len(windows))], [[] for _ in range(len(windows))])
    for first in range(0, strongest.shape[1], top):  # most users have their reasons after the first round
        window, place = np.nonzero(raises[:, first : first + top] & chosen.lack(top)[:, None])
        feature = strongest[window, first + place]
        pairs = Pairs(window, feature, history[window, :, feature], contributions[window, :, feature])
        for told in zip(window, feature, _told(windows, pairs, totals=totals, others=others), strict=True):
            chosen.add(int(told[0]), f"{names[told[1]]}: {told[2].words}", told[2].as_usual)
    return pd.DataFrame(chosen.rows(top), columns=[f"reason_{place + 1}" for place in range(top)], dtype=object)


class _Told(NamedTuple):
    words: str
    as_usual: bool


@dataclass(frozen=True)
class _Chosen:
    """The reasons of each window, strongest first, and apart from them what is as usual."""

    reasons: list[list[str]]
    spare: list[list[str]]

    def lack(self, top: int) -> NDArray[np.bool_]:
        """Which windows have fewer reasons than asked for, (n,)."""
        return np.array([len(found) < top for found in self.reasons], np.bool_)

    def add(self, window: int, words: str, as_usual: bool) -> None:
        """Put what is told where it belongs."""
        (self.spare if as_usual else self.reasons)[window].append(words)

    def rows(self, top: int) -> list[list[str]]:
        """The reasons, as many per window as asked for, empty where there are fewer; without any, what is as usual."""
        found = zip(self.reasons, self.spare, strict=True)
        return [((reasons or spare) + [""] * top)[:top] for reasons, spare in found]


def readable(feature: str) -> str:
    """A feature's name in words.

    Example:
        >>> readable("own_post"), readable("fan_reply"), readable("away_visit"), readable("total_away_visit")
        ('own post', 'fan reply', 'visit elsewhere', 'total visit elsewhere')
    """
    counted = feature.removeprefix("total_").removeprefix("average_")
    role, _, event = counted.partition("_")
    if counted in _DERIVED:
        words = _DERIVED[counted]
    elif role in _COUNTED and event:
        words = say(_COUNTED[role], event=event.replace("_", " "))
    else:
        words = counted.replace("_", " ")
    if feature.startswith("average_"):
        return say("{counted} a day so far", counted=words)
    return words if counted == feature else say("total {counted}", counted=words)


def _by_feature(
    windows: Windows, contributions: NDArray[np.float64], totals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each feature's whole history adds to the logit, (n, f); 0 for what is no reason of its own."""
    by_feature: NDArray[np.float64] = contributions.sum(axis=1)
    by_feature[:, [source is not None and source.reason is None for source in windows.sources]] = 0
    if AMOUNT in windows.panel.features:  # stickers and their amount say the same: the stronger speaks for both
        gifts, amount = (windows.panel.features.index(name) for name in (STICKERS, AMOUNT))
        by_amount = (by_feature[:, amount] > by_feature[:, gifts]) & (totals[:, gifts] > 0)
        both = by_feature[:, gifts] + by_feature[:, amount]
        by_feature[:, gifts], by_feature[:, amount] = np.where(by_amount, 0, both), np.where(by_amount, both, 0)
    return by_feature


def _names(features: tuple[str, ...]) -> list[str]:
    """The features in words, but as they are where two would read alike."""
    words = [readable(feature) for feature in features]
    times = Counter(words)
    return [word if times[word] == 1 else feature for word, feature in zip(words, features, strict=True)]


def _told(windows: Windows, pairs: Pairs, *, totals: NDArray[np.float64], others: NDArray[np.float64]) -> list[_Told]:
    """The words of each pair, with the one number per history of each window and feature, and the others', (n, f)."""
    counts = pairs.feature < len(windows.panel.features)
    beside = others[pairs.window, pairs.feature]
    words: list[_Told] = [_Told("", True)] * len(counts)
    found = stories(windows, pairs.take(counts), others=beside[counts])
    for pair, story in zip(np.flatnonzero(counts), found, strict=True):
        words[pair] = _Told(count_words(story), as_usual(story))
    for pair in np.flatnonzero(~counts):
        value = totals[pairs.window[pair], pairs.feature[pair]]
        words[pair] = _derived_words(windows, pairs.feature[pair], value, others=beside[pair])
    return words


def _derived_words(windows: Windows, feature: int, value: float, *, others: float) -> _Told:
    source, days = windows.sources[feature], windows.history_days
    if source is not None and source.reason == "yes or no":
        return _Told(yes_or_no_words(value, others=others), value == others)
    if source is not None and source.over_days == "sum":
        story = Story(value, days, known_days=days, usual=np.nan, others=others, amount=True)
        return _Told(count_words(story), as_usual(story))
    risky = "low" if source is None else source.risky
    words = last_day_words(windows.features[feature], value, others=others, risky=risky)
    return _Told(words, value_as_usual(value, others=others))
