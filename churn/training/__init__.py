"""Fitting: the recipe and the search."""

from churn.training.fit import Fitted, ModelSpec, fit
from churn.training.tuning import TuningConfig, search

__all__ = ["Fitted", "ModelSpec", "TuningConfig", "fit", "search"]
