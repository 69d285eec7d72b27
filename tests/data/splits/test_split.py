import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from churn.data import Split, SplitConfig, WindowConfig, slide, split_windows, user_share
from churn.errors import LeakageError, UserError

from .calendars import KINDS, calendars

pytestmark = pytest.mark.slow

CONFIG = WindowConfig(history_days=3, horizon_days=4, at_risk_days=3)
DATED = SplitConfig(val_from="2024-02-01", test_from="2024-02-20")
NAMES = ("train", "val", "test")


@pytest.fixture(scope="module")
def windows(panel_of):
    """60 users over 80 days, from 2024-01-01 to 2024-03-20."""
    signs = np.random.default_rng(0).choice(list("......xxbo"), (60, 80))
    return slide(panel_of(*("".join(row) for row in signs)), CONFIG)


@pytest.fixture(scope="module")
def split(windows):
    return split_windows(windows, DATED)


# The rule of time ------------------------------------------------------------------------------


def parts(windows, *, train="2024-01-28", val=("2024-02-01", "2024-02-16"), test="2024-02-20"):
    known, dates = windows.answers >= 0, windows.dates
    return {
        "train": windows.take(known & (dates <= train)),
        "val": windows.take(known & (dates >= val[0]) & (dates <= val[1])),
        "test": windows.take(known & (dates >= test)),
        "score": windows.take(~known),
    }


def test_a_training_horizon_that_runs_into_validation_is_a_leak(windows):
    Split(**parts(windows))
    with pytest.raises(LeakageError, match=r"every train .* \(2024-02-01\), got \d+ windows .* user\d+ on 2024-01-29"):
        Split(**parts(windows, train="2024-01-29"))


def test_a_validation_horizon_that_runs_into_the_test_part_is_a_leak(windows):
    with pytest.raises(LeakageError, match="every val horizon"):
        Split(**parts(windows, val=("2024-02-01", "2024-02-17")))


def test_a_training_horizon_that_runs_into_the_test_part_is_a_leak_even_without_validation(windows):
    empty = {"val": windows.take(np.zeros(len(windows), bool))}
    Split(**parts(windows, train="2024-02-16") | empty)
    with pytest.raises(LeakageError, match=r"every train horizon .* first test cutoff"):
        Split(**parts(windows, train="2024-02-17") | empty)


def test_days_that_the_embargo_forbids_are_a_leak(windows):
    with pytest.raises(LeakageError, match="end 1 days before"):
        Split(**parts(windows), embargo_days=1)


def test_an_embargo_cannot_be_negative(windows, refused):
    with refused("split.embargo_days of at least 0", "-4", "correct it"):
        SplitConfig(embargo_days=-4)
    with pytest.raises(LeakageError, match="-4"):
        Split(**parts(windows, train="2024-01-31"), embargo_days=-4)


@pytest.mark.parametrize("name", ["train", "val", "test"])
def test_a_part_with_windows_that_have_no_label_is_a_leak(windows, name):
    whole = parts(windows)
    unknown = replace(whole[name], labels={"churn": np.full(len(whole[name]), -1, np.int8)})
    with pytest.raises(LeakageError, match=f"every window of {name}, got {len(whole[name]):,} "):
        Split(**whole | {name: unknown})


@pytest.mark.parametrize("kind", ["time", "user", "user_time"])
def test_parts_drawn_at_random_break_the_rule_of_every_kind_but_their_own(windows, kind):
    drawn = split_windows(windows, SplitConfig(kind="random"))
    with pytest.raises(LeakageError):
        replace(drawn, kind=kind)


# The rule of each kind, broken by one window --------------------------------------------------------------


def moved(part, position, *, user=None, cutoff=None):
    """A part, one of whose windows is another user's, or another day's."""
    users, cutoffs = part.user.copy(), part.cutoff.copy()
    users[position] = users[position] if user is None else user
    cutoffs[position] = cutoffs[position] if cutoff is None else cutoff
    return replace(part, user=users, cutoff=cutoffs)


@st.composite
def splits(draw, kinds):
    """A split of a random calendar, with a pair of its parts and a position in each."""
    windows, config = draw(calendars(kinds))
    try:
        split = split_windows(windows, config)
    except UserError:
        assume(False)
    earlier, later = draw(st.sampled_from([("train", "val"), ("val", "test"), ("train", "test")]))
    return split, earlier, later, *(draw(st.integers(0, len(split.part(name)) - 1)) for name in (earlier, later))


