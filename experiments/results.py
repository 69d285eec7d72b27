"""The tables of results in experiments/README.md, made from the folders of finished runs.

    python experiments/results.py runs/gitter runs/gitter_28 runs/ucsocial runs/study

A run whose log was simulated is also compared with the truth that lies beside it.
"""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from churn.artefacts import read_json, read_table
from churn.runs import Run
from churn.statistics import Interval, metric_intervals, paired_difference

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- results: made by experiments/results.py -->\n", "<!-- end of results -->\n"
NAMES = {
    "ap": "AP",
    "roc_auc": "ROC-AUC",
    "log_loss": "log loss",
    "brier": "Brier",
    "micro_ap": "micro-AP",
    "accuracy": "accuracy",
    "ece": "ECE (band)",
}
WITH_INTERVAL = ("ap", "roc_auc")
STUDY = {"churn": (0.87, 0.94), "sticker": (0.88, 0.94)}  # the reference study's accuracy and micro-AP
TRUTH = "the truth, given the days seen"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--print", action="store_true", help="write to the terminal, not into the README")
    options = parser.parse_args()
    text = "\n".join(section(Results(folder)) for folder in options.runs)
    if options.print:
        print(text)
    else:
        page = README.read_text(encoding="utf8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        README.write_text(f"{before}{BEGIN}{text}{END}{after}", encoding="utf8")


@dataclass(frozen=True)
class Results:
    """A finished run."""

    folder: Path

    def table(self, name: str, target: str) -> pd.DataFrame:
        table = read_table(self.folder / name)
        return table[table["target"] == target] if "target" in table else table.iloc[:0]

    @property
    def manifest(self) -> dict:
        return read_json(self.folder / "manifest.json")

    @property
    def config(self) -> dict:
        return yaml.safe_load((self.folder / "config.yaml").read_text(encoding="utf8"))

    @property
    def truth(self) -> Path:
        return Path(self.config["data"]["events"]).with_name("truth.parquet")

    def test(self, target: str) -> pd.DataFrame:
        """The test part's windows with a column of probabilities per model, and the truth's where it is known."""
        rows = self.table("predictions.parquet", target).query("part == 'test'")
        wide = rows.pivot(index=["user_id", "cutoff", "y"], columns="model", values="p").reset_index()
        if not self.truth.exists():
            return wide
        truth = pd.read_parquet(self.truth).astype({"cutoff": wide["cutoff"].dtype})
        truth = truth.rename(columns={f"p_{target}_observed": TRUTH})[["user_id", "cutoff", TRUTH]]
        return wide.merge(truth, on=["user_id", "cutoff"], validate="one_to_one")


def section(run: Results) -> str:
    name, manifest, config = run.folder.name, run.manifest, run.config
    test = next(part for part in manifest["audit"]["parts"] if part["part"] == "test")
    lines = [
        f"### {name}\n",
        f"`churn run --config experiments/{name}.yaml --out runs/{name}` — {config['tuning']['trials']} trials a "
        f"model, {config['training']['seeds']} seeds averaged, {manifest['created'][:10]}. "
        f"Test part: {test['windows']:,} windows of {test['users']:,} users, cutoffs from {test['first_cutoff']} on.\n",
    ]
    for target in manifest["targets"]:
        lines += [board(run, target), calibration(run, target), spread(run, target)]
        lines += [differences(run, target), truth(run, target)]
    lines.append(verdicts(run))
    return "\n".join(line for line in lines if line) + "\n"


def board(run: Results, target: str) -> str:
    """Every model on the test part."""
    table = run.table("leaderboard.csv", target).query("part == 'test'")
    rows = []
    for model, found in table.groupby("model", sort=False):
        values = found.set_index("metric")
        mark = " ✓" if found["chosen"].any() else ""
        rows.append([f"{model}{mark}", *(_cell(values, metric) for metric in NAMES)])
    return _markdown([target, *NAMES.values()], rows)


def _cell(values: pd.DataFrame, metric: str) -> str:
    row = values.loc[metric]
    if metric == "ece":
        low, high = values.loc["ece_band", ["low", "high"]]
        return f"{_number(row['value'])} [{_number(low)}, {_number(high)}]"
    return _interval(row) if metric in WITH_INTERVAL else _number(row["value"])


def calibration(run: Results, target: str) -> str:
    """The effect of calibrating the chosen model on test."""
    chosen = run.manifest["chosen"][target]
    row = run.table("calibrators.csv", target).set_index("model").loc[chosen]
    raw, calibrated = (_number(row[name], digits=4) for name in ("test_log_loss_raw", "test_log_loss"))
    return f"Calibrating {chosen} on half B ({row['kind']}) took its log loss on test from {raw} to {calibrated}.\n"


def verdicts(run: Results) -> str:
    """The sentences of the verdicts."""
    return (
        "\n".join(f"- {one['question']} *{one['target']}*: {one['sentence']}" for one in Run.open(run.folder).answers)
        + "\n"
    )


def spread(run: Results, target: str) -> str:
    """The measures of single seeds: mean, least and greatest."""
    seeds = run.table("seeds.csv", target)
    if seeds.empty:
        return ""
    test = seeds[(seeds["part"] == "test") & seeds["metric"].isin(["ap", "roc_auc", "log_loss"])]
    rows = []
    for model, found in test.groupby("model", sort=False):
        measured = [found[found["metric"] == metric]["value"] for metric in ("ap", "roc_auc", "log_loss")]
        rows.append([model, *(f"{_number(v.mean())} ({_number(v.min())} to {_number(v.max())})" for v in measured)])
    return _markdown([f"{target}, one seed alone", "AP", "ROC-AUC", "log loss"], rows)


def differences(run: Results, target: str) -> str:
    """Each model beside LightGBM, paired over users."""
    table = run.table("differences.csv", target).query("reference == 'LightGBM'")
    rows = []
    for model, found in table.groupby("model", sort=False):
        values = found.set_index("metric")
        rows.append([model, *(_interval(values.loc[metric], signed=True) for metric in ("ap", "roc_auc", "log_loss"))])
    return _markdown([f"{target}, minus LightGBM, paired over users", "AP", "ROC-AUC", "log loss"], rows)


def truth(run: Results, target: str) -> str:
    """The chosen model beside the simulator's own probabilities and the reference study's numbers."""
    windows = run.test(target)
    if TRUTH not in windows:
        return ""
    y, users, chosen = windows["y"], windows["user_id"], run.manifest["chosen"][target]
    names = ("accuracy", "micro_ap", "ap", "roc_auc", "log_loss")
    rows = []
    for name in (TRUTH, chosen):
        values = metric_intervals(y, windows[name], users=users)
        rows.append([name, *(_interval(values[metric]) for metric in names)])
    gap = paired_difference(y, windows[chosen], p_b=windows[TRUTH], users=users)
    rows.append([f"{chosen} minus the truth", *(_interval(gap[metric], signed=True) for metric in names)])
    accuracy, micro = STUDY[target]
    rows.append(
        [
            "the reference study, very likely split at random",
            _number(accuracy, digits=2),
            _number(micro, digits=2),
            "–",
            "–",
            "–",
        ]
    )
    return _markdown([target, "accuracy", "micro-AP", "AP", "ROC-AUC", "log loss"], rows)


def _interval(row: Interval | pd.Series, *, signed: bool = False) -> str:
    value, low, high = (row.value, row.low, row.high) if isinstance(row, Interval) else row[["value", "low", "high"]]
    return f"{_number(value, signed=signed)} [{_number(low, signed=signed)}, {_number(high, signed=signed)}]"


def _number(value: float, *, signed: bool = False, digits: int = 3) -> str:
    value = round(value, digits) + 0.0  # no minus before a zero
    text = f"{value:+.{digits}f}" if signed and value else f"{value:.{digits}f}"
    return re.sub(r"^([+-]?)0\.", r"\1.", text).replace("-", "−")


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
