"""A made-up platform: its size, the days on which creators join, and their states and activity day by day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from churn.data.sources.simulator.latent import Bools, Emissions, Floats, Ints, LatentModel, Rates

AT_RISK_DAYS = 7
DAY_SECONDS = 86_400
SETTLING_DAYS = 160  # by then the residents' engagement and attention have found their balance
CATEGORIES = ("music", "art", "gaming", "talk", "sport")
TIERS = ("bronze", "silver", "gold")
# relative traffic of the hours 0 to 23 UTC: a trough at four, a peak at eight in the evening
HOURS = np.array([5, 3, 2, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 7, 8, 9, 11, 13, 14, 13, 11, 8]) / 154


@dataclass(frozen=True)
class Preset:
    """The size of a simulated platform and how its people behave."""

    n_creators: int
    n_residents: int  # creators who joined before the first day; the rest joins during the span
    n_fans: int
    n_days: int
    first_day: date = date(2022, 11, 10)
    rates: Rates = field(default_factory=Rates)

    def weekday(self, day: int) -> int:
        """The weekday of a day counted from the first; Monday is 0."""
        return (self.first_day.weekday() + day) % 7


PRESETS = {
    "small": Preset(n_creators=400, n_residents=340, n_fans=5_000, n_days=120),
    # the reference study: its weeks, rows, windows and rates, and a truth about as far from certain as its scores are
    "study": Preset(
        n_creators=1_538,
        n_residents=1_354,
        n_fans=60_000,
        n_days=139,
        rates=Rates(
            own=((0.001, 0.0005, 0.001), (0.6, 0.1, 0.6), (2, 0.5, 1.4)),
            fan=((1, 2, 6), (7, 16, 30), (18, 44, 72)),
            away=((0.005, 0.003), (1, 0.5), (2, 1)),
            sticker_active=(0.005, 0.0155, 0.049),
            engagement_down=(0.24, 0.13, 0.07),
            engagement_up=(0.009, 0.045, 0.09),
            arriving_engagement=(0.1, 0.5, 0.4),
        ),
    ),
    "large": Preset(
        n_creators=63_000,
        n_residents=52_500,
        n_fans=1_000_000,
        n_days=180,
        rates=Rates(fan=((0.5, 1, 2.5), (2, 4.5, 8), (6.5, 15, 25))),
    ),
}


@dataclass(frozen=True)
class Population:
    """The creators in the order in which they joined, which is also the order of their ids."""

    joined: Ints  # (n,) seconds since the first day began, negative for residents
    live_from: Ints  # (n,) first day with emissions, the day after joining
    prior: Floats  # (n, s) distribution of the state on that day
    states: Ints  # (n,) the state on that day
    category: Ints  # (n,) index into CATEGORIES, independent of everything else
    tier: Ints  # (n,) index into TIERS, higher for the engaged in half of the cases


@dataclass(frozen=True)
class Day:
    """The m creators of one day: their true states, the beliefs known before it, and the day's emissions."""

    number: int  # days since the first
    states: Ints  # (m,)
    belief: Floats  # (m, s) distribution of the state given all earlier days
    at_risk: Bools  # (m,) own activity on the days just before
    seen: Emissions


def populate(preset: Preset, model: LatentModel, *, rng: np.random.Generator) -> Population:
    """Draw the days on which creators join, and the state that each begins with.

    Example:
        >>> from churn.data.sources.simulator.latent import latent_model
        >>> preset = PRESETS["small"]
        >>> population = populate(preset, latent_model(preset.rates), rng=np.random.default_rng(0))
        >>> int((population.joined < 0).sum())
        340
    """
    residents = rng.integers(-730, 0, preset.n_residents)
    newcomers = rng.integers(0, preset.n_days - 1, preset.n_creators - preset.n_residents)
    joined_day = np.sort(np.concatenate([residents, newcomers]))
    prior = np.where(joined_day[:, None] < 0, model.settled(SETTLING_DAYS), model.arriving)
    states = model.draw(prior, rng=rng)
    # the tier speaks of the state, so `_observed` is not given it, and it fades within days
    earned = states // len(preset.rates.fan) % len(preset.rates.own) * len(TIERS) // len(preset.rates.own)
    anyhow = rng.integers(0, len(TIERS), preset.n_creators)
    return Population(
        joined=np.sort(joined_day * DAY_SECONDS + seconds_of_day(preset.n_creators, rng=rng)),
        live_from=np.maximum(joined_day + 1, 0),
        prior=prior,
        states=states,
        category=rng.integers(0, len(CATEGORIES), preset.n_creators),
        tier=np.where(rng.random(preset.n_creators) < 0.5, earned, anyhow),
    )


def live(preset: Preset, population: Population, *, model: LatentModel, rng: np.random.Generator) -> Iterator[Day]:
    """Simulate the days up to the one after the last, updating the belief about every creator.

    Example:
        >>> from churn.data.sources.simulator.latent import latent_model
        >>> preset, rng = Preset(n_creators=9, n_residents=8, n_fans=50, n_days=20), np.random.default_rng(0)
        >>> model = latent_model(preset.rates)
        >>> days = list(live(preset, populate(preset, model, rng=rng), model=model, rng=rng))
        >>> len(days), days[0].belief.shape
        (21, (8, 12))
    """
    states, belief = population.states.copy(), population.prior.copy()
    last_active = np.full(preset.n_creators, -AT_RISK_DAYS - 1)
    for number in range(preset.n_days + 1):
        weekday = preset.weekday(number)
        here = slice(0, np.searchsorted(population.live_from, number, side="right"))
        seen = model.emit(states[here], weekday=weekday, rng=rng)
        at_risk = last_active[here] >= number - AT_RISK_DAYS
        yield Day(number, states[here].copy(), belief[here].copy(), at_risk, seen)
        belief[here] = model.learn(belief[here], seen, weekday=weekday)
        states[here] = model.advance(states[here], seen.active, rng=rng)
        last_active[here][seen.active] = number


def seconds_of_day(n: int, *, rng: np.random.Generator) -> Ints:
    """Draw n moments of a day along its profile, in seconds since midnight, (n,)."""
    return rng.choice(24, size=n, p=HOURS) * 3600 + rng.integers(0, 3600, n)
