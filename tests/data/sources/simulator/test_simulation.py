import hashlib
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from churn.data.sources.simulator import (
    PRESETS,
    Dirt,
    Preset,
    population,
    rows,
    simulate,
    simulate_platform,
    simulation,
)
from churn.data.sources.simulator.latent import Emissions, horizon_outlook, latent_model
from churn.errors import UserError

FILES = ["events.parquet", "members.parquet", "stickers.parquet", "truth.parquet"]
TINY = Preset(n_creators=40, n_residents=30, n_fans=100, n_days=20)
FIRST, LAST = pd.Timestamp("2022-11-10"), pd.Timestamp("2022-11-10") + pd.Timedelta(days=119)


def hashes(folder: Path) -> list[str]:
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    simulate("small", seed=0, out=folder)
    tables = {name.split(".")[0]: pd.read_parquet(folder / name) for name in FILES}
    return SimpleNamespace(folder=folder, **tables)


@pytest.fixture(scope="module")
def windows(log):
    """Labels by plain pandas, from the tables alone and for all creators at risk, beside the truth."""
    own = log.events[log.events.user_id == log.events.actor_id]
    users = log.members.user_id
    active, paid = days_of(own, users), days_of(log.stickers, users)
    parts = []
    for cutoff in pd.date_range(FIRST + pd.Timedelta(days=7), LAST + pd.Timedelta(days=1)):
        before, after = cutoff - pd.Timedelta(days=7), cutoff + pd.Timedelta(days=6)
        at_risk = active.loc[before : cutoff - pd.Timedelta(days=1)].any()
        part = pd.DataFrame({"churn": ~active.loc[cutoff:after].any(), "sticker": paid.loc[cutoff:after].any()})
        parts.append(part[at_risk].rename_axis("user_id").reset_index().assign(cutoff=cutoff, censored=after > LAST))
    return pd.concat(parts).merge(log.truth, on=["user_id", "cutoff"], how="outer", indicator=True)


def days_of(events, users):
    """Whether each user has an event on each day, days × users."""
    day = events.timestamp.dt.tz_localize(None).dt.floor("D")
    return (pd.crosstab(day, events.user_id) > 0).reindex(
        index=pd.date_range(FIRST, LAST), columns=users, fill_value=False
    )


@pytest.mark.slow
def test_same_seed_gives_the_same_bytes(log, tmp_path):
    simulate("small", seed=0, out=tmp_path)
    assert hashes(tmp_path) == hashes(log.folder)


def test_another_seed_gives_other_bytes_in_every_file(tmp_path):
    for seed in (1, 2):
        simulate_platform(TINY, seed=seed, out=tmp_path / str(seed))
    assert all(a != b for a, b in zip(hashes(tmp_path / "1"), hashes(tmp_path / "2"), strict=True))


