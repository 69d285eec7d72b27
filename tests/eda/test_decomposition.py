"""Seasons: planted patterns are found, and the arithmetic is statsmodels'."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import MSTL, STL, seasonal_decompose

from churn.data import example_dataset
from churn.eda import daily_totals, decompose

pytestmark = pytest.mark.slow

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
        parts = found.table.drop(columns=["observed", "expected", "score"]).sum(axis=1)
        np.testing.assert_allclose(parts, series, rtol=1e-12)


@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize(
    ("window", "smoother"), [(None, {"seasonal": 1401, "seasonal_deg": 0}), (7, {}), (13, {"seasonal": 13})]
)
def test_stl_equals_statsmodels(robust: bool, window: int | None, smoother: dict[str, Any]) -> None:
    series = _planted(1)
    stl = STL(series, period=7, robust=robust, **smoother).fit()
    found = decompose(series, robust=robust, window=window).table
    np.testing.assert_array_equal(found["trend"], stl.trend)
    np.testing.assert_array_equal(found["season_7"], stl.seasonal)


@pytest.mark.parametrize(("window", "length", "degree"), [(None, 1401, 0), (11, 11, 1)])
def test_mstl_equals_statsmodels(window: int | None, length: int, degree: int) -> None:
    series, options = _planted(1), {"robust": True, "seasonal_deg": degree}
    mstl = MSTL(series, periods=[7, 28], windows=[length, length], stl_kwargs=options).fit()
    found = decompose(series, periods=(28, 7), robust=True, window=window).table
    np.testing.assert_array_equal(found["season_28"], mstl.seasonal["seasonal_28"])
    np.testing.assert_array_equal(found["season_7"], mstl.seasonal["seasonal_7"])


def test_classical_equals_statsmodels() -> None:
    series = _planted(1)
    classical = seasonal_decompose(series, period=7, extrapolate_trend=6)
    np.testing.assert_array_equal(decompose(series, method="classical").table["trend"], classical.trend)


def test_a_season_is_the_same_all_along_unless_a_window_lets_it_change() -> None:
    growing = pd.Series(100 + np.linspace(0, 20, 140) * (DAYS.dayofweek == 5), DAYS)
    same, free = decompose(growing).table["season_7"], decompose(growing, window=7).table["season_7"]
    assert same.iloc[5::7].max() - same.iloc[5::7].min() < 0.5
    assert free.iloc[5::7].max() - free.iloc[5::7].min() > 12


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
        "from it: 2024-03-31 (−2), 2024-02-03 (2)."
    )
    assert found.figure().layout.annotations[0].text == found.empty
    one = decompose(series.iloc[:60], unit="posts")
    assert "all but 1 of 60 days" in str(one)


@pytest.mark.parametrize("method", ["stl", "classical"])
def test_days_that_differ_often_do_not_stand_out(method: Any) -> None:
    """On every fifth day it is 2, on the others 1: what the parts bend by is no scale for that."""
    assert decompose(pd.Series(np.tile([1.0, 1, 1, 2, 1], 28), DAYS), method=method).stand_out.empty


def test_a_day_of_the_usual_value_stands_out_where_another_is_due() -> None:
    sundays = pd.Series(10.5 + 10 * (DAYS.dayofweek == 6), DAYS)
    sundays.iloc[69] = 10.5  # a Sunday like any other day
    assert list(decompose(sundays).stand_out.index) == [DAYS[69]]


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


def test_the_finding_is_the_week_where_there_is_one() -> None:
    days = pd.date_range("2024-01-01", periods=84)
    found = decompose(pd.Series(10.0 + 5 * (days.dayofweek == 5), days))
    assert found.finding.startswith("highest on Sat (+")
    assert decompose(pd.Series(np.arange(84.0) % 3, days), periods=[3]).finding.startswith("strength from 0 to 1")


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


@pytest.mark.parametrize(("effect", "least", "most"), [(0, 0, 2), (2, 12, 20), (3, 19, 20)])
def test_a_weekend_is_seen_as_often_as_its_size_allows(effect: float, least: int, most: int) -> None:
    """Noise of 3 over 20 weeks: an F-test of 5% sees an effect of 3 always."""
    seen = 0
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0, 3, 140)
        found = decompose(pd.Series(100 + effect * (DAYS.dayofweek >= 5) + noise, DAYS))
        seen += found.season_strengths[7] > found.by_chance[7]
        assert found.by_chance[7] < 0.25
    assert least <= seen <= most


def _saturdays(seed: int) -> pd.Series:
    return pd.Series(100 + 10 * (DAYS.dayofweek == 5) + np.random.default_rng(seed).normal(0, 3, 140), DAYS)


@pytest.mark.parametrize("how", [{}, {"robust": True}, {"window": 7}, {"method": "classical"}])
def test_shocks_stand_out_and_not_the_days_a_week_from_them(how: Any) -> None:
    for seed in range(4):
        series = _saturdays(seed)
        series.iloc[50] += 60
        series.iloc[95] -= 50
        found = decompose(series, **how).stand_out
        assert set(found.index) == {DAYS[50], DAYS[95]}
        assert found["expected"].to_numpy() == pytest.approx(_saturdays(seed)[found.index], abs=9)


def test_days_of_a_clean_series_hardly_ever_stand_out() -> None:
    assert sum(len(decompose(_saturdays(seed)).stand_out) for seed in range(20)) <= 4  # in 2,800 days
    few = sum(len(decompose(_saturdays(seed).iloc[:28]).stand_out) for seed in range(20))
    assert few <= 6  # in 560 days, and no more where there are few weeks


@pytest.mark.parametrize("size", [10, 10.5])
def test_a_missed_saturday_is_named_alone(size: float) -> None:
    saturdays = pd.Series(size * (DAYS.dayofweek == 5), DAYS)
    saturdays.iloc[54] = 0
    found = decompose(saturdays).stand_out
    assert list(found.index) == [DAYS[54]]
    assert found["expected"].iloc[0] == pytest.approx(size, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_a_rare_event_does_not_stand_out_by_itself_but_many_at_once_do(seed: int) -> None:
    events = pd.Series(np.random.default_rng(seed).poisson(0.1, 140), DAYS)
    assert decompose(events).stand_out.empty
    events.iloc[70] = 9
    assert list(decompose(events).stand_out.index) == [DAYS[70]]


def test_counts_are_not_judged_more_strictly_than_by_chance_alone() -> None:
    """20 where 40 are due is 3.7 of Poisson's deviations, however regular the other days are."""
    sundays = pd.Series(20 + 20 * (DAYS.dayofweek == 6), DAYS)
    sundays.iloc[69] = 20
    found = decompose(sundays).stand_out
    assert found.index[0] == DAYS[69]
    distance = 2 * (np.sqrt(20.375) - np.sqrt(40.375))
    assert found["score"].iloc[0] == pytest.approx(distance, abs=0.01)


