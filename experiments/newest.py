"""Newest windows, and whether learning again pays: python experiments/newest.py --config experiments/gitter.yaml

At each of several origins a model is fitted as a run does and measured on the weeks from there on. Then it learns again
from all windows whose answer is known by then, as `training.refit: all` has it, and trees also with a half-life of
weights. Printed is the log loss of each, and its mean difference from the first, with the lowest and highest origin's.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.configuration import parse, run_config, run_parser
from churn.data import Split, Windows, prepare
from churn.models import GRU, Classifier, LightGBM
from churn.statistics import log_loss

CONTEXT = ["month", "trend", "active_weeks", "gaps"]
HALVES = (28, 56, 112)  # days


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--origins", type=int, default=5)
    options = parser.parse_args()
    data = run_config(parse(["--config", str(options.config)], parser=run_parser())).data
    split = replace(data.split, val_from=None, test_from=None, val_share=0.1, test_share=0.1, folds=options.origins)
    features = [*CONTEXT, *(["rates"] if data.members else [])] if data.events else []
    with tempfile.TemporaryDirectory() as folder:
        dataset = prepare(replace(data, split=split, features=features), Path(folder) / "dataset")
        rows = pd.DataFrame([row for fold in dataset.folds() for row in measured(fold, dataset.labelled)])
    told = rows.groupby(["target", "model", "learns from"], sort=False).agg(
        log_loss=("log_loss", "mean"), more=("more", "mean"), least=("more", "min"), most=("more", "max")
    )
    print(told.round(4).to_string())


def measured(split: Split, labelled: Windows) -> Iterator[dict[str, object]]:
    """A row per target, model and policy of one origin."""
    known = labelled.take(labelled.answered <= split.test.cutoff.min())
    for target in split.train.targets:
        y = split.test.label(target)
        for kind in (LightGBM, GRU):
            model: Classifier = kind().fit(split, target=target, seed=0)
            kept = log_loss(y, model.predict_proba(split.test))
            losses = {"training windows": kept}
            losses["all known"] = log_loss(y, model.refit(known, target=target).predict_proba(split.test))
            for days in HALVES if isinstance(model, LightGBM) else ():
                losses[f"all known, halved by {days} days"] = log_loss(
                    y, weighted(model, known, target, days)(split.test)
                )
            for policy, loss in losses.items():
                row = {"target": target, "model": kind.__name__, "learns from": policy}
                yield row | {"log_loss": loss, "more": loss - kept}


def weighted(model: LightGBM, windows: Windows, target: str, days: int) -> Callable[[Windows], NDArray[np.float64]]:
    """The chances by as many trees, learnt with weights that halve with each `days` before the last cutoff."""
    columns, levels = windows.coded()
    weight = 2.0 ** ((windows.cutoff - windows.cutoff.max()) / days)
    given = {
        name: value for name, value in model.arguments.items() if name not in ("max_trees", "patience", "history_days")
    }
    train = lightgbm.Dataset(columns, windows.label(target), weight=weight, categorical_feature=levels)
    trees = lightgbm.train(given | {"objective": "binary", "verbosity": -1, "seed": 0}, train, model.steps)
    return lambda others: np.asarray(trees.predict(others.coded()[0]))


if __name__ == "__main__":
    main()
