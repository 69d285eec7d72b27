"""How far chance alone moves a model's measures: each seed's fit judged as if it were the only one."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Split, Target, Windows
from churn.evaluation.calibration import Calibrator, choose_calibrator
from churn.models import Classifier, Ensemble
from churn.statistics import METRICS, evaluate

_COLUMNS = ["model", "seed", "part", "metric", "value"]


def seed_measures(
    models: Mapping[str, Classifier], split: Split, *, target: Target, kinds: list[str], seed: int = 0
) -> pd.DataFrame:
    """All metrics of every member of the models that average several: model, seed, part, metric, value.

    The first member is the search's best trial, which half A chose: its values on `val` flatter it, not those on test.

    Args:
        models: By name; those of one fit have no rows.
        split: Each member is calibrated on half B and measured on half A (`val`) and `test`.
        target: What is predicted.
        kinds: The calibrators to choose from.
        seed: Of the first member; the others count on.
    """
    rows = []
    for name, model in models.items():
        for place, member in enumerate(model.members if isinstance(model, Ensemble) else ()):
            calibrator = _calibrator(member, split.val_b, target=target, kinds=kinds)
            for part, windows in (("val", split.val_a), ("test", split.test)):
                values = evaluate(windows.label(target), calibrator(member.predict_proba(windows)))
                rows += [(name, seed + place, part, metric, float(values[metric][0])) for metric in METRICS]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _calibrator(model: Classifier, half_b: Windows, *, target: Target, kinds: list[str]) -> Calibrator:
    p: NDArray[np.float64] = model.predict_proba(half_b)
    return choose_calibrator(p, half_b.label(target), users=half_b.user, kinds=kinds)[0]
