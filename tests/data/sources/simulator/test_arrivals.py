"""Made-up arrivals: their truth is that of their answers, and whoever draws none sees no difference."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from churn.cli import main
from churn.data.sources.simulator import Arrivals, Preset, draw_arrivals, simulate_platform, true_chances

MADE = Arrivals(n=20_000)
TINY = Preset(n_creators=40, n_residents=30, n_fans=100, n_days=20)


@pytest.fixture(scope="module")
def drawn():
    return draw_arrivals(MADE, seed=0)


def test_as_many_are_carried_as_the_truth_says_in_every_tenth(drawn) -> None:
    members, truth = drawn
    known = members.state.notna()
    carried = (members.state == "carried")[known]
    for name in ("p", "p_without_text"):
        p = truth[name][known]
        by_tenth = pd.DataFrame({"p": p, "y": carried, "v": p * (1 - p)}).groupby(pd.qcut(p, 10, labels=False))
        z = (by_tenth.y.sum() - by_tenth.p.sum()) / np.sqrt(by_tenth.v.sum())
        assert np.abs(z).max() < 4


def test_the_goal_and_the_video_have_their_planted_effects_and_rewards_have_none(drawn) -> None:
    members, truth = drawn
    by_goal = logit(truth.p_goal_20000) - logit(truth.p_goal_2000)
    assert by_goal.to_numpy() == pytest.approx(MADE.goal * np.log(10))
    assert (logit(truth.p_video_yes) - logit(truth.p_video_no)).to_numpy() == pytest.approx(MADE.video)
    assert (true_chances(MADE, members.assign(rewards=99)) == truth.p).all()
    beginners = replace(MADE, beginners=-1.0)
    steeper = true_chances(beginners, members.assign(goal=20_000)) < truth.p_goal_20000 - 1e-9
    assert (steeper == (members.experience == 0)).all()


def test_truth_at_the_value_that_a_member_has_is_that_member_s_own(drawn) -> None:
    members, truth = drawn
    at = members.goal == 5_000
    assert at.sum() > 20 and (truth.p_goal_5000 == truth.p)[at].all()
    assert (truth.p_video_yes == truth.p)[members.video].all()


def test_one_topic_of_the_text_has_an_effect_and_without_the_text_the_chance_is_the_average(drawn) -> None:
    members, truth = drawn
    first = members.blurb.str.contains("river|boat|harbour|fishing|island")
    assert first.mean() == pytest.approx(0.25, abs=0.02)
    assert (truth.p > truth.p_without_text)[first].all() and (truth.p < truth.p_without_text)[~first].all()


def test_answers_that_come_after_the_last_day_are_not_known(drawn) -> None:
    members, _ = drawn
    last = pd.Timestamp(MADE.first_day) + pd.Timedelta(days=MADE.n_days)
    assert (members.state.isna() == (members.decided >= last)).all()
    assert 0.02 < members.state.isna().mean() < 0.2 and (members.decided > members.joined).all()


def test_the_same_seed_gives_the_same_arrivals_and_another_seed_others() -> None:
    made = Arrivals(n=50)
    for one, again in zip(draw_arrivals(made, seed=1), draw_arrivals(made, seed=1), strict=True):
        pd.testing.assert_frame_equal(one, again)
    assert not draw_arrivals(made, seed=2)[0].equals(draw_arrivals(made, seed=1)[0])


def test_arrivals_stand_beside_a_platform_of_the_same_bytes(tmp_path) -> None:
    simulate_platform(TINY, seed=3, out=tmp_path / "alone")
    simulate_platform(TINY, seed=3, out=tmp_path / "both", made=Arrivals(n=30))
    folders = (tmp_path / name for name in ("alone", "both"))
    alone, both = ({path.name: path.read_bytes() for path in folder.glob("*.parquet")} for folder in folders)
    assert {name: both[name] for name in alone} == alone
    assert {*both} - {*alone} == {"arrivals.parquet", "arrivals_truth.parquet"}
    assert len(pd.read_parquet(tmp_path / "both" / "arrivals.parquet")) == 30


def test_a_number_of_arrivals_below_one_is_refused(tmp_path, capsys) -> None:
    assert main(["simulate", "--arrivals", "0", "--out", str(tmp_path)]) == 2
    assert "expected --arrivals of at least 1" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_writes_arrivals(tmp_path) -> None:
    assert main(["simulate", "--quiet", "--seed", "4", "--arrivals", "40", "--out", str(tmp_path)]) == 0
    written = pd.read_parquet(tmp_path / "arrivals.parquet")
    pd.testing.assert_frame_equal(written, draw_arrivals(Arrivals(n=40), seed=4)[0], check_dtype=False)