@given(splits(["time", "user_time"]), st.integers(0, 3))
@settings(max_examples=250, deadline=None)
def test_one_window_that_reaches_a_day_too_far_breaks_a_split_by_time(found, further):
    split, earlier, later, position, _ = found
    before, reach = split.part(earlier), split.part(earlier).horizon_days + split.embargo_days
    last = int(split.part(later).cutoff.min()) - reach
    replace(split, **{earlier: moved(before, position, cutoff=min(last, int(before.cutoff[position])))})
    late = moved(before, position, cutoff=last + 1 + further)
    user, day = before.user_ids[position], late.dates[position].date()
    says = rf"every {earlier} horizon to end {split.embargo_days} days before .* got \d+ .* such as {user} on {day}"
    with pytest.raises(LeakageError, match=says):
        replace(split, **{earlier: late})


@given(splits(["user", "user_time"]), st.booleans())
@settings(max_examples=250, deadline=None)
def test_one_window_of_another_part_s_user_breaks_a_split_by_user(found, forward):
    split, earlier, later, first, second = found
    giver, taker, user_at, place = (later, earlier, second, first) if forward else (earlier, later, first, second)
    user = split.part(giver).user[user_at]
    says = rf"no user with windows in {earlier} and in {later}, got 1, such as {split.train.panel.users[user]}"
    with pytest.raises(LeakageError, match=says):
        replace(split, **{taker: moved(split.part(taker), place, user=user)})


@given(splits(["random"]))
@settings(max_examples=150, deadline=None)
def test_one_window_in_two_parts_breaks_even_a_split_at_random(found):
    split, earlier, later, first, second = found
    after = split.part(later)
    twice = moved(split.part(earlier), first, user=after.user[second], cutoff=after.cutoff[second])
    which = f"{after.user_ids[second]} on {after.dates[second].date()}"
    says = f"no window in {earlier} and in {later}, got 1, such as {which}"
    with pytest.raises(LeakageError, match=says):
        replace(split, **{earlier: twice})


