from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.data import Vocabulary, WindowConfig
from churn.data.windows.panel import load

pytestmark = pytest.mark.slow

SHORT = WindowConfig(history_days=2, horizon_days=2, at_risk_days=2)
PICTURES = ("..3x....b...", "x..........2", "............", "....o.......")


@pytest.fixture(scope="module")
def drawn(prepared):
    """The same calendar as tables, prepared as any log is."""
    rows = {"x": (1, 0), "b": (1, 1), "o": (0, 1), "2": (2, 0), "3": (3, 0), ".": (0, 0)}
    days = pd.date_range("2024-01-01", periods=12)
    events, stickers = [], []
    for position, picture in enumerate(PICTURES):
        for day, sign in zip(days, picture, strict=True):
            own, given = rows[sign]
            events += [(f"user{position}", "post", day)] * own
            stickers += [(f"user{position}", day)] * given
    frames = {
        "events": pd.DataFrame(events[::-1], columns=["user_id", "event", "timestamp"]),
        "stickers": pd.DataFrame(stickers, columns=["user_id", "timestamp"]),
        "members": pd.DataFrame({"user_id": ["user3", "user1", "user0", "user2"]}),
    }
    return prepared(frames, windows=SHORT).panel


def test_panel_of_a_log_is_the_calendar_that_it_was_drawn_from(drawn, panel_of):
    picture = panel_of(*PICTURES)
    assert drawn.features == ("own_post", "stickers_received", "sticker_amount")
    assert drawn.users.tolist() == picture.users.tolist()
    assert (drawn.first_day, drawn.n_days) == (picture.first_day, 12)
    for name in ("first", "last", "start", "active"):
        assert np.array_equal(getattr(drawn, name), getattr(picture, name)), name
    assert np.array_equal(drawn.counts[:, :2], picture.counts)


def test_rows_run_from_the_first_to_the_last_day_seen_of_each_user(drawn):
    assert drawn.first.tolist() == [2, 0, 0, 4]
    assert drawn.last.tolist() == [8, 11, -1, 4]
    assert drawn.start.tolist() == [1, 8, 20, 20]
    assert len(drawn.counts) == 1 + 7 + 12 + 0 + 1


def test_row_zero_stands_for_days_on_which_nothing_was_seen(drawn):
    assert not drawn.counts[0].any()
    assert not drawn.active[0]


def test_days_where_names_user_and_day_across_users_without_rows(drawn):
    user, day = drawn.days_where(drawn.active)
    assert list(zip(user.tolist(), day.tolist(), strict=True)) == [(0, 2), (0, 3), (0, 8), (1, 0), (1, 11)]
    user, day = drawn.days_where(drawn.sticker_rows())
    assert list(zip(user.tolist(), day.tolist(), strict=True)) == [(0, 8), (3, 4)]


def test_a_day_with_stickers_of_amount_zero_counts_as_a_day_with_stickers(prepared):
    days = pd.date_range("2024-01-01", periods=12)
    frames = {
        "events": pd.DataFrame({"user_id": "ada", "timestamp": days}),
        "stickers": pd.DataFrame({"user_id": "ada", "timestamp": days[[3]], "amount": 0.0}),
    }
    panel = prepared(frames, windows=SHORT).panel
    assert np.flatnonzero(panel.sticker_rows()).tolist() == [4]
    assert panel.counts[4].tolist() == [1, 1, 0]


def test_dates_of_the_panel_are_calendar_days(drawn):
    assert drawn.date(0) == pd.Timestamp("2024-01-01")
    assert drawn.dates.tolist() == pd.date_range("2024-01-01", "2024-01-12").tolist()


