"""From a raw event log to windows: see `churn.data.dataset` for the way through.

The Lightning data module and its batches need torch, which is loaded when they are asked for.
"""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.data.config import DataConfig
    from churn.data.daily import Tables
    from churn.data.datamodule import Batch, ChurnDataModule, loader
    from churn.data.dataset import Dataset, open_dataset, prepare, read_panel
    from churn.data.dialects import dialect_of
    from churn.data.drift import Drift, Training
    from churn.data.events import STANDARD_COLUMNS
    from churn.data.example import example_dataset, example_frames, example_split, simulated_log
    from churn.data.features import FEATURES, Feature
    from churn.data.findings import Finding
    from churn.data.findings_of_drift import drift_findings, drift_sentences
    from churn.data.health import Health, events_per_day, examine, examine_new
    from churn.data.leaks import Alarm, leak_alarms
    from churn.data.panel import AMOUNT, STICKERS, Panel
    from churn.data.parts import CAUTIONS, PARTS, Split, user_share
    from churn.data.recognition import Recognised, TableName, look_at, recognise
    from churn.data.reconciliation import at_fault
    from churn.data.rhythm import ELSEWHERE, WEEKENDS, Rhythm
    from churn.data.sliding import slide
    from churn.data.sources import (
        Engines,
        Frame,
        digest,
        engine_errors,
        likely_encoding,
        open_table,
        readable_to_the_last_row,
        without_password,
    )
    from churn.data.sources.simulator import PRESETS, simulate
    from churn.data.spellings import plain_ids
    from churn.data.split_config import SplitConfig, SplitKind
    from churn.data.splits import rolling_origins, split_windows, training_users
    from churn.data.tables import read_tables
    from churn.data.time_formats import FORMAT_KEY
    from churn.data.vocabulary import Vocabulary
    from churn.data.window_config import WindowConfig
    from churn.data.windows import UNKNOWN, Target, Windows

__all__ = [
    "AMOUNT",
    "CAUTIONS",
    "ELSEWHERE",
    "FEATURES",
    "FORMAT_KEY",
    "PARTS",
    "PRESETS",
    "STANDARD_COLUMNS",
    "STICKERS",
    "UNKNOWN",
    "WEEKENDS",
    "Alarm",
    "Batch",
    "ChurnDataModule",
    "DataConfig",
    "Dataset",
    "Drift",
    "Engines",
    "Feature",
    "Finding",
    "Frame",
    "Health",
    "Panel",
    "Recognised",
    "Rhythm",
    "Split",
    "SplitConfig",
    "SplitKind",
    "TableName",
    "Tables",
    "Target",
    "Training",
    "Vocabulary",
    "WindowConfig",
    "Windows",
    "at_fault",
    "dialect_of",
    "digest",
    "drift_findings",
    "drift_sentences",
    "engine_errors",
    "events_per_day",
    "examine",
    "examine_new",
    "example_dataset",
    "example_frames",
    "example_split",
    "leak_alarms",
    "likely_encoding",
    "loader",
    "look_at",
    "open_dataset",
    "open_table",
    "plain_ids",
    "prepare",
    "read_panel",
    "read_tables",
    "readable_to_the_last_row",
    "recognise",
    "rolling_origins",
    "simulate",
    "simulated_log",
    "slide",
    "split_windows",
    "training_users",
    "user_share",
    "without_password",
]

__getattr__ = lazily(__name__, __file__)
