"""From a raw event log to a list of users to contact."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn.configuration import RunConfig
    from churn.data import DataConfig
    from churn.pipeline import Run, run

__version__ = "0.1.0"
__all__ = ["DataConfig", "Run", "RunConfig", "run"]

# Loaded when asked for, so that `churn --help` answers at once.
_HOMES = {
    "DataConfig": "churn.data",
    "RunConfig": "churn.configuration",
    "Run": "churn.pipeline",
    "run": "churn.pipeline",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
