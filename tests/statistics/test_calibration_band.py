import numpy as np
import pytest

from churn.statistics import calibrated_bands, calibration_bins, ece_band, evaluate

from .panels import holds, panel


def band_holds_error(seed: int, *, over_users: bool) -> bool:
    y, p, users = panel(seed, n_users=100, each=15, dependence=0.6)
    band = ece_band(y, p, users=users if over_users else np.arange(users.size), repetitions=200, seed=seed)
    return holds(band, evaluate(y, p)["ece"][0])


def test_band_holds_the_error_of_a_calibrated_forecaster_with_dependence_within_users() -> None:
    assert 0.90 <= np.mean([band_holds_error(seed, over_users=True) for seed in range(200)]) <= 0.99


@pytest.mark.parametrize("n_users", [10, 30])
def test_band_is_passed_by_few_calibrated_forecasters_even_where_users_are_few(n_users: int) -> None:
    above = []
    for seed in range(200):
        y, p, users = panel(seed, n_users=n_users, each=12)
        above.append(evaluate(y, p)["ece"][0] > ece_band(y, p, users=users, repetitions=200, seed=seed).high)
    assert np.mean(above) <= 0.06  # one in forty is meant


def test_band_over_windows_would_be_too_narrow_under_dependence() -> None:
    assert np.mean([band_holds_error(seed, over_users=False) for seed in range(40)]) < 0.8


def test_miscalibrated_forecaster_falls_outside_the_band() -> None:
    y, p, users = panel(0, n_users=300)
    distorted = p**2.5
    assert evaluate(y, distorted)["ece"][0] > 2 * ece_band(y, distorted, users=users).high


def test_band_of_a_miscalibrated_forecaster_is_hardly_wider() -> None:
    # windows per user differ, which would leak into the band if residuals were not centred
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(400), rng.integers(1, 40, 400))
    y = (rng.uniform(size=users.size) < 0.5).astype(float)
    noise = rng.uniform(-0.001, 0.001, users.size)
    right, wrong = (ece_band(y, level + noise, users=users) for level in (0.5, 0.1))
    assert wrong.value == pytest.approx(right.value, rel=0.05)


def test_single_user_has_no_band() -> None:
    assert np.isnan(ece_band([0, 1, 1, 0], [0.5] * 4, users=["ann"] * 4).value)


def test_labels_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="labels 0 and 1"):
        ece_band([0, 3], [0.1, 0.2], users=[1, 2])


@pytest.mark.parametrize(("n", "bins"), [(5, 5), (30, 3), (75, 7), (200, 15)])
def test_bands_of_independent_users_hold_their_level_for_any_number_of_them(n: int, bins: int) -> None:
    rng, passed = np.random.default_rng(n), []
    for seed in range(30):
        p = rng.beta(2, 3, n)
        bands = calibrated_bands(p, bins=bins, repetitions=300, seed=seed)
        off = (rng.random((200, n)) < p) - p
        places = calibration_bins(p, bins)[None] == np.arange(bins)[:, None]
        errors, rates = np.abs(off @ places.T).sum(axis=1) / n, p.mean() + off.mean(axis=1)
        outside = (rates < bands["rate"].low - 1e-9) | (rates > bands["rate"].high + 1e-9)
        passed.append([errors > bands["ece"].high + 1e-9, outside])
    share = np.mean(passed, axis=(0, 2))
    assert (share <= 0.06).all()
    assert n < 30 or (share > 0.025).all()  # nor are they idly wide


def test_fewer_draws_than_the_level_needs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 40 repetitions"):
        calibrated_bands([0.5], repetitions=10)
