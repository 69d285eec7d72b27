"""From a raw event log to windows: see `churn.data.dataset` for the way through.

The Lightning data module is imported from `churn.data.datamodule`, since it needs torch.
"""

from churn.data.config import DataConfig
from churn.data.dataset import Dataset, open_dataset, prepare
from churn.data.example import example_dataset, example_frames, example_split
from churn.data.features import FEATURES, Feature
from churn.data.panel import Panel
from churn.data.sources import Frame, digest
from churn.data.splits import PARTS, Split, SplitConfig, split_by_time, user_share
from churn.data.vocabulary import Vocabulary
from churn.data.windows import Target, WindowConfig, Windows, slide

__all__ = [
    "FEATURES",
    "PARTS",
    "DataConfig",
    "Dataset",
    "Feature",
    "Frame",
    "Panel",
    "Split",
    "SplitConfig",
    "Target",
    "Vocabulary",
    "WindowConfig",
    "Windows",
    "digest",
    "example_dataset",
    "example_frames",
    "example_split",
    "open_dataset",
    "prepare",
    "slide",
    "split_by_time",
    "user_share",
]
