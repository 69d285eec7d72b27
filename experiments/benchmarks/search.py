"""A search with and without pruning, one after the other: seconds, epochs, and the best log loss on half A.

python experiments/benchmarks/search.py --config experiments/data/gitter.yaml --trials 30
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from churn.configuration import RunConfig
from churn.data import prepare
from churn.models import classifier
from churn.training import TuningConfig, search


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--model", default="churn.models.GRU")
    parser.add_argument("--target", default="churn")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prune", choices=["both", "yes", "no"], default="both")
    options = parser.parse_args()
    tuning = TuningConfig(trials=options.trials)
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(RunConfig.load(options.config).data, Path(folder) / "dataset")
        for prune in {"both": (True, False), "yes": (True,), "no": (False,)}[options.prune]:
            start = time.monotonic()
            found = search(
                classifier(options.model),
                data.folds(),
                target=options.target,
                tuning=replace(tuning, prune=prune),
                seed=options.seed,
            )
            seconds = time.monotonic() - start
            states = found.trials.state.value_counts().to_dict()
            best = found.trials[found.trials.state == "complete"].value.min()
            print(f"{prune=!s:5} {seconds:6.0f} s  {len(found.curves):5} steps  best {best:.4f}  {states}", flush=True)
            print(found.trials.sort_values("value").head(6).to_string(), flush=True)
            print(found.importances.to_string(), flush=True)


if __name__ == "__main__":
    main()
