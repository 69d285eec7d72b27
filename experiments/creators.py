"""Churn of video channels by a table of days: the product's own splits, and the exact split of earlier work.

    python experiments/creators.py

Ten settings are drawn for each model and judged on half A of validation, as `churn run` does; the best is fitted with
three seeds, for the exact split on validation too. Each number is the seeds' mean, and in brackets the lowest and the
highest, then the 95 % interval of their average, channels resampled. The exact split is that of `newcomers.py`, whose
trees know facts of the member list beside.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import optuna
from arrivals import block
from newcomers import MONDAYS, parts, row

from churn.data import CHURN, Split, SplitConfig, Windows, prepare, split_windows
from churn.models import GRU, Classifier, LightGBM
from churn.statistics import log_loss

TRIALS, SEEDS, EARLIER = 10, 3, "earlier work"


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print("| split | model | windows | ROC-AUC | AP | ROC-AUC, channels resampled |", "| --- " * 6 + "|", sep="\n")
    with TemporaryDirectory() as folder:
        dataset = prepare(block("creators.yaml"), Path(folder) / "data")
        for name, split in splits(dataset.windows, dataset.config.split):
            for model in (LightGBM, GRU):
                p = np.array([one.predict_proba(split.test) for one in fitted(model, split, again=name == EARLIER)])
                measures = row(split.test.label(CHURN), p, users=split.test.user)
                print(f"| {name} | {model.__name__} | {measures} |", flush=True)


def splits(windows: Windows, config: SplitConfig) -> Iterator[tuple[str, Split]]:
    """The product's kinds of split, and the one of earlier work: 7 of 10 channels before the end of April, the others
    from May on; two of the seven are held out to choose and stop by."""
    for kind in ("time", "user", "user_time"):
        yield kind, split_windows(windows, replace(config, kind=kind))
    monday = windows.dates - np.timedelta64(1, "D")
    asked = windows.take(windows.known & (monday >= MONDAYS[0]) & (monday <= MONDAYS[1]))
    train, test, held_out = parts(asked)
    learnt, judged = asked.take(train & ~held_out), asked.take(train & held_out)
    yield EARLIER, Split(learnt, judged, asked.take(test), windows.take(np.arange(0)), kind="user")


def fitted(model: type[Classifier], split: Split, *, again: bool) -> Iterator[Classifier]:
    """The model of the best setting, once per seed; `again`: learnt again from what it was chosen by, too."""

    def loss(trial: optuna.Trial) -> float:
        one = model(**model.suggest(trial, len(split.train.features))).fit(split, target=CHURN)
        return log_loss(split.val_a.label(CHURN), one.predict_proba(split.val_a))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(loss, n_trials=TRIALS)
    best = model.suggest(optuna.trial.FixedTrial(study.best_params), len(split.train.features))
    for seed in range(SEEDS):
        one = model(**best).fit(split, target=CHURN, seed=seed)
        yield one.refit(split.train.and_then(split.val), target=CHURN, seed=seed) if again else one


if __name__ == "__main__":
    main()
