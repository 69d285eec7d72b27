"""Fitting: the recipe and the search."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.training.config import ModelSpec, TrainingConfig, TuningConfig
    from churn.training.families import ContextFeatures, choose_context
    from churn.training.fitting import fit
    from churn.training.storage import sqlite
    from churn.training.tuning import Found, search, trials_on

__all__ = [
    "ContextFeatures",
    "Found",
    "ModelSpec",
    "TrainingConfig",
    "TuningConfig",
    "choose_context",
    "fit",
    "search",
    "sqlite",
    "trials_on",
]

__getattr__ = lazily(__name__, __file__)
