"""The choice of context: what pays is found, what does not is left, and nothing is chosen by the part that judges."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import declared
from churn.data import FAMILIES, DataConfig, WindowConfig, examine_new, prepare, save_context, with_context
from churn.data.sources.simulator import PRESETS, Preset, simulate_platform
from churn.errors import UserError
from churn.training import choose_context

pytestmark = pytest.mark.slow

N_USERS, N_DAYS = 500, 110
ONE_WEEK = WindowConfig(history_days=3, horizon_days=3, at_risk="member")


def log(chances, seed=0):
    """A log of users who act on a day with the chance of its column: (users, days)."""
    user, day = np.nonzero(np.random.default_rng(seed).random(chances.shape) < chances)
    ids = np.array([f"u{k:03d}" for k in range(len(chances))])
    when = pd.Timestamp("2024-01-01 12:00") + pd.to_timedelta(day, unit="D")
    events = pd.DataFrame({"user_id": ids[user], "actor_id": ids[user], "event": "post", "timestamp": when})
    return {"events": events, "members": pd.DataFrame({"user_id": ids, "joined": "2023-06-01"})}


@pytest.fixture(scope="module")
def of_habits(prepared):
    """Users who differ for good, so that the days before the history tell more of them."""
    habit = np.random.default_rng(1).beta(0.7, 2, (N_USERS, 1))
    return prepared(log(np.repeat(habit, N_DAYS, axis=1)), windows=ONE_WEEK)


@pytest.fixture(scope="module")
def of_habits_chosen(of_habits):
    return choose_context(of_habits, repetitions=200)


def test_what_the_past_before_the_history_tells_is_found(of_habits_chosen):
    table = of_habits_chosen.table.set_index("family")
    assert of_habits_chosen.features
    assert table.loc["chosen", "low"] > 0.01
    assert table.loc["chosen", "features"].split() == list(of_habits_chosen.features)
    assert not table.loc["calendar", "chosen"]
    taken = [name for name in FAMILIES if name in table.index and table.loc[name, "chosen"]]
    assert {one for name in taken for one in FAMILIES[name]} == set(of_habits_chosen.features)


def test_its_table_is_as_declared(of_habits_chosen, tmp_path):
    declared.CONTEXT.write(of_habits_chosen.table, tmp_path)
    assert len(declared.CONTEXT.read(tmp_path)) == len(of_habits_chosen.table)


def test_users_without_a_past_to_tell_have_none(prepared):
    same = prepared(log(np.full((N_USERS, N_DAYS), 0.25)), windows=ONE_WEEK)
    found = choose_context(same, repetitions=200)
    assert found.features == ()
    assert set(found.table.family) == {*FAMILIES} - {"people"} and not found.table.chosen.any()


def test_neither_half_b_nor_the_test_part_chooses(of_habits, of_habits_chosen):
    split = of_habits.split()
    half_b, flipped = np.isin(split.val.user, split.val_b.user), 1 - split.test.label("churn")
    val = {"churn": np.where(half_b, 1 - split.val.label("churn"), split.val.label("churn"))}
    turned = replace(split, val=replace(split.val, labels=val), test=replace(split.test, labels={"churn": flipped}))
    other = choose_context(
        SimpleNamespace(split=lambda: turned, config=of_habits.config, windows=of_habits.windows), repetitions=200
    )
    assert other.features == of_habits_chosen.features
    assert np.array_equal(other.table.gain_a, of_habits_chosen.table.gain_a)
    assert (other.table.gain != of_habits_chosen.table.gain).any()


def test_features_that_are_named_are_not_tried_again(prepared):
    habit = np.random.default_rng(1).beta(0.7, 2, (N_USERS, 1))
    dataset = prepared(log(np.repeat(habit, N_DAYS, axis=1)), windows=ONE_WEEK, features=["auto", "weekday", "gaps"])
    assert "weekend" in dataset.windows.features and "gap_now" in dataset.windows.features
    table = choose_context(dataset, repetitions=20).table.set_index("family")
    assert "calendar" not in table.index and table.loc["rhythm", "features"] == "active_weeks"


def test_auto_stands_for_nothing_until_it_is_chosen(tmp_path):
    plain, models = DataConfig(events="log.parquet"), tmp_path / "models"
    assert plain.features == ["auto"] == DataConfig(events="log.parquet", features="auto").features
    assert with_context(plain, models) is plain
    save_context(["gaps", "rates"], models)
    assert with_context(plain, models).features == ["gaps", "rates"]
    listed = DataConfig(events="log.parquet", features=["weekday", "auto", "rates"])
    assert with_context(listed, models).features == ["weekday", "gaps", "rates"]
    named = DataConfig(events="log.parquet", features=["weekday"])
    assert with_context(named, models) is named


@pytest.mark.parametrize("content", ["[", "{}", '{"features": 7}'])
def test_a_damaged_choice_is_refused(content, tmp_path):
    (tmp_path / "context.json").write_text(content)
    with pytest.raises(UserError):
        with_context(DataConfig(events="log.parquet"), tmp_path)


def test_new_data_need_four_weeks_and_say_that_they_know_less(prepared, refused):
    habit = np.repeat(np.random.default_rng(1).beta(0.7, 2, (60, 1)), N_DAYS, axis=1)
    frames, features = log(habit), ["month", "rates"]
    whole = prepared(frames, windows=ONE_WEEK, features=features)

    def since(days):
        first = pd.Timestamp("2024-01-01") + pd.Timedelta(days=N_DAYS - days)
        late = frames | {"events": frames["events"][frames["events"].timestamp >= first]}
        return prepared(late, windows=ONE_WEEK, features=features, vocabulary=whole.vocabulary)

    new = since(40)
    place = new.windows.features.index("month_own")
    assert np.array_equal(new.newest.history()[:, -1, place], whole.newest.history()[:, -1, place])
    (finding,) = [one for one in examine_new(new) if "alone" in one.sentence]
    assert finding.sentence.startswith("month, rates know of the days since 2024-03-11 alone, and in training of")
    assert not [one for one in examine_new(since(N_DAYS)) if "alone" in one.sentence]
    with refused("expected events from 2024-03-23 on, for the features month, rates", "2024-03-31", "load all days"):
        since(20)


# Fans ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("contagion", "taken"), [(5.0, True), (1.0, False)])
def test_fans_are_taken_where_their_silence_is_catching_and_left_where_it_is_not(contagion, taken, tmp_path):
    fan = ((1, 1, 1), (2, 3, 3), (4, 6, 6))
    rates = replace(PRESETS["study"].rates, contagion=contagion, fan=fan)
    platform = Preset(n_creators=4_000, n_residents=3_600, n_fans=48_000, n_days=120, rates=rates)
    simulate_platform(platform, seed=0, out=tmp_path)
    names = {name: str(tmp_path / f"{name}.parquet") for name in ("events", "members")}
    found = choose_context(prepare(DataConfig(**names), tmp_path / "dataset"), repetitions=200)
    assert (set(FAMILIES["people"]) <= set(found.features)) == taken
    (low,) = found.table[found.table.family == "people"].low
    assert (low > 0.002) == taken


def test_fans_are_not_tried_where_a_log_has_none(of_habits_chosen, of_habits):
    assert of_habits.panel.people is None
    assert "people" not in set(of_habits_chosen.table.family)
