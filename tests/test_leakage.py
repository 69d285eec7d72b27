"""Leakage: no input of a part, for fitting or judging, may change with the days that it must not know."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import FEATURES, SplitConfig, WindowConfig, example_frames, user_share
from churn.models import GRU, Foresight, LightGBM, Logistic, Persistence, TabM

pytestmark = pytest.mark.slow

# 90 days from 2024-01-01 on. The changed days begin on the first test cutoff.
SPLIT = SplitConfig(val_from="2024-02-10", test_from="2024-03-01")
TEST_FROM, VAL_FROM = pd.Timestamp("2024-03-01"), pd.Timestamp("2024-02-10")


def deleted(frame, later):
    """Only what is needed to keep both classes and the last day is left of the days changed."""
    kept = ~later | (np.arange(len(frame)) % 9 == 0) | (frame.timestamp >= "2024-03-30")
    return frame[kept]


def added(frame, later):
    more = frame[later].sample(frac=0.7, random_state=1)
    own = more.sample(frac=0.5, random_state=2)
    if "event" in frame:
        own = own.assign(event="brand new", actor_id=own.user_id)
    return pd.concat([frame, more, own], ignore_index=True)


def multiplied(frame, later):
    return pd.concat([frame, *[frame[later]] * 4], ignore_index=True)


def swapped(frame, later):
    """Another user's days."""
    users = np.sort(frame.user_id.unique())
    other = dict(zip(users, np.roll(users, 7), strict=True))
    changed = frame[["user_id", "actor_id"]].replace(other).where(later, frame[["user_id", "actor_id"]], axis=0)
    return frame.assign(**changed)


CHANGES = {change.__name__: change for change in (deleted, added, multiplied, swapped)}


@pytest.fixture(scope="module")
def changed(prepared):
    """Data sets after a change of all events and stickers from some day on; None leaves them as they are."""
    cache = {}

    def dataset(name, day=TEST_FROM, frames=None, **config):
        key = name, day, str(config)
        if key not in cache:
            frames = frames or example_frames()
            for table in ("events", "stickers"):
                frame = frames[table]
                if name is not None:
                    frames[table] = CHANGES[name](frame, frame.timestamp >= day)
            cache[key] = prepared(frames, split=SPLIT, **config)
        return cache[key]

    return dataset


def with_latecomers():
    """The example with a quarter of the users unseen until the changed days, and nobody's day of joining known."""
    frames = example_frames()
    late = frames["members"].user_id[::4]
    for table in ("events", "stickers"):
        frame = frames[table]
        frames[table] = frame[~frame.user_id.isin(late) | (frame.timestamp >= TEST_FROM)]
    frames["members"] = frames["members"].assign(joined=pd.NaT)
    return frames


def known(dataset, day):
    """The windows whose history ends before a day: (user, cutoff) and their features."""
    windows = dataset.windows.take(dataset.windows.dates <= day)
    return windows.table()[["user_id", "cutoff"]], windows.history()


def leading(lead_days):
    """The keys of windows with days between history and horizon; none where there are none."""
    return {"windows": WindowConfig(lead_days=lead_days)} if lead_days else {}


def settled(dataset, day):
    """The labelled windows whose horizon ends before a day, with their labels."""
    table = dataset.windows.table()
    return table[table.cutoff + pd.Timedelta(days=dataset.windows.reach_days) <= day].reset_index(drop=True)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_from_a_cutoff_on_is_one(changed, name):
    """Guards the tests below: the days from the cutoff on do differ."""
    before, after = changed(None), changed(name)
    last = pd.Timestamp("2024-03-31")
    (before_pairs, before), (after_pairs, after) = known(before, last), known(after, last)
    assert len(before_pairs) > 4000
    assert not before_pairs.equals(after_pairs) or not np.array_equal(before, after)


@pytest.mark.parametrize("name", CHANGES)
def test_features_up_to_a_cutoff_do_not_change_with_the_days_from_it_on(changed, name):
    (before_pairs, before), (after_pairs, after) = (known(changed(n), TEST_FROM) for n in (None, name))
    pd.testing.assert_frame_equal(before_pairs, after_pairs)
    assert before.dtype == after.dtype
    assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_no_feature_of_users_seen_early_or_late_changes_with_the_days_from_a_cutoff_on(changed, feature, name):
    histories = []
    for change in (None, name):
        dataset = changed(change, frames=with_latecomers(), windows=WindowConfig(at_risk="member"))
        windows = dataset.windows.take(dataset.windows.dates <= TEST_FROM)
        histories.append(replace(windows, derived=(feature,)).history())
    before, after = histories
    assert len(before) == 80 * (60 - 7 + 1)
    assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("lead_days", [0, 5])
