"""Orders of the list: the one that did best, and how far that is borne out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import example_dataset
from churn.errors import UserError
from churn.segments import (
    BudgetConfig,
    Order,
    SegmentConfig,
    as_chosen,
    choose_order,
    compare_orders,
    had_it_been_drawn_otherwise,
    judged,
)
from churn.segments.orders import _beaten, brought

WORTH = BudgetConfig(contact_cost=0.5, save_rate=0.3, value=4)


@pytest.fixture(scope="module")
def known():
    """Windows of the example's test part, and chances that know a little of what came."""
    windows, rng = example_dataset().split().test, np.random.default_rng(0)
    n = len(windows)
    chances = np.clip(0.5 * windows.answers + rng.uniform(0.1, 0.4, n), 0, 1)
    scores = pd.DataFrame({"user_id": windows.user_ids, "cutoff": windows.dates, "p_churn": chances})
    return windows, scores.assign(p_sticker=rng.beta(1, 5, n), expected_amount=rng.gamma(2, 5, n))


def by_hand(windows, scores, *, order, worth, share):
    """What lists of a share found, and lists at random: a list per cutoff, cut out of the sorted rows."""
    found, lot, days = 0.0, 0.0, np.unique(windows.cutoff)
    for day in days:
        inside = np.flatnonzero(windows.cutoff == day)
        size = max(1, round(share * len(inside)))
        first = inside[np.argsort(-scores[order].to_numpy()[inside], kind="stable")[:size]]
        found, lot = found + worth[first].sum(), lot + size * worth[inside].mean()
    return found / len(days), lot / len(days)


def received(windows, days):
    """The amounts that came in the days before each cutoff, summed from the panel day by day."""
    return sum(
        windows.panel.amounts[windows.rows(first=-day, last=-day)[:, 0]].astype(float) for day in range(1, days + 1)
    )


def test_lists_are_worth_what_those_who_fell_silent_had_received_per_horizon_before_the_cutoff(known):
    windows, scores = known
    found = compare_orders(windows, scores, SegmentConfig(quantile=0.8, before_days=13)).set_index("rank_by")
    worth = windows.answers * received(windows, 20) * windows.horizon_days / 20
    value, lot = by_hand(windows, scores, order="p_churn", worth=worth, share=0.2)
    row = found.loc["p_churn"]
    assert (row.value, row.by_lot, row.excess) == pytest.approx((value, lot, value - lot))
    everyone = replace(windows, labels={**windows.labels, "churn": np.ones_like(windows.answers)})
    assert brought(everyone, SegmentConfig(before_days=13)) == pytest.approx(received(windows, 20) * 7 / 20)
    assert found.index.tolist() == ["priority", "p_churn", "value_at_risk", "expected_loss"]
    assert (found.lists == len(np.unique(windows.cutoff))).all() and (found.n == found.n.iloc[0]).all()


def test_with_a_budget_lists_bring_what_the_calls_would_have_earned_by_what_came(known):
    windows, scores = known
    config = SegmentConfig(rule="quantile", quantile=0.8, budget=replace(WORTH, incentive=1, uptake=0.5))
    row = compare_orders(windows, scores, config).set_index("rank_by").loc["p_churn"]
    earned = np.where(windows.answers == 1, 0.3 * (4 - 1), -0.5 * 1) - 0.5
    assert (row.value, row.by_lot) == pytest.approx(by_hand(windows, scores, order="p_churn", worth=earned, share=0.2))


def test_a_user_of_a_log_without_amounts_counts_as_one(known):
    windows, scores = known
    bare = replace(windows, panel=replace(windows.panel, amounts=None), labels={"churn": windows.answers})
    row = compare_orders(bare, scores[["user_id", "cutoff", "p_churn"]], SegmentConfig()).set_index("rank_by")
    expected = by_hand(windows, scores, order="p_churn", worth=windows.answers.astype(float), share=0.1)
    assert (row.value["p_churn"], row.by_lot["p_churn"]) == pytest.approx(expected)


def test_a_score_gains_nothing_by_its_own_ingredients(known):
    windows, scores = known
    config, boastful = SegmentConfig(), scores.assign(expected_amount=1e6 * scores.expected_amount)
    pd.testing.assert_frame_equal(compare_orders(windows, scores, config), compare_orders(windows, boastful, config))


def test_a_score_that_knows_what_comes_is_clearly_better_than_the_lot_and_noise_is_not(known):
    windows, scores = known
    found = compare_orders(windows, scores, SegmentConfig(rule="quantile", budget=WORTH)).set_index("rank_by")
    assert found.excess_low["p_churn"] > 0 and choose_order(found.reset_index()) == "p_churn"
    noise = scores.assign(p_churn=np.random.default_rng(1).uniform(0.2, 0.8, len(scores)))
    row = compare_orders(windows, noise, SegmentConfig(rule="quantile", budget=WORTH)).set_index("rank_by")
    assert row.excess_low["p_churn"] < 0 < row.excess_high["p_churn"]


def test_intervals_of_the_excess_cover_it_over_users(known):
    """The excess over the lot, whose lists' mean changes with the users drawn: as if all of it were computed anew."""
    windows, scores = known
    row = compare_orders(windows, scores, SegmentConfig(quantile=0.8, rule="quantile", budget=WORTH), repetitions=2000)
    row = row.set_index("rank_by").loc["p_churn"]
    gain = 1.2 * windows.answers - 0.5
    place = scores.groupby(windows.cutoff).p_churn.rank(ascending=False, method="first")
    size = scores.groupby(windows.cutoff).p_churn.transform("size")
    listed, rng, users = (
        (place <= (0.2 * size).round().clip(lower=1)).to_numpy(),
        np.random.default_rng(0),
        windows.user,
    )
    again = []
    for _ in range(600):
        w = rng.multinomial(users.max() + 1, np.full(users.max() + 1, 1 / (users.max() + 1)))[users]
        day = pd.DataFrame({"w": w, "wg": w * gain, "lw": listed * w, "lwg": listed * w * gain}).groupby(windows.cutoff)
        s = day.sum()
        again.append((s.lwg - s.lw * s.wg / s.w.clip(lower=1)).sum() / len(s))
    width, theirs = row.excess_high - row.excess_low, np.subtract(*np.quantile(again, [0.975, 0.025]))
    assert width == pytest.approx(theirs, rel=0.15)


