"""A finished run, read once and shown by every section."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from churn.artefacts import as_written, read_json, read_object, read_table
from churn.errors import UserError
from churn.report.wording import known

COLUMNS = {
    "windows.parquet": "user_id cutoff churn part",
    "leaderboard.csv": "target model part metric value low high chosen",
    "differences.csv": "target model reference metric value low high",
    "calibration.csv": "target model bin n mean_predicted observed low high",
    "calibrators.csv": "target model kind log_loss_none log_loss_chosen test_log_loss_raw test_log_loss",
    "thresholds.csv": "target model threshold f1 share",
    "gains.csv": "target model share gain low high",
    "seeds.csv": "target model seed part metric value",
    "verdicts.csv": (
        "verdict target model variant reference n_windows n_users base_rate returned ap ap_low ap_high roc_auc "
        "roc_auc_low roc_auc_high log_loss log_loss_low log_loss_high difference difference_low difference_high"
    ),
    "trials.csv": "target model trial state value",
    "trial_curves.csv": "target model trial step log_loss",
    "importances.csv": "target model parameter importance",
    "features.csv": "target feature vif boruta kept reason",
    "explanations.csv": "target feature mean_abs_shap direction rank",
    "explanations_by_day.csv": "target feature day mean_abs_shap direction rank",
    "surrogates.csv": "target model r2 spearman top_tenth n_users n_windows explained",
    "fidelity.csv": "target model segment r2 spearman n_users n_windows",
    "shap.parquet": "target user_id cutoff feature value shap",
    "attributions.csv": "target model feature day attribution mean_abs rank",
    "scores.parquet": "user_id cutoff p_churn priority segment",
    "segment_rates.csv": "segment n n_users target rate low high",
    "segment_tests.csv": (
        "comparison feature n_priority n_other mean_priority mean_other t df p p_adjusted hedges_g low high circular"
    ),
    "segment_categories.csv": (
        "comparison attribute n_priority n_other categories chi2 df p p_adjusted cramers_v pooled circular"
    ),
    "groups.csv": (
        "group name n share p_churn p_sticker n_listed expected_listed n_windows n_users churn churn_low churn_high "
        "sticker sticker_low sticker_high"
    ),
    "group_columns.csv": "group feature n mean mean_all difference",
    "group_stability.csv": ("groups stability shuffled explained explained_shuffled explained_one_kind beats_both"),
    "groups.parquet": "user_id group",
    "anomalies.csv": "user_id score direction departure_1 departure_2 departure_3 p_churn segment",
    "agreement.csv": "a b spearman",
    "budget.csv": "k profit low high",
    "threshold.csv": "rule size threshold low high near used",
    "score_distribution.csv": "scale low high n",
    "segment_rules.csv": "rank_by rule used n n_users target rate low high base",
    "priority.csv": "rank user_id priority p_churn reason_1 reason_2 reason_3",
    "views/returns.csv": "silent_days at_risk users within low high",
}
KEYS = (
    *("version", "seed", "created", "stages", "inputs", "reconciliation", "audit", "windows"),
    *("split_kind", "targets", "chosen", "warnings", "segment"),
)
VIEW_KEYS = ("section", "name", "words", "empty", "figure", "height")
VERDICT_KEYS = ("verdict", "target", "question", "sentence", "note")
# What a run writes only where it was asked for, or did not write when it was made by an older version.
OPTIONAL = {
    *("seeds.csv", "verdicts.csv", "verdicts.json", "fidelity.csv", "shap.parquet", "attributions.csv"),
    *("budget.csv", "threshold.csv", "score_distribution.csv", "segment_rules.csv"),
    "segment_categories.csv",
    *("groups.csv", "group_columns.csv", "group_stability.csv", "groups.parquet", "anomalies.csv"),
    "views/returns.csv",
}
REMEDY = "finish the run with `churn run --config FILE --out DIR`, then build the report again"


@dataclass(frozen=True)
class Estimate:
    """A number and its 95% interval; the ends are NaN where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Run:
    """What a run's folder holds."""

    manifest: Mapping[str, Any]
    config: str  # YAML, as it stands in the folder
    tables: Mapping[str, pd.DataFrame]  # file name -> table
    verdicts: Sequence[Mapping[str, Any]]  # VERDICT_KEYS each, in the order to be shown
    views: Sequence[Mapping[str, Any]]  # VIEW_KEYS each, likewise

    @property
    def language(self) -> str:
        """In which language its sentences were made."""
        return str((yaml.safe_load(self.config) or {}).get("language", "en"))

    @property
    def targets(self) -> list[str]:
        """The targets in their order: churn, then stickers where there are any."""
        return list(self.manifest["targets"])

    @property
    def stickers(self) -> bool:
        """Whether the run knows a second target."""
        return "sticker" in self.targets

    @property
    def windows(self) -> Mapping[str, Any]:
        """history_days, horizon_days, stride_days, at_risk, at_risk_days."""
        windows: Mapping[str, Any] = self.manifest["windows"]
        return windows

    @property
    def refit(self) -> Mapping[str, Any]:
        """How the models that score came about: policy, and with "all" the targets' windows and steps."""
        refit: Mapping[str, Any] = self.manifest.get("refit", {"policy": "keep"})
        return refit

    @property
    def seeds(self) -> int:
        """From how many seeds each model that chance plays a part in was fitted."""
        return int(self.manifest.get("seeds", 1))

    def part(self, name: str) -> Mapping[str, Any]:
        """What the audit says of a part; nothing where it does not know it."""
        parts: list[Mapping[str, Any]] = self.manifest["audit"]["parts"]
        return next((part for part in parts if part["part"] == name), {})

    def table(self, name: str, target: str | None = None) -> pd.DataFrame:
        """A table by its file name; with a target, its rows alone."""
        table = self.tables[name]
        return table if target is None else table[table["target"] == target]

    def chosen(self, target: str) -> str:
        """The model behind the scores of a target."""
        return str(self.manifest["chosen"].get(target, ""))

    def metric(self, target: str, metric: str, model: str | None = None) -> Estimate | None:
        """A metric on the test part, of the chosen model unless another is named."""
        board = self.table("leaderboard.csv", target)
        row = board[
            (board["part"] == "test") & (board["metric"] == metric) & (board["model"] == (model or self.chosen(target)))
        ]
        return estimate(row)

    def rate(self, segment: str, target: str) -> tuple[Estimate, int] | None:
        """A segment's observed rate on the test part's daily lists, and its number of users."""
        rates = self.table("segment_rates.csv", target)
        row = rates[rates["segment"] == segment]
        found = estimate(row, value="rate")
        return None if found is None else (found, int(row["n_users"].iloc[0]))


