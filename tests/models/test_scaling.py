import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

from churn.data import Windows, example_split
from churn.errors import UserError
from churn.models.scaling import SCALINGS, Scale

PEERS = {
    "none": FunctionTransformer(),
    "standard": StandardScaler(),
    "log_standard": make_pipeline(FunctionTransformer(lambda x: np.sign(x) * np.log1p(np.abs(x))), StandardScaler()),
    "robust": RobustScaler(),
    "min_max": MinMaxScaler(),
}


@pytest.fixture(scope="module")
def train() -> Windows:
    return example_split().train


@pytest.mark.parametrize("kind", SCALINGS)
def test_scaling_equals_scikit_learns(kind, train) -> None:
    x = train.history()
    days = x.reshape(-1, x.shape[-1]).astype(np.float64)
    scale = Scale(x.shape[-1], kind=kind)
    scale.fit(train)
    expected = PEERS[kind].fit_transform(days).reshape(x.shape)
    np.testing.assert_allclose(scale(torch.from_numpy(x)).numpy(), expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [*SCALINGS, "quantile"])
def test_a_constant_feature_stays_finite(kind, train) -> None:
    constant = Constant(**vars(train))
    scale = Scale(2, kind=kind)
    scale.fit(constant)
    scaled = scale(torch.from_numpy(constant.history()))
    assert scaled.isfinite().all()
    assert (scaled == scaled[0, 0]).all()


class Constant(Windows):
    """Histories of threes."""

    def history(self) -> np.ndarray:
        return np.full((len(self), self.history_days, 2), 3.0, np.float32)


class Amounts(Windows):
    """Histories of one feature, which is 0 on half of the days and has a long tail on the others."""

    def history(self) -> np.ndarray:
        drawn = np.random.default_rng(0).normal(size=(len(self), self.history_days, 1))
        return np.where(drawn > 0, np.exp(3 * drawn), 0).astype(np.float32)


def test_normal_scores_are_scikit_learns_but_for_the_outermost(train) -> None:
    x = Amounts(**vars(train)).history()
    scale = Scale(1, kind="quantile")
    scale.fit(Amounts(**vars(train)))
    peer = QuantileTransformer(n_quantiles=501, output_distribution="normal", subsample=None)
    expected, found = peer.fit_transform(x.reshape(-1, 1)).ravel(), scale(torch.from_numpy(x)).numpy().ravel()
    inner = np.abs(expected) < 2
    np.testing.assert_allclose(found[inner], expected[inner], atol=0.03)
    assert np.unique(found[x.ravel() == 0]).size == 1
    beyond = scale(torch.tensor([[[-9.0], [1e9]]]))
    assert beyond.ravel().tolist() == [found.min(), found.max()]
    assert (np.diff(found[np.argsort(x.ravel())]) >= 0).all()


def test_normal_scores_have_slopes_between_counts() -> None:
    scale = Scale(1, kind="quantile")
    scale.edges[:] = torch.arange(501) // 100
    x = torch.tensor([[[0.5], [2.25]]], requires_grad=True)
    scale(x).sum().backward()
    assert (x.grad > 0.1).all()


class Mirrored(Windows):
    """Histories of one feature, whose values are as often negative as positive."""

    def history(self) -> np.ndarray:
        return np.resize(np.array([-5, -0.5, 0, 0.5, 5], np.float32), (len(self), 5, 1))


def test_negative_numbers_are_scaled_as_their_mirror_image(train) -> None:
    scale = Scale(1, kind="log_standard")
    scale.fit(Mirrored(**vars(train)))
    x = torch.tensor([[-5.0], [-0.5], [0.0], [0.5], [5.0]])
    assert scale.center.item() == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(scale(x), -scale(x.flip(0)))
    torch.testing.assert_close(scale(x)[3:] * scale.spread, torch.log1p(x[3:]))


def test_very_many_windows_are_scaled_by_some_of_them(train, monkeypatch) -> None:
    every, some = Scale(len(train.features), kind="standard"), Scale(len(train.features), kind="standard")
    every.fit(train)
    monkeypatch.setattr("churn.models.scaling._MOST", 400)
    some.fit(train)
    assert not torch.equal(every.center, some.center)
    torch.testing.assert_close(every.center, some.center, rtol=0.3, atol=0.1)


def test_a_scaling_that_there_is_not_is_refused() -> None:
    with pytest.raises(UserError, match=r"expected scaling out of none, standard, .* got 'log_standrad'"):
        Scale(3, kind="log_standrad")
