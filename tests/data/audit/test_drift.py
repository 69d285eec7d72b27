"""Drift: quantities that moved from the training part to the scored day are reported, and others are not."""

import json

import numpy as np
import pandas as pd
import pytest

from churn.data import Drift, Training, WindowConfig, drift_findings, drift_sentences, examine
from churn.data.audit.drift import Column, Now

pytestmark = pytest.mark.slow

FIRST = pd.Timestamp("2024-01-01")
N_USERS, N_DAYS = 200, 90


def log(*, leaving_day=N_DAYS, times=1, joining=False):
    """Users act on a share of the days; from a day on most have left, and whoever stays does so many times less."""
    rng = np.random.default_rng(0)
    begin = rng.integers(0, N_DAYS, N_USERS) if joining else np.zeros(N_USERS, int)
    acts = 4 * (rng.random((N_USERS, N_DAYS)) < 0.5)
    acts[np.arange(N_DAYS) < begin[:, None]] = 0
    acts[N_USERS // 4 :, leaving_day:] = 0
    acts[:, leaving_day:] //= times
    user, day = (np.repeat(places, acts[acts > 0]) for places in np.nonzero(acts))
    ids = pd.Index([f"u{k:03d}" for k in range(N_USERS)])
    when = FIRST + pd.to_timedelta(day, unit="D") + pd.Timedelta(hours=12)
    return {"events": pd.DataFrame({"user_id": ids[user], "actor_id": ids[user], "event": "post", "timestamp": when})}


@pytest.fixture(scope="module")
def drift_of(prepared):
    def found(frames, **config):
        dataset = prepared(frames, **config)
        return examine(dataset, dataset.split()).drift

    return found


@pytest.fixture(scope="module")
def fallen(drift_of):
    return drift_of(log(leaving_day=78, times=4))


def test_users_at_risk_and_their_activity_are_told_beside_the_training_part(fallen):
    now = log(leaving_day=78, times=4)["events"]
    recent = now[now.timestamp >= FIRST + pd.Timedelta(days=N_DAYS - 7)]
    assert fallen.now.at_risk == recent.user_id.nunique()
    assert fallen.now.activity == pytest.approx(len(recent) / recent.user_id.nunique())
    assert fallen.training.at_risk == pytest.approx(199, abs=1.5)  # 1 in 128 users is silent on all of 7 days
    assert fallen.training.activity == pytest.approx(14, abs=0.3)
    told = [finding.sentence for finding in drift_findings(fallen)]
    assert (
        f"{fallen.now.at_risk} users are at risk on 2024-03-31; on an average day of the training part there were 1"
        in told[0]
    )
    assert "own events a week on 2024-03-31, and had 14" in told[1]


def test_a_base_rate_of_the_newest_labels_is_told_beside_that_of_the_training_part(fallen):
    rate, before = fallen.now.rates["churn"][0], fallen.training.rates["churn"][0]
    assert rate > 0.15 > 0.05 > before
    assert f"The rate of churn is {rate:.1%} in the newest 28 days" in " ".join(drift_sentences(fallen))
    assert any("rate of churn" in finding.sentence for finding in drift_findings(fallen))


def test_columns_that_moved_are_named_with_their_means(fallen):
    (sentence,) = [found for found in drift_sentences(fallen) if "columns have moved" in found]
    means = fallen.training.columns["own_post"].mean, fallen.now.means["own_post"]
    assert f"own_post from {means[0]:.3g} to {means[1]:.3g}" in sentence
    assert "1 of 1 columns" in sentence


def test_nothing_is_found_where_nothing_moves_though_every_number_is_told(drift_of):
    still = drift_of(log())
    assert list(drift_findings(still)) == []
    assert len(drift_sentences(still)) == 5
    assert drift_sentences(still)[-1] == "Of no column are more than 5% beyond the range of the training part."


def test_columns_that_leave_the_training_range_are_named_with_shares_and_what_to_name_instead(drift_of):
    found = drift_of(log(joining=True), features=["tenure", "totals", "weekday"])
    tenure = found.training.columns["tenure"]
    assert tenure.low == 0
    assert 0.2 < tenure.beyond_test < found.now.beyond["tenure"] < 0.7
    finding = list(drift_findings(found))[-1]
    assert (
        f"tenure ({tenure.beyond_test:.0%} of the test windows and {found.now.beyond['tenure']:.0%} of"
        in finding.sentence
    )
    assert "in data.features, name tenure_capped (tenure), averages (totals) instead" in finding.remedy
    assert "weekend" not in found.training.columns


def test_bounded_features_stay_in_the_training_range(drift_of):
    found = drift_of(log(joining=True), features=["tenure_capped", "averages"])
    assert max(found.now.beyond.values()) < 0.05
    assert max(column.beyond_test for column in found.training.columns.values()) < 0.05


def test_new_data_are_held_against_what_the_run_wrote_down(prepared, fallen):
    written = json.loads(json.dumps(fallen.facts()))
    assert Drift.read(written) == fallen
    still = prepared(log())
    again = Drift.since(Training.read(written["training"]), still)
    assert again.training == fallen.training
    assert list(drift_findings(again)) == []


def test_shares_beyond_a_range_are_those_of_all_windows_however_they_are_gathered(prepared, drift_of, monkeypatch):
    whole = drift_of(log(joining=True), features=["tenure"])
    monkeypatch.setattr("churn.data.audit.drift._CHUNK", 7)
    parts = drift_of(log(joining=True), features=["tenure"])
    assert parts.training.columns["tenure"].beyond_test == whole.training.columns["tenure"].beyond_test
    assert parts.training.activity == pytest.approx(whole.training.activity)


def test_there_is_no_drift_where_nobody_is_at_risk(prepared):
    frames = log()
    rows = frames["events"].timestamp < FIRST + pd.Timedelta(days=80)
    last = frames["events"].iloc[[0]].assign(timestamp=FIRST + pd.Timedelta(days=N_DAYS), actor_id="stranger")
    dataset = prepared({"events": pd.concat([frames["events"][rows], last])}, windows=WindowConfig(horizon_days=3))
    assert examine(dataset, dataset.split()).drift is None


def test_activity_is_of_the_days_that_users_could_have_had(drift_of):
    late = log(joining=True)
    now = drift_of(late).now
    events, end = late["events"], FIRST + pd.Timedelta(days=N_DAYS)
    recent = events[events.timestamp >= end - pd.Timedelta(days=7)]
    known = (end - events.groupby("user_id").timestamp.min().dt.normalize()).dt.days[recent.user_id.unique()]
    assert now.activity == pytest.approx(7 * len(recent) / known.clip(upper=7).sum())
    assert now.activity > 7 * len(recent) / (7 * len(known)) + 0.01


def drift_by_hand(*, at_risk=100, mean=1.0, beyond_test=0.0, beyond_now=0.0):
    column = Column(mean=0.0, deviation=1.0, low=-1.0, high=1.0, beyond_test=beyond_test)
    now = Now("2024-03-31", at_risk, 1.0, {}, {"own_post": mean}, {"own_post": beyond_now})
    return Drift(Training(float(at_risk), 1.0, {}, {"own_post": column}), now)


@pytest.mark.parametrize(("test", "now", "left"), [(0.2, 0.0, True), (0.0, 0.2, True), (0.04, 0.04, False)])
def test_a_column_has_left_its_range_on_the_test_part_or_on_the_scored_day(test, now, left):
    assert drift_by_hand(beyond_test=test, beyond_now=now).left_range() == ["own_post"] * left


@pytest.mark.parametrize(("at_risk", "moved"), [(100, True), (9, False)])
def test_few_users_move_a_mean_by_chance(at_risk, moved):
    assert list(drift_by_hand(at_risk=at_risk, mean=0.9).moved()) == ["own_post"] * moved


def test_what_has_moved_is_among_the_findings_of_a_split(prepared):
    dataset = prepared(log(leaving_day=78, times=4))
    found = examine(dataset, dataset.split())
    assert next(drift_findings(found.drift)) in found.findings
