import json

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from churn.errors import UserError
from churn.evaluation import Calibrator, calibration, choose_calibrator, fit_calibrator
from churn.evaluation.calibration import reliability
from churn.evaluation.config import KINDS

GRID = np.linspace(0, 1, 501)
FITTED = tuple(kind for kind in KINDS if kind != "none")


def forecasts(n=2000, *, seed=0, users=400):
    """Calibrated probabilities, labels drawn from them, and users of several windows each."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 2, n)
    return p, (rng.uniform(size=n) < p).astype(np.int8), np.sort(rng.integers(0, users, n))


def overconfident(p):
    return expit(2.5 * logit(p) + 0.7)


def log_loss(y, p):
    return float(-(y * np.log(p) + (1 - y) * np.log1p(-p)).mean())


def test_isotonic_equals_scikit_learn_but_for_the_two_ends():
    p, y, _ = forecasts()
    theirs = IsotonicRegression(out_of_bounds="clip").fit(p, y).predict(GRID)
    least = 1 / (len(p) + 2)
    assert (theirs == 0).any(), "the ends must matter for this test to say anything"
    assert fit_calibrator("isotonic", p, y)(GRID) == pytest.approx(np.clip(theirs, least, 1 - least), abs=1e-12)


@pytest.mark.parametrize(("kind", "intercept"), [("platt", True), ("temperature", False)])
def test_scaling_the_logit_equals_an_unpenalised_logistic_regression(kind, intercept):
    p, y, _ = forecasts()
    p = overconfident(p)
    theirs = LogisticRegression(C=np.inf, fit_intercept=intercept, tol=1e-8).fit(logit(p)[:, None], y)
    ours = fit_calibrator(kind, p, y)
    assert ours.slope == pytest.approx(theirs.coef_[0, 0], rel=1e-3)
    assert ours.shift == pytest.approx(theirs.intercept_[0] if intercept else 0, abs=1e-3)
    middle = GRID[1:-1]
    assert ours(middle) == pytest.approx(theirs.predict_proba(logit(middle)[:, None])[:, 1], abs=1e-3)


def test_no_calibration_leaves_every_number_as_it_was():
    p, y, _ = forecasts()
    assert (fit_calibrator("none", p, y)(GRID) == GRID).all()


LABELS = {
    "separable": lambda p: p > 0.5,
    "all zero": lambda p: p < 0,
    "all one": lambda p: p >= 0,
    "reversed": lambda p: p < 0.5,
}


@pytest.mark.parametrize("kind", FITTED)
@pytest.mark.parametrize("labels", LABELS)
def test_log_loss_on_new_windows_stays_finite_whatever_the_labels_were(kind, labels):
    p, _, _ = forecasts(300)
    q = fit_calibrator(kind, p, LABELS[labels](p).astype(np.int8))(GRID)
    assert ((q > 0) & (q < 1)).all()
    assert np.isfinite(log_loss(1, q))
    assert np.isfinite(log_loss(0, q))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("labels", LABELS)
def test_the_order_of_users_is_never_turned_round(kind, labels):
    p, _, _ = forecasts(300)
    q = fit_calibrator(kind, p, LABELS[labels](p).astype(np.int8))(GRID)
    assert (np.diff(q) >= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_calibrator_comes_back_from_json_as_the_pipeline_reads_it(kind, tmp_path):
    p, y, _ = forecasts()
    calibrator = fit_calibrator(kind, p, y)
    calibrator.save(tmp_path / "calibrator.json", target="churn", name="GRU")
    again = Calibrator.load(tmp_path / "calibrator.json", target="churn", name="GRU")
    assert (again(GRID) == calibrator(GRID)).all()
    assert json.loads((tmp_path / "calibrator.json").read_text())["kind"] == kind


@pytest.mark.parametrize(
    "numbers",
    [
        {"kind": "magic"},
        {"slope": -1.0},
        {"slope": float("nan")},
        {"shift": float("inf")},
        {"knots": [[0.0, 1.0], [0.0, 6.35]]},
        {"knots": [[0.0, 1.0], [0.9, 0.1]]},
        {"knots": [[1.0, 0.0], [0.1, 0.9]]},
        {"knots": [[0.0, 0.5, 1.0], [0.1, 0.9]]},
        {"knots": [[], []]},
        {"knots": None},
        {"slope": "steep"},
        {"target": "sticker"},
        {"name": "LightGBM"},
    ],
)
def test_what_could_not_calibrate_a_model_is_no_calibrator(numbers, tmp_path):
    path = tmp_path / "calibrator.json"
    Calibrator("platt").save(path, target="churn", name="GRU")
    path.write_text(json.dumps(json.loads(path.read_text()) | numbers))
    with pytest.raises(UserError, match=r"expected .*calibrator\.json.* bring it back"):
        Calibrator.load(path, target="churn", name="GRU")


def test_a_single_knot_says_the_same_everywhere():
    y = np.array([0, 1, 1, 1], np.int8)
    assert fit_calibrator("isotonic", np.full(4, 0.3), y)(GRID) == pytest.approx(0.75)


def test_a_user_is_never_on_both_sides_of_the_cross_fitting(monkeypatch):
    users = np.random.default_rng(0).permutation(np.arange(400) % 50)
    p = (users + 0.5) / 50  # a probability names its user
    seen = []

    def spy(kind, p, y):
        def call(q):
            seen.append((set(p.tolist()), set(q.tolist())))
            return q

        return call

    monkeypatch.setattr(calibration, "fit_calibrator", spy)
    choose_calibrator(p, (np.arange(400) % 3 == 0).astype(np.int8), users=users)
    assert len(seen) == len(KINDS) * 5
    for fitted, judged in seen:
        assert judged
        assert not fitted & judged
        assert fitted | judged == set(p.tolist())


def test_cross_fitted_losses_are_those_of_users_that_were_left_out():
    p, y, users = forecasts(600, users=5)  # five users, five folds: each is left out once
    q = np.empty_like(p)
    for user in range(5):
        q[users == user] = fit_calibrator("platt", p[users != user], y[users != user])(p[users == user])
    _, losses = choose_calibrator(p, y, users=users)
    assert losses["platt"] == pytest.approx(log_loss(y, q), abs=1e-12)
    assert losses["none"] == pytest.approx(log_loss(y, p), abs=1e-9)
    assert set(losses) == set(KINDS)


@pytest.mark.parametrize("kinds", [["none"], ["platt"], ["isotonic", "temperature"]], ids=str)
def test_only_the_kinds_that_may_be_chosen_are_chosen(kinds):
    p, y, users = forecasts(800, users=160)
    for probabilities in (p, overconfident(p)):
        calibrator, losses = choose_calibrator(probabilities, y, users=users, kinds=kinds)
        assert calibrator.kind == min(kinds, key=losses.get)
        assert calibrator == fit_calibrator(calibrator.kind, probabilities, y)
        assert set(losses) == {"none", *kinds}


def test_a_kind_that_is_forced_is_taken_though_none_would_be_better():
    p, y, users = forecasts(800, users=160)
    calibrator, losses = choose_calibrator(p, y, users=users, kinds=["isotonic"])
    assert losses["isotonic"] > losses["none"]
    assert calibrator.kind == "isotonic"


def test_calibrated_forecasts_are_mostly_left_alone():
    kinds = []
    for seed in range(30):
        p, y, users = forecasts(800, seed=seed, users=160)
        kinds.append(choose_calibrator(p, y, users=users)[0].kind)
    assert kinds.count("none") >= 18
    assert kinds.count("isotonic") <= 3


@pytest.mark.parametrize(
    "distort",
    [
        overconfident,
        lambda p: expit(0.4 * logit(p)),
        lambda p: expit(logit(p) + 1.5),  # as class weights do
        lambda p: np.where(p < 0.4, 0.5 * p, 0.6 + 0.5 * (p - 0.4)),  # no straight line on the logit
    ],
)
def test_distorted_forecasts_are_put_right_for_users_never_seen(distort):
    p, y, users = forecasts(4000)
    fresh, fresh_y, _ = forecasts(8000, seed=1)
    calibrator, losses = choose_calibrator(distort(p), y, users=users)
    before, after = log_loss(fresh_y, distort(fresh)), log_loss(fresh_y, calibrator(distort(fresh)))
    assert calibrator.kind != "none"
    assert losses[calibrator.kind] == min(losses.values())
    assert after - log_loss(fresh_y, fresh) < 0.25 * (before - log_loss(fresh_y, fresh))


def test_certain_probabilities_are_no_trouble():
    rng = np.random.default_rng(0)
    p = rng.integers(0, 2, 400).astype(float)
    y = np.where(rng.uniform(size=400) < 0.3, 1 - p, p).astype(np.int8)
    calibrator, losses = choose_calibrator(p, y, users=np.arange(400) // 4)
    assert all(np.isfinite(list(losses.values())))
    assert calibrator(np.array([0.0, 1.0])) == pytest.approx([0.3, 0.7], abs=0.06)


def test_a_single_user_gives_nothing_to_choose_by_so_nothing_is_done():
    p, y, _ = forecasts(50)
    calibrator, losses = choose_calibrator(overconfident(p), y, users=np.zeros(50))
    assert calibrator.kind == "none"
    assert len(set(losses.values())) == 1


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_gives_a_calibrator_without_a_warning(label):
    p, _, users = forecasts(200)
    calibrator, losses = choose_calibrator(p, np.full(200, label, np.int8), users=users)
    assert all(np.isfinite(list(losses.values())))
    assert np.abs(calibrator(GRID) - label).max() < 0.02


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_handful_of_windows_is_enough_not_to_crash(n):
    p, y = np.array([0.2, 0.7, 0.7])[:n], np.array([0, 1, 1], np.int8)[:n]
    calibrator, _ = choose_calibrator(p, y, users=np.arange(n))
    assert ((calibrator(GRID) >= 0) & (calibrator(GRID) <= 1)).all()


def test_the_reliability_diagram_tells_each_bins_size_mean_and_rate():
    p = np.repeat([0.1, 0.6], 50)
    y = np.r_[np.repeat([0, 1], [45, 5]), np.repeat([0, 1], [20, 30])].astype(np.int8)
    table = reliability(p, y, users=np.arange(100), bins=2)
    assert table.n.tolist() == [50, 50]
    assert table.mean_predicted.tolist() == pytest.approx([0.1, 0.6])
    assert table.observed.tolist() == pytest.approx([0.1, 0.6])
    assert (table.low < table.observed).all()
    assert (table.observed < table.high).all()


def test_constant_forecasts_share_one_bin_of_the_diagram():
    _, y, users = forecasts(100)
    table = reliability(np.full(100, 0.3), y, users=users)
    assert table.n.tolist() == [100]
    assert table.observed[0] == pytest.approx(y.mean())
