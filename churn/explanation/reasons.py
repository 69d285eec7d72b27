"""Reasons in words: what about a user's last days speaks for the outcome, and what was usual for that user."""

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.data.panel import AMOUNT, STICKERS
from churn.errors import UserError
from churn.explanation.stories import Pairs, stories
from churn.explanation.wording import Story, count_words, last_day_words, yes_or_no_words
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
        "weekend": marked("weekend"),
        "weekday_sine": marked("weekday sine"),
        "weekday_cosine": marked("weekday cosine"),
        "month_day_sine": marked("month day sine"),
        "month_day_cosine": marked("month day cosine"),
    }
)


def reasons(
    windows: Windows, contributions: NDArray[np.float64], *, usual: NDArray[np.float64], top: int = 3
) -> pd.DataFrame:
    """The strongest reasons of each window: reason_1, reason_2, …, in plain words, empty where there are fewer.

    A count is told beside what was usual for the same user before the history, or beside the others' average where
    the panel does not tell; see `stories` for what is said when. Other features are told as of the last day.

    Args:
        windows: The users' windows. No day from their cutoffs on is read.
        contributions: Their SHAP values, (n, d, f); those that raise the probability count.
        usual: The average of each feature's one number per history over all users, (f,).
        top: Reasons per user.

    Raises:
        UserError: for windows with some of their features alone.

    Example:
        >>> import numpy as np
        >>> from churn.data import example_split
        >>> newest = example_split().score
        >>> shap = np.full(newest.history().shape, 0.1) * [1, 0, 0, 0]  # of own posts alone
        >>> found = reasons(newest, shap, usual=newest.summary().mean(axis=0))
        >>> found.reason_1.iloc[0]
        'own post: 2 in the last 7 days, fewer than usual (4.5 a week)'
    """
    if windows.selected is not None:
        found = f"those with {', '.join(windows.features)} alone"
        raise UserError("expected windows with all of their features", found, "pass the whole windows")
    history = windows.history()
    totals = windows.summary(history)
    by_feature = _by_feature(windows, contributions, totals)
    strongest = np.argsort(-by_feature, axis=1, kind="stable")[:, :top]
    window, place = np.nonzero(np.take_along_axis(by_feature, strongest, axis=1) > 0)
    feature = strongest[window, place]
    pairs = Pairs(window, feature, history[window, :, feature], contributions[window, :, feature])
    told, names = _told(windows, pairs, totals=totals, usual=usual), _names(windows.features)
    words = np.full((len(windows), top), "", object)
    words[window, place] = [f"{names[j]}: {text}" for j, text in zip(feature, told, strict=True)]
    return pd.DataFrame(words, columns=[f"reason_{place + 1}" for place in range(top)])


def readable(feature: str) -> str:
    """A feature's name in words.

    Example:
        >>> readable("own_post"), readable("fan_reply"), readable("away_visit"), readable("total_away_visit")
        ('own post', 'fan reply', 'visit elsewhere', 'total visit elsewhere')
    """
    counted = feature.removeprefix("total_")
    role, _, event = counted.partition("_")
    if counted in _DERIVED:
        words = _DERIVED[counted]
    elif role in _COUNTED and event:
        words = say(_COUNTED[role], event=event.replace("_", " "))
    else:
        words = counted.replace("_", " ")
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
    """In words, but as they are where two would read alike."""
    words = [readable(feature) for feature in features]
    times = Counter(words)
    return [word if times[word] == 1 else feature for word, feature in zip(words, features, strict=True)]


def _told(windows: Windows, pairs: Pairs, *, totals: NDArray[np.float64], usual: NDArray[np.float64]) -> list[str]:
    """The words of each pair, with the one number per history of each window and feature, (n, f), and the usual."""
    counts = pairs.feature < len(windows.panel.features)
    weekly = usual / windows.history_days * 7
    words = np.full(len(counts), "", object)
    found = stories(windows, pairs.take(counts), others=weekly[pairs.feature[counts]])
    words[counts] = [count_words(story) for story in found]
    for pair in np.flatnonzero(~counts):
        feature = pairs.feature[pair]
        words[pair] = _derived_words(windows, feature, totals[pairs.window[pair], feature], others=usual[feature])
    return list(words)


def _derived_words(windows: Windows, feature: int, value: float, *, others: float) -> str:
    source, days = windows.sources[feature], windows.history_days
    if source is not None and source.reason == "yes or no":
        return yes_or_no_words(value, others=others)
    if source is not None and source.over_days == "sum":
        return count_words(Story(value, days, known_days=days, usual=np.nan, others=others / days * 7, amount=True))
    return last_day_words(windows.features[feature], value, others=others)
