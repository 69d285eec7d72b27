"""The estimate of the limit beside the truth, on simulated logs: python experiments/limit.py --preset small --seeds 20

For each seed and target: the log loss of default trees and of the truth given the days seen, on the test windows, the
limit that the verdict estimates, and its error.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from truth import NAMES

from churn.data import DataConfig, prepare
from churn.data.sources.simulator import simulate
from churn.evaluation import Contestant, VerdictConfig, reach_verdicts
from churn.evaluation.verdicts.limit import ALL, USERS, left_to_gain
from churn.models import LightGBM
from churn.statistics import Interval, log_loss


def main() -> None:
    """Print a row per seed and target, and how often the estimate is within .01 of the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="small", choices=["small", "study"])
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    rows = [row for seed in range(options.seeds) for row in measured(options.preset, seed)]
    table = pd.DataFrame(rows)
    print(table.round(4).to_string(index=False))
    told = table.groupby("target").agg(
        error=("error", "mean"), spread=("error", "std"), within=("error", lambda error: (error.abs() <= 0.01).mean())
    )
    print(told.round(4).to_string())


def measured(preset: str, seed: int) -> list[dict[str, float | str]]:
    """The rows of one log."""
    with tempfile.TemporaryDirectory(prefix="churn-limit-") as name:
        folder = Path(name)
        simulate(preset, seed=seed, out=folder)
        tables = {name: str(folder / f"{name}.parquet") for name in NAMES}
        dataset = prepare(DataConfig(**tables, features=["days_since_activity"]), folder / "dataset")
        test = dataset.split().test.table()
        truth = pd.read_parquet(folder / "truth.parquet").astype({"cutoff": test["cutoff"].dtype})
        truth = test.merge(truth, on=["user_id", "cutoff"], validate="one_to_one")
        models = {target: [Contestant(LightGBM, {})] for target in dataset.windows.targets}
        config = VerdictConfig(ask=["limit"], windows=200_000, repetitions=20)
        return [
            _row(verdict.table, truth, verdict.target, seed)
            for verdict in reach_verdicts(dataset, models, config, seed=seed)
        ]


def _row(found: pd.DataFrame, truth: pd.DataFrame, target: str, seed: int) -> dict[str, float | str]:
    """The row of a target: the model is the best on half A, and a doubling is measured by trees."""
    trees = found[found.model == "LightGBM"].set_index("variant").log_loss
    gain = float(trees[list(USERS)].mean() - trees[ALL])
    left = left_to_gain(Interval(gain, gain, gain)).value
    best = log_loss(truth[target].to_numpy(np.int8), truth[f"p_{target}_observed"])
    row: dict[str, float | str] = {"seed": seed, "target": target, "users": truth.user_id.nunique()}
    return row | {"trees": trees[ALL], "truth": best, "limit": trees[ALL] - left, "error": trees[ALL] - left - best}


if __name__ == "__main__":
    main()
