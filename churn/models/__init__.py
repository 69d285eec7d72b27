"""The models: one class per file, each fits a split and gives a probability per window.

Networks and their gradients are imported when asked for, since they need torch.
"""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.models.base import Classifier, allowing, check_allowed, classifier, load
    from churn.models.bilstm import BiLSTM
    from churn.models.blend import Blend
    from churn.models.daily_calibrator import DAILY_CALIBRATOR, DAYS, DailyCalibrator
    from churn.models.ensemble import Ensemble, members
    from churn.models.foresight import Foresight
    from churn.models.foretelling import calibrate_daily, foretell
    from churn.models.gradients import integrated_gradients, logits
    from churn.models.gru import GRU
    from churn.models.gru_bilstm import GRUBiLSTM
    from churn.models.lightgbm import LightGBM
    from churn.models.logistic import Logistic
    from churn.models.majority import Majority
    from churn.models.onnx_file import to_onnx
    from churn.models.persistence import Persistence
    from churn.models.programs import double, logit
    from churn.models.scaling import SCALINGS
    from churn.models.selected import Selected, again_on, unwrapped
    from churn.models.sequence import SequenceClassifier, one_thread
    from churn.models.tabm import TabM
    from churn.models.training_loop import MONITOR, Trainee

MODELS = (
    "GRU",
    "BiLSTM",
    "GRUBiLSTM",
    "Foresight",
    "LightGBM",
    "Logistic",
    "Persistence",
    "Majority",
)  # that are compared
__all__ = [
    "DAILY_CALIBRATOR",
    "DAYS",
    "GRU",
    "MODELS",
    "MONITOR",
    "SCALINGS",
    "BiLSTM",
    "Blend",
    "Classifier",
    "DailyCalibrator",
    "Ensemble",
    "Foresight",
    "GRUBiLSTM",
    "LightGBM",
    "Logistic",
    "Majority",
    "Persistence",
    "Selected",
    "SequenceClassifier",
    "TabM",
    "Trainee",
    "again_on",
    "allowing",
    "calibrate_daily",
    "check_allowed",
    "classifier",
    "double",
    "foretell",
    "integrated_gradients",
    "load",
    "logit",
    "logits",
    "members",
    "one_thread",
    "to_onnx",
    "unwrapped",
]

__getattr__ = lazily(__name__, __file__)
