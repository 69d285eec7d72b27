"""Rules for the choice of a model on few users, on simulated logs: python experiments/choice.py --logs 50 --users 200

Default models of each kind and their blend learn from each log; each rule chooses one for each target. A choice loses
its log loss on test less that of the best model there, both expected by the simulator's truth given the days seen.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from truth import NAMES

from churn import models
from churn.data import DataConfig, Split, prepare
from churn.data.sources.simulator import simulate
from churn.evaluation import best_model, fit_calibrator, predict
from churn.models import Blend, Classifier
from churn.statistics import CLIP, log_losses

KINDS = ("GRU", "BiLSTM", "GRUBiLSTM", "Foresight", "LightGBM", "Logistic", "Majority")


def main() -> None:
    """Print what each rule loses, on average over logs and targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=50)
    parser.add_argument("--users", type=int, default=200)
    options = parser.parse_args()
    rows = [lost(table) for seed in range(options.logs) for table in predicted(seed, options.users)]
    found = pd.DataFrame(rows)
    print(found.groupby("target").mean().round(4).to_string())
    print(found.drop(columns="target").agg(["mean", "sem"]).round(4).to_string())


def predicted(seed: int, users: int) -> list[pd.DataFrame]:
    """The predictions on each target, with `truth`, the expected log loss of each row."""
    with tempfile.TemporaryDirectory(prefix="churn-choice-") as name:
        folder = Path(name)
        simulate("small", seed=seed, out=folder)
        members = pd.read_parquet(folder / "members.parquet")
        members.sample(users, random_state=seed).to_parquet(folder / "members.parquet")
        tables = {name: str(folder / f"{name}.parquet") for name in NAMES}
        dataset = prepare(DataConfig(**tables, features=["days_since_activity"]), folder / "dataset")
        split, truth = dataset.split(), pd.read_parquet(folder / "truth.parquet")
        return [
            with_truth(predict(fitted(split, target, seed), split, target=target).table, truth, target)
            for target in split.train.targets
        ]


def fitted(split: Split, target: str, seed: int) -> dict[str, Classifier]:
    """A model of each kind, and the blend of the ones that read features."""
    found: dict[str, Classifier] = {}
    for kind in KINDS:
        model: Classifier = getattr(models, kind)()
        found[kind] = model.fit(split, target=target, seed=seed).about(target)
    members = [model for model in found.values() if model.reads_features]
    return found | {"Blend": Blend(members=members).weighted(split, target=target)}


def with_truth(table: pd.DataFrame, truth: pd.DataFrame, target: str) -> pd.DataFrame:
    """Predictions beside the log loss that the truth expects of a row."""
    told = truth.astype({"cutoff": table.cutoff.dtype})[["user_id", "cutoff", f"p_{target}_observed"]]
    table = table.merge(told, on=["user_id", "cutoff"], how="left")
    q, p = table.pop(f"p_{target}_observed"), table.p.clip(CLIP, 1 - CLIP)
    return table.assign(target=target, truth=-(q * np.log(p) + (1 - q) * np.log1p(-p)))


def lost(table: pd.DataFrame) -> dict[str, float | str]:
    """The loss of each rule's choice over that of the best model."""
    true = table[table.part == "test"].groupby("model").truth.mean()
    alone = table[table.model != "Blend"]
    chosen = {
        "half A, without a blend": best_model(alone),
        "half A, the least loss": least(table, ["val"]),
        "all of validation, the least loss": least(crossed(table), ["val", "calibration"]),
        "as a run chooses": best_model(table),
        "always the blend": "Blend",
    }
    return {"target": str(table.target.iloc[0])} | {rule: true[model] - true.min() for rule, model in chosen.items()}


def least(table: pd.DataFrame, parts: list[str]) -> str:
    """The model with the least log loss on some parts."""
    rows = table[table.part.isin(parts)]
    return str(pd.Series(log_losses(rows.y, rows.p), rows.model).groupby(level=0).mean().idxmin())


def crossed(table: pd.DataFrame) -> pd.DataFrame:
    """The predictions with half B calibrated by half A, as half A is by half B."""
    found = [table[table.part != "calibration"]]
    for _, rows in table.groupby("model"):
        half_a, half_b = (rows[rows.part == part] for part in ("val", "calibration"))
        calibrator = fit_calibrator("platt", half_a.p_raw.to_numpy(), half_a.y.to_numpy(np.int8))
        found.append(half_b.assign(p=calibrator(half_b.p_raw.to_numpy())))
    return pd.concat(found)


if __name__ == "__main__":
    main()
