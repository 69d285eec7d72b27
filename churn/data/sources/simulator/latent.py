"""The hidden Markov model behind the simulated log, and its exact probabilities for the days to come.

A creator's state is engagement × fans' attention. Fans act on a creator only through that state, so the truth is a sum
over few states, not an estimate.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

OWN_EVENTS = ("post", "stream", "reply_to_fan")
FAN_EVENTS = ("comment", "like", "view")
AWAY_EVENTS = ("visit", "comment")
CIRCLE = 12  # fans of a room with contagion, the loyal one among them

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OWN = slice(0, len(OWN_EVENTS))
FAN = slice(OWN.stop, OWN.stop + len(FAN_EVENTS))
AWAY = slice(FAN.stop, FAN.stop + len(AWAY_EVENTS))


@dataclass(frozen=True)
class Rates:
    """The model in words of the domain: events per day and chances per day, by level of engagement or attention."""

    # one row per engagement level, from dormant to devoted, columns as OWN_EVENTS; the fading ones still reply
    own: tuple[tuple[float, ...], ...] = (
        (0.012, 0.001, 0.015),
        (0.055, 0.01, 0.065),
        (0.21, 0.06, 0.22),
        (0.9, 0.35, 0.75),
    )
    # one row per attention level, from none to keen, columns as FAN_EVENTS
    fan: tuple[tuple[float, ...], ...] = ((0.1, 0.2, 0.5), (0.4, 0.9, 1.6), (1.3, 3.0, 5.0))
    # one row per engagement level, columns as AWAY_EVENTS
    away: tuple[tuple[float, ...], ...] = ((0.03, 0.01), (0.15, 0.05), (0.4, 0.2), (0.7, 0.4))
    # stickers per day by attention, on a day the creator is silent and on one with own activity
    sticker_silent: tuple[float, ...] = (0.0003, 0.0007, 0.002)
    sticker_active: tuple[float, ...] = (0.012, 0.05, 0.155)
    # chance that engagement moves one level, by attention: fans keep a creator alive
    engagement_down: tuple[float, ...] = (0.11, 0.07, 0.03)
    engagement_up: tuple[float, ...] = (0.035, 0.04, 0.05)
    # chance that attention moves one level, on a silent and on an active day
    attention_down: tuple[float, float] = (0.12, 0.02)
    attention_up: tuple[float, float] = (0.01, 0.12)
    arriving_engagement: tuple[float, ...] = (0.1, 0.3, 0.35, 0.25)
    arriving_attention: tuple[float, ...] = (0.5, 0.35, 0.15)
    # Monday to Sunday, multiplies every rate; all know it
    season: tuple[float, ...] = (0.85, 0.9, 0.95, 0.95, 1.05, 1.2, 1.1)
    # how many times as likely engagement sinks, and less likely rises, while a creator's circle of fans is silent
    contagion: float = 1.0
    # chance per day that a circle falls silent, and that it returns; meanwhile the loyal fan acts for all
    circle: tuple[float, float] = (0.03, 0.06)


@dataclass(frozen=True)
class Emissions:
    """The events and stickers of n creators in the log on one day."""

    counts: Ints  # (n, k) own, fan and away events by type, columns as the slices OWN, FAN, AWAY
    stickers: Ints  # (n,) stickers received
    by_circle: Ints | None = None  # (n,) fan events by other fans than the loyal one; None without contagion

    @property
    def active(self) -> Bools:
        """Whether each creator acted in the own room, (n,)."""
        active: Bools = self.counts[:, OWN].sum(axis=1) > 0
        return active


@dataclass(frozen=True)
class Outlook:
    """Probabilities over a horizon, one per state or per creator."""

    churn: Floats  # (n,) no own activity on any day
    sticker: Floats  # (n,) at least one sticker
    both: Floats  # (n,) the two together

    def averaged(self, belief: Floats) -> "Outlook":
        """Average the outlook of s states over beliefs of shape (n, s)."""
        return Outlook(belief @ self.churn, belief @ self.sticker, belief @ self.both)

    def at(self, states: Ints) -> "Outlook":
        """Look up the outlook of n creators by their states."""
        return Outlook(self.churn[states], self.sticker[states], self.both[states])


@dataclass(frozen=True)
class LatentModel:
    """A chain over s states (engagement × attention, attention varies fastest), by day, with independent emissions.

    With contagion there are twice as many states: the first half while the circle of fans acts, the second while it is
    silent. Own activity of the day chooses how attention moves to the next day, and how likely stickers are on the day
    itself.

    Example:
        >>> model = latent_model(Rates())
        >>> model.rates.shape, model.transitions.shape
        ((12, 8), (2, 12, 12))
    """

    rates: Floats  # (s, k) events per day of average season, columns as the slices OWN, FAN, AWAY
    sticker_rates: Floats  # (2, s) stickers per day, on silent and on active days
    transitions: Floats  # (2, s, s) from row to column, after silent and after active days
    arriving: Floats  # (s,) the state on a creator's first day
    season: Floats  # (7,) Monday to Sunday
    circle: Floats | None = None  # (s,) share of fan events by other fans than the loyal one; None without contagion

    def silence(self, weekday: int) -> Floats:
        """Probability of a day without own activity, shape (s,)."""
        silence: Floats = np.exp(-self.season[weekday] * self.rates[:, OWN].sum(axis=1))
        return silence

    def emit(self, states: Ints, *, weekday: int, rng: np.random.Generator) -> Emissions:
        """Draw one day's events and stickers of creators in `states`, shape (n,)."""
        counts = rng.poisson(self.season[weekday] * self.rates[states])
        active = counts[:, OWN].any(axis=1)
        stickers = rng.poisson(self.season[weekday] * self.sticker_rates[active.astype(int), states])
        if self.circle is None:
            return Emissions(counts, stickers)
        return Emissions(counts, stickers, rng.binomial(counts[:, FAN].sum(axis=1), self.circle[states]))

    def advance(self, states: Ints, active: Bools, *, rng: np.random.Generator) -> Ints:
        """Draw the next day's states of creators in `states` that were `active` or not today, all of shape (n,)."""
        return _drawn(_bounds(self.transitions)[active.astype(int), states], rng=rng)

    def draw(self, probabilities: Floats, *, rng: np.random.Generator) -> Ints:
        """Draw a state for each row of probabilities, shape (n, s) to (n,)."""
        return _drawn(_bounds(probabilities), rng=rng)

    def likelihood(self, seen: Emissions, *, weekday: int) -> Floats:
        """Probability of the day's emissions given each state, up to a factor per creator, shape (n, s), at most 1."""
        sticker_rates = self.sticker_rates[seen.active.astype(int)]
        expected = self.season[weekday] * (self.rates.sum(axis=1) + sticker_rates)
        log = seen.counts @ np.log(self.rates).T + seen.stickers[:, None] * np.log(sticker_rates) - expected
        if self.circle is not None and seen.by_circle is not None:
            circle, loyal = seen.by_circle, seen.counts[:, FAN].sum(axis=1) - seen.by_circle
            log += scipy.special.xlogy(circle[:, None], self.circle)
            log += scipy.special.xlogy(loyal[:, None], 1 - self.circle)
        likelihood: Floats = np.exp(log - log.max(axis=1, keepdims=True))
        return likelihood

    def learn(self, belief: Floats, seen: Emissions, *, weekday: int) -> Floats:
        """Turn beliefs about today's state into beliefs about tomorrow's, given today's emissions.

        Shapes (n, s). One step of the forward algorithm: Rabiner (1989), "A tutorial on hidden Markov models",
        Proceedings of the IEEE 77(2), eq. 20, normalised as in section V.A.

        Example:
            >>> model = latent_model(Rates())
            >>> silent = Emissions(np.zeros((1, 8), int), np.zeros(1, int))
            >>> belief = model.learn(model.arriving[None], silent, weekday=0)
            >>> outlook = horizon_outlook(model, weekday=1)
            >>> bool(outlook.averaged(belief).churn[0] > model.arriving @ outlook.churn)
            True
        """
        weight = belief * self.likelihood(seen, weekday=weekday)
        weight /= weight.sum(axis=1, keepdims=True)
        tomorrow: Floats = np.where(seen.active[:, None], weight @ self.transitions[1], weight @ self.transitions[0])
        return tomorrow

    def settled(self, days: int) -> Floats:
        """Distribution of the state `days` days after arriving, over an average season, shape (s,)."""
        silence = np.exp(-self.rates[:, OWN].sum(axis=1))[:, None]
        step = silence * self.transitions[0] + (1 - silence) * self.transitions[1]
        settled: Floats = self.arriving @ np.linalg.matrix_power(step, days)
        return settled