@pytest.mark.parametrize("name", CHANGES)
def test_labels_do_not_change_with_the_days_after_their_horizon(changed, name, lead_days):
    before, after = (settled(changed(n, **leading(lead_days)), TEST_FROM) for n in (None, name))
    assert before.churn.notna().all()
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize("lead_days", [0, 5])
@pytest.mark.parametrize("name", CHANGES)
def test_training_and_validation_parts_do_not_change_with_the_test_days(changed, name, lead_days):
    before, after = (changed(n, **leading(lead_days)).split() for n in (None, name))
    assert before.train.lead_days == lead_days
    for part in ("train", "val", "val_a", "val_b"):
        one, other = getattr(before, part), getattr(after, part)
        pd.testing.assert_frame_equal(one.table(), other.table())
        assert one.history().tobytes() == other.history().tobytes()
        assert np.array_equal(one.active_days(), other.active_days())


@pytest.mark.parametrize("day", [VAL_FROM, TEST_FROM])
def test_the_vocabulary_does_not_know_what_comes_after_the_training_span(changed, day):
    before, after = changed(None, day), changed("added", day)
    assert after.vocabulary == before.vocabulary
    assert after.panel.features == before.panel.features
    assert "own_brand new" in after.unknown_events


@pytest.mark.parametrize("name", ["added", "swapped"])
@pytest.mark.parametrize(
    "model",
    [
        lambda: GRU(max_epochs=1, hidden_size=4),
        lambda: GRU(max_epochs=1, hidden_size=4, pretrain="next_days"),
        lambda: Foresight(max_epochs=1, hidden_size=4),
        lambda: LightGBM(max_trees=60, learning_rate=0.4, patience=1),
        lambda: TabM(max_epochs=1, hidden_size=4, k=2),
        Logistic,
        Persistence,
    ],
    ids=["GRU", "pretrained GRU", "Foresight", "LightGBM", "TabM", "Logistic", "Persistence"],
)
def test_predictions_on_validation_do_not_change_with_the_test_days(changed, model, name):
    before, after = changed(None).split(), changed(name).split()
    one = model().fit(before, target="churn").predict_proba(before.val)
    other = model().fit(after, target="churn").predict_proba(after.val)
    assert len(np.unique(one)) > 5
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("lead_days", [0, 3])
@pytest.mark.parametrize("name", ["deleted", "multiplied", "swapped"])
@pytest.mark.parametrize("model", [lambda **given: GRU(pretrain="next_days", **given), Foresight])
def test_what_one_network_learns_of_all_days_does_not_change_with_the_days_from_the_first_validation_cutoff_on(
    changed, model, name, lead_days
):
    """One epoch, since half A chooses among several; the windows that teach reach up to the border but for the lead."""
    before, after = (changed(n, VAL_FROM, **leading(lead_days)).split() for n in (None, name))
    assert before.unfinished.dates.max() == VAL_FROM - pd.Timedelta(days=1 + lead_days)
    one, other = (
        model(max_epochs=1, hidden_size=4).fit(split, target="churn").state_dict() for split in (before, after)
    )
    assert all(one[name].numpy().tobytes() == other[name].numpy().tobytes() for name in one)


def test_scaling_is_that_of_the_training_part_alone(changed):
    # Even validation days may not move it; the days of a training history all lie before them.
    before, after = (changed(n, VAL_FROM).split() for n in (None, "multiplied"))
    assert before.val.history().sum() < after.val.history().sum()
    one, other = (GRU(max_epochs=1, hidden_size=4).fit(split, target="churn").scale for split in (before, after))
    for buffer in ("center", "spread"):
        assert getattr(one, buffer).numpy().tobytes() == getattr(other, buffer).numpy().tobytes()
    logged = np.log1p(before.train.history().astype(np.float64)).reshape(-1, len(one.center))
    assert np.allclose(one.center, logged.mean(axis=0), atol=1e-5)
    assert np.allclose(one.spread, logged.std(axis=0), atol=1e-5)


def test_features_up_to_a_cutoff_need_no_row_of_any_later_day(changed, prepared):
    whole, frames = changed(None), example_frames()
    for table in ("events", "stickers"):
        frames[table] = frames[table][frames[table].timestamp < TEST_FROM]
    cut = prepared(frames, split=SPLIT, vocabulary=whole.vocabulary)
    assert cut.windows.dates.max() == TEST_FROM
    (before_pairs, before), (after_pairs, after) = known(whole, TEST_FROM), known(cut, TEST_FROM)
    pd.testing.assert_frame_equal(before_pairs, after_pairs)
    assert before.tobytes() == after.tobytes()
    pd.testing.assert_frame_equal(settled(whole, TEST_FROM), settled(cut, TEST_FROM))


