"""The toolkit: a raw event log becomes a list of users to contact."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.configuration import RunConfig
    from churn.data import DataConfig, prepare, simulated_log
    from churn.errors import UserError
    from churn.evaluation import VerdictConfig
    from churn.pipeline import run
    from churn.runs import Run
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
    "UserError",
    "VerdictConfig",
    "prepare",
    "run",
    "simulated_log",
]

__getattr__ = lazily(__name__, __file__)  # so that `churn --help` answers at once
