"""Features by name: all that `data.features` may ask for, and a user's own."""

from collections.abc import Collection, Iterable
from typing import Any

from churn.data.windows import context, past, people
from churn.data.windows.context import by_role
from churn.data.windows.feature import Feature, each, named
from churn.keys import imported

_AT_CUTOFF: Any = {"constant": True, "reaches": "weeks"}
FEATURES = (
    Feature(
        "weekday",
        named("weekday_sine", "weekday_cosine", "weekend"),
        lambda panel, user, day: past.weekdays(panel)[day],
        reason=None,
    ),
    Feature(
        "month_day",
        named("month_day_sine", "month_day_cosine"),
        lambda panel, user, day: past.month_days(panel)[day],
        reason=None,
    ),
    Feature(
        "days_since_activity", named("days_since_activity"), past.days_since_activity, reaches="past", risky="high"
    ),
    Feature("tenure", named("tenure"), past.tenure, reaches="arrival", bounded="tenure_capped"),
    Feature("tenure_capped", named("tenure_capped"), past.tenure_capped, reaches="arrival"),
    Feature("totals", each("total"), past.totals, reaches="past", bounded="averages"),
    Feature("averages", each("average"), past.averages, reaches="past"),
    Feature("month", by_role("month"), context.month, **_AT_CUTOFF),
    Feature("trend", by_role("trend"), context.trend, reason="chance", **_AT_CUTOFF),
    Feature("active_weeks", named(*context.WEEKS), context.active_weeks, **_AT_CUTOFF),
    Feature("gaps", named(*context.GAPS), context.gaps, risky="high", **_AT_CUTOFF),
    Feature("rates", by_role("rate", "active_days"), context.rates, **_AT_CUTOFF),
    Feature("fans", people.known(*people.FANS), people.fans, **_AT_CUTOFF),
    Feature("fan_shares", people.known(*people.SHARES), people.fan_shares, reason="chance", **_AT_CUTOFF),
)

# What `auto` in `data.features` may choose, a family of features at a time.
FAMILIES = {
    "rhythm": ("active_weeks", "gaps"),
    "trend": ("month", "trend"),
    "lifetime": ("rates",),
    "calendar": ("weekday",),
    "people": people.NAMES,
}


def features_among(names: Iterable[str], *, attributes: Collection[str]) -> dict[str, Feature]:
    """The features by name: the ones above, and a user's own, given as import paths among some names.

    Args:
        names: As in `data.features`.
        attributes: The attributes of the member list, whose names may look like an import path.

    Raises:
        UserError: for an import path of anything but a `Feature`.

    Example:
        >>> features_among(["churn.data.windows.features.FEATURES"], attributes=())
        Traceback (most recent call last):
        ...
        churn.errors.UserError: expected the import path of a churn.data.Feature in data.features, got
        'churn.data.windows.features.FEATURES' (a tuple); write it like shop.features.REFUNDS; a module of...
    """
    found = {feature.name: feature for feature in FEATURES}
    own = [name for name in names if "." in name and name not in {*found, *attributes}]
    expected, like = "a churn.data.Feature in data.features", "shop.features.REFUNDS"
    return found | {name: imported(name, Feature, expected=expected, like=like) for name in own}
