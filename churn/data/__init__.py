"""The way from a raw event log to windows: see `churn.data.dataset` for the way through.

The Lightning data module and its batches need torch, which is loaded when they are asked for.
"""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.data.agreement import difference, sample_of
    from churn.data.audit.drift import Drift, Training
    from churn.data.audit.findings import Finding
    from churn.data.audit.findings_of_drift import drift_findings, drift_sentences
    from churn.data.audit.health import Health, events_per_day, examine, examine_new
    from churn.data.audit.leaks import Alarm, leak_alarms
    from churn.data.audit.together import measured_together, together
    from churn.data.batches import Batch, Shares, loader
    from churn.data.building import read_panel
    from churn.data.config.chosen import save_context, with_context
    from churn.data.config.data_config import AUTO, DataConfig, check_csv
    from churn.data.config.split_config import SplitConfig, SplitKind
    from churn.data.config.time_formats import FORMAT_KEY
    from churn.data.config.window_config import WindowConfig
    from churn.data.datamodule import ChurnDataModule
    from churn.data.dataset import Dataset, counted, open_dataset, prepare
    from churn.data.encoders.chances import blocks
    from churn.data.encoders.networks import Network
    from churn.data.encoders.pictures import picture_vectors
    from churn.data.encoders.texts import cleaned, hashed_words, letter_groups, text_vectors
    from churn.data.encoders.vectors import Vectors
    from churn.data.example import example_dataset, example_frames, example_split, simulated_log
    from churn.data.log.beside import as_moments, read_beside
    from churn.data.log.daily import Tables
    from churn.data.log.dialects import dialect_of
    from churn.data.log.events import standard_columns
    from churn.data.log.lone_list import LoneList, lone_list, stands_alone
    from churn.data.log.recognition import Recognised, TableName, alone, look_at, recognise
    from churn.data.log.reconciliation import at_fault
    from churn.data.log.spellings import folded, plain_ids
    from churn.data.log.tables import read_tables
    from churn.data.log.vocabulary import Encoding, Vocabulary
    from churn.data.sources import (
        Engines,
        Frame,
        columns_of,
        digest,
        engine_errors,
        in_one_transaction,
        likely_encoding,
        open_table,
        quoted,
        readable_to_the_last_row,
        replace_rows,
        table_of,
        without_password,
        without_passwords,
        writable,
    )
    from churn.data.sources.simulator import PRESETS, Arrivals, Makings, odd_log, simulate
    from churn.data.splits.split import PARTS, Split, caution_of, user_share
    from churn.data.splits.splitting import rolling_origins, split_windows, training_users
    from churn.data.splits.user_days import before_border, user_days
    from churn.data.windows.feature import Feature
    from churn.data.windows.features import FAMILIES, FEATURES
    from churn.data.windows.panel import AMOUNT, STICKERS, Panel, panel_of_user
    from churn.data.windows.rhythm import ELSEWHERE, WEEKENDS, Rhythm
    from churn.data.windows.sliding import slide
    from churn.data.windows.windows import CHURN, STICKER, UNKNOWN, Windows

__all__ = [
    "AMOUNT",
    "AUTO",
    "CHURN",
    "ELSEWHERE",
    "FAMILIES",
    "FEATURES",
    "FORMAT_KEY",
    "PARTS",
    "PRESETS",
    "STICKER",
    "STICKERS",
    "UNKNOWN",
    "WEEKENDS",
    "Alarm",
    "Arrivals",
    "Batch",
    "ChurnDataModule",
    "DataConfig",
    "Dataset",
    "Drift",
    "Encoding",
    "Engines",
    "Feature",
    "Finding",
    "Frame",
    "Health",
    "LoneList",
    "Makings",
    "Network",
    "Panel",
    "Recognised",
    "Rhythm",
    "Shares",
    "Split",
    "SplitConfig",
    "SplitKind",
    "TableName",
    "Tables",
    "Training",
    "Vectors",
    "Vocabulary",
    "WindowConfig",
    "Windows",
    "alone",
    "as_moments",
    "at_fault",
    "before_border",
    "blocks",
    "caution_of",
    "check_csv",
    "cleaned",
    "columns_of",
    "counted",
    "dialect_of",
    "difference",
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
    "folded",
    "hashed_words",
    "in_one_transaction",
    "leak_alarms",
    "letter_groups",
    "likely_encoding",
    "loader",
    "lone_list",
    "look_at",
    "measured_together",
    "odd_log",
    "open_dataset",
    "open_table",
    "panel_of_user",
    "picture_vectors",
    "plain_ids",
    "prepare",
    "quoted",
    "read_beside",
    "read_panel",
    "read_tables",
    "readable_to_the_last_row",
    "recognise",
    "replace_rows",
    "rolling_origins",
    "sample_of",
    "save_context",
    "simulate",
    "simulated_log",
    "slide",
    "split_windows",
    "standard_columns",
    "stands_alone",
    "table_of",
    "text_vectors",
    "together",
    "training_users",
    "user_days",
    "user_share",
    "with_context",
    "without_password",
    "without_passwords",
    "writable",
]

__getattr__ = lazily(__name__, __file__)