@given(splits(KINDS), st.sampled_from(NAMES))
@settings(max_examples=100, deadline=None)
def test_one_window_without_a_label_breaks_a_split_of_any_kind(found, name):
    churn = found[0].part(name).answers.copy()
    churn[len(churn) // 2] = -1
    with pytest.raises(LeakageError, match=f"labels for every window of {name}, got 1 "):
        replace(found[0], **{name: replace(found[0].part(name), labels={**found[0].part(name).labels, "churn": churn})})


def test_a_kind_without_a_rule_cannot_be_built(split):
    with pytest.raises(LeakageError, match="'weekday'"):
        replace(split, kind="weekday")


# Halves of validation -------------------------------------------------------------------------------


def test_halves_of_validation_share_no_user_and_are_all_of_it(split):
    a, b = set(split.val_a.user_ids), set(split.val_b.user_ids)
    assert not a & b
    assert a | b == set(split.val.user_ids)
    assert len(split.val_a) + len(split.val_b) == len(split.val)
    assert 15 < len(a) < 45


def test_a_user_is_in_the_same_half_whoever_else_is_there(split):
    users = split.train.panel.users
    first = user_share(users)
    assert np.array_equal(user_share(users[::-1])[::-1], first)
    assert np.array_equal(user_share(users[7:9]), first[7:9])
    assert ((first >= 0) & (first < 1)).all()


def test_halves_stay_as_they_are_from_version_to_version():
    share = user_share(pd.Index(["ada", "ben", "cleo", "dora"]))
    assert share.round(6).tolist() == [0.177607, 0.190509, 0.103787, 0.952187]


def test_a_user_is_in_the_same_half_whether_the_id_is_a_number_or_text():
    assert np.array_equal(user_share(pd.Index([7, 42])), user_share(pd.Index(["7", "42"])))


def test_users_of_one_part_are_still_divided_evenly_into_halves():
    users = pd.Index([f"user{number}" for number in range(20_000)])
    half, part = user_share(users), user_share(users, purpose="parts")
    assert abs(np.corrcoef(half, part)[0, 1]) < 0.02
    for low, high in [(0, 0.1), (0.7, 0.85), (0.85, 1)]:
        inside = half[(part >= low) & (part < high)]
        assert abs((inside >= 0.5).mean() - 0.5) < 0.03
        assert abs((inside < 0.25).mean() - 0.25) < 0.03  # the users on whom a surrogate is judged


@pytest.mark.parametrize("kind", KINDS)
def test_both_halves_of_validation_are_populated_and_balanced_in_every_kind(panel_of, kind):
    signs = np.random.default_rng(1).choice(list("....xxbo"), (600, 60))
    split = split_windows(
        slide(panel_of(*("".join(row) for row in signs)), CONFIG), SplitConfig(kind=kind, val_share=0.3)
    )
    a, b = (len(set(half.user_ids)) for half in (split.val_a, split.val_b))
    assert min(a, b) > 50
    assert 0.4 < a / (a + b) < 0.6
    assert 0.4 < len(split.val_a) / len(split.val) < 0.6


# What a split tells -----------------------------------------------------------------------------------


def test_table_names_the_part_of_every_window(split):
    table = split.table()
    assert table.columns.tolist() == ["user_id", "cutoff", "churn", "sticker", "part"]
    assert table.groupby("part", sort=False).size().to_dict() == {
        name: len(split.part(name)) for name in ("train", "val", "test", "score")
    }
    assert table[table.part == "score"].churn.isna().all()
    assert not table.duplicated(["user_id", "cutoff"]).any()


def test_audit_tells_windows_users_cutoffs_and_rates(split):
    audit = split.audit()
    assert (audit["kind"], audit["embargo_days"]) == ("time", 0)
    train, *_, score = audit["parts"]
    assert (train["part"], train["windows"], train["users"]) == ("train", len(split.train), 60)
    assert (train["first_cutoff"], train["last_cutoff"]) == ("2024-01-04", "2024-01-28")
    assert (train["first_day"], train["last_day"]) == ("2024-01-01", "2024-01-31")
    assert score["last_day"] == "2024-03-20"  # the last one there is, though the horizons run on
    assert train["churn_rate"] == split.train.answers.mean()
    assert train["sticker_rate"] == split.train.label("sticker").mean()
    assert "churn_rate" not in score


def test_audit_is_the_same_after_a_journey_through_json(split):
    audit = split.audit()
    assert json.loads(json.dumps(audit)) == audit


def test_audit_of_a_part_without_windows_has_no_days(split):
    nothing = replace(split, score=split.score.take(np.empty(0, np.int64)))
    assert nothing.audit()["parts"][-1] == {"part": "score", "windows": 0, "users": 0}


def test_an_unknown_part_is_refused(split, refused):
    with refused("train, val, test, score", "'holdout'", "correct the name"):
        split.part("holdout")


# Windows whose horizon is not over where training ends --------------------------------------------------


def test_unfinished_windows_lie_between_the_last_training_cutoff_and_the_border(split, windows):
    found, train = split.unfinished, split.train
    assert split.border == split.val.cutoff.min()
    assert found.cutoff.min() == train.cutoff.max() + 1 and found.cutoff.max() == split.border - 1
    between = (windows.cutoff > train.cutoff.max()) & (windows.cutoff < split.border)
    assert len(found) == between.sum() > 0
    assert all((label == -1).all() for label in found.labels.values())


def test_an_embargo_moves_the_border(windows):
    split = split_windows(windows, replace(DATED, embargo_days=2))
    assert split.border == split.val.cutoff.min() - 2 == split.unfinished.cutoff.max() + 1


def test_unfinished_windows_are_of_training_users(windows):
    split = split_windows(windows, replace(DATED, kind="user_time"))
    assert len(split.unfinished)
    assert set(split.unfinished.user) <= set(windows.user) - {*split.val.user, *split.test.user}


def test_a_split_that_is_not_by_time_has_no_border_before_the_end(windows):
    split = split_windows(windows, SplitConfig(kind="user"))
    assert split.unfinished is None
    assert split.border == windows.panel.n_days


def test_unfinished_windows_with_labels_or_from_the_border_on_are_a_leak(split, windows):
    late = windows.take(windows.cutoff == split.border)
    unlabelled = replace(late, labels={target: np.full_like(label, -1) for target, label in late.labels.items()})
    with pytest.raises(LeakageError, match=r"got [1-9][0-9]* later, 0 of other users and 0 with a label"):
        replace(split, unfinished=unlabelled)
    early = windows.take(windows.cutoff == split.border - 1)
    with pytest.raises(LeakageError, match=r"got 0 later, 0 of other users and [1-9][0-9]* with a label"):
        replace(split, unfinished=early)


def test_unfinished_windows_of_validation_users_are_a_leak(windows):
    split = split_windows(windows, replace(DATED, kind="user_time"))
    strangers = replace(split.unfinished, user=np.full(len(split.unfinished), split.val.user[0]))
    with pytest.raises(LeakageError, match=r"got 0 later, [1-9][0-9]* of other users and 0 with a label"):
        replace(split, unfinished=strangers)
