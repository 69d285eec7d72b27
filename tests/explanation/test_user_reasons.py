from dataclasses import replace

import numpy as np
import pytest

from churn.data import FEATURES, Feature, WindowConfig, Windows, slide
from churn.explanation import readable, reasons, worded


@pytest.fixture(scope="module")
def windows(panel_of):
    """Two windows of three days: 4 posts and a sticker, and 2 posts."""
    found = slide(panel_of("1b2", ".11"), WindowConfig(history_days=3, horizon_days=1, at_risk_days=3))
    return found.take(np.array([0, 1]))


def told(windows, values, *, others, top=3):
    """The reasons in words, a row per window."""
    return worded(reasons(windows, values, others=others, top=top), range(len(windows)), top=top)


RISK = ", which the model reads as a risk"


def shap(*rows):
    """SHAP values of three days, the whole on the last one."""
    values = np.zeros((len(rows), 3, len(rows[0])))
    values[:, 2] = rows
    return values


def test_a_new_user_is_told_beside_the_others(windows):
    found = told(windows, shap([0.5, 0.1], [0.0, 0.2]), others=np.array([17, 1.75]))
    assert found.reason_1[0] == "own post: 4 in the last 3 days; others 7.3 in 3 days"
    assert found.reason_2[0] == "stickers received: 1 in the last 3 days, more than others (0.75 in 3 days)" + RISK
    assert found.reason_1[1] == "stickers received: none in all 2 days known; others 1.8 a week"


def test_only_what_raises_the_probability_is_a_reason(windows):
    found = told(windows, shap([-0.9, 0.1], [-0.1, 0.0]), others=np.zeros(2))
    assert found.reason_1[0].startswith("stickers received")
    assert found.reason_2[0] == ""
    assert found.loc[1].tolist() == ["", "", ""]


def test_days_are_added_before_features_are_compared(windows):
    values = np.zeros((2, 3, 2))
    values[:, :, 0] = [2, -1, -1.5]  # strong on one day, lowering on the whole
    values[:, :, 1] = 0.1
    found = told(windows, values, others=np.zeros(2))
    assert found.reason_1.str.startswith("stickers received").all()
    assert (found.reason_2 == "").all()


def test_the_strongest_comes_first_and_ties_keep_the_panels_order(windows):
    found = told(windows, shap([0.1, 0.9], [0.3, 0.3]), others=np.zeros(2))
    assert found.reason_1[0].startswith("stickers")
    assert found.reason_1[1].startswith("own post")


def test_the_calendar_is_no_reason_and_other_features_are_told_as_of_the_last_day(windows):
    chosen = [feature for feature in FEATURES if feature.name in ("weekday", "tenure", "totals")]
    derived = replace(windows, derived=tuple(chosen))
    place = {name: position for position, name in enumerate(derived.features)}
    values = np.zeros((2, 3, len(place)))
    for name, value in {"weekend": 9, "weekday_sine": 9, "tenure": 2, "total_own_post": 1}.items():
        values[:, 2, place[name]] = value
    found = told(derived, values, others=np.full(len(place), 60.25))
    assert found.loc[0].tolist() == ["tenure: 2 days; others 60", "total own post: 4; others 60", ""]
    assert found.reason_2[1] == "total own post: 2; others 60"


def test_what_is_yes_or_no_is_told_so(windows):
    def gold(panel, user, day):
        return np.broadcast_to((user == 0)[:, None, None], (*day.shape, 1)).astype(np.float32)

    tier = Feature("tier", lambda panel: ("tier=gold",), gold, reason="yes or no")
    found = told(replace(windows, derived=(tier,)), shap([0, 0, 1], [0, 0, 1]), others=np.array([1, 1, 0.204]))
    assert found.reason_1.tolist() == ["tier: gold (20% of others)", "tier: not gold (20% of others: gold)"]


def planted(panel, *, others, shap=1.0, cutoff=None):
    """The reasons of each user of a panel, with a history of 7 days, where every day speaks for the outcome."""
    zeros = np.zeros(len(panel.users), np.int8)
    cutoffs = np.full(len(zeros), cutoff or panel.n_days, np.int32)
    windows = Windows(panel, 7, 1, np.arange(len(zeros), dtype=np.int32), cutoffs, {"churn": zeros})
    values = np.broadcast_to(np.asarray(shap, float), (len(zeros), len(panel.features), 7)).swapaxes(1, 2)
    return told(windows, values, others=np.array(others, float))


