import numpy as np
import pandas as pd
import pytest

from churn.explanation.wording import Story, as_usual, count_words, last_day_words, number
from churn.language import speaking

RISK = ", which the model reads as a risk"
STORY = Story(2, 7, known_days=90, usual=3, others=8)


@pytest.mark.parametrize(
    ("weekly", "words"),
    [
        (0, "none"),
        (0.01, "0.01 a week"),
        (1 / 52, "0.019 a week"),
        (0.2, "0.2 a week"),
        (0.51, "0.51 a week"),
        (0.72, "0.72 a week"),
        (0.96, "0.96 a week"),
        (1.44, "1.4 a week"),
        (9.96, "10 a week"),
        (23.4, "23 a week"),
        (12345.6, "12,346 a week"),
    ],
)
def test_rates_are_told_with_two_digits(weekly, words):
    usual = STORY._replace(usual=weekly, silent_days=5, long_silence=True)
    assert count_words(usual) == f"none for 5 days; usually {words}"


@pytest.mark.parametrize(
    ("weekly", "words"),
    [(0, "none"), (0.001, "0.001 a week"), (0.7, "0.7 a week"), (1.7, "1.7 a week")],
)
def test_the_others_rate_has_one_form(weekly, words):
    more = f"2 in the last 7 days, more than others ({words}), which the model reads as a risk"
    assert count_words(STORY._replace(usual=np.nan, others=weekly)) == more
    assert count_words(STORY._replace(total=0, silent_days=90, others=weekly)).endswith(f"; others {words}")


@pytest.mark.parametrize(("others", "same"), [(2, True), (2.2, True), (1.81, True), (2.23, False), (1.79, False)])
def test_a_count_within_a_tenth_of_the_others_is_as_usual(others, same):
    assert as_usual(STORY._replace(usual=2, others=others)) is same
    assert not as_usual(STORY._replace(usual=3, others=others))  # fewer than the user's own


def test_amounts_are_told_per_week_however_small():
    small = STORY._replace(usual=np.nan, others=0.00002, amount=True, total=0)
    assert count_words(small) == "none in the last 7 days; others 0.00002 a week"


def test_a_user_known_for_part_of_the_history_is_told_of_the_days_known():
    new = STORY._replace(usual=np.nan)
    assert count_words(new._replace(known_days=7)) == "2 in the last 7 days; others 8 a week"
    assert count_words(new._replace(known_days=6)) == "2 in all 6 days known; others 6.9 in 6 days"
    assert count_words(new._replace(known_days=1, total=0, silent_days=1)) == "none on the 1 day known; others 8 a week"
    assert count_words(new._replace(known_days=0, total=0)) == "none yet, being new; others 8 a week"


def test_a_date_has_its_month_as_a_word_and_no_leading_zero():
    story = STORY._replace(fewer=True, since=1, fallen_days=4, fell=pd.Timestamp("2024-03-04"))
    assert count_words(story) == "1 since 4 March, fewer than usual (1.7 in 4 days)"


def test_the_usual_is_not_told_of_what_is_none_now_and_was_none_before():
    gone = STORY._replace(total=0, usual=0, silent_days=70)
    assert count_words(gone) == "none for 70 days; others 8 a week"


@pytest.mark.parametrize("usual", [0, 0.5, 2])
def test_the_usual_is_not_told_of_a_count_that_is_not_below_it(usual):
    assert count_words(STORY._replace(usual=usual)) == "2 in the last 7 days; others 8 a week"


def test_a_count_is_held_against_the_usual_of_as_many_days():
    fortnight = STORY._replace(history_days=14, usual=1.5)
    assert count_words(fortnight) == "2 in the last 14 days; usually 3, others 16 in 14 days"
    assert count_words(fortnight._replace(total=3)) == "3 in the last 14 days; others 16 in 14 days"


def test_the_usual_is_told_where_others_have_none():
    assert count_words(STORY._replace(others=0)) == "2 in the last 7 days; usually 3 a week, others none"


@pytest.mark.parametrize("others", [0.5, 8])
def test_a_silence_of_one_whose_usual_is_not_known_is_the_reason_however_many_there_were_before(others):
    new = STORY._replace(total=100, usual=np.nan, others=others, silent_days=6, long_silence=True)
    assert count_words(new) == f"none for 6 days; others {others} a week"
    assert not as_usual(new)


def test_a_count_that_reads_like_the_usual_and_like_the_others_is_as_usual():
    alike = STORY._replace(usual=2.02, others=2.01)
    assert as_usual(alike)
    assert count_words(alike) == "2 in the last 7 days; others 2 a week"


@pytest.mark.parametrize(
    ("total", "words"), [(1, "; others 2.8 in 28 days"), (4, f", more than others (2.8 in 28 days){RISK}")]
)
def test_a_count_and_what_it_is_beside_are_of_as_many_days(total, words):
    month = STORY._replace(total=total, history_days=28, usual=np.nan, others=0.7)
    assert count_words(month) == f"{total} in the last 28 days{words}"


def test_a_count_of_a_user_who_is_new_is_held_against_the_others_rate_in_the_days_known():
    new = STORY._replace(total=3, history_days=28, known_days=7, usual=np.nan, others=2)
    assert count_words(new) == f"3 in all 7 days known, more than others (2 a week){RISK}"


def test_a_silence_is_told_before_a_fall():
    both = STORY._replace(fewer=True, since=1, silent_days=5, long_silence=True)
    assert count_words(both) == "none for 5 days; usually 3 a week"


def test_units_are_told_where_they_are_known():
    assert last_day_words("tenure", 12, others=60.25) == "12 days; others 60"
    assert last_day_words("averages", 5, others=2.44) == f"5, more than others (2.4){RISK}"


@pytest.mark.parametrize(
    ("value", "words"), [(1, f"1, less than others (2.4){RISK}"), (2.4, "2.4; others 2.4"), (5, "5; others 2.4")]
)
def test_of_a_column_whose_high_values_are_a_risk_it_is_the_low_ones_that_the_model_alone_reads_so(value, words):
    assert last_day_words("days_since_activity", value, others=2.44, risky="high") == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (3, "3"), (2.5, "2.5"), (999.99, "1000"), (1e6, "1,000,000"), (1e-6, "0.000001")]
)
def test_numbers_have_no_exponent(value, words):
    assert number(value) == words


def test_the_longest_words_are_short_enough_for_a_cell():
    longest = Story(100, 28, known_days=90, usual=1 / 8, others=1 / 8)
    assert len(count_words(longest._replace(others=200))) <= 70
    assert len(count_words(longest)) <= 91  # with what the model makes of it


def test_someone_who_joined_on_the_day_of_the_cutoff_is_new():
    assert count_words(Story(0, 7, known_days=0, usual=np.nan, others=2)) == "none yet, being new; others 2 a week"


def test_reasons_are_told_in_the_language_spoken():
    fallen = STORY._replace(fewer=True, since=1, fallen_days=4, fell=pd.Timestamp("2024-03-04"))
    with speaking("ko"):
        assert count_words(STORY._replace(silent_days=5, long_silence=True)) == "5일째 없음; 평소 주 3회"
        assert count_words(STORY) == "최근 7일 동안 2회; 평소 주 3회, 다른 사용자 주 8회"
        assert count_words(STORY._replace(amount=True)) == "최근 7일 동안 2; 평소 주 3, 다른 사용자 주 8"
        assert count_words(fallen) == "3월 4일 이후 1회, 평소(4일에 1.7회)보다 적음"
        assert last_day_words("tenure", 12, others=60.25) == "12일; 다른 사용자 60"