def latent_model(rates: Rates) -> LatentModel:
    """Lay the rates out over the product of engagement and attention.

    Example:
        >>> model = latent_model(Rates())
        >>> bool(np.allclose(model.transitions.sum(axis=2), 1))
        True
    """
    own, fan, away = np.array(rates.own), np.array(rates.fan), np.array(rates.away)
    n_circles = 1 if rates.contagion == 1 else 2
    silent, engagement, attention = (level.ravel() for level in np.indices((n_circles, len(own), len(fan))))
    arriving = np.outer(rates.arriving_engagement, rates.arriving_attention).ravel()
    return LatentModel(
        rates=np.hstack([own[engagement], fan[attention], away[engagement]]),
        sticker_rates=np.array([rates.sticker_silent, rates.sticker_active])[:, attention],
        transitions=_transitions(rates, silent, engagement, attention),
        arriving=np.append(arriving, np.zeros(len(silent) - len(arriving))),
        season=np.array(rates.season),
        circle=None if n_circles == 1 else np.where(silent, 0, 1 - 1 / CIRCLE),
    )


def horizon_outlook(model: LatentModel, weekday: int, *, horizon_days: int = 7) -> Outlook:
    """Compute the outlook over the horizon for each state on its first day, shapes (s,).

    Backward in time over three chances of survival: the backward algorithm of Rabiner (1989), eq. 25, with "silent",
    "no sticker" and "silent without sticker" in place of the observations. `weekday` is the first day's, Monday 0.

    Example:
        >>> outlook = horizon_outlook(latent_model(Rates()), weekday=0)
        >>> bool(outlook.churn[0] > 0.7 > 0.01 > outlook.churn[-1])  # dormant and ignored, devoted and adored
        True
    """
    after_silence, after_activity = model.transitions
    silent = unpaid = neither = np.ones(model.rates.shape[0])
    for day in reversed(range(horizon_days)):
        today = (weekday + day) % 7
        silence = model.silence(today)
        unpaid_silent, unpaid_active = np.exp(-model.season[today] * model.sticker_rates)
        silent = silence * (after_silence @ silent)
        neither = silence * unpaid_silent * (after_silence @ neither)
        unpaid = silence * unpaid_silent * (after_silence @ unpaid) + (1 - silence) * unpaid_active * (
            after_activity @ unpaid
        )
    return Outlook(churn=silent, sticker=1 - unpaid, both=silent - neither)


