"""Every model's probabilities on every part except training, calibrated on half B of validation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Split, Windows
from churn.errors import UserError
from churn.evaluation.calibration import Calibrator, choose_calibrator
from churn.evaluation.config import KINDS
from churn.evaluation.seeds import SEED_COLUMNS, seed_measures
from churn.evaluation.standings import BLEND
from churn.models import Classifier, members
from churn.statistics import ONE_ERROR, log_loss, log_losses, rate_interval

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """One target's probabilities by every model."""

    table: pd.DataFrame  # model, part (val, calibration, test, score), user_id, cutoff, y, p_raw, p
    calibrators: dict[str, Calibrator]  # by model
    losses: pd.DataFrame  # model, kind; log_loss_none, log_loss_chosen: cross-fitted over half B's users;
    # test_log_loss_raw, test_log_loss: without and with the calibrator, on test
    seeds: pd.DataFrame  # model, seed, part, metric, value: for every seed's fit of models that average several

    @property
    def best_model(self) -> str:
        """The model to choose, see `best_model`."""
        return best_model(self.table)


def predict(
    models: Mapping[str, Classifier],
    split: Split,
    *,
    target: str,
    calibrators: Collection[str] = KINDS,
    seed: int = 0,
) -> Predictions:
    """Predict, and calibrate by the best of the kinds `calibrators`; test is read to report, no choice depends on it.

    `val` in the table is half A, on which models are chosen; `calibration` is half B. `seed` is the first fit's.
    """
    half_b = split.val_b
    parts = {"val": split.val_a, "calibration": half_b, "test": split.test, "score": split.score}
    tables, chosen, losses, seeds = [], {}, [], []
    for name, model in models.items():
        by_seed = {part: chances(model, windows, target=target, name=name) for part, windows in parts.items()}
        raw: dict[str, Probabilities] = {part: p.mean(axis=0) for part, p in by_seed.items()}
        calibrator, tried = choose_calibrator(
            raw["calibration"], half_b.label(target), users=half_b.user, kinds=calibrators
        )
        chosen[name] = calibrator
        on_test = (log_loss(split.test.label(target), p) for p in (raw["test"], calibrator(raw["test"])))
        losses.append((name, calibrator.kind, tried["none"], tried[calibrator.kind], *on_test))
        if len(by_seed["val"]) > 1:
            measured = seed_measures(by_seed, split, target=target, kinds=calibrators, seed=seed)
            measured.insert(0, "model", name)
            seeds.append(measured)
        for part, windows in parts.items():
            table = _rows(windows, target, raw[part], calibrator(raw[part]))
            tables.append(table.assign(model=name, part=part))
    columns = ["model", "kind", "log_loss_none", "log_loss_chosen", "test_log_loss_raw", "test_log_loss"]
    return Predictions(
        pd.concat(tables, ignore_index=True),
        chosen,
        pd.DataFrame(losses, columns=columns),
        pd.concat(seeds, ignore_index=True) if seeds else pd.DataFrame(columns=["model", *SEED_COLUMNS]),
    )


def best_model(table: pd.DataFrame) -> str:
    """The model to choose by the `val` rows of a table of predictions, which are of half A.

    It is the one with the least log loss, unless there is a blend from which this one cannot be told: among models that
    are close the least loss is a lottery, which an average of all does not play. Another model has to be better than
    the blend by more than the standard error of the difference, over users.
    """
    val = table[table.part == "val"]
    losses = {str(name): log_losses(of.y, of.p) for name, of in val.groupby("model")}
    best = min(losses, key=lambda name: float(losses[name].mean()))
    if best == BLEND or BLEND not in losses:
        return best
    users = val.user_id[val.model == BLEND]
    clear = rate_interval(losses[BLEND] - losses[best], users, level=ONE_ERROR).low > 0
    return best if clear else BLEND


def chances(model: Classifier, windows: Windows, *, target: str, name: str) -> Probabilities:
    """The probabilities of each fit that a model averages, all from 0 to 1: (s, n).

    Raises:
        UserError: for a model that gives other values.
    """
    by_seed = [np.asarray(member.predict_proba(windows)) for member in members(model)]
    for p in by_seed:
        wrong = p[~((p >= 0) & (p <= 1))]
        if p.shape != (len(windows),) or wrong.size:
            found = wrong[0] if wrong.size else f"an array {p.shape} for {len(windows)} windows"
            expected = f"expected a chance from 0 to 1 per window by {name} of {target}"
            raise UserError(expected, found, "mend the model, or make it again")
    return np.stack(by_seed)


def _rows(windows: Windows, target: str, raw: Probabilities, p: Probabilities) -> pd.DataFrame:
    known = windows.table()
    return pd.DataFrame({"user_id": known.user_id, "cutoff": known.cutoff, "y": known[target], "p_raw": raw, "p": p})