def test_words_name_the_days_of_a_week_only_if_it_is_more_than_chance() -> None:
    noise = pd.Series(np.random.default_rng(0).normal(50, 5, 140), DAYS)
    assert "the week is no more than chance would show" in str(decompose(noise))
    assert "highest on" not in str(decompose(noise))
    assert "highest on S" in str(decompose(_planted(0)))


def test_a_caption_speaks_of_dots_only_if_there_are_any() -> None:
    dotted, plain = (decompose(series).figure() for series in (_planted(0), _saturdays(0)))
    assert dotted.layout.annotations[-1].text == "remainder; dots stand out, events"
    assert plain.layout.annotations[-1].text == "remainder, events"
    above, below = (trace for trace in dotted.data if trace.mode == "markers")
    day = decompose(_planted(0)).table.loc[DAYS[60]]
    assert (list(above.y), list(below.y)) == ([day["observed"]], [day["remainder"]])  # on the lines


def test_days_may_come_in_any_order() -> None:
    series = _planted(0)
    for other in (series[::-1], series.sample(frac=1, random_state=0)):
        pd.testing.assert_frame_equal(decompose(other).table, decompose(series).table)


def test_days_of_a_zone_without_a_midnight_are_those_of_its_clock() -> None:
    days = pd.date_range("2024-03-01 12:00", periods=60, tz="Asia/Beirut")  # 31 March begins at 01:00
    found = decompose(pd.Series(np.arange(60.0), days))
    assert found.missing_days == 0
    assert list(found.table.index) == list(pd.date_range("2024-03-01", periods=60))