@pytest.fixture(scope="session")
def post_words(panel_of):
    """What is told of one user's own posts."""

    def words(picture, *, others=8.0, shap=1.0, cutoff=None):
        found = planted(panel_of(picture), others=[others, 0], shap=[shap, np.zeros(7)], cutoff=cutoff)
        return found.reason_1[0]

    return words


ON_EVERY_DAY = np.ones(7)
THREE_A_WEEK = "x.x.x.." * 8  # from 2024-01-01 to 2024-02-25


def test_a_silence_is_told_beside_the_users_own_usual(post_words):
    words = post_words(THREE_A_WEEK + ".x.....", shap=ON_EVERY_DAY)
    assert words == "own post: none for 5 days; usually 3 a week"


def test_a_silence_that_began_before_the_history_is_told_in_full(post_words):
    assert post_words(THREE_A_WEEK + ".......", shap=ON_EVERY_DAY) == "own post: none for 9 days; usually 3 a week"
    silence = post_words(THREE_A_WEEK + "." * 30, shap=ON_EVERY_DAY)
    assert silence == "own post: none for 32 days; usually 1.8 a week"
    assert post_words(THREE_A_WEEK + "." * 100, shap=ON_EVERY_DAY, others=2).endswith("102 days; others 2 a week")


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("x............." * 4, "none for 20 days; others 8 a week"),
        ("x......" * 8, "none for 13 days; others 8 a week"),
        ("xx....." + "x......" * 5 + "......x.......", "none for 14 days; usually 1 a week"),
        ("xx....." * 8, "none for 12 days; usually 2 a week"),
    ],
)
def test_a_silence_is_told_beside_the_users_own_usual_from_two_usual_gaps_on(post_words, before, told):
    assert post_words(before + ".......", shap=ON_EVERY_DAY) == f"own post: {told}"


def test_a_stop_under_two_usual_gaps_is_no_silence(post_words):
    words = post_words("xx....." * 8 + "xx.....", shap=ON_EVERY_DAY)
    assert words == "own post: 2 in the last 7 days; others 8 a week"


def test_a_day_without_is_no_silence(post_words):
    words = post_words("2" * 62 + ".", shap=ON_EVERY_DAY, others=60)
    assert words == "own post: 12 in the last 7 days; usually 14, others 60 a week"
    assert post_words("9" * 20 + "x" * 6 + ".", shap=ON_EVERY_DAY, others=60).startswith(
        "own post: 6 in the last 7 days"
    )


def test_a_silence_whose_days_do_not_speak_for_the_outcome_is_not_told(post_words):
    words = post_words(THREE_A_WEEK + ".x.....", shap=[9, 9, -1, -1, -1, -1, -1])
    assert words == "own post: 1 in the last 7 days; usually 3, others 8 a week"


def test_what_never_was_is_told_of_all_days_known(panel_of):
    found = planted(panel_of("o" * 40, "." * 20 + "o" * 20), others=[8, 0.25], shap=[ON_EVERY_DAY, np.zeros(7)])
    assert found.reason_1.tolist() == [
        "own post: none in all 40 days known; others 8 a week",
        "own post: none in all 20 days known; others 8 a week",
    ]


def test_fewer_than_usual_is_told_since_the_day_on_which_it_changed(post_words):
    words = post_words("2" * 56 + "222.x.x", shap=ON_EVERY_DAY, others=30)
    assert words == "own post: 2 since 29 February, fewer than usual (8 in 4 days)"


def test_a_change_before_the_history_has_no_day(post_words):
    words = post_words("2" * 56 + "x.x.x.x", shap=ON_EVERY_DAY, others=30)
    assert words == "own post: 4 in the last 7 days, fewer than usual (14 a week)"


def test_more_than_usual_is_told_beside_the_others_alone(post_words):
    words = post_words("x......" * 8 + "......5", shap=ON_EVERY_DAY, others=9)
    assert words == "own post: 5 in the last 7 days; others 9 a week"


def test_more_than_others_is_said_to_be_what_the_model_reads_as_a_risk(post_words):
    words = post_words("x......" * 8 + "......5", shap=ON_EVERY_DAY, others=1)
    assert words == f"own post: 5 in the last 7 days, more than others (1 a week){RISK}"


