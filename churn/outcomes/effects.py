"""Effects of a contact: the outcomes of each group, and contacted users compared with the control."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.artefacts import declared
from churn.data import CHURN
from churn.outcomes.offered import OFFER
from churn.segments import CONTACT, CONTROL, chance_of_first, segments_of
from churn.statistics import (
    FEW,
    Effect,
    Interval,
    holm,
    mean_difference,
    mean_interval,
    share_difference,
    share_interval,
)

LEAST_REACHED = 0.2  # share of contacts under which an effect per user reached is meaningless
INTENTION, REACHED, PER_CONTACT = "contact vs control", "reached vs not", "per user reached"


def group_outcomes(scored: pd.DataFrame, seen: pd.DataFrame, *, reached: NDArray[np.bool_] | None) -> pd.DataFrame:
    """The outcomes of each group: group, target, n, rate, low, high, forecast, lift.

    A rate is the share of users, with Wilson's interval; of `amount` the mean over all users, with Student's. Lift is
    the rate over the rate of all scored users.

    Args:
        scored: The scored users with segment and group.
        seen: Their outcomes, same rows.
        reached: The users who were really contacted, where that is known.
    """
    forecasts = _forecasts(scored)
    rows = []
    for group, inside in _groups(scored, reached):
        for target in _targets(seen):
            values, everyone = seen[target][inside].to_numpy(np.float64), float(seen[target].mean())
            found = _interval(target, values)
            forecast = float(forecasts[target][inside].mean()) if target in forecasts and inside.any() else np.nan
            lift = found.value / everyone if everyone else np.nan
            rows.append((group, target, len(values), found.value, found.low, found.high, forecast, lift))
    return declared.OUTCOMES.of(rows)


def effects(scored: pd.DataFrame, seen: pd.DataFrame, *, reached: NDArray[np.bool_] | None) -> pd.DataFrame:
    """Contacted users compared with the control, by intention to treat; no rows without a control.

    Everyone counts in the group chosen at random, contacted or not: only these groups differ by chance alone. Where the
    reached users are known, they are compared with the rest of the list (a description, since reaching a user is not
    random), and the effect by intention to treat is also given per user reached, divided by the difference in the
    shares reached (Wald's estimate, the interval likewise), if at least 30 users and a fifth of the contacts were
    reached.

    Args:
        scored: The scored users with segment and group.
        seen: Their outcomes, same rows.
        reached: The users who were really contacted, where that is known.
    """
    contact, control = (scored.group == name for name in (CONTACT, CONTROL))
    if not (contact.any() and control.any()):
        return declared.EFFECTS.empty()
    intention = _compare(INTENTION, seen, contact, control)
    if reached is None:
        return intention
    listed = contact | control
    described = _compare(REACHED, seen, listed & reached, listed & ~reached)
    share = float(reached[contact].mean() - reached[control].mean())
    enough = share >= LEAST_REACHED and int(reached[contact].sum()) >= FEW
    return pd.concat([intention, described, *([_per_contact(intention, share)] if enough else [])])


def _compare(name: str, seen: pd.DataFrame, a: pd.Series, b: pd.Series) -> pd.DataFrame:
    found = {target: effect(target, seen[target][a], seen[target][b]) for target in _targets(seen)}
    rows = [
        (name, target, e.n_a, e.n_b, e.a, e.b, *_ends(e.difference), e.p, np.nan, e.detectable)
        for target, e in found.items()
    ]
    table = declared.EFFECTS.of(rows)
    return table.assign(p_adjusted=holm(table.p))


def _targets(seen: pd.DataFrame) -> list[str]:
    """The outcomes to tell of: retention for churn, its opposite."""
    return [str(name) for name in seen if name not in ("absent", CHURN)]


def effect(target: str, a: pd.Series, b: pd.Series) -> Effect:
    """The difference of two groups in a target: of shares, or of mean amounts."""
    if target == "amount":
        return mean_difference(a.to_numpy(np.float64), b.to_numpy(np.float64))
    return share_difference(int(a.sum()), len(a), successes_b=int(b.sum()), n_b=len(b))


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high


def _per_contact(intention: pd.DataFrame, share: float) -> pd.DataFrame:
    scaled = ["difference", "low", "high", "detectable"]
    table = intention.assign(comparison=PER_CONTACT, a=np.nan, b=np.nan)
    return table.assign(**{name: table[name] / share for name in scaled})


def _groups(scored: pd.DataFrame, reached: NDArray[np.bool_] | None) -> Iterator[tuple[str, pd.Series]]:
    listed = scored.segment == "priority"
    yield CONTACT, scored.group == CONTACT
    if (scored.group == CONTROL).any():
        yield CONTROL, scored.group == CONTROL
    yield "list", listed
    if reached is not None:
        yield "list, reached", listed & reached
        yield "list, not reached", listed & ~reached
    for segment in segments_of(chance_of_first(scored))[1:]:
        yield segment, scored.segment == segment
    yield "all", pd.Series(True, scored.index)


def _interval(target: str, values: NDArray[np.float64]) -> Interval:
    return mean_interval(values) if target == "amount" else share_interval(int(values.sum()), len(values))


def _forecasts(scored: pd.DataFrame) -> dict[str, pd.Series]:
    found = {OFFER: scored[f"p_{OFFER}"]} if f"p_{OFFER}" in scored else {}
    if (first := chance_of_first(scored)) != "p_churn":
        return found | {first.removeprefix("p_"): scored[first]}
    found["retention"] = 1 - scored.p_churn
    return found | ({"sticker": scored.p_sticker} if "p_sticker" in scored else {})
