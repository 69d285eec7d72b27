"""From a raw event log to windows: see `churn.data.dataset` for the way through.

The Lightning data module is imported from `churn.data.datamodule`, since it needs torch.
"""

from churn.data.config import DataConfig
from churn.data.dataset import Dataset, open_dataset, prepare
from churn.data.events import STANDARD_COLUMNS
from churn.data.example import example_dataset, example_frames, example_split
from churn.data.features import Vocabulary
from churn.data.health import Finding, Health, examine
from churn.data.leaks import Alarm, leak_alarms
from churn.data.panel import Panel
from churn.data.sources import Frame, digest, without_password
from churn.data.splits import PARTS, Split, SplitConfig, split_by_time, user_share
from churn.data.windows import Target, WindowConfig, Windows, slide

__all__ = [
    "PARTS",
    "STANDARD_COLUMNS",
    "Alarm",
    "DataConfig",
    "Dataset",
    "Finding",
    "Frame",
    "Health",
    "Panel",
    "Split",
    "SplitConfig",
    "Target",
    "Vocabulary",
    "WindowConfig",
    "Windows",
    "digest",
    "examine",
    "example_dataset",
    "example_frames",
    "example_split",
    "leak_alarms",
    "open_dataset",
    "prepare",
    "slide",
    "split_by_time",
    "user_share",
    "without_password",
]
