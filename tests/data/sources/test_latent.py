from itertools import product

import numpy as np
import pytest
from scipy.stats import poisson

from churn.data.sources.latent import OWN, Emissions, LatentModel, Rates, horizon_outlook, latent_model

FUTURES = 20_000


@pytest.fixture(scope="module")
def model() -> LatentModel:
    return latent_model(Rates())


def resimulate(model: LatentModel, states, *, weekday, days, seed):
    """Live `days` days from `states` on; return who stayed silent and who got a sticker."""
    rng = np.random.default_rng(seed)
    silent, paid = np.ones(len(states), bool), np.zeros(len(states), bool)
    for day in range(weekday, weekday + days):
        seen = model.emit(states, weekday=day % 7, rng=rng)
        silent &= ~seen.active
        paid |= seen.stickers > 0
        states = model.advance(states, seen.active, rng=rng)
    return silent, paid


@pytest.mark.parametrize(("weekday", "days"), [(0, 7), (4, 7), (5, 3)])
def test_outlook_of_every_state_agrees_with_resimulated_futures(model, weekday, days):
    n_states = len(model.arriving)
    outlook = horizon_outlook(model, weekday, horizon_days=days)
    states = np.repeat(np.arange(n_states), FUTURES)
    silent, paid = resimulate(model, states, weekday=weekday, days=days, seed=weekday)
    for exact, happened in [(outlook.churn, silent), (outlook.sticker, paid), (outlook.both, silent & paid)]:
        share = happened.reshape(n_states, FUTURES).mean(axis=1)
        assert (abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / FUTURES) + 1e-12).all()


def test_outlook_of_one_day_is_the_plain_poisson_formula(model):
    outlook = horizon_outlook(model, 6, horizon_days=1)
    season = Rates().season[6]
    silence = np.exp(-season * model.rates[:, :3].sum(axis=1))
    pay_silent, pay_active = 1 - np.exp(-season * model.sticker_rates)
    np.testing.assert_allclose(outlook.churn, silence)
    np.testing.assert_allclose(outlook.both, silence * pay_silent)
    np.testing.assert_allclose(outlook.sticker, silence * pay_silent + (1 - silence) * pay_active)


def test_belief_after_three_days_equals_the_sum_over_all_paths(model):
    counts = np.array([[1, 0, 0, 0, 1, 2, 0, 0], [0, 0, 0, 1, 0, 1, 1, 0], [0, 0, 1, 1, 3, 2, 0, 1]])
    stickers = np.array([0, 1, 0])
    belief = model.arriving[None]
    for day in range(3):
        seen = Emissions(counts[[day]], stickers[[day]])
        belief = model.learn(belief, seen, weekday=day)
    np.testing.assert_allclose(belief[0], brute_force(model, counts, stickers), rtol=1e-9)


def brute_force(model, counts, stickers):
    """Sum the joint probability over all 12 ** 3 paths, step by step and with SciPy's Poisson."""
    active = (counts[:, OWN].sum(axis=1) > 0).astype(int)
    n_states, total = len(model.arriving), 0.0
    chance = np.empty((3, n_states))
    for day, state in product(range(3), range(n_states)):
        season = model.season[day]
        chance[day, state] = poisson.pmf(counts[day], season * model.rates[state]).prod()
        chance[day, state] *= poisson.pmf(stickers[day], season * model.sticker_rates[active[day], state])
    for a, b, c in product(range(n_states), repeat=3):
        path = model.arriving[a] * chance[0, a] * model.transitions[active[0], a, b] * chance[1, b]
        path *= model.transitions[active[1], b, c] * chance[2, c]
        total = total + path * model.transitions[active[2], c]
    return total / total.sum()


def test_activity_lifts_attention_and_silence_lets_it_sink(model):
    attention = np.arange(12) % 3
    after_silence, after_activity = model.transitions @ attention
    between = attention == 1
    assert (after_activity > after_silence).all()
    assert (after_activity[between] > 1).all() and (after_silence[between] < 1).all()


def test_fans_keep_a_creator_alive(model):
    churn = horizon_outlook(model, 0).churn.reshape(4, 3)
    assert (np.diff(churn, axis=1) < 0).all()


def test_a_silent_creator_almost_never_gets_a_sticker_in_any_state(model):
    outlook = horizon_outlook(model, 0)
    assert (outlook.both / outlook.churn < 0.03).all()
    assert ((outlook.both < outlook.churn) & (outlook.both < outlook.sticker)).all()


def test_settled_distribution_has_come_to_rest(model):
    assert model.settled(0) == pytest.approx(model.arriving)
    assert abs(model.settled(160) - model.settled(200)).max() < 0.005


def test_drawn_states_have_the_given_shares(model):
    shares = np.bincount(model.draw(np.tile(model.arriving, (FUTURES, 1)), rng=np.random.default_rng(0)), minlength=12)
    np.testing.assert_allclose(shares / FUTURES, model.arriving, atol=4 * 0.5 / FUTURES**0.5)
