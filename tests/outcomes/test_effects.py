"""Effects compared with a planted truth, with the simulator's own chances of churn and of a sticker."""

import numpy as np
import pandas as pd
import pytest

from churn.data.sources.simulator import simulate
from churn.outcomes.effects import effects, group_outcomes
from churn.segments import CONTACT, CONTROL, ControlConfig, SegmentConfig, hold_back, prioritise
from churn.statistics import mean_difference, share_difference

pytestmark = pytest.mark.slow

REPETITIONS = 1000
SHARE = 0.3  # held back


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """The list that the true chances give on one day of the simulated platform, best first."""
    folder = tmp_path_factory.mktemp("log")
    simulate("small", seed=5, out=folder)
    truth = pd.read_parquet(folder / "truth.parquet")
    day = truth[truth.cutoff == truth.cutoff.max()].reset_index(drop=True)
    scored = prioritise(
        day[["user_id", "cutoff", "p_churn", "p_sticker"]], SegmentConfig(rank_by="priority", quantile=0.5)
    )
    return scored[scored.segment == "priority"].sort_values("priority", ascending=False, ignore_index=True)


def trials(listed, *, saved):
    """Each repetition's control at random, and outcomes in which a contact keeps a share of those who would churn."""
    rng = np.random.default_rng(7)
    for repetition in range(REPETITIONS):
        config = ControlConfig(share=SHARE, seed=repetition)
        control = hold_back(listed.user_id.tolist(), config, occasion="2024-03-01")
        stays = rng.uniform(size=len(listed)) > listed.p_churn.to_numpy()
        kept = rng.uniform(size=len(listed)) < saved
        retention = stays | (kept & ~control)
        sticker = rng.uniform(size=len(listed)) < listed.p_sticker.to_numpy()
        yield control, retention, sticker * rng.gamma(2, 5, len(listed))


@pytest.mark.parametrize("saved", [0.0, 0.3, 0.6])
def test_the_interval_holds_the_planted_effect_in_95_of_100_lists_and_finds_none_where_there_is_none(listed, saved):
    truth, inside, found = saved * float(listed.p_churn.mean()), [], []
    for control, retention, _ in trials(listed, saved=saved):
        a, b = retention[~control], retention[control]
        effect = share_difference(int(a.sum()), len(a), successes_b=int(b.sum()), n_b=len(b))
        inside.append(effect.difference.low <= truth <= effect.difference.high)
        found.append(effect.p < 0.05)
    assert 0.93 <= np.mean(inside) <= 0.985
    if not saved:
        assert 0.02 <= np.mean(found) <= 0.07


def test_amounts_differ_by_chance_alone_in_one_list_of_twenty(listed):
    found = [mean_difference(amount[~c], amount[c]) for c, _, amount in trials(listed, saved=0.0)]
    assert 0.02 <= np.mean([one.p < 0.05 for one in found]) <= 0.08
    assert np.mean([one.difference.low <= 0 <= one.difference.high for one in found]) >= 0.92


def table_of(contact, control, *, others=4):
    """Scored users of whom some were to be contacted and some held back, and what happened: so many stayed."""
    groups = [CONTACT] * len(contact) + [CONTROL] * len(control) + [""] * others
    segment = ["priority" if group else "other" for group in groups]
    scored = pd.DataFrame({"group": groups, "segment": segment, "p_churn": 0.25})
    return scored, pd.DataFrame({"retention": [*contact, *control, *[True] * others]})


def test_without_a_control_or_without_contacts_there_is_no_effect():
    for groups in (([True, False], []), ([], [True, False]), ([], [])):
        scored, seen = table_of(*groups)
        assert effects(scored, seen, reached=None).empty
        assert "all" in set(group_outcomes(scored, seen, reached=None).group)


def test_a_group_of_nobody_has_no_rate_and_is_no_crash():
    scored, seen = table_of([], [], others=3)
    table = group_outcomes(scored, seen, reached=np.zeros(3, bool)).set_index("group")
    assert table.n["list"] == 0
    assert np.isnan(table.rate["list"])
    assert table.rate["all"] == 1


def test_the_effect_per_user_reached_is_the_effect_over_the_difference_in_who_was():
    scored, seen = table_of([True] * 60 + [False] * 20, [True] * 20 + [False] * 20)
    reached = np.zeros(len(scored), bool)
    reached[:40] = True  # half of those to contact
    found = effects(scored, seen, reached=reached).set_index("comparison")
    assert found.difference["contact vs control"] == pytest.approx(0.25)
    assert found.difference["per user reached"] == pytest.approx(0.5)
    assert found.low["per user reached"] == pytest.approx(2 * found.low["contact vs control"])
    assert found.difference["reached vs not"] == pytest.approx(40 / 40 - 40 / 80)


def test_few_reached_users_have_no_effect_of_their_own():
    scored, seen = table_of([True] * 60 + [False] * 20, [True] * 20 + [False] * 20)
    reached = np.zeros(len(scored), bool)
    reached[:29] = True
    assert "per user reached" not in set(effects(scored, seen, reached=reached).comparison)


def test_nobody_reached_leaves_the_effect_by_intention_alone():
    scored, seen = table_of([True, False], [True, False])
    found = effects(scored, seen, reached=np.zeros(len(scored), bool))
    assert "per user reached" not in set(found.comparison)


def test_lift_is_over_everyone_and_a_forecast_of_staying_is_one_less_churn():
    scored, seen = table_of([True, False], [False, False])
    table = group_outcomes(scored, seen, reached=None).set_index("group")
    assert table.lift["contact"] == pytest.approx(0.5 / (5 / 8))
    assert table.forecast["contact"] == 0.75