def test_rows_stay_on_disk_until_they_are_read(drawn):
    for rows in (drawn.counts, drawn.amounts, drawn.active):
        assert isinstance(rows, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        drawn.counts[0] = 1


def test_panel_that_is_loaded_again_is_the_same(drawn, tmp_path):
    again = load(Path(drawn.counts.filename).parent)
    assert np.array_equal(again.counts, drawn.counts)
    assert again.users.equals(drawn.users)
    assert again.features == drawn.features


def test_members_of_whom_nothing_was_ever_seen_have_no_rows_and_windows_of_zeros(prepared):
    days = pd.date_range("2024-01-01", periods=12)
    frames = {
        "events": pd.DataFrame({"user_id": "ada", "timestamp": days}),
        "members": pd.DataFrame({"user_id": ["ada", "ben", "cleo"], "joined": days[[0, 0, 5]]}),
    }
    dataset = prepared(frames, windows=WindowConfig(2, 2, at_risk="member"))
    assert dataset.panel.counts.shape == (13, 1)
    unseen = dataset.windows.take(dataset.windows.user > 0)
    assert len(unseen) == (12 - 2 + 1) + (12 - 5 + 1)
    assert set(unseen.answers.tolist()) == {1, -1}
    assert not unseen.history().any()


def test_a_vocabulary_frozen_earlier_gives_its_columns_in_its_order(prepared):
    events = pd.DataFrame({"user_id": "ada", "event": "post", "timestamp": pd.date_range("2024-01-01", periods=12)})
    words = Vocabulary(events=("like", "post"), features=("own_like", "own_post"))
    panel = prepared({"events": events}, windows=SHORT, vocabulary=words).panel
    assert panel.features == ("own_like", "own_post")
    assert panel.counts[1:].sum(axis=0).tolist() == [0, 12]


@pytest.mark.parametrize(("most", "kind"), [(255, np.uint8), (256, np.uint16), (65_536, np.uint32)])
def test_counts_stand_in_the_smallest_type_that_holds_the_largest(prepared, most, kind):
    days = pd.date_range("2024-01-01", periods=12)
    events = pd.DataFrame({"user_id": "ada", "timestamp": days.append(days[[5] * (most - 1)])})
    panel = prepared({"events": events}, windows=SHORT).panel
    assert panel.counts.dtype == kind
    assert panel.counts[:, 0].tolist() == [0, *[1] * 5, most, *[1] * 6]
    assert panel.gather(np.array([6])).tolist() == [[most]]
    assert panel.amounts is None


def gifts(*amounts):
    days = pd.date_range("2024-01-01", periods=12)
    return {
        "events": pd.DataFrame({"user_id": "ada", "timestamp": days}),
        "stickers": pd.DataFrame({"user_id": "ada", "timestamp": days[: len(amounts)], "amount": amounts}),
    }


def test_large_amounts_do_not_widen_the_counts_and_stay_what_they_are(prepared):
    panel = prepared(gifts(1e30, 0.25, 70_000.0), windows=SHORT).panel
    assert panel.counts.dtype == np.uint8
    assert panel.features == ("own_event", "stickers_received", "sticker_amount")
    found = panel.gather(np.array([[0, 1], [2, 3], [4, 4]]))
    assert found.dtype == np.float32
    assert (
        found.tolist()
        == np.float32([[[0, 0, 0], [1, 1, 1e30]], [[1, 1, 0.25], [1, 1, 70_000]], [[1, 0, 0]] * 2]).tolist()
    )


def test_amounts_beyond_a_float32_are_refused_and_those_at_its_edge_are_kept(prepared, refused):
    edge = float(np.finfo(np.float32).max)
    assert prepared(gifts(edge), windows=SHORT).panel.amounts.max() == np.float32(edge)
    with refused("sticker amounts of a day", "4e+38", "mend the amounts"):
        prepared(gifts(4e38), windows=SHORT)


def test_newest_row_is_the_last_one_up_to_a_day_and_stays_it_ever_after(drawn):
    user, day = np.arange(4), np.repeat(np.arange(12)[None], 4, axis=0)
    found = drawn.newest_row(user, day)
    assert found[0].tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7]
    assert found[1].tolist() == list(range(8, 20))
    assert found[2].tolist() == [0] * 12
    assert found[3].tolist() == [0] * 4 + [20] * 8
