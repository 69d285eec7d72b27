"""A made-up platform whose truth is known: its log, on demand a dirty one, beside exact probabilities."""

from churn.data.sources.simulator.dirt import Dirt
from churn.data.sources.simulator.latent import Rates
from churn.data.sources.simulator.population import PRESETS, Preset
from churn.data.sources.simulator.simulation import simulate, simulate_platform

__all__ = ["PRESETS", "Dirt", "Preset", "Rates", "simulate", "simulate_platform"]
