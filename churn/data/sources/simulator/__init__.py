"""A made-up platform whose truth is known, and launches: a log, on demand a dirty one, beside exact probabilities."""

from churn.data.sources.simulator.arrivals import Arrivals, draw_arrivals, true_chances
from churn.data.sources.simulator.dirt import Dirt
from churn.data.sources.simulator.latent import Rates
from churn.data.sources.simulator.makings import Makings, accepted
from churn.data.sources.simulator.odd import odd_log
from churn.data.sources.simulator.population import PRESETS, Preset
from churn.data.sources.simulator.simulation import simulate, simulate_platform

__all__ = [
    "PRESETS",
    "Arrivals",
    "Dirt",
    "Makings",
    "Preset",
    "Rates",
    "accepted",
    "draw_arrivals",
    "odd_log",
    "simulate",
    "simulate_platform",
    "true_chances",
]
