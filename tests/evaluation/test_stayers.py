import numpy as np
import pytest
from scipy.special import expit, logit

from churn.artefacts import write_json
from churn.evaluation import IfStays, fit_if_stays
from churn.statistics import evaluate


def drawn(n, *, ratio, noise=0.0, seed=0):
    """Chances as models give them, whether the user stayed, whether a sticker came, and its true chance for who stays.

    A churner receives one with `ratio` times the chance of a stayer.
    """
    rng = np.random.default_rng(seed)
    p_churn, if_stays = rng.beta(2, 1.5, n), expit(rng.normal(-1.2, 1, n))
    p_sticker = (1 - p_churn) * if_stays + p_churn * ratio * if_stays
    stays = rng.random(n) >= p_churn
    received = rng.random(n) < np.where(stays, if_stays, ratio * if_stays)
    given = (expit(logit(p) + noise * rng.normal(size=n)) for p in (p_churn, p_sticker))
    return *given, stays, received.astype(np.int8), if_stays


def quotient(p_churn, p_sticker):
    return np.minimum(1, p_sticker / (1 - p_churn))


@pytest.mark.parametrize(("ratio", "noise"), [(0.2, 0.0), (0.2, 0.5), (1.0, 0.0), (0.0, 0.5)])
def test_what_those_who_stayed_teach_holds_where_the_quotient_does_not(ratio, noise):
    p_churn, p_sticker, stays, received, _ = drawn(4000, ratio=ratio, noise=noise)
    learnt = fit_if_stays(p_churn[stays], p_sticker[stays], received[stays])
    p_churn, p_sticker, stays, received, truth = drawn(20_000, ratio=ratio, noise=noise, seed=1)
    found, old = learnt(p_churn, p_sticker), quotient(p_churn, p_sticker)
    assert found[stays].mean() == pytest.approx(received[stays].mean(), abs=0.02)
    assert found.max() < 1 and (old >= 1).mean() > 0.01  # the quotient saturates
    loss = [evaluate(received[stays], p[stays])["log_loss"][0] for p in (found, old, truth)]
    assert loss[0] < loss[1] and loss[0] - loss[2] < 0.04


def test_where_no_churner_receives_a_sticker_it_is_near_the_quotient():
    p_churn, p_sticker, stays, received, truth = drawn(8000, ratio=0.0)
    found = fit_if_stays(p_churn[stays], p_sticker[stays], received[stays])(p_churn, p_sticker)
    assert np.abs(found - truth)[p_churn < 0.9].mean() < 0.04


@pytest.mark.parametrize("received", [[], [0, 0, 0], [1, 1, 1]])
def test_of_hardly_any_windows_the_quotient_is_what_is_left(received):
    p = np.full(len(received), 0.2)
    found = fit_if_stays(p, p, np.array(received, np.int8))
    assert found(np.array([0.5]), np.array([0.02]))[0] == pytest.approx(0.04, abs=0.15)
    assert 0 < found(np.array([1.0]), np.array([1.0]))[0] <= 1


def test_it_is_read_as_it_was_written_and_refused_where_it_would_turn_the_order_round(tmp_path, refused):
    IfStays(0.1, 0.9, 0.5).save(tmp_path / "if_stays.json")
    assert IfStays.load(tmp_path / "if_stays.json") == IfStays(0.1, 0.9, 0.5)
    write_json({"shift": 0.0, "sticker": -1.0, "churn": 0.5}, tmp_path / "if_stays.json")
    with refused("as it was written", "-1.0", ""):
        IfStays.load(tmp_path / "if_stays.json")
