from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom, chi2, poisson

from churn.data.sources.simulator.latent import FAN, OWN, Emissions, LatentModel, Rates, horizon_outlook, latent_model

pytestmark = pytest.mark.slow

FUTURES = 100_000


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


@pytest.fixture(scope="module")
def trials(model):
    """For 50 random pairs of state and weekday: exact probabilities and the shares of many futures, (50, 3)."""
    rng = np.random.default_rng(0)
    pairs = rng.permutation(list(product(range(len(model.arriving)), range(7))))[:50]
    # drawn quicker: own events of all types as one, and none of those that have no part in the outlook
    own_alone = replace(model, rates=model.rates[:, OWN].sum(axis=1, keepdims=True))
    exact, shares = np.empty((50, 3)), np.empty((50, 3))
    for place, (state, weekday) in enumerate(pairs):
        outlook = horizon_outlook(model, weekday)
        exact[place] = outlook.churn[state], outlook.sticker[state], outlook.both[state]
        silent, paid = resimulate(own_alone, np.full(FUTURES, state), weekday=weekday, days=7, seed=place)
        shares[place] = silent.mean(), paid.mean(), (silent & paid).mean()
    return SimpleNamespace(exact=exact, shares=shares, error=np.sqrt(exact * (1 - exact) / FUTURES))


def test_outlooks_agree_with_resimulated_futures_within_four_standard_errors(trials):
    assert (abs(trials.shares - trials.exact) < 4 * trials.error).all()


@pytest.mark.parametrize("place", range(3), ids=["churn", "sticker", "both"])
def test_outlooks_are_off_by_no_more_than_the_noise_of_the_futures(trials, place):
    """An error of one standard error in every pair would pass the test above; here it would not."""
    exact = trials.exact[:, place]
    enough = FUTURES * np.minimum(exact, 1 - exact) > 10  # for the normal approximation
    z = ((trials.shares - trials.exact) / trials.error)[enough, place]
    assert enough.sum() >= 30
    assert 0.001 < chi2.sf((z**2).sum(), enough.sum()) < 0.999
    assert abs(z.mean()) < 4 / np.sqrt(enough.sum())


def test_outlook_of_fewer_days_agrees_too(model):
    outlook = horizon_outlook(model, 5, horizon_days=3)
    states = np.repeat(np.arange(12), FUTURES // 5)
    silent, paid = resimulate(model, states, weekday=5, days=3, seed=5)
    for exact, happened in [(outlook.churn, silent), (outlook.sticker, paid), (outlook.both, silent & paid)]:
        share = happened.reshape(12, -1).mean(axis=1)
        assert (abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / (FUTURES // 5))).all()


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


def brute_force(model, counts, stickers, further=1.0):
    """Sum the joint probability over all 12 ** 3 paths, step by step and with SciPy's Poisson."""
    active = (counts[:, OWN].sum(axis=1) > 0).astype(int)
    n_states, total = len(model.arriving), 0.0
    chance = np.empty((3, n_states))
    for day, state in product(range(3), range(n_states)):
        season = model.season[day]
        chance[day, state] = poisson.pmf(counts[day], season * model.rates[state]).prod()
        chance[day, state] *= poisson.pmf(stickers[day], season * model.sticker_rates[active[day], state])
    chance *= further
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


# Contagion --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def catching() -> LatentModel:
    return latent_model(Rates(contagion=5))


def test_outlooks_with_contagion_agree_with_resimulated_futures(catching):
    outlook = horizon_outlook(catching, 2)
    states = np.repeat(np.arange(24), FUTURES // 5)
    silent, paid = resimulate(catching, states, weekday=2, days=7, seed=2)
    for exact, happened in [(outlook.churn, silent), (outlook.sticker, paid), (outlook.both, silent & paid)]:
        share = happened.reshape(24, -1).mean(axis=1)
        assert (abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / (FUTURES // 5)) + 1e-9).all()


def test_belief_with_contagion_takes_up_which_fans_acted_and_equals_the_sum_over_all_paths(catching):
    counts = np.array([[1, 0, 0, 0, 1, 2, 0, 0], [0, 0, 0, 1, 0, 1, 1, 0], [0, 0, 1, 1, 3, 2, 0, 1]])
    stickers, by_circle = np.array([0, 1, 0]), np.array([3, 0, 0])
    belief = blind = catching.arriving[None]
    for day in range(3):
        seen = Emissions(counts[[day]], stickers[[day]], by_circle[[day]])
        belief = catching.learn(belief, seen, weekday=day)
        blind = catching.learn(blind, replace(seen, by_circle=None), weekday=day)
    told = binom.pmf(by_circle[:, None], counts[:, FAN].sum(axis=1)[:, None], catching.circle)
    np.testing.assert_allclose(belief[0], brute_force(catching, counts, stickers, told), rtol=1e-9)
    assert belief[0, 12:].sum() > blind[0, 12:].sum() > 0.05  # two days of the loyal fan alone


def test_a_silent_circle_makes_churn_likelier_in_every_state(catching):
    churn = horizon_outlook(catching, 0).churn
    assert (churn[12:] > churn[:12]).all()
    assert np.allclose(catching.transitions.sum(axis=2), 1)
    assert np.array_equal(latent_model(Rates(contagion=1)).transitions, latent_model(Rates()).transitions)