@pytest.mark.parametrize("others", [5, 4.95, 5.04])
def test_what_is_told_as_it_is_for_others_gives_way_to_a_weaker_reason(panel_of, others):
    drawn = panel_of("x......" * 8 + "......5")
    found = planted(drawn, others=[others, 3], shap=[ON_EVERY_DAY * 9, ON_EVERY_DAY])
    assert found.loc[0].tolist() == ["stickers received: none in all 63 days known; others 3 a week", "", ""]


def test_what_is_as_it_is_for_others_is_told_where_nothing_else_is_left(post_words):
    words = post_words("x......" * 8 + "......5", shap=ON_EVERY_DAY, others=5)
    assert words == "own post: 5 in the last 7 days; others 5 a week"


def test_a_reason_is_found_behind_more_that_are_as_usual_than_are_asked_for(windows):
    chosen = [feature for feature in FEATURES if feature.name in ("tenure", "totals")]
    derived = replace(windows.take(np.array([0])), derived=tuple(chosen))
    totals, place = derived.summary()[0], {name: at for at, name in enumerate(derived.features)}
    counts = [source is None for source in derived.sources]
    strength, usual = np.ones((1, 3, len(place))), totals * np.where(counts, 7 / 3, 1)
    strength[..., place["total_own_post"]], usual[place["total_own_post"]] = 0.1, 60.25
    found = told(derived, strength, others=usual, top=1)
    assert found.reason_1[0] == "total own post: 4; others 60"


def test_a_fall_is_told_although_there_were_more_before_it(post_words):
    words = post_words("2" * 56 + "99.x.x.", shap=ON_EVERY_DAY, others=30)
    assert words == "own post: 2 since 28 February, fewer than usual (10 in 5 days)"


def test_fewer_than_usual_is_not_told_of_one_who_still_has_more_than_others(post_words):
    words = post_words("9" * 56 + "5555555", shap=ON_EVERY_DAY, others=14)
    assert words == "own post: 35 in the last 7 days; usually 63, others 14 a week"


def test_a_change_whose_days_do_not_speak_for_the_outcome_is_not_told(post_words):
    words = post_words("2" * 56 + "222.x.x", shap=[9, 9, 9, -1, -1, -1, -1], others=30)
    assert words == "own post: 8 in the last 7 days; usually 14, others 30 a week"


def test_what_is_as_usual_is_told_beside_the_others(post_words):
    words = post_words("x......" * 8 + "...x...", shap=ON_EVERY_DAY)
    assert words == "own post: 1 in the last 7 days; others 8 a week"


def test_days_from_the_cutoff_on_change_no_reason(panel_of):
    seen = [THREE_A_WEEK + ".x.....", "." * 63, "." * 60 + "o.b"]
    found = [
        planted(panel_of(*[picture + tail for picture in seen]), others=[8, 1], cutoff=63).to_numpy().tolist()
        for tail in ("......", "999999", "bbbbbb", ".....o")
    ]
    assert found[0][0][0] == "own post: none for 5 days; usually 3 a week"
    assert all(again == found[0] for again in found)


@pytest.fixture
def gifts(panel_of):
    """A panel with amounts: ten of the currency with each sticker."""

    def panel(picture):
        drawn = panel_of(picture)
        counts = np.column_stack([drawn.counts, np.zeros(len(drawn.counts), np.uint8)])
        amounts = drawn.counts[:, 1].astype(np.float32) * 10
        return replace(drawn, features=(*drawn.features, "sticker_amount"), counts=counts, amounts=amounts)

    return panel


def test_amounts_are_less_and_never_one_in_some_weeks(gifts):
    panel, shap = gifts("o" * 56 + "oo....o"), [np.zeros(7), np.zeros(7), ON_EVERY_DAY]
    found = planted(panel, others=[0, 5, 50], shap=shap)
    assert found.loc[0].tolist() == ["sticker amount: 10 since 28 February, less than usual (50 in 5 days)", "", ""]
    found = planted(gifts("o......" * 8 + "..o...."), others=[0, 5, 0.5], shap=shap)
    assert found.reason_1[0] == f"sticker amount: 10 in the last 7 days, more than others (0.5 a week){RISK}"