@pytest.mark.parametrize(
    ("beaten", "chosen"),
    [
        (["", "", "", ""], "priority"),
        (["p_churn", "", "", ""], "p_churn"),
        (["p_churn", "expected_loss", "", ""], "value_at_risk"),
        (["p_churn"] * 3 + [""], "expected_loss"),
    ],
)
def test_the_first_order_that_no_other_beats_is_chosen(beaten, chosen):
    names = ["priority", "p_churn", "value_at_risk", "expected_loss"]
    found = pd.DataFrame({"rank_by": names, "n_users": 30, "beaten_by": beaten})
    assert choose_order(found) == chosen
    assert choose_order(found.assign(n_users=29)) == "priority"


def gained(*columns):
    """Sums per user of several orders, each given by the gain of every user."""
    return pd.DataFrame(dict(zip(("priority", "p_churn", "value_at_risk"), map(np.asarray, columns), strict=False)))


def test_an_order_beats_another_by_a_tenth_and_by_one_standard_error_of_the_difference():
    rng = np.random.default_rng(0)
    base, again = rng.normal(1, 1, 100), {"repetitions": 2000, "seed": 0}
    assert _beaten(gained(base, base + 0.09), **again) == {}  # under a tenth of about 1, though it is clear
    assert _beaten(gained(base, base + 0.2), **again) == {"priority": "p_churn"}
    assert _beaten(gained(base - 1.3, base - 1.1), **again) == {"priority": "p_churn"}  # a loss that is less
    apart = base + 0.2 + (noise := rng.normal(0, 1, 100)) - noise.mean()  # by .2 with an error of .1
    assert _beaten(gained(base, apart), **again) == {"priority": "p_churn"}
    assert _beaten(gained(base, apart + 2.5 * (apart - base - 0.2)), **again) == {}  # an error of .35
    assert _beaten(gained(base, base + 0.2, base + 0.5), **again) == {
        "priority": "p_churn",
        "p_churn": "value_at_risk",
    }


def test_an_order_is_judged_by_its_own_row_and_kept_beside_the_models(known, tmp_path):
    windows, scores = known
    found = compare_orders(windows, scores, SegmentConfig(budget=WORTH))
    order = judged(found, Order("p_churn", "best", "profit", 7))
    row = found[found.rank_by == "p_churn"].iloc[0]
    assert (order.users, order.value, order.excess_low) == (row.n_users, row.value, row.excess_low)
    order.save(tmp_path)
    assert Order.load(tmp_path) == order == Order.of(order.facts())
    assert as_chosen(SegmentConfig(quantile=0.5), tmp_path) == SegmentConfig(quantile=0.5, rank_by="p_churn")
    named = SegmentConfig(rank_by="value_at_risk")
    assert as_chosen(named, tmp_path / "no models") is named
    with pytest.raises(UserError, match=r"order\.json"):
        as_chosen(SegmentConfig(), tmp_path / "no models")


@pytest.mark.parametrize("content", ['{"rank_by": "p_sticker", "measure": "profit"}', '{"rank_by": "p_churn"}', "[]"])
def test_an_order_that_is_none_is_refused(content, tmp_path):
    (tmp_path / "order.json").write_text(content)
    with pytest.raises(UserError, match=r"order\.json"):
        Order.load(tmp_path)


@pytest.mark.parametrize(
    ("facts", "verdict", "undecided"),
    [
        ({"excess": 2, "excess_low": 0.5, "excess_high": 3.5}, "better", True),
        ({"excess": 0.9, "excess_low": 0.5, "excess_high": 0.95}, "slight", False),  # of 10 at random
        ({"excess": 0.5, "excess_low": -0.5, "excess_high": 1.5}, "same", True),
        ({"excess": 0.1, "excess_low": -0.2, "excess_high": 0.4}, "same", False),
        ({"excess": -2, "excess_low": -3, "excess_high": -1}, "worse", False),
        ({"excess": 2, "excess_low": 0.5, "excess_high": 3.5, "users": 29}, "few", True),
        ({"excess": 2, "excess_low": 0.5, "excess_high": 3.5, "seen": True}, "seen", True),
        ({"value": None, "excess": None, "excess_low": None, "excess_high": None}, "unknown", False),
    ],
)
def test_past_lists_have_to_beat_the_lot_clearly_and_by_a_tenth(facts, verdict, undecided):
    order = Order("priority", "best", "users", 7, lists=9, **({"users": 99, "value": 12.0, "by_lot": 10.0} | facts))
    assert (order.verdict, order.undecided) == (verdict, undecided)


def test_the_length_that_pays_is_the_default_where_a_budget_is_known():
    assert SegmentConfig().ending == "quantile" and SegmentConfig(budget=WORTH).ending == "profit"
    assert SegmentConfig(rule="quantile", budget=WORTH).ending == "quantile"


def test_the_list_that_is_used_is_marked_among_all_orders(known):
    windows, scores = known
    found = had_it_been_drawn_otherwise(windows, scores, SegmentConfig(rank_by="value_at_risk", budget=WORTH))
    used = found[found.used]
    assert set(zip(used.rank_by, used.rule, strict=True)) == {("value_at_risk", "profit")}
