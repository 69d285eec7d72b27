"""Each step of the recipe, measured on the leads' five folds with a BERT that reads a row as one text.

    PYTHONPATH=experiments python experiments/leads/recipe.py --out build/recipe.csv
    PYTHONPATH=experiments python experiments/leads/recipe.py --sample tenth --only plain everything

What stands in the file is not measured again, so a table can be made in several goes. A sixth of each fold's training
leads are the validation part: half A stops early, half B tunes the threshold of F1 and recalibrates.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from arrivals import block
from leads.row_as_text import RowAsText
from leads.text_logistic import TextLogistic
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, precision_recall_curve, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from churn.data import Split, Windows, prepare
from churn.evaluation import choose_calibrator
from churn.models import Classifier, LightGBM

COPIES = {"copies": 8, "blanked": 0.2}
STEPS = {  # the arguments of `RowAsText` by step
    "plain": {},
    "state of the first token": {"pooling": "cls"},
    "without weight decay": {"weight_decay": 0.0},
    "without dropout": {"dropout": 0.0},
    "without early stopping": {"patience": 1_000, "max_epochs": 12},
    "five weakest columns dropped": {"dropped": 5},
    "sharpness-aware steps": {"sharpness": 0.05},
    "copies of positives": COPIES,
    "copies of both": COPIES | {"copied": "both"},
    "positives alone afterwards": {"positive_epochs": 1},
    "everything": COPIES | {"dropped": 5, "sharpness": 0.05, "positive_epochs": 1},
}
OTHERS = {  # on the same columns and parts
    "trees": LightGBM,
    "TF-IDF + logistic": TextLogistic,
    "TF-IDF + logistic, copies of positives": lambda: TextLogistic(**COPIES),
    "TF-IDF + logistic, copies of both": lambda: TextLogistic(**COPIES, copied="both"),
}
SHOWN = ("AUC", "AP", "F1", "Brier", "mean chance", "Brier, calibrated", "mean chance, calibrated", "seconds")


def main() -> None:
    asked = arguments()
    done = pd.read_csv(asked.out) if asked.out.exists() else pd.DataFrame(columns=["sample", "step", "seed"])
    with TemporaryDirectory() as folder:
        windows = sample_of(prepare(block("leads/leads.yaml"), Path(folder) / "data").labelled, asked.sample)
        for step in asked.only:
            for seed in asked.seeds:
                if not ((done["sample"] == asked.sample) & (done["step"] == step) & (done["seed"] == seed)).any():
                    found = pd.DataFrame(across_folds(windows, step, seed))
                    found.insert(0, "sample", asked.sample)
                    asked.out.parent.mkdir(parents=True, exist_ok=True)
                    found.to_csv(asked.out, mode="a", index=False, header=not asked.out.exists())
    print_table(pd.read_csv(asked.out))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", choices=["all", "tenth"], default="all", help="all, or 1 positive to 10 others")
    parser.add_argument("--only", nargs="+", choices=[*OTHERS, *STEPS], default=[*OTHERS, *STEPS], metavar="STEP")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=Path("build/recipe.csv"))
    return parser.parse_args()


def sample_of(windows: Windows, name: str) -> Windows:
    """All windows, or a positive one to ten others."""
    if name == "all":
        return windows
    yes, no = np.flatnonzero(windows.answers == 1), np.flatnonzero(windows.answers == 0)
    drawn = np.random.default_rng(1).choice(yes, len(no) // 10, replace=False)
    return windows.take(np.sort(np.concatenate([no, drawn])))


def across_folds(windows: Windows, step: str, seed: int) -> Iterator[dict[str, object]]:
    """The measures of a step on each fold."""
    for fold, split in enumerate(folds(windows)):
        model: Classifier = OTHERS[step]() if step in OTHERS else RowAsText(**STEPS[step])
        began = time.perf_counter()
        model.fit(split, target="converted", seed=seed)
        seconds = time.perf_counter() - began
        yield {"step": step, "seed": seed, "fold": fold, **measures(model, split), "seconds": seconds}


def folds(windows: Windows) -> Iterator[Split]:
    """Five splits whose test parts are the stratified folds; nothing is left to score."""
    for rest, test in StratifiedKFold(5, shuffle=True, random_state=0).split(windows.answers, windows.answers):
        held_out = np.random.default_rng(0).permutation(len(rest)) < len(rest) // 6
        parts = [windows.take(np.sort(at)) for at in (rest[~held_out], rest[held_out], test, test[:0])]
        yield Split(*parts, kind="user")


def measures(model: Classifier, split: Split) -> dict[str, float]:
    """Measures on the test part, before and after half B has calibrated."""
    y, p, half_b, p_b = (
        split.test.answers,
        model.predict_proba(split.test),
        split.val_b,
        model.predict_proba(split.val_b),
    )
    calibrator, _ = choose_calibrator(p_b, half_b.answers, users=half_b.user_ids)
    q = calibrator(p)
    found = [
        roc_auc_score(y, p),
        average_precision_score(y, p),
        f1_score(y, p >= best_threshold(half_b.answers, p_b)),
        *(number for chance in (p, q) for number in (brier_score_loss(y, chance), chance.mean())),
    ]
    return dict(zip(SHOWN, map(float, found), strict=False))


def best_threshold(y: NDArray[np.int8], p: NDArray[np.float64]) -> float:
    """The threshold with the highest F1."""
    precision, recall, thresholds = precision_recall_curve(y, p)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[f1[:-1].argmax()])


def print_table(found: pd.DataFrame) -> None:
    """Print a row per step: means over folds and seeds, and the AUC's difference to `plain`, fold by fold."""
    print(f"| leads | step | seeds | {' | '.join(SHOWN)} | AUC beside plain |")
    print("| --- " * (len(SHOWN) + 4) + "|")
    for name, rows in found.groupby("sample", sort=False):
        auc = rows.groupby(["step", "fold"]).AUC.mean().unstack()
        for step in [step for step in (*OTHERS, *STEPS) if step in auc.index]:
            own = rows[rows["step"] == step]
            told = [f"{own[column].mean():.{0 if column == 'seconds' else 4}f}" for column in SHOWN]
            beside = auc.loc[step] - auc.loc["plain"] if "plain" in auc.index else auc.loc[step] * np.nan
            spread = f"{beside.mean():+.4f} [{beside.min():+.4f}, {beside.max():+.4f}]"
            print(f"| {name} | {step} | {own.seed.nunique()} | {' | '.join(told)} | {spread} |")


if __name__ == "__main__":
    main()