@pytest.mark.parametrize("series", [[1.0] * 70, np.ones(70), _planted(0).to_frame()])
def test_what_is_no_series_is_refused(series: Any, refused: Any) -> None:
    with refused("a pandas Series", type(series).__name__, "choose a column"):
        decompose(series)


def test_values_or_dates_that_cannot_be_taken_apart_are_refused(refused: Any) -> None:
    series = _planted(0)
    with refused("a date for each value", "NaT", "drop"):
        decompose(pd.Series(series.to_numpy(), [pd.NaT, *DAYS[1:]]))
    with refused("at most 1e+100", "1e+300", "larger unit"):
        decompose(series * 0 + 1e300)
    with refused("numbers", "object", "to_numeric"):
        decompose(series.map("{} posts".format).astype(object))
    with refused("finite values", "nan", "fill or drop"):
        decompose(series.round().astype("Int64").where(DAYS[3] != DAYS))


def test_large_values_are_taken_apart_as_small_ones_are() -> None:
    small, large = decompose(_planted(0)), decompose(_planted(0) * 1e97)
    assert large.season_strengths[7] == pytest.approx(small.season_strengths[7])
    assert list(large.stand_out.index) == list(small.stand_out.index)


def test_periods_may_be_an_array_but_not_one_number(refused: Any) -> None:
    array: Any = np.array([7])
    assert list(decompose(_planted(0), periods=array).season_strengths) == [7]
    for periods in (7, None, "7"):
        wrong: Any = periods
        with refused("a list of days", repr(periods), "[7]"):
            decompose(_planted(0), periods=wrong)


def test_how_to_take_apart_is_checked(refused: Any) -> None:
    wrong: Any
    for wrong in (5, 7.0, True):
        with refused("a window of at least 7", repr(wrong), "7 or more"):
            decompose(_planted(0), window=wrong)
    with refused("an odd window", "8", "7 or 9"):
        decompose(_planted(0), window=8)
    wrong = "x"
    with refused("true or false", "'x'", "True or False"):
        decompose(_planted(0), robust=wrong)
    wrong = None
    with refused("a text as the unit", "None", "events"):
        decompose(_planted(0), unit=wrong)
    for how in ({"robust": True}, {"window": 7}):
        wrong = how
        with refused("neither robust nor a window", "one", "stl"):
            decompose(_planted(0), method="classical", **wrong)


def test_a_view_without_a_week_refuses_to_show_one_and_an_empty_one_names_no_day(refused: Any) -> None:
    empty = decompose(_planted(0).iloc[:5])
    for view, found in ((empty, "none"), (decompose(_planted(0), periods=(30,)), "30")):
        with refused("a season of 7 days", found, "longer series, with 7"):
            _ = view.week
    assert empty.stand_out.empty
    assert list(empty.stand_out.columns) == ["observed", "expected", "score"]


def test_days_on_which_nobody_is_seen_have_no_row_whoever_is_asked_for(panel_of: Any) -> None:
    panel = panel_of("x.x..oxx" * 5, "x....oox" * 5)
    totals = daily_totals(panel)
    assert len(totals) == 5 * 5
    assert panel.dates[1] not in totals.index
    first = daily_totals(panel, users=np.array([False, True]))
    assert list(first.index) == list(totals.index)
    assert first.loc[panel.dates[2], "active_users"] == 0
    assert decompose(totals["active_users"]).missing_days == 15  # 3 of each 8


@pytest.mark.parametrize("users", [[0, 1], ["user0"], [True], np.ones((2, 1), bool)])
def test_users_that_are_no_mask_are_refused(panel_of: Any, users: Any, refused: Any) -> None:
    with refused("users as a mask of 2", "shape", "isin"):
        daily_totals(panel_of("xx", "xx"), users=users)