# The other kinds of split ---------------------------------------------------------------------------------


def held_out(frame, config):
    """The rows of the users from whom the test part of a split by users is drawn."""
    share = user_share(pd.Index(frame.user_id), purpose="parts")
    return pd.Series(share >= 1 - config.test_share, index=frame.index)


@pytest.mark.parametrize("name", ["deleted", "multiplied"])
@pytest.mark.parametrize("kind", ["user", "user_time"])
def test_what_is_fitted_does_not_change_with_the_days_of_the_test_users(prepared, kind, name):
    config, frames = SplitConfig(kind=kind, val_share=0.3, test_share=0.3), (example_frames(), example_frames())
    for table in ("events", "stickers"):
        frame = frames[1][table]
        frames[1][table] = CHANGES[name](frame, held_out(frame, config))
        assert len(frames[1][table]) != len(frame)
    before, after = (prepared(frame, split=config).split() for frame in frames)
    for part in ("train", "val", "val_a", "val_b"):
        one, other = getattr(before, part), getattr(after, part)
        pd.testing.assert_frame_equal(one.table(), other.table())
        assert one.history().tobytes() == other.history().tobytes()
    assert not set(before.test.user_ids) & {*before.train.user_ids, *before.val.user_ids}
    assert before.test.table().user_id.nunique() > 10
    for model in (
        lambda: LightGBM(max_trees=60, learning_rate=0.4, patience=1),
        lambda: GRU(max_epochs=1, hidden_size=4, pretrain="next_days"),
    ):
        one, other = (model().fit(split, target="churn").predict_proba(before.val) for split in (before, after))
        assert len(np.unique(one)) > 5
        assert one.tobytes() == other.tobytes()


FOLDS = SplitConfig(val_from="2024-02-20", test_from="2024-03-10", folds=2)  # the older one: 2024-02-05, 2024-02-24


@pytest.mark.parametrize("name", ["added", "swapped"])
def test_no_fold_changes_with_the_days_from_its_own_test_part_on(prepared, name):
    whole = prepared(example_frames(), split=FOLDS)
    for number, fold in enumerate(whole.folds()):
        frames, begin = example_frames(), fold.test.dates.min()
        for table in ("events", "stickers"):
            frames[table] = CHANGES[name](frames[table], frames[table].timestamp >= begin)
        changed = prepared(frames, split=FOLDS).folds()[number]
        for part in ("train", "val"):
            one, other = fold.part(part), changed.part(part)
            pd.testing.assert_frame_equal(one.table(), other.table())
            assert one.history().tobytes() == other.history().tobytes()


def test_the_vocabulary_does_not_know_what_comes_after_the_oldest_fold_s_training_span(prepared):
    whole, frames = prepared(example_frames(), split=FOLDS), example_frames()
    begin = whole.folds()[0].val.dates.min()
    frames["events"] = added(frames["events"], frames["events"].timestamp >= begin)
    after = prepared(frames, split=FOLDS)
    assert after.vocabulary == whole.vocabulary
    assert "own_brand new" in after.unknown_events
    with_one = prepared(frames, split=SplitConfig(val_from=FOLDS.val_from, test_from=FOLDS.test_from))
    assert "own_brand new" in with_one.vocabulary.features  # known by the newest fold's training span


@pytest.mark.parametrize("kind", ["user", "random"])
def test_where_times_are_not_held_apart_every_event_of_the_log_has_a_column(prepared, kind):
    frames = example_frames()
    frames["events"] = added(frames["events"], frames["events"].timestamp >= "2024-03-29")
    dataset = prepared(frames, split=SplitConfig(kind=kind))
    assert "own_brand new" in dataset.vocabulary.features
    assert not dataset.unknown_events


@pytest.mark.parametrize("stride", [5, 7])
def test_the_training_span_ends_by_the_first_validation_cutoff_whatever_the_stride(prepared, stride):
    # With a stride, the last labelled cutoff lies some days before the last day that could be one.
    windows, shares = WindowConfig(stride_days=stride), SplitConfig(val_share=0.25, test_share=0.2)
    dataset = prepared(example_frames(), windows=windows, split=shares)
    assert pd.Timestamp(dataset.vocabulary.last_day, unit="D") < dataset.split().val.dates.min()
