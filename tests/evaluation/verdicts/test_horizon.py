from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import WindowConfig, example_dataset, example_frames, slide
from churn.evaluation import Contestant, VerdictConfig
from churn.evaluation.verdicts.horizon import horizon, splits_by_horizon
from churn.evaluation.verdicts.returns import returns
from churn.evaluation.verdicts.trials import places
from churn.models import LightGBM

pytestmark = pytest.mark.slow

QUICK = Contestant(LightGBM, {"max_trees": 20})
CHEAP = VerdictConfig(windows=3000, repetitions=50)


def test_horizons_share_users_and_cutoffs_and_differ_in_their_labels(steady, inquiry_of):
    splits = splits_by_horizon(inquiry_of(steady, config=replace(CHEAP, horizons=[3, 10])))
    assert list(splits) == [3, 7, 10]
    active = set(zip(*steady.panel.days_where(steady.panel.active), strict=True))
    for name in ("train", "val", "test"):
        first = splits[3].part(name)
        assert len(first)
        assert np.isin(places(first), places(steady.split().part(name))).all()
        for days, split in splits.items():
            part = split.part(name)
            assert np.array_equal(places(part), places(first))
            some = part.take(np.arange(0, len(part), 97))
            silent = [
                not any((user, cutoff + day) in active for day in range(days))
                for user, cutoff in zip(some.user, some.cutoff, strict=True)
            ]
            assert some.answers.tolist() == [int(label) for label in silent]


def test_longest_horizon_obeys_the_rule_of_time_with_the_embargo(dataset_of, inquiry_of):
    counts = np.random.default_rng(6).poisson(0.15, (300, 150))
    dataset = dataset_of(counts, split={"embargo_days": 2})
    splits = splits_by_horizon(inquiry_of(dataset, config=replace(CHEAP, horizons=[14])))
    for split in splits.values():
        assert split.train.cutoff.max() + 14 + 2 == split.val.cutoff.min()
        assert split.val.cutoff.max() + 14 + 2 == split.test.cutoff.min()
        assert split.test.cutoff.max() + 14 == dataset.panel.n_days
        assert split.test.cutoff.min() == dataset.split().test.cutoff.min()


@pytest.mark.parametrize("kind", ["user", "random", "user_time"])
def test_other_kinds_of_split_keep_their_parts(dataset_of, inquiry_of, kind):
    dataset = dataset_of(np.random.default_rng(6).poisson(0.15, (300, 150)), split={"kind": kind})
    splits = splits_by_horizon(inquiry_of(dataset, config=replace(CHEAP, horizons=[10])))
    assert {split.kind for split in splits.values()} == {kind}
    assert np.isin(places(splits[10].test), places(dataset.split().test)).all()


def test_derived_features_stay(dataset_of, inquiry_of):
    counts = np.random.default_rng(6).poisson(0.15, (300, 150))
    dataset = dataset_of(counts, features=["tenure"])
    splits = splits_by_horizon(inquiry_of(dataset, config=replace(CHEAP, horizons=[3])))
    assert [split.train.features for split in splits.values()] == [("own_post", "tenure")] * 2


def test_horizons_that_leave_a_part_empty_are_left_out(inquiry_of):
    splits = splits_by_horizon(inquiry_of(example_dataset(), config=replace(CHEAP, horizons=[3, 14])))
    assert list(splits) == [3, 7]


def test_member_windows_are_found_again(prepared, inquiry_of):
    frames = example_frames(60, n_days=120)
    frames["members"]["joined"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(60) * 2 - 10, unit="D")
    dataset = prepared(frames, windows=WindowConfig(at_risk="member", stride_days=2))
    splits = splits_by_horizon(inquiry_of(dataset, config=replace(CHEAP, horizons=[3])))
    assert np.array_equal(splits[7].test.answers, dataset.split().test.answers)
    assert splits[3].test.answers.mean() > splits[7].test.answers.mean()


