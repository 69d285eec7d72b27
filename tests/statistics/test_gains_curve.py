import numpy as np
import pytest

from churn.statistics import SHARES, evaluate, gains


def values(found):
    return [found[share].value for share in SHARES]


def test_a_gain_curve_counted_by_hand():
    # twenty windows, best first; the positives stand at places 1, 2, 4 and 10
    y = np.isin(np.arange(1, 21), [1, 2, 4, 10])
    found = gains(y, np.linspace(1, 0, 20), users=np.arange(20), repetitions=20)
    assert values(found) == pytest.approx([0.25, 0.5, 0.5, *[0.75] * 6, *[1.0] * 11])


def test_a_tie_at_the_border_lets_in_its_part():
    # one certain window, then ten tied ones with two of the positives, then nine without any
    y = np.r_[1, 1, 1, np.zeros(17)]
    p = np.r_[0.9, np.full(10, 0.5), np.full(9, 0.1)]
    found = gains(y, p, users=np.arange(20), repetitions=20)
    tied = [(1 + 0.2 * n) / 3 for n in range(11)]  # each further tied window holds a fifth of a positive
    assert values(found) == pytest.approx([*tied, *[1.0] * 9])


def test_a_gain_is_the_mean_over_random_orders_of_tied_scores():
    rng = np.random.default_rng(1)
    p = rng.integers(0, 6, 200) / 5
    y = rng.uniform(size=200) < 0.2 + p / 2
    orders = [np.lexsort((rng.uniform(size=200), -p)) for _ in range(3000)]
    expected = np.mean([np.cumsum(y[order])[9::10] for order in orders], axis=0) / y.sum()
    assert values(gains(y, p, users=np.arange(200), repetitions=5)) == pytest.approx(expected, abs=0.01)


def test_a_constant_forecast_finds_as_much_as_it_takes():
    found = gains(np.tile([0, 0, 1], 40), np.full(120, 0.4), users=np.arange(120), repetitions=50)
    assert values(found) == pytest.approx(SHARES)
    assert all(found[s].low == pytest.approx(s) == found[s].high for s in SHARES)


def test_the_curve_rises_to_one_and_its_lift_is_that_of_the_leaderboard():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=500).round(1)
    y = rng.uniform(size=500) < p
    found = gains(y, p, users=np.arange(500) // 5, repetitions=100)
    assert (np.diff(values(found)) >= 0).all()
    assert [found[1.0].low, found[1.0].value, found[1.0].high] == pytest.approx([1, 1, 1])
    assert found[0.1].value / 0.1 == pytest.approx(evaluate(y, p)["lift_10"][0])
    assert all(0 <= found[s].low <= found[s].value <= found[s].high <= 1 for s in SHARES[:-1])


def test_copies_of_a_user_s_windows_change_no_interval():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=80).round(1)
    y, users = rng.uniform(size=80) < p, np.arange(80) // 2
    once = gains(y, p, users=users, repetitions=60)
    often = gains(np.tile(y, 10), np.tile(p, 10), users=np.tile(users, 10), repetitions=60)
    for share in SHARES:
        assert [once[share].low, once[share].high] == pytest.approx([often[share].low, often[share].high])
    assert once[0.5].low < once[0.5].value < once[0.5].high


def test_memory_pieces_give_what_one_piece_gives(monkeypatch):
    rng = np.random.default_rng(0)
    p = rng.uniform(size=60)
    y, users = rng.uniform(size=60) < p, np.arange(60) // 3
    whole = gains(y, p, users=users, repetitions=20)
    monkeypatch.setattr("churn.statistics.order.CHUNK_CELLS", 1)
    assert gains(y, p, users=users, repetitions=20) == whole


def test_without_a_positive_there_is_no_gain():
    found = gains(np.zeros(40), np.linspace(0, 1, 40), users=np.arange(40), repetitions=20)
    assert np.isnan([[i.value, i.low, i.high] for i in found.values()]).all()


def test_input_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="one user for each"):
        gains([0, 1], [0.1, 0.2], users=[1])
    with pytest.raises(ValueError, match="probabilities"):
        gains([0, 1], [0.1, 1.2], users=[1, 2])