def estimate(rows: pd.DataFrame, value: str = "value") -> Estimate | None:
    """The first row's number and interval, or nothing."""
    if rows.empty or not known(float(rows[value].iloc[0])):
        return None
    row = rows.iloc[0]
    return Estimate(float(row[value]), float(row["low"]), float(row["high"]))


def records(table: pd.DataFrame) -> Iterator[Any]:
    """A table's rows with their columns as attributes."""
    return table.itertuples(index=False)


def read_run(folder: Path) -> Run:
    """Read a run's folder.

    Raises:
        UserError: if the folder, one of its artefacts, or a column or key in one is missing.
    """
    if not folder.is_dir():
        raise UserError(f"expected the folder of a finished run at {folder}", "nothing there", REMEDY)
    manifest = read_object(_present(folder / "manifest.json"))
    _complete("manifest.json", KEYS, manifest)
    with as_written(path := _present(folder / "config.yaml"), yaml.YAMLError):
        if not isinstance(yaml.safe_load(config := path.read_text(encoding="utf8")), dict):
            raise ValueError("no keys")
    tables = {name: _read(folder, name) for name in COLUMNS}
    verdicts = _entries(folder / "verdicts.json", VERDICT_KEYS)
    return Run(manifest, config, tables, verdicts, _entries(folder / "views" / "views.json", VIEW_KEYS))


def _entries(path: Path, keys: tuple[str, ...]) -> Sequence[Mapping[str, Any]]:
    """What the run was asked beside its task, with the answers; nothing where it was not."""
    entries: list[Mapping[str, Any]] = read_json(path) if path.exists() else []
    for entry in entries:
        _complete(path.name, keys, entry)
    return entries


def _present(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"expected {path.name} in {path.parent}", "no such file", REMEDY)
    return path


def _read(folder: Path, name: str) -> pd.DataFrame:
    """Read a table; one without rows may lack its header, too."""
    columns = COLUMNS[name].split()
    if name in OPTIONAL and not (folder / name).exists():
        return pd.DataFrame(columns=columns)
    table = read_table(_present(folder / name))
    if not table.empty:
        _complete(name, columns, table)
    return table if len(table.columns) else pd.DataFrame(columns=columns)


def _complete(name: str, wanted: Sequence[str], found: Any) -> None:
    missing = [key for key in wanted if key not in found]
    if missing:
        raise UserError(f"expected {', '.join(missing)} in {name}", ", ".join(map(str, found)), REMEDY)
