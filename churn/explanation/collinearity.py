"""Collinearity: which features say what others say already."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SAME = 1 - 1e-9  # a correlation from which two columns are one


@dataclass(frozen=True)
class Collinearity:
    """Variance inflation before anything is removed, and why a feature was."""

    vif: pd.Series  # by feature; infinite for a copy, not a number for a constant
    reasons: pd.Series  # by feature; empty where it is kept


def collinearity(x: NDArray[np.floating], features: list[str], *, limit: float = 10.0) -> Collinearity:
    """Variance inflation factors of columns (n, f) and a stepwise removal down to a limit.

    The factor of a column is 1 / (1 - R²) of its regression, with a constant, on the others: the diagonal of
    the inverse correlation matrix (Belsley, Kuh and Welsch, 1980). Constant columns and copies are taken out first.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a = rng.normal(size=500)
        >>> x = np.column_stack([a, rng.normal(size=500), a, np.ones(500)])
        >>> collinearity(x, ["a", "b", "copy", "one"]).reasons.tolist()
        ['', '', 'copy of a', 'constant']
    """
    table = pd.DataFrame(np.asarray(x, np.float64), columns=features)
    vif, reasons = pd.Series(np.nan, index=features), pd.Series("", index=features)
    reasons[table.columns[table.std(ddof=0) == 0]] = "constant"
    correlation = table.loc[:, (reasons == "").to_numpy()].corr()
    for name, original in _copies(correlation).items():
        reasons[name], vif[name] = f"copy of {original}", np.inf
    left = [name for name in features if not reasons[name]]
    vif[left] = _vif(correlation.loc[left, left])
    while left and (worst := _vif(correlation.loc[left, left])).max() > limit:
        name = str(worst.idxmax())
        reasons[name] = f"collinear (VIF {worst.max():.1f} > {limit:g})"
        left.remove(name)
    return Collinearity(vif, reasons)


def _vif(correlation: pd.DataFrame) -> pd.Series:
    inverse = np.linalg.pinv(correlation.to_numpy(), hermitian=True)
    return pd.Series(np.maximum(np.diag(inverse), 1.0), index=correlation.index)


def _copies(correlation: pd.DataFrame) -> dict[str, str]:
    """Columns that repeat an earlier one, by name."""
    same = np.triu(np.abs(correlation.to_numpy()) >= _SAME, k=1)
    names = correlation.columns.tolist()
    return {names[j]: names[int(np.argmax(same[:, j]))] for j in np.flatnonzero(same.any(axis=0)).tolist()}
