import numpy as np
import pytest

from churn.segments import ControlConfig, hold_back

IDS = [f"u{i}" for i in range(200)]


def drawn(n, share, seed=0, occasion="2024-03-01"):
    return hold_back(IDS[:n], ControlConfig(share=share, seed=seed), occasion=occasion)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("n", [2, 3, 10, 101])
def test_the_share_is_held_back_but_never_nobody_and_never_everybody(n, share):
    assert drawn(n, share).sum() == min(max(round(share * n), 1), n - 1)


@pytest.mark.parametrize(("n", "share"), [(0, 0.5), (1, 0.5), (1, 0.99), (50, 0.0)])
def test_nobody_is_held_back_from_a_list_of_one_or_without_a_share(n, share):
    assert drawn(n, share).tolist() == [False] * n


def test_the_same_list_gives_the_same_control_and_another_seed_or_cutoff_another():
    first = drawn(100, 0.3)
    assert (first == drawn(100, 0.3)).all()
    assert (first != drawn(100, 0.3, seed=1)).any()
    assert (first != drawn(100, 0.3, occasion="2024-03-08")).any()


def test_the_lot_is_the_user_s_own_whatever_the_type_of_the_id():
    config = ControlConfig(share=0.3)
    numbers, texts = list(range(50)), [str(i) for i in range(50)]
    assert (hold_back(numbers, config, occasion="a") == hold_back(texts, config, occasion="a")).all()
    assert (hold_back(texts, config, occasion="a") != hold_back(texts[::-1], config, occasion="a")[::-1]).any()


@pytest.mark.slow
@pytest.mark.parametrize(("n", "share"), [(7, 0.3), (10, 0.25), (5, 0.8), (3, 0.5)])
def test_everyone_has_the_same_chance(n, share):
    held = np.mean([drawn(n, share, seed=seed) for seed in range(4000)], axis=0)
    number = min(max(round(share * n), 1), n - 1)
    assert held == pytest.approx(np.full(n, number / n), abs=4.5 * (0.25 / 4000) ** 0.5)


def test_the_control_is_spread_along_the_list():
    """By lot alone, the mean rank of 20 of 200 scatters by 12.3; here each ten or so give one."""
    for seed in range(20):
        places = np.flatnonzero(drawn(200, 0.1, seed=seed))
        assert np.abs(places - (np.arange(20) * 10 + 4.5)).max() <= 15
    means = [np.flatnonzero(drawn(200, 0.1, seed=seed)).mean() for seed in range(300)]
    assert np.std(means) < 3


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_a_share_that_leaves_nobody_to_contact_is_refused(share, refused):
    with refused("segments.control.share", str(share), "correct"):
        ControlConfig(share=share)
