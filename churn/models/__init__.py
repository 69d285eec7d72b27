"""The models: one class per file, each fits a split and gives a probability per window.

Networks and their gradients are imported when asked for, since they need torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

from churn.models.base import Classifier, allowing, check_allowed, classifier, load
from churn.models.ensemble import Ensemble, members
from churn.models.lightgbm import LightGBM
from churn.models.logistic import Logistic
from churn.models.majority import Majority
from churn.models.persistence import Persistence
from churn.models.selected import Selected, again_on, unwrapped

if TYPE_CHECKING:
    from churn.models.bilstm import BiLSTM
    from churn.models.gradients import integrated_gradients, logits
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
    "allowing",
    "check_allowed",
    "classifier",
    "integrated_gradients",
    "load",
    "logits",
    "members",
    "unwrapped",
]

_WITH_TORCH = {
    "GRU": "gru",
    "BiLSTM": "bilstm",
    "GRUBiLSTM": "gru_bilstm",
    "integrated_gradients": "gradients",
    "logits": "gradients",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_TORCH:
        return getattr(importlib.import_module(f"churn.models.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
