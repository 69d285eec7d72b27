"""Boruta-SHAP beside BorutaPy over plain SHAP values: seconds, and the agreement of the verdicts.

Goal: at least 10 times as fast, and the same verdict for 95% of the columns that BorutaPy confirms or rejects.

The reference is BorutaPy as it is, over a LightGBM whose importances are mean |SHAP| from `shap.TreeExplainer` on all
rows. Both are handed the same rows, columns, labels, parameters of the trees, number of trees and of rounds; shadows
shuffle single windows in both. They take turns in one process, seed by seed, with one thread each, and the ratio is
of their processor seconds, which other work on the machine changes little. The reference's agreement with itself under
another seed shows the agreement that is possible.

    python experiments/benchmarks/boruta_shap.py --config experiments/data/gitter.yaml --rounds 25 --seeds 2
"""

import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
import shap
from boruta import BorutaPy
from numpy.typing import NDArray

from churn.configuration import RunConfig
from churn.data import Windows, prepare
from churn.explanation.boruta_shap import PARAMS, VERDICTS, boruta_shap

TREES = 30


class Plain:
    """LightGBM with the mean |SHAP| of all rows, for BorutaPy."""

    feature_importances_: NDArray[np.float64]

    def __init__(self) -> None:
        self.n_estimators, self.random_state = TREES, np.random.RandomState(0)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"n_estimators": self.n_estimators, "random_state": self.random_state}

    def set_params(self, **params: Any) -> Self:
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, x: NDArray[np.floating], y: NDArray[np.integer]) -> Self:
        params = PARAMS | {"seed": int(self.random_state.randint(2**31 - 1))}
        booster = lightgbm.train(params, lightgbm.Dataset(x, y), self.n_estimators)
        self.feature_importances_ = np.abs(shap.TreeExplainer(booster).shap_values(x)).mean(axis=0)
        return self


def plain(x: NDArray[np.floating], y: NDArray[np.integer], *, rounds: int, seed: int) -> NDArray[np.str_]:
    selector = BorutaPy(Plain(), n_estimators=TREES, max_iter=rounds, random_state=seed)
    selector.fit(x, y)
    return np.where(selector.support_, VERDICTS[0], np.where(selector.support_weak_, VERDICTS[1], VERDICTS[2]))


def agreement(verdict: NDArray[np.str_], reference: NDArray[np.str_]) -> float:
    """The share of the reference's confirmed and rejected columns that have the same verdict."""
    decided = reference != "tentative"
    return float((verdict == reference)[decided].mean())


def labelled(config: Path, *, target: str, rows: int) -> Windows:
    """The training windows, or all windows with labels if there are fewer than asked for."""
    with tempfile.TemporaryDirectory(prefix="churn-") as folder:
        data = prepare(RunConfig.load(config).data, Path(folder) / "dataset")
        windows = data.folds()[-1].train
        if len(windows) < rows:
            windows = data.windows.take(data.windows.label(target) >= 0)
        chosen = np.sort(np.random.default_rng(0).permutation(len(windows))[:rows])
        return windows.take(chosen)


def main() -> None:
    options = _options()
    windows = labelled(options.config, target=options.target, rows=options.rows)
    x, y = windows.flat(), windows.label(options.target)
    names = [f"{name} {day}" for name, day in windows.flat_features()]
    print(f"{len(x):,} windows x {x.shape[1]} columns, {options.rounds} rounds, {options.target}", flush=True)
    table, settings = pd.DataFrame(index=names), [None if n == "all" else int(n) for n in options.sample]
    seconds: dict[str, list[float]] = {}
    for seed in range(options.seeds):
        again = {"rounds": options.rounds, "seed": seed}
        _timed(table, seconds, "plain", seed, partial(plain, x, y, **again))
        for n in settings:
            own = partial(boruta_shap, x, y, rows=n, explained=options.explained, **again)
            _timed(table, seconds, f"rows {n or 'all'}", seed, own)
        _summary(table, seconds, seed + 1)
    print(table.to_string())


def _timed(table: pd.DataFrame, seconds: dict[str, list[float]], way: str, seed: int, run: Any) -> None:
    start, clock = time.process_time(), time.perf_counter()
    table[f"{way}, seed {seed}"] = run()
    seconds.setdefault(way, []).append(time.process_time() - start)
    clock = time.perf_counter() - clock
    counts = table.iloc[:, -1].value_counts().reindex(VERDICTS, fill_value=0).to_dict()
    print(f"{way:12} seed {seed} {seconds[way][-1]:7.1f} s of processor, {clock:.1f} s in all  {counts}", flush=True)


def _summary(table: pd.DataFrame, seconds: dict[str, list[float]], seeds: int) -> None:
    slow = statistics.median(seconds["plain"])
    for way, times in seconds.items():
        others = [(a, b) for a in range(seeds) for b in range(seeds) if way != "plain" or a != b]
        shares = [
            agreement(table[f"{way}, seed {a}"].to_numpy(), table[f"plain, seed {b}"].to_numpy()) for a, b in others
        ]
        fast = statistics.median(times)
        agreed = f"{np.mean(shares):.3f} (lowest {min(shares):.3f})" if shares else "-"
        print(f"{way:12} {fast:7.1f} s of processor  {slow / fast:5.1f} x as fast  agreement with plain {agreed}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("experiments/data/gitter.yaml"))
    parser.add_argument("--target", choices=["churn", "sticker"], default="churn")
    parser.add_argument("--rows", type=int, default=80_000, help="windows that both are handed")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--sample", nargs="+", default=["all"], help="rows per round: several draw the trade-off")
    parser.add_argument("--explained", type=int, default=500, help="rows per round with SHAP values")
    return parser.parse_args()


if __name__ == "__main__":
    main()
