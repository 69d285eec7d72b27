"""Categories: how the groups are spread over the levels of members' attributes that are not numbers."""

import pandas as pd

from churn.data import Windows
from churn.segments.comparing.compared import LIKELY, Comparison, comparisons
from churn.segments.comparing.comparisons import seen_by_models
from churn.statistics import association, holm

COLUMNS = (
    *("comparison", "attribute", "n_priority", "n_other", "categories", "chi2", "df", "p", "p_adjusted", "cramers_v"),
    *("pooled", "circular"),
)
_TESTS = ["chi2", "df", "p"]


def describe_categories(windows: Windows, members: pd.DataFrame | None) -> tuple[pd.DataFrame, list[str]]:
    """The members' attributes that are neither numbers nor dates, a row per window, and which are circular.

    Args:
        windows: The n windows.
        members: The members' attributes as they were at each window, same rows; None without a list.
    """
    if members is None:
        return pd.DataFrame(index=range(len(windows))), []
    names = [name for name in members.columns.drop("user_id") if _holds_levels(members[name])]
    seen = seen_by_models(windows)
    return members[names].astype("string").reset_index(drop=True), [name for name in names if name in seen]


def _holds_levels(values: pd.Series) -> bool:
    """Whether an attribute is left out among the variables: it is neither number, yes or no, nor date."""
    return not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values))


def compare_categories(
    table: pd.DataFrame,
    segment: pd.Series,
    *,
    circular: list[str],
    loyal: pd.Series | None = None,
    minimum_cell: int = 30,
    likely: str = LIKELY,
) -> pd.DataFrame:
    """The chi-square test of every attribute, Holm-adjusted within each comparison.

    Args:
        table: A row per user, a column per attribute; missing values are left out.
        segment: The users' segments, same rows.
        circular: The attributes that entered the score: they differ by construction, so their test describes.
        loyal: Whether a user is a loyal earner, same rows; None for no such comparison.
        minimum_cell: Users in a group under which nothing is tested.
        likely: As in `comparisons`.

    Returns:
        comparison, attribute, n_priority, n_other (the two groups), categories (tested), chi2, df, p, p_adjusted,
        cramers_v, pooled (levels too rare to stand alone), circular; no rows without attributes. The tests are null
        for a group under the minimum, and with the strength where fewer than two categories are left.
    """
    tables = [_compared(table, one, minimum_cell=minimum_cell) for one in comparisons(segment, loyal, likely=likely)]
    if table.columns.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    found = pd.concat(tables, ignore_index=True).assign(circular=lambda t: t.attribute.isin(circular))
    return found[list(COLUMNS)]


def _compared(table: pd.DataFrame, comparison: Comparison, *, minimum_cell: int) -> pd.DataFrame:
    rows = [_test(table[name], comparison) for name in table.columns]
    tests = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("comparison", "p_adjusted")])
    tests.loc[tests[["n_priority", "n_other"]].min(axis=1) < minimum_cell, _TESTS] = float("nan")
    return tests.assign(comparison=comparison.name, p_adjusted=holm(tests.p.to_numpy(float)))


def _test(values: pd.Series, comparison: Comparison) -> dict[str, object]:
    levels = values.dropna().unique()
    a, b = (
        values[chosen.to_numpy()].value_counts().reindex(levels, fill_value=0)
        for chosen in (comparison.inside, comparison.outside)
    )
    result = association(a.to_numpy(int), b.to_numpy(int))
    return {
        "attribute": values.name,
        "n_priority": result.n_a,
        "n_other": result.n_b,
        "categories": result.categories,
        "chi2": result.chi2,
        "df": result.df,
        "p": result.p,
        "cramers_v": result.cramers_v,
        "pooled": result.pooled,
    }
