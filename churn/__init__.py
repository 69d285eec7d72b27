"""From a raw event log to a list of users to contact."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn.configuration import RunConfig
    from churn.data import DataConfig, prepare, simulated_log
    from churn.evaluation import VerdictConfig
    from churn.pipeline import Run, run
    from churn.segments import BudgetConfig, SegmentConfig
    from churn.training import TrainingConfig, TuningConfig

__version__ = "0.1.0"
__all__ = [
    "BudgetConfig",
    "DataConfig",
    "Run",
    "RunConfig",
    "SegmentConfig",
    "TrainingConfig",
    "TuningConfig",
    "VerdictConfig",
    "prepare",
    "run",
    "simulated_log",
]

# Loaded when asked for, so that `churn --help` answers at once.
_HOMES = {
    "DataConfig": "churn.data",
    "prepare": "churn.data",
    "simulated_log": "churn.data",
    "RunConfig": "churn.configuration",
    "TuningConfig": "churn.training",
    "TrainingConfig": "churn.training",
    "VerdictConfig": "churn.evaluation",
    "SegmentConfig": "churn.segments",
    "BudgetConfig": "churn.segments",
    "Run": "churn.pipeline",
    "run": "churn.pipeline",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
