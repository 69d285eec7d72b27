"""The models: one class per file, each fits a split and gives a probability per window.

Networks are imported when asked for, since they need torch.
"""

import importlib
from typing import TYPE_CHECKING

from churn.models.base import Classifier, classifier, load
from churn.models.ensemble import Ensemble, members
from churn.models.lightgbm import LightGBM
from churn.models.logistic import Logistic
from churn.models.majority import Majority
from churn.models.persistence import Persistence
from churn.models.selected import Selected, again_on

if TYPE_CHECKING:
    from churn.models.bilstm import BiLSTM
    from churn.models.gru import GRU
    from churn.models.gru_bilstm import GRUBiLSTM

__all__ = [
    "GRU",
    "BiLSTM",
    "Classifier",
    "Ensemble",
    "GRUBiLSTM",
    "LightGBM",
    "Logistic",
    "Majority",
    "Persistence",
    "Selected",
    "again_on",
    "classifier",
    "load",
    "members",
]

_NETWORKS = {"GRU": "gru", "BiLSTM": "bilstm", "GRUBiLSTM": "gru_bilstm"}


def __getattr__(name: str) -> type[Classifier]:
    if name in _NETWORKS:
        found: type[Classifier] = getattr(importlib.import_module(f"churn.models.{_NETWORKS[name]}"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