def _bounds(probabilities: Floats) -> Floats:
    """The boundaries between the states' shares of 0 to 1, shape (…, s) to (…, s - 1).

    The last bound is left out, so that rounding in the sum cannot give a state beyond the last.
    """
    bounds: Floats = probabilities.cumsum(axis=-1)[..., :-1]
    return bounds


def _drawn(bounds: Floats, *, rng: np.random.Generator) -> Ints:
    """Draw a state for each row of bounds, shape (n, s - 1) to (n,)."""
    drawn: Ints = (rng.random((len(bounds), 1)) > bounds).sum(axis=1)
    return drawn


def _transitions(rates: Rates, silent: Ints, engagement: Ints, attention: Ints) -> Floats:
    """The transition matrices: the levels move independently given today's state and activity, shape (2, s, s)."""
    steps = list(zip(rates.engagement_down, rates.engagement_up, strict=True))
    drift = np.array(
        [
            [_ladder(len(rates.own), min(down * times, 1 - up / times), up / times) for down, up in steps]
            for times in (1, rates.contagion)
        ]
    )
    echo = np.array(
        [_ladder(len(rates.fan), *step) for step in zip(rates.attention_down, rates.attention_up, strict=True)]
    )
    circle = _ladder(silent.max() + 1, rates.circle[1], rates.circle[0])
    moves: Floats = (
        circle[silent[:, None], silent]
        * drift[silent[:, None], attention[:, None], engagement[:, None], engagement]
        * echo[:, attention[:, None], attention]
    )
    return moves


def _ladder(n_levels: int, down: float, up: float) -> Floats:
    """A transition matrix of steps of at most one level; at an end the chance of leaving is a chance of staying."""
    steps = up * np.eye(n_levels, k=1) + down * np.eye(n_levels, k=-1)
    return steps + np.diag(1 - steps.sum(axis=1))