def test_stickers_and_their_amount_are_one_reason(gifts):
    shap = [np.zeros(7), ON_EVERY_DAY, ON_EVERY_DAY * 2]
    found = planted(gifts("o" * 56 + "......."), others=[0, 5, 50], shap=shap)
    assert found.loc[0].tolist() == ["stickers received: none for 7 days; usually 7 a week", "", ""]
    found = planted(gifts("o" * 56 + "oo....o"), others=[0, 5, 50], shap=shap)
    assert found.loc[0].tolist() == ["sticker amount: 10 since 28 February, less than usual (50 in 5 days)", "", ""]
    against = planted(gifts("o" * 56 + "......."), others=[0, 5, 50], shap=[np.zeros(7), ON_EVERY_DAY, -shap[2]])
    assert (against == "").all(axis=None)


def test_names_that_read_alike_are_left_as_they_are(windows):
    alike = replace(windows, panel=replace(windows.panel, features=("own_post", "own post")))
    found = told(alike, shap([0.5, 0.1], [0.5, 0.1]), others=np.zeros(2))
    assert found.loc[0].tolist()[:2] == [
        f"own_post: 4 in the last 3 days, more than others (none){RISK}",
        f"own post: 1 in the last 3 days, more than others (none){RISK}",
    ]


def test_a_feature_that_is_summed_is_told_of_the_history(windows):
    def twos(panel, user, day):
        return np.full((*day.shape, 1), 2, np.float32)

    summed = Feature("hours", lambda panel: ("hours",), twos, over_days="sum")
    found = told(replace(windows, derived=(summed,)), shap([0, 0, 1], [0, 0, 1]), others=np.array([1, 1, 17.5]))
    assert found.reason_1[0] == "hours: 6 in the last 3 days; others 7.5 in 3 days"


@pytest.mark.parametrize("top", [1, 2, 3, 5])
def test_there_are_as_many_columns_as_asked_for_and_empty_ones_where_features_end(windows, top):
    found = told(windows, shap([0.5, 0.1], [0.2, 0.1]), others=np.full(2, 20.0), top=top)
    assert list(found.columns) == [f"reason_{place + 1}" for place in range(top)]
    assert (found.iloc[:, :2] != "").all(axis=None)
    assert (found.iloc[:, 2:] == "").all(axis=None)


def test_no_windows_give_no_rows_but_all_columns(windows):
    found = told(windows.take(np.empty(0, np.int64)), np.empty((0, 3, 2)), others=np.zeros(2))
    assert found.shape == (0, 3)


def test_large_numbers_are_written_out(windows):
    counts = np.where(windows.panel.counts > 0, 12345, 0).astype(np.uint16)
    rich = replace(windows, panel=replace(windows.panel, counts=counts))
    found = told(rich, shap([0.5, 0.0], [0.5, 0.0]), others=np.array([2_880_656.0, 0]))
    assert found.reason_1[0] == "own post: 37,035 in the last 3 days; others 1,234,567 in 3 days"


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("own_post_chat", "own post chat"),
        ("fan_reply", "fan reply"),
        ("away_visit", "visit elsewhere"),
        ("total_own_post", "total own post"),
        ("total_fan_reply", "total fan reply"),
        ("total_away_visit", "total visit elsewhere"),
        ("total_stickers_received", "total stickers received"),
        ("days_since_activity", "days since activity"),
    ],
)
def test_names_say_whose_doing_it_is_and_where_without_a_colon(feature, words):
    assert readable(feature) == words


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("own_post", "own post"),
        ("own_=HYPERLINK(x)", "own =HYPERLINK(x)"),
        ("fan_<script>alert(1)</script>", "fan <script>alert(1)</script>"),
        ("away_{0}%s", "{0}%s elsewhere"),
        ("away_\\1\n\\g<2>", "\\1\n\\g<2> elsewhere"),
        ("away_다른_이벤트", "다른 이벤트 elsewhere"),
        ("stickers_received", "stickers received"),
        ("weekday", "weekday"),
        ("own_", "own "),
        ("away_", "away "),
        ("runaway_post", "runaway post"),
        ("_", " "),
        ("", ""),
    ],
)
def test_names_of_any_kind_pass(windows, feature, words):
    assert readable(feature) == words
    hostile = replace(windows, panel=replace(windows.panel, features=(feature, "b")))
    found = told(hostile, shap([0.5, 0.0], [0.5, 0.0]), others=np.zeros(2))
    assert found.reason_1[0].startswith(f"{words}: 4 in the last")


def test_windows_with_some_features_alone_are_refused(windows, refused):
    few = windows.only(["stickers_received"])
    with refused("all of their features", "stickers_received alone", "whole windows"):
        reasons(few, np.zeros((2, 3, 1)), others=np.zeros(1))
