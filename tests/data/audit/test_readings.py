import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from churn.data.audit.readings import identifier, readings

N = 60


def kinds(values):
    return [reading.kind for reading in readings(pd.DataFrame({"a": pd.Series(values)}))]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.5, 2.5, np.nan] * 10, ["number", "category", "filled"]),
        (np.linspace(0, 1, N), ["number"]),
        (pd.array([1, None] * 30, dtype="Int64"), ["number", "category", "filled"]),
        ([True, None, False] * 20, ["number", "category", "filled"]),
        ([Decimal(n) for n in range(N)], ["number"]),
        (pd.to_timedelta(np.arange(N), unit="h"), ["number"]),
        ([str(n) for n in range(N)], ["number"]),
        (pd.Categorical(["a", "b"] * 30), ["category"]),
        (["a", 1, None] * 20, ["category", "filled"]),
        ([datetime.date(2024, 1, 1) + datetime.timedelta(n) for n in range(N)], ["date"]),
        (pd.date_range("2024", periods=N, tz="Asia/Seoul"), ["date"]),
        ([f"2024-01-{n % 28 + 1:02d} 10:00:00+00" for n in range(N)], ["date"]),
        ([None] * N, []),
        ([[n] for n in range(N)], []),
        ([np.inf] * 40 + [1.0] * 20, ["category"]),
    ],
    ids=str,
)
def test_a_column_is_read_in_every_way_that_applies(values, expected):
    assert kinds(values) == expected


def test_gaps_take_the_median_and_are_a_category_of_their_own():
    number, category, filled = readings(pd.DataFrame({"a": [1.0, 3.0, 8.0, None] * 10}))
    assert number.per_user[:4].tolist() == [1, 3, 8, 3]
    assert len(set(category.per_user[:4])) == 4
    assert filled.per_user[:4].tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize(
    "values",
    [
        np.arange(N) / 7,
        np.exp(np.linspace(0, 20, N)).round(),
        np.arange(N) - 30,
        pd.date_range("2024", periods=N),
        [f"2024-01-01 00:{n:02d}" for n in range(N)],
        1_700_000_000_000 + np.arange(N),
        [f"town {n % 50}" for n in range(N)],
        [f"id {n}" for n in range(29)],
    ],
    ids=["fractions", "amounts", "differences", "dates", "text of dates", "milliseconds", "repeated", "few"],
)
def test_measurements_dates_and_few_values_are_no_identifiers(values):
    assert identifier(pd.Series(values)) is None
