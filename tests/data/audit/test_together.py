"""Columns that give the outcome away together, though each one looks honest."""

import numpy as np
import pandas as pd
import pytest

from churn.data import DataConfig, SplitConfig, WindowConfig, examine, prepare

COLUMNS = ["one", "other", "channel", "pages"]


def members(rng, n=1_500):
    one, other = rng.integers(0, 2, n), rng.integers(0, 2, n)
    table = {
        "one": one,
        "other": other,
        "channel": rng.choice(["web", "fair", "friend"], n),
        "pages": rng.poisson(3, n),
    }
    joined = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, n), unit="D")
    return pd.DataFrame({"user_id": [f"m{i}" for i in range(n)], "joined": joined} | table)


@pytest.fixture
def examined(tmp_path):
    def found(table, features=COLUMNS, after=()):
        known = {name: {"known": "arrival"} for name in features} | {name: {"known": "after"} for name in after}
        config = DataConfig(
            members="members",
            outcome={"column": "state", "positive": ["won"]},
            attributes=known,
            features=list(features),
            windows=WindowConfig(at_risk="arrival", history_days=0, horizon_days=1),
            split=SplitConfig(kind="user"),
        )
        dataset = prepare(config, tmp_path / "data", frames={"members": table})
        return examine(dataset, dataset.split())

    return found


def planted(seed=0):
    """Members whose outcome is whether two columns differ, but for a twentieth."""
    rng = np.random.default_rng(seed)
    table = members(rng)
    won = (table.one != table.other) ^ (rng.random(len(table)) < 0.02)
    return table.assign(state=np.where(won, "won", "lost"))


def test_two_columns_that_are_honest_alone_are_named_together(examined) -> None:
    health = examined(planted())
    assert not [alarm for alarm in health.alarms if alarm.column in COLUMNS]
    assert health.together.seen > 0.95
    first, *_ = health.together.without
    assert first[0] in ("one", "other")
    assert first[1] < 0.6
    [told] = [finding for finding in health.findings if "leak: together" in finding.sentence]
    assert f"without {first[0]} it is" in told.sentence
    assert "known: after" in told.remedy


def test_honest_columns_are_measured_and_not_doubted(examined) -> None:
    rng = np.random.default_rng(1)
    table = members(rng)
    chance = 1 / (1 + np.exp(2 - table.pages * 0.5 - (table.channel == "friend")))
    health = examined(table.assign(state=np.where(rng.random(len(table)) < chance, "won", "lost")))
    assert 0.6 < health.together.seen < 0.9
    assert health.together.seen == health.together.every
    assert not [finding for finding in health.findings if "leak: together" in finding.sentence]


def test_a_column_that_models_do_not_see_counts_among_all_and_one_known_after_does_not(examined) -> None:
    table = planted()
    seen = examined(table, features=["channel", "pages"]).together
    assert seen.every > 0.95 > 0.6 > seen.seen


def test_a_column_known_after_is_left_out(examined) -> None:
    seen = examined(planted(), features=["channel", "pages"], after=["one", "other"]).together
    assert seen.every == seen.seen < 0.6


def test_too_few_members_are_not_measured(examined) -> None:
    table = planted()
    few = table.assign(state=np.where(np.arange(len(table)) % 60 == 0, "won", "lost"))
    rare = examined(few)
    assert rare.together is None


def test_the_measure_is_the_same_for_the_same_members(examined) -> None:
    table = planted()
    health = examined(table)
    again = examined(table)
    assert health.together == again.together
