"""Fitting: the recipe and the search."""

from churn.training.fit import ModelSpec, TrainingConfig, fit
from churn.training.storage import sqlite
from churn.training.tuning import Found, TuningConfig, search

__all__ = ["Found", "ModelSpec", "TrainingConfig", "TuningConfig", "fit", "search", "sqlite"]