def test_returned_share_equals_a_count_by_hand(panel_of):
    pictures = (
        "x......" + "." * 10 + "x" + "." * 32,  # day 17: back after a horizon of 3 or 7 days, from any cutoff
        "x......" + "." * 43,
        "x..x..." + "." * 30 + "x" + "." * 12,  # day 37: more than four weeks after most horizons
        "xxxxxxx" + "x" * 43,
    )
    windows = slide(panel_of(*pictures), WindowConfig(horizon_days=3))
    first = windows.take(windows.cutoff == 7)
    back = returns(first, longest_days=7)
    assert back.user.tolist() == [0, 1, 2]
    assert back.came.tolist() == [True, False, True], "day 37 is the last of 28 after the horizon of days 7 to 9"
    assert back.share == pytest.approx(2 / 3)
    longer = slide(panel_of(*pictures), WindowConfig(horizon_days=2))
    assert returns(longer.take(longer.cutoff == 7), longest_days=7).came.tolist() == [True, False, False]


def test_returns_are_counted_only_where_the_weeks_after_lie_in_the_log(panel_of):
    windows = slide(panel_of("x" + "." * 60, "xx.x..x" + "." * 54), WindowConfig(at_risk_days=10))
    back = returns(windows, longest_days=14)
    kept = windows.take((windows.cutoff + 14 + 28 <= 61) & (windows.answers == 1))
    assert len(back.came) == len(kept) > 0
    assert back.share == 0
    assert np.isnan(returns(windows.take(windows.cutoff > 30), longest_days=14).share)


def test_sentence_and_table_hold_the_share_that_pandas_counts(dataset_of, inquiry_of):
    counts = np.random.default_rng(9).poisson(np.random.default_rng(10).gamma(1, 0.12, (300, 1)), (300, 220))
    dataset = dataset_of(counts, split={"val_from": "2024-05-01", "test_from": "2024-06-01"})
    verdict = horizon(inquiry_of(dataset, contestants=[QUICK], config=replace(CHEAP, horizons=[3])))
    windows = dataset.split().test.table()
    day = (windows.cutoff - pd.Timestamp("2024-01-01")).dt.days
    silent = windows.assign(day=day)[(windows.churn == 1) & (day + 7 + 28 <= 220)]
    row = silent.user_id.str[4:].astype(int)
    came = [counts[user, day + 7 : day + 35].any() for user, day in zip(row, silent.day, strict=True)]
    table = verdict.table.set_index("variant")
    assert table.returned["7 days"] == pytest.approx(np.mean(came))
    assert table.base_rate["3 days"] > table.base_rate["7 days"]
    assert table.difference.isna().all()
    assert verdict.sentence.startswith(f"Of those silent for 7 days, {100 * np.mean(came):.0f}% (n = {len(came):,} ")
    assert "all test windows" in verdict.note


def test_returns_come_from_validation_where_the_test_part_ends_too_late(steady, inquiry_of):
    verdict = horizon(inquiry_of(steady, contestants=[QUICK], config=replace(CHEAP, horizons=[3])))
    assert "all validation windows" in verdict.note
    assert 0 < verdict.table.returned.iloc[0] < 1


def test_note_is_silent_about_returns_where_nobody_could_be_followed(inquiry_of):
    verdict = horizon(inquiry_of(example_dataset(), contestants=[QUICK], config=replace(CHEAP, horizons=[3])))
    assert verdict.table.returned.isna().all()
    assert "Returns" not in verdict.note


def test_stickers_have_no_returns(prepared, inquiry_of):
    dataset = prepared(example_frames(80, n_days=150))
    config = replace(CHEAP, horizons=[3])
    verdict = horizon(inquiry_of(dataset, contestants=[QUICK], config=config, target="sticker"))
    assert verdict.table.returned.isna().all()
    assert verdict.sentence.startswith("LightGBM's ROC-AUC is ")
