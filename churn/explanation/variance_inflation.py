"""Collinearity: the features that other features determine."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SAME = 1 - 1e-9  # a correlation from which two columns are one
_ZERO = 1e-10  # an eigenvalue under which columns add up to nothing
_NAMED = 3  # duplicates per feature, at most
_SHARE = 0.05  # share of the explained variance from which a kept column is named


@dataclass(frozen=True)
class Collinearity:
    """Variance inflation before any removal, the reason for each removal, and the duplicates of removed features."""

    vif: pd.Series  # by feature; infinite for a copy or an exact sum, not a number for a constant
    reasons: pd.Series  # by feature; empty where it is kept
    duplicates: pd.Series  # by feature; for a removed one the kept ones that duplicate it, "a; b", strongest first


def collinearity(x: NDArray[np.floating], features: list[str], *, limit: float = 10.0) -> Collinearity:
    """Variance inflation factors of columns (n, f) and a stepwise removal down to a limit.

    The factor of a column is 1 / (1 - R²) of its regression, with a constant, on the others: the diagonal of
    the inverse correlation matrix (Belsley, Kuh and Welsch, 1980). Constant columns and copies are removed first.
    The duplicates of a removed column are the kept ones with the largest shares of its regression on them (Pratt,
    1987), three at most; a copy has its original, or the duplicates of that.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a = rng.normal(size=500)
        >>> x = np.column_stack([a, rng.normal(size=500), a, np.ones(500)])
        >>> found = collinearity(x, ["a", "b", "copy", "one"])
        >>> found.reasons.tolist(), found.duplicates.tolist()
        (['', '', 'copy of a', 'constant'], ['', '', 'a', ''])
    """
    table = pd.DataFrame(np.asarray(x, np.float64), columns=features)
    vif, reasons = pd.Series(np.nan, index=features), pd.Series("", index=features)
    reasons[table.columns[table.max() == table.min()]] = "constant"  # the deviation of 0.1s is not quite 0
    correlation = table.loc[:, (reasons == "").to_numpy()].corr()
    copies = _copies(correlation)
    for name, original in copies.items():
        reasons[name], vif[name] = f"copy of {original}", np.inf
    left = [name for name in features if not reasons[name]]
    vif[left] = _vif(correlation.loc[left, left])
    while left and (worst := _vif(correlation.loc[left, left])).max() > limit:
        name = str(worst[::-1].idxmax())  # of columns that add up exactly, the last one goes
        reasons[name] = f"collinear (VIF {worst.max():.1f} > {limit:g})"
        left.remove(name)
    return Collinearity(vif, reasons, _duplicates(correlation, left, copies).reindex(features, fill_value=""))


def _duplicates(correlation: pd.DataFrame, kept: list[str], copies: dict[str, str]) -> pd.Series:
    """The duplicates of each column that varies: empty for a kept one."""
    shares = _shares(correlation, kept)
    standing = {name: "" if name in kept else _strongest(shares[name]) for name in correlation.columns}
    return pd.Series(standing | {name: standing[old] or old for name, old in copies.items()}, dtype=object)


def _shares(correlation: pd.DataFrame, kept: list[str]) -> pd.DataFrame:
    """Each kept column's share of R² in the regression of every column on them: slope times correlation."""
    with_all = correlation.loc[kept]
    slopes = np.linalg.pinv(correlation.loc[kept, kept].to_numpy(), hermitian=True) @ with_all.to_numpy()
    return with_all.mul(slopes)


def _strongest(shares: pd.Series) -> str:
    """The names of the largest shares."""
    largest = shares[shares > _SHARE * shares.sum()].sort_values(ascending=False, kind="stable")
    return "; ".join(largest.index[:_NAMED])


def _vif(correlation: pd.DataFrame) -> pd.Series:
    """The diagonal of the inverse; infinite for columns that others determine exactly, where there is no inverse."""
    values, vectors = np.linalg.eigh(correlation.to_numpy())
    exact = values < _ZERO
    vif = (vectors[:, ~exact] ** 2 / values[~exact]).sum(axis=1)
    vif[(vectors[:, exact] ** 2).sum(axis=1) > _ZERO] = np.inf
    return pd.Series(np.maximum(vif, 1.0), index=correlation.index)


def _copies(correlation: pd.DataFrame) -> dict[str, str]:
    """Columns that repeat an earlier one, by name."""
    same = np.triu(np.abs(correlation.to_numpy()) >= _SAME, k=1)
    names = correlation.columns.tolist()
    return {names[j]: names[int(np.argmax(same[:, j]))] for j in np.flatnonzero(same.any(axis=0)).tolist()}
