"""Churn of video channels by a table of days: the product's own splits, and the exact split of earlier work.

    python experiments/creators.py

Models as they come, without a search. Each number is the mean of the seeds, with the lowest and the highest, then the
95 % interval of their average, channels resampled. For the exact split of `newcomers.py`, whose trees know facts of the
member list beside, models learn again from the windows on which they were stopped.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from arrivals import block
from newcomers import MONDAYS, parts, row

from churn.data import CHURN, Split, SplitConfig, Windows, prepare, split_windows
from churn.models import GRU, Classifier, LightGBM

SEEDS, EARLIER = {LightGBM: 3, GRU: 1}, "earlier work"


def main() -> None:
    print("| split | model | windows | ROC-AUC | AP | ROC-AUC, channels resampled |", "| --- " * 6 + "|", sep="\n")
    with TemporaryDirectory() as folder:
        dataset = prepare(block("creators.yaml"), Path(folder) / "data")
        for model in SEEDS:
            for name, split in splits(dataset.windows, dataset.config.split):
                p = np.array([one.predict_proba(split.test) for one in fitted(model, split, again=name == EARLIER)])
                measures = row(split.test.label(CHURN), p, users=split.test.user)
                print(f"| {name} | {model.__name__} | {measures} |", flush=True)


def splits(windows: Windows, config: SplitConfig) -> Iterator[tuple[str, Split]]:
    """The product's kinds of split, and the one of earlier work: 7 of 10 channels before the end of April, the others
    from May on; two of the seven are held out to stop by."""
    for kind in ("time", "user"):
        yield kind, split_windows(windows, replace(config, kind=kind))
    monday = windows.dates - np.timedelta64(1, "D")
    asked = windows.take(windows.known & (monday >= MONDAYS[0]) & (monday <= MONDAYS[1]))
    train, test, held_out = parts(asked)
    learnt, judged = asked.take(train & ~held_out), asked.take(train & held_out)
    yield EARLIER, Split(learnt, judged, asked.take(test), windows.take(np.arange(0)), kind="user")


def fitted(model: type[Classifier], split: Split, *, again: bool) -> Iterator[Classifier]:
    """The model once per seed; `again`: learnt from the validation part, too, in as many steps."""
    for seed in range(SEEDS[model]):
        one = model().fit(split, target=CHURN, seed=seed)
        yield one.refit(split.train.and_then(split.val), target=CHURN, seed=seed) if again else one


if __name__ == "__main__":
    main()
