"""A GRU with and without `pretrain: next_days`, where only some of the training users have labels.

python experiments/labels.py --config experiments/gitter.yaml --shares 1 .1 .01 --seeds 10 11 12

For each share of the users and target: log loss and AP on test with labels alone, what pretraining changes, with 95 %
intervals (test users resampled, all seeds together), and the seconds of a fit. A seed draws the users and the weights.
Half A of validation, on which either stops early, keeps all of its labels.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.configuration import parse, run_config, run_parser
from churn.data import Split, prepare
from churn.models import SequenceClassifier, classifier
from churn.statistics import bootstrap_each, evaluate

METRICS = ("log_loss", "ap")


def main() -> None:
    """Print a row per share, target and metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--network", default="churn.models.GRU")
    parser.add_argument("--shares", type=float, nargs="+", default=[1.0, 0.1, 0.01])
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12])
    options = parser.parse_args()
    config = run_config(parse(["--config", str(options.config)], parser=run_parser()))
    with tempfile.TemporaryDirectory() as folder:
        split = prepare(config.data, Path(folder) / "dataset").split()
        for share in options.shares:
            for target in split.train.targets:
                rows = compared(split, classifier(options.network), share, target, options.seeds)
                print(pd.DataFrame(rows).round(4).to_string(index=False), flush=True)


def compared(
    split: Split, network: type[SequenceClassifier], share: float, target: str, seeds: Sequence[int]
) -> list[dict[str, object]]:
    """A row per metric: its mean over seeds without pretraining, and the difference that pretraining makes."""
    fits = [(labelled(split, share, seed), seed) for seed in seeds]
    plain, taught = (
        [fitted(network(pretrain=pretrain), some, target, seed) for some, seed in fits]
        for pretrain in (None, "next_days")
    )
    y = split.test.label(target)
    pairs = [(without[0], with_it[0]) for without, with_it in zip(plain, taught, strict=True)]

    def difference(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """The mean over seeds of either metric, with pretraining less without."""
        told = [[evaluate(y, p, weights=weights) for p in pair] for pair in pairs]
        return {name: np.mean([b[name] - a[name] for a, b in told], axis=0) for name in METRICS}

    found = bootstrap_each(split.test.user, difference, bounds=dict.fromkeys(METRICS, (-9.0, 9.0)))
    return [
        {
            **{"users": share, "target": target, "windows": len(fits[0][0].train), "metric": name},
            "labels alone": np.mean([evaluate(y, p)[name] for p, _ in plain]),
            **{"difference": found[name].value, "low": found[name].low, "high": found[name].high},
            "by seed": " ".join(
                f"{float((evaluate(y, b)[name] - evaluate(y, a)[name]).item()):+.4f}" for a, b in pairs
            ),
            **{"s": np.mean([took for _, took in plain]), "s pretrained": np.mean([took for _, took in taught])},
        }
        for name in METRICS
    ]


def labelled(split: Split, share: float, seed: int) -> Split:
    """The split with the training windows of a share of the users, drawn at random."""
    users = np.unique(split.train.user)
    drawn = np.random.default_rng(seed).choice(users, max(1, round(share * len(users))), replace=False)
    return replace(split, train=split.train.take(np.isin(split.train.user, drawn)))


def fitted(network: SequenceClassifier, split: Split, target: str, seed: int) -> tuple[NDArray[np.float64], float]:
    """The chances on test after a fit, and the processor's seconds of the fit."""
    begin = time.process_time()
    network.fit(split, target=target, seed=seed)
    took = time.process_time() - begin
    return network.predict_proba(split.test), took


if __name__ == "__main__":
    main()
