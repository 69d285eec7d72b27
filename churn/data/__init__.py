"""From a raw event log to windows: see `churn.data.dataset` for the way through.

The Lightning data module is imported from `churn.data.datamodule`, since it needs torch.
"""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.data.config import DataConfig
    from churn.data.dataset import Dataset, open_dataset, prepare, read_panel
    from churn.data.drift import Drift, Training
    from churn.data.events import STANDARD_COLUMNS
    from churn.data.example import example_dataset, example_frames, example_split, simulated_log
    from churn.data.features import FEATURES, Feature
    from churn.data.findings import Finding
    from churn.data.health import Health, events_per_day, examine, examine_new
    from churn.data.leaks import Alarm, leak_alarms
    from churn.data.panel import Panel
    from churn.data.parts import CAUTIONS, PARTS, Split, user_share
    from churn.data.rhythm import Rhythm
    from churn.data.sliding import slide
    from churn.data.sources import Frame, digest, without_password
    from churn.data.split_config import SplitConfig
    from churn.data.splits import rolling_origins, split_windows, training_users
    from churn.data.vocabulary import Vocabulary
    from churn.data.window_config import WindowConfig
    from churn.data.windows import Target, Windows

__all__ = [
    "CAUTIONS",
    "FEATURES",
    "PARTS",
    "STANDARD_COLUMNS",
    "Alarm",
    "DataConfig",
    "Dataset",
    "Drift",
    "Feature",
    "Finding",
    "Frame",
    "Health",
    "Panel",
    "Rhythm",
    "Split",
    "SplitConfig",
    "Target",
    "Training",
    "Vocabulary",
    "WindowConfig",
    "Windows",
    "digest",
    "events_per_day",
    "examine",
    "examine_new",
    "example_dataset",
    "example_frames",
    "example_split",
    "leak_alarms",
    "open_dataset",
    "prepare",
    "read_panel",
    "rolling_origins",
    "simulated_log",
    "slide",
    "split_windows",
    "training_users",
    "user_share",
    "without_password",
]

__getattr__ = lazily(__name__, __file__)
