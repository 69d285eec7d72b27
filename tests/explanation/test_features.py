from dataclasses import replace

import numpy as np
import pytest

from churn.data import example_split
from churn.explanation import judged_features
from churn.explanation.features import _words
from churn.explanation.stability import Relevance
from churn.explanation.variance_inflation import collinearity

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def windows():
    """Training windows with two columns more: a copy of the first feature, and nothing."""
    train = example_split().train
    panel = train.panel
    values = np.column_stack([panel.counts, 2 * panel.counts[:, 0], np.zeros(len(panel.counts))])
    features = (*panel.features, "own_twice", "own_never")
    return replace(train, panel=replace(panel, counts=values, features=features))


@pytest.fixture(scope="module")
def judged(windows):
    return judged_features(windows, target="churn", sample=800, rounds=20, seeds=2).set_index("feature")


def test_every_feature_is_judged_once_in_the_panels_order(judged, windows):
    assert judged.index.tolist() == list(windows.panel.features)
    assert list(judged.columns) == ["vif", "duplicates", "boruta", "stability", "kept", "reason"]
    assert judged.kept.dtype == bool


def test_kept_is_what_is_neither_collinear_nor_rejected(judged):
    collinear = judged.reason.str.startswith(("collinear", "copy", "constant"))
    assert (judged.kept == (~collinear & (judged.boruta != "rejected"))).all()
    assert judged.kept.any()
    assert not judged.kept.all()


def test_copies_and_constants_say_so(judged):
    assert judged.reason["own_twice"] == "copy of own_post"
    assert judged.reason["own_never"] == "constant"
    assert judged.boruta[["own_never", "own_twice"]].tolist() == ["removed", "removed"]
    assert judged.stability[["own_never", "own_twice"]].isna().all()
    assert judged.duplicates[["own_twice", "own_never", "own_post"]].tolist() == ["own_post", "", ""]


def test_own_posts_carry_more_than_their_shadows(judged):
    assert judged.boruta["own_post"] == "confirmed"
    assert judged.stability["own_post"] > 0.5
    assert judged.reason["own_post"] == "carries more than its shuffled copies"


def test_the_factors_are_those_of_totals_over_the_history(windows):
    totals = windows.history().sum(axis=1)
    factors = collinearity(totals, list(windows.panel.features)).vif
    judged = judged_features(windows, target="churn", sample=10**6, rounds=1)
    assert judged.vif.to_numpy() == pytest.approx(factors.to_numpy(), nan_ok=True)


def test_a_number_that_only_tells_users_apart_is_not_taken_for_a_driver(windows):
    panel, rng = windows.panel, np.random.default_rng(0)
    values = np.zeros((len(panel.counts), 4), np.float32)
    values[:, 0] = panel.counts[:, 0]
    values[1:, 1:] = np.repeat(rng.normal(size=(len(panel.users), 3)), panel.last - panel.first + 1, axis=0)
    dressed = replace(
        windows, panel=replace(panel, counts=values, amounts=None, features=("own_post", "n1", "n2", "n3"))
    )
    verdict = judged_features(dressed, target="churn", sample=1500, rounds=15).set_index("feature").boruta
    assert verdict["own_post"] == "confirmed"
    assert (verdict[["n1", "n2", "n3"]] == "confirmed").sum() <= 1


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        (lambda windows: np.arange(3), "not judged: 3 windows, fewer than 40"),
        (lambda windows: np.flatnonzero(windows.answers == 1)[:200], "not judged: all windows have the same label"),
    ],
)
def test_one_class_or_a_handful_of_windows_leave_features_unjudged_and_say_why(windows, chosen, reason):
    judged = judged_features(windows.take(chosen(windows)), target="churn", rounds=3)
    assert len(judged) == len(windows.features)
    assert judged.stability.isna().all()
    left = judged.kept.to_numpy()
    assert set(judged.boruta[left]) == {"tentative"}
    assert set(judged.boruta[~left]) == {"removed"}
    assert set(judged.reason[left]) == {reason}
    assert judged.reason[judged.feature == "own_never"].tolist() == ["constant"]


def test_runs_that_contradict_each_other_are_told_in_words():
    divided = Relevance(np.array(["confirmed", "tentative"]), np.array([1.0, 0.0]))
    assert _words(divided).tolist() == [
        "carries more than its shuffled copies",
        "carries more than its shuffled copies in one half of the runs, no more in the other",
    ]


def test_one_feature_and_nothing_but_constants_are_no_trouble(windows):
    panel = windows.panel
    one = replace(panel, counts=panel.counts[:, :1], amounts=None, features=("own_post",))
    judged = judged_features(replace(windows, panel=one), target="churn", sample=800, rounds=15, seeds=1)
    assert judged[["feature", "vif", "boruta", "kept"]].to_numpy().tolist() == [["own_post", 1.0, "confirmed", True]]
    still = replace(one, counts=np.ones_like(one.counts[:, :1]) * (np.arange(len(one.counts)) < 0)[:, None])
    judged = judged_features(replace(windows, panel=still), target="churn", sample=800, rounds=5, seeds=1)
    assert judged[["boruta", "kept", "reason"]].to_numpy().tolist() == [["removed", False, "constant"]]


def test_twins_do_not_take_each_others_place(windows):
    """The sum of six columns is as relevant as they are, and takes their relevance if it is judged beside them."""
    panel, rng = windows.panel, np.random.default_rng(1)
    values = rng.normal(size=(len(panel.counts), 7))
    values[:, 6] = values[:, :6].sum(axis=1)
    names = (*"abcdef", "sum")
    dressed = replace(windows, panel=replace(panel, counts=values, amounts=None, features=names))
    logit = dressed.summary()[:, :6].sum(axis=1) / 3
    labelled = replace(dressed, labels={"churn": (rng.random(len(windows)) < 1 / (1 + np.exp(-logit))).astype(np.int8)})
    judged = judged_features(labelled, target="churn", rounds=20, seeds=1).set_index("feature")
    assert judged.boruta["sum"] == "removed"
    assert set(judged.boruta[list("abcdef")]) == {"confirmed"}