def test_unknown_preset_is_a_mistake_that_names_the_known_ones(tmp_path):
    with pytest.raises(UserError, match="expected a preset out of small, study, large, got 'tiny'; choose"):
        simulate("tiny", seed=0, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_failure_halfway_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "stickers_of", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        simulate_platform(TINY, seed=0, out=tmp_path, dirt=Dirt())
    assert list(tmp_path.iterdir()) == []


def test_tables_have_the_columns_and_types_of_the_contract(log):
    found = {name: {f.name: str(f.type) for f in pq.read_schema(log.folder / name)} for name in FILES}
    assert found["events.parquet"] == {
        "user_id": "string", "actor_id": "string", "event": "string", "timestamp": "timestamp[us, tz=UTC]"
    }  # fmt: skip
    assert found["stickers.parquet"] == {
        "user_id": "string", "actor_id": "string", "timestamp": "timestamp[us, tz=UTC]", "amount": "double"
    }  # fmt: skip
    assert found["members.parquet"] == {
        "user_id": "string", "joined": "timestamp[us, tz=UTC]", "category": "string", "tier": "string"
    }  # fmt: skip
    assert found["truth.parquet"].pop("user_id") == "string"
    assert found["truth.parquet"].pop("cutoff").startswith("timestamp")
    assert found["truth.parquet"] == dict.fromkeys(
        ["p_churn", "p_sticker", "p_both", "p_churn_observed", "p_sticker_observed", "p_both_observed"], "double"
    )
    assert not any(getattr(log, name.split(".")[0]).isna().any(axis=None) for name in FILES)


def test_rooms_belong_to_creators_and_actors_are_creators_or_fans(log):
    assert log.members.user_id.tolist() == [f"c{i:05}" for i in range(400)]
    assert set(log.events.user_id) | set(log.stickers.user_id) <= set(log.members.user_id)
    assert log.events.actor_id.str.fullmatch(r"[cf]\d{5}").all()
    assert log.stickers.actor_id.str.fullmatch(r"f\d{5}").all()


def test_each_role_has_its_own_events(log):
    actor, own = log.events.actor_id.str[0], log.events.actor_id == log.events.user_id
    assert set(log.events.event[own]) == {"post", "stream", "reply_to_fan"}
    assert set(log.events.event[actor == "f"]) == {"comment", "like", "view"}
    assert set(log.events.event[(actor == "c") & ~own]) == {"visit", "comment"}


def test_events_lie_within_the_span_in_order_of_time_and_in_whole_seconds(log):
    for table in (log.events, log.stickers):
        assert table.timestamp.is_monotonic_increasing
        assert table.timestamp.dt.floor("s").equals(table.timestamp)
        assert table.timestamp.min() >= FIRST.tz_localize("UTC")
        assert table.timestamp.max() < (LAST + pd.Timedelta(days=1)).tz_localize("UTC")
    assert log.events.timestamp.dt.floor("D").nunique() == 120


def test_hours_follow_the_daily_profile(log):
    shares = log.events.timestamp.dt.hour.value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(shares, population.HOURS, atol=0.004)


def test_amounts_are_positive_and_have_two_decimals(log):
    assert (log.stickers.amount > 0).all()
    assert (log.stickers.amount.round(2) == log.stickers.amount).all()


def test_nothing_happens_to_or_by_a_creator_before_joining(log):
    joined = log.members.set_index("user_id").joined
    assert 50 <= (joined > FIRST.tz_localize("UTC")).sum() <= 70
    for who in ("user_id", "actor_id"):
        first = log.events.groupby(who).timestamp.min().filter(like="c", axis=0)
        assert (first > joined[first.index]).all()


def test_tier_is_loosely_related_to_activity_and_category_is_not(log):
    own = log.events[log.events.user_id == log.events.actor_id]
    early = own[own.timestamp < (FIRST + pd.Timedelta(days=14)).tz_localize("UTC")].user_id.value_counts()
    members = log.members.assign(early=log.members.user_id.map(early).fillna(0))
    mean = members.groupby("tier").early.mean()
    assert mean["gold"] > 2 * mean["bronze"]
    groups = [np.log1p(group) for _, group in members.groupby("category").early]
    spread = np.var([g.mean() for g in groups]) * np.mean([len(g) for g in groups])
    assert spread < 4 * np.var(np.log1p(members.early))


def test_truth_has_one_row_per_creator_and_cutoff_at_risk(log, windows):
    assert (windows["_merge"] == "both").all()
    assert not log.truth.duplicated(["user_id", "cutoff"]).any()
    assert (log.truth.cutoff.min(), log.truth.cutoff.max()) == (
        FIRST + pd.Timedelta(days=7),
        LAST + pd.Timedelta(days=1),
    )


def test_truth_of_a_cutoff_is_that_of_one_state_on_its_weekday(log):
    model = latent_model(PRESETS["small"].rates)
    for weekday, part in log.truth.groupby(log.truth.cutoff.dt.weekday):
        outlook = horizon_outlook(model, weekday)
        states = np.column_stack([outlook.churn, outlook.sticker, outlook.both])
        told = part[["p_churn", "p_sticker", "p_both"]].to_numpy()
        assert (np.abs(told[:, None] - states).max(axis=2).min(axis=1) < 1e-12).all()


def test_observed_truth_follows_from_the_written_log_alone(log):
    model, seen = latent_model(PRESETS["small"].rates), emissions(log)
    live_from = (log.members.joined.dt.tz_localize(None).dt.floor("D") - FIRST).dt.days.to_numpy() + 1
    belief = np.where(live_from[:, None] <= 0, model.settled(population.SETTLING_DAYS), model.arriving)
    observed = []
    for day, cutoff in enumerate(pd.date_range(FIRST, LAST + pd.Timedelta(days=1))):
        outlook = horizon_outlook(model, cutoff.weekday()).averaged(belief)
        columns = {"a": outlook.churn, "b": outlook.sticker, "c": outlook.both}
        observed.append(pd.DataFrame(columns).assign(user_id=log.members.user_id, cutoff=cutoff))
        if day < 120:
            learnt = model.learn(belief, seen[day], weekday=cutoff.weekday())
            belief = np.where(live_from[:, None] <= day, learnt, belief)
    told = log.truth.merge(pd.concat(observed), on=["user_id", "cutoff"], validate="one_to_one")
    np.testing.assert_allclose(
        told[["p_churn_observed", "p_sticker_observed", "p_both_observed"]], told[["a", "b", "c"]]
    )


def emissions(log):
    """Count the log again, one `Emissions` per day, with visitors left out of the rooms they visit."""
    counts, stickers = np.zeros((120, 400, 8), int), np.zeros((120, 400), int)
    own, fan = log.events.actor_id == log.events.user_id, log.events.actor_id.str.startswith("f")
    for place, event in enumerate(rows.EVENTS):
        role, who = [(own, "actor_id"), (fan, "user_id"), (~own & ~fan, "actor_id")][(place > 2) + (place > 5)]
        np.add.at(counts[..., place], day_and_creator(log.events[role & (log.events.event == event)], who), 1)
    np.add.at(stickers, day_and_creator(log.stickers, "user_id"), 1)
    return [Emissions(*day) for day in zip(counts, stickers, strict=True)]


def day_and_creator(table, who):
    days = (table.timestamp.dt.tz_localize(None) - FIRST).dt.days
    return days.to_numpy(), table[who].str[1:].astype(int).to_numpy()


def test_small_is_the_log_that_published_results_are_about(log, windows):
    """With the pinned versions; should a new NumPy draw other numbers, run the experiments on it again."""
    assert (len(log.events), len(log.stickers), (~windows.censored).sum()) == (110_449, 504, 17_340)


def test_probabilities_are_coherent(log):
    for ending in ("", "_observed"):
        churn, sticker, both = (log.truth[f"p_{name}{ending}"] for name in ("churn", "sticker", "both"))
        assert ((both > 0) & (both <= np.minimum(churn, sticker)) & (churn < 1) & (sticker < 1)).all()
        assert (churn + sticker - both < 1).all()


def test_small_is_a_fair_size_with_fair_base_rates(log, windows):
    labelled = windows[~windows.censored]
    assert 100_000 < len(log.events) < 250_000
    assert 0.30 < labelled.churn.mean() < 0.45
    assert 0.10 < labelled.sticker.mean() < 0.18
    assert labelled.sticker[labelled.churn].mean() < 0.01 < 0.1 < labelled.sticker[~labelled.churn].mean()


@pytest.mark.parametrize("target", ["churn", "sticker"])
def test_days_so_far_tell_much_and_the_state_tells_more(windows, target):
    labelled = windows[~windows.censored]
    observed = roc_auc_score(labelled[target], labelled[f"p_{target}_observed"])
    assert 0.75 < observed < roc_auc_score(labelled[target], labelled[f"p_{target}"]) < 0.97


@pytest.mark.parametrize("ending", ["", "_observed"])
@pytest.mark.parametrize("target", ["churn", "sticker", "both"])
def test_probabilities_are_calibrated_in_every_bin(windows, target, ending):
    labelled = windows[~windows.censored].assign(both=lambda w: w.churn & w.sticker)
    p = labelled[f"p_{target}{ending}"]
    residual = labelled[target] - p
    for _, part in residual.groupby(pd.qcut(p, 5, duplicates="drop"), observed=True):
        # a user's windows overlap, so the user is the unit; the square of 2 keeps a bin of few outcomes honest
        by_user = part.groupby(labelled.user_id).sum()
        assert abs(part.sum()) < 4 * np.sqrt((by_user**2).sum() + 2**2)


def test_visits_fall_on_all_other_creators_alike(log):
    away = log.events[log.events.actor_id.str.startswith("c") & (log.events.actor_id != log.events.user_id)]
    old = log.members.user_id[:340]  # those who were there all along
    counts = away.user_id.value_counts().reindex(old, fill_value=0)
    assert counts.var() == pytest.approx(counts.mean(), rel=4 * np.sqrt(2 / len(old)))


def test_presets_grow_and_the_study_spans_the_reference_weeks():
    assert all(a.n_creators < b.n_creators for a, b in pairwise(PRESETS.values()))
    assert (PRESETS["study"].first_day, PRESETS["study"].n_days) == (date(2022, 11, 10), 139)


def test_with_contagion_a_silent_circle_leaves_its_room_to_the_loyal_fan(tmp_path):
    simulate("small", seed=0, out=tmp_path, contagion=5)
    events = pd.read_parquet(tmp_path / "events.parquet")
    visits = events[events.actor_id.str.startswith("f")]
    assert visits.groupby("actor_id").user_id.nunique().max() == 1  # so a fan who is silent here is so everywhere
    per_room = visits.groupby("user_id").actor_id.nunique()
    assert per_room.max() == 12
    room = visits[visits.user_id == visits.user_id.mode()[0]]
    share = room.groupby(room.timestamp.dt.floor("D")).actor_id.agg(lambda fans: (fans == fans.min()).mean())
    assert (share == 1).mean() > 0.1 and (share < 0.3).mean() > 0.3


def test_the_circle_acts_as_often_as_is_drawn_and_the_loyal_fan_otherwise():
    names = rows.Names(Preset(n_creators=2, n_residents=2, n_fans=24, n_days=20))
    found = names.circle(np.array([0, 0, 0, 1, 1]), np.array([2, 0]), rng=np.random.default_rng(0)) - names.n_creators
    assert (found[:2] % 12 > 0).all() and found[2:].tolist() == [0, 12, 12]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["", "_observed"])
def test_with_contagion_the_truth_is_calibrated(ending, tmp_path):
    simulate("small", seed=3, out=tmp_path, contagion=5)
    truth, events = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("truth", "events"))
    own = events[events.user_id == events.actor_id]
    day = own.timestamp.dt.tz_localize(None).dt.floor("D").astype(truth.cutoff.dtype)
    acted = pd.MultiIndex.from_arrays([own.user_id, day]).unique()
    truth = truth[truth.cutoff <= LAST - pd.Timedelta(days=6)]
    alive = np.zeros(len(truth), bool)
    for ahead in range(7):
        alive |= pd.MultiIndex.from_arrays([truth.user_id, truth.cutoff + pd.Timedelta(days=ahead)]).isin(acted)
    p = truth[f"p_churn{ending}"]
    residual = ~alive - p
    for _, part in residual.groupby(pd.qcut(p, 5), observed=True):
        by_user = part.groupby(truth.user_id).sum()
        assert abs(part.sum()) < 4 * np.sqrt((by_user**2).sum() + 2**2)
