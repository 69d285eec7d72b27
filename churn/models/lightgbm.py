"""Gradient-boosted trees on the flattened window."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from churn.artefacts import as_written, write_text
from churn.data import Split, Windows
from churn.keys import Days, Range, check_arguments
from churn.models.base import Classifier, Report

if TYPE_CHECKING:
    import lightgbm
    import optuna
    from torch import nn

_NOT_LIGHTGBMS = ("max_trees", "patience", "history_days")  # arguments that its own training does not take
_SHRINKAGE_PER_STEP = 0.5  # ten trees at a rate of .05
_WINDOWS_PER_THREAD = 50_000  # with fewer, threads mostly wait for each other


class LightGBM(Classifier):
    """LightGBM with a column per feature and day, stopped early on half A of the validation users.

    Args:
        learning_rate: Shrinkage per tree.
        num_leaves: Leaves per tree.
        min_child_samples: Windows per leaf, at least.
        feature_fraction: Share of the columns that a tree sees.
        reg_lambda: L2 penalty on leaf values.
        max_trees: Trees, at most.
        patience: Trees without a better log loss before training stops.
        history_days: The days before the cutoff that it sees; all of a window's history where None.
    """

    uses_chance: ClassVar[bool] = True
    booster: "lightgbm.Booster"

    def __init__(
        self,
        learning_rate: Annotated[float, Range(above=0, most=1)] = 0.05,
        num_leaves: Annotated[int, Range(2, 10_000)] = 31,
        min_child_samples: Annotated[int, Range(1, 1_000_000)] = 50,
        feature_fraction: Annotated[float, Range(above=0, most=1)] = 0.8,
        reg_lambda: Annotated[float, Range(0, 1_000_000)] = 1.0,
        max_trees: Annotated[int, Range(1, 100_000)] = 1000,
        patience: Annotated[int, Range(1, 100_000)] = 50,
        history_days: Days | None = None,
    ) -> None:
        check_arguments(LightGBM, locals())
        self.learning_rate, self.num_leaves, self.min_child_samples = learning_rate, num_leaves, min_child_samples
        self.feature_fraction, self.reg_lambda = feature_fraction, reg_lambda
        self.max_trees, self.patience, self.history_days = max_trees, patience, history_days

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """Draw depth, penalties and shrinkage."""
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 7, 63, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 20, 500, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
            "reg_lambda": trial.suggest_float("reg_lambda", 0.01, 30.0, log=True),
        }

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Boost until half A no longer improves."""
        import lightgbm

        train, val_a = _dataset(self.sees(split.train), target), split.val_a
        valid = lightgbm.Dataset(self._columns(val_a), val_a.label(target), reference=train)
        callbacks: list[Callable[..., Any]] = [lightgbm.early_stopping(self.patience, verbose=False)]
        if report is not None:
            callbacks.append(_told(report, self.learning_rate))
        params = self._params(seed, n=len(split.train))
        self.booster = lightgbm.train(
            params, train, num_boost_round=self.max_trees, valid_sets=[valid], callbacks=callbacks
        )
        return self

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Boost as many trees as the last fit kept."""
        import lightgbm

        train = _dataset(self.sees(windows), target)
        self.booster = lightgbm.train(self._params(seed, n=len(windows)), train, num_boost_round=self.steps)
        return self

    @property
    def steps(self) -> int:
        """The trees that the last fit kept."""
        return int(self.booster.best_iteration if self.booster.best_iteration > 0 else self.booster.num_trees())

    def _params(self, seed: int, *, n: int) -> dict[str, Any]:
        """The parameters of LightGBM's training on n windows."""
        return {k: v for k, v in self.arguments.items() if k not in _NOT_LIGHTGBMS} | {
            "num_threads": min(_threads(), 1 + n // _WINDOWS_PER_THREAD),
            "objective": "binary",
            "seed": seed,
            "verbosity": -1,
            "deterministic": True,
            "force_row_wise": True,
        }

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probabilities, (n,)."""
        if not len(windows):
            return np.empty(0)
        return np.asarray(self.booster.predict(self._columns(windows)), dtype=np.float64)

    def program(self, windows: Windows) -> "nn.Module":
        """The trees over the columns of `Windows.coded`."""
        from torch.nn import Sequential, Sigmoid

        from churn.models.programs import Coded, Trees

        return Sequential(Coded(self.sees(windows)), Trees(self.booster.dump_model()["tree_info"]), Sigmoid())

    def _columns(self, windows: Windows) -> NDArray[np.float32]:
        """A column per feature and day that it sees, and one per constant, (n, c)."""
        return self.sees(windows).coded()[0]

    def write(self, folder: Path) -> None:
        """Write the trees as text, up to the best one."""
        write_text(self.booster.model_to_string(), folder / "trees.txt")

    def read(self, folder: Path) -> None:
        """Read the trees."""
        import lightgbm

        with as_written(folder / "trees.txt", lightgbm.basic.LightGBMError):
            self.booster = lightgbm.Booster(model_file=folder / "trees.txt")


def _dataset(windows: Windows, target: str) -> "lightgbm.Dataset":
    """Windows with their labels, attributes with levels as what they are: sets that a tree's node divides."""
    import lightgbm

    columns, levels = windows.coded()
    return lightgbm.Dataset(columns, windows.label(target), categorical_feature=levels)


def _threads() -> int:
    """The most threads to use: OMP_NUM_THREADS, as for everything that computes with OpenMP, or every allowed core."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # the first of nested levels
    if asked.isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _told(report: Report, learning_rate: float) -> Callable[..., None]:
    """A callback that reports progress in shrinkage rather than trees, so that slow learners are comparable."""

    def tell(env: Any) -> None:
        step = int(env.iteration * learning_rate / _SHRINKAGE_PER_STEP)
        if step > int((env.iteration - 1) * learning_rate / _SHRINKAGE_PER_STEP) or not env.iteration:
            report(step, env.evaluation_result_list[0][2])

    return tell
