"""Seasons: planted patterns are found, and the arithmetic is statsmodels'."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import MSTL, STL, seasonal_decompose

from churn.data import example_dataset
from churn.eda import daily_totals, decompose

DAYS = pd.date_range("2024-01-01", periods=140)  # a Monday


def _planted(seed: int, *, noise: float = 1.0) -> pd.Series:
    """A slow rise, weekends that are higher by 12, and one day of uproar."""
    values = 100 + 0.2 * np.arange(140) + 12 * (DAYS.dayofweek >= 5)
    values = values + np.random.default_rng(seed).normal(0, noise, 140)
    values[60] += 40
    return pd.Series(values, DAYS, name="posts")


@pytest.mark.parametrize("seed", range(3))
def test_planted_season_trend_and_outlier_are_found(seed: int) -> None:
    found = decompose(_planted(seed))
    week = found.week
    assert week[["Sat", "Sun"]].mean() - week["Mon":"Fri"].mean() == pytest.approx(12, abs=1)
    rise = found.table["trend"].iloc[-20] - found.table["trend"].iloc[20]
    assert rise == pytest.approx(0.2 * 100, abs=2)
    assert found.stand_out.index[0] == DAYS[60]
    assert found.trend_strength > 0.8
    assert found.season_strengths[7] > 0.65


def test_noise_has_neither_season_nor_trend() -> None:
    strengths = []
    for seed in range(20):
        noise = pd.Series(np.random.default_rng(seed).normal(50, 5, 140), DAYS)
        found = decompose(noise, method="classical")
        strengths.append(found.season_strengths[7])
    assert np.mean(strengths) < 0.15


def test_parts_add_up_to_the_series() -> None:
    series = _planted(0)
    for found in (decompose(series), decompose(series, periods=(7, 28)), decompose(series, method="classical")):
        parts = found.table.drop(columns=["observed", "score"]).sum(axis=1)
        np.testing.assert_allclose(parts, series, rtol=1e-12)


def test_stl_mstl_and_classical_equal_statsmodels() -> None:
    series = _planted(1)
    stl = STL(series, period=7, robust=True).fit()
    found = decompose(series, robust=True).table
    np.testing.assert_array_equal(found["trend"], stl.trend)
    np.testing.assert_array_equal(found["season_7"], stl.seasonal)
    mstl = MSTL(series, periods=[7, 28], stl_kwargs={"robust": True}).fit()
    found = decompose(series, periods=(28, 7), robust=True).table
    np.testing.assert_array_equal(found["season_28"], mstl.seasonal["seasonal_28"])
    classical = seasonal_decompose(series, period=7, extrapolate_trend=6)
    np.testing.assert_array_equal(decompose(series, method="classical").table["trend"], classical.trend)


def test_missing_days_count_as_zero_and_are_counted() -> None:
    found = decompose(_planted(0).drop(DAYS[[10, 11, 50]]))
    assert found.missing_days == 3
    assert found.table.loc[DAYS[50], "observed"] == 0
    assert DAYS[50] in found.stand_out.index
    assert "3 days had no row" in str(found)


def test_rows_of_one_day_are_added_whatever_their_order() -> None:
    series = _planted(0)
    halves = pd.concat([series / 2, series / 2]).sample(frac=1, random_state=0)
    np.testing.assert_allclose(decompose(halves).table["observed"], series)


@pytest.mark.parametrize("n_days", [0, 1, 13])
def test_too_few_days_are_a_sentence_in_place_of_the_figure(n_days: int) -> None:
    found = decompose(_planted(0).iloc[:n_days])
    assert found.empty is not None
    assert "too few" in str(found)
    assert found.figure().layout.annotations[0].text == found.empty


def test_days_that_are_all_alike_are_a_sentence() -> None:
    assert "no season" in str(decompose(pd.Series(3.0, DAYS, name="posts")))


@pytest.mark.parametrize("size", [1.0, 1e6])
def test_rounding_is_no_season(size: float) -> None:
    noise = np.random.default_rng(0).normal(0, 1e-12, 140)
    assert "every day has" in str(decompose(pd.Series(size * (1 + noise), DAYS, name="posts")))


@pytest.mark.parametrize("robust", [False, True])
def test_days_that_are_nearly_all_alike_are_a_sentence_that_names_the_others(robust: bool) -> None:
    series = pd.Series(1.0, DAYS, name="posts")
    series.iloc[[33, 90]] = [2, -2]
    found = decompose(series, robust=robust, unit="posts")
    assert str(found) == (
        "posts: all but 2 of 140 days have the value 1 (posts), which is too even for a season or a trend; furthest "
        "from it: 2024-03-31 (-2), 2024-02-03 (2)."
    )
    assert found.figure().layout.annotations[0].text == found.empty
    one = decompose(series.iloc[:60], unit="posts")
    assert "all but 1 of 60 days" in str(one)


@pytest.mark.parametrize("method", ["stl", "classical"])
def test_days_that_differ_often_do_not_stand_out(method: Any) -> None:
    """On every fifth day it is 2, on the others 1: what the parts bend by is no scale for that."""
    assert decompose(pd.Series(np.tile([1.0, 1, 1, 2, 1], 28), DAYS), method=method).stand_out.empty


def test_a_day_of_the_usual_value_stands_out_where_another_is_due() -> None:
    sundays = pd.Series(10.0 + 10 * (DAYS.dayofweek == 6), DAYS)
    sundays.iloc[69] = 10  # a Sunday like any other day
    assert decompose(sundays).stand_out.index[0] == DAYS[69]


def test_an_exact_week_has_no_trend() -> None:
    for method in ("stl", "classical"):
        found = decompose(pd.Series(0.1 * (DAYS.dayofweek + 1), DAYS), method=method)
        assert found.season_strengths[7] == pytest.approx(1)
        assert found.trend_strength == 0


def test_markup_in_a_name_or_a_unit_is_not_read_as_markup() -> None:
    figure = decompose(_planted(0).rename("<b>posts</b>"), unit="a < b").figure()
    captions = [annotation.text for annotation in figure.layout.annotations]
    assert captions[0] == "&lt;b&gt;posts&lt;/b&gt; (n = 140 days), a &lt; b"
    assert captions[-1].endswith("a &lt; b")


def test_series_without_dates_or_with_gaps_in_its_values_is_refused(refused: Any) -> None:
    with refused("dates as the series' index", "int64", "pandas.to_datetime"):
        decompose(pd.Series([1.0, 2.0]))
    with refused("finite values", "nan", "fill or drop"):
        decompose(_planted(0).where(DAYS[3] != DAYS))
    with refused("one period with method classical", "7, 28", "method stl"):
        decompose(_planted(0), periods=(7, 28), method="classical")


def test_two_periods_say_how_many_days_they_take() -> None:
    found = decompose(_planted(0).iloc[:28], periods=(7, 14))
    assert "28 days are too few to see a season of 14: it takes 29" in str(found)
    assert decompose(_planted(0).iloc[:29], periods=(7, 14)).empty is None
    assert "1 day is too few" in str(decompose(_planted(0).iloc[:1]))


def test_one_day_without_a_row_is_said_in_the_singular() -> None:
    assert "1 day had no row and counts as 0" in str(decompose(_planted(0).drop(DAYS[[10]])))


def test_totals_are_those_of_the_panel_and_of_the_users_asked_for() -> None:
    panel = example_dataset().panel
    totals = daily_totals(panel)
    np.testing.assert_allclose(totals["own_post"].sum(), panel.counts[:, 0].sum())
    assert panel.amounts is not None
    np.testing.assert_allclose(totals["sticker_amount"].sum(), panel.amounts.sum())
    half = np.arange(len(panel.users)) % 2 == 0
    both = daily_totals(panel, users=half) + daily_totals(panel, users=~half)
    np.testing.assert_allclose(both, totals)
    assert (daily_totals(panel, users=np.zeros(len(panel.users), bool)) == 0).all(axis=None)


def test_figure_names_its_unit_and_the_number_of_days() -> None:
    figure = decompose(_planted(0), unit="posts a day").figure()
    captions = [annotation.text for annotation in figure.layout.annotations]
    assert captions[0] == "posts (n = 140 days), posts a day"
    assert "7-day season, posts a day" in captions


def test_days_that_stand_out_are_rare_where_nothing_was_planted() -> None:
    named = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        named.append(len(decompose(pd.Series(rng.poisson(60 + 10 * (DAYS.dayofweek >= 5)), DAYS)).stand_out))
    assert np.mean(named) < 0.01 * len(DAYS)


def test_words_do_without_a_week_where_none_was_asked_for() -> None:
    assert "30-day season" in str(decompose(_planted(0), periods=(30,)))


def test_periods_that_are_none_or_the_same_are_refused(refused: Any) -> None:
    for periods, found in (((), "none"), ((7, 7), "7, 7")):
        with refused("one or more different periods", found, "periods"):
            decompose(_planted(0), periods=periods)
    for days in (0, 1, -7, 7.0):
        with refused("a period of at least 2", str(days), "give 2 or more"):
            decompose(_planted(0), periods=(days,))
    with refused("a method out of stl, classical", "x11", "correct"):
        decompose(_planted(0), method="x11")


def test_a_planted_week_beats_chance_and_noise_does_not() -> None:
    week = decompose(_planted(0))
    assert week.season_strengths[7] > week.by_chance[7]
    beaten = 0
    for seed in range(20):
        noise = decompose(pd.Series(np.random.default_rng(seed).normal(50, 5, 140), DAYS))
        beaten += noise.season_strengths[7] > noise.by_chance[7]
    assert beaten <= 4
