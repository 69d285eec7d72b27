"""The truth beside the outcomes, on the study preset: is it calibrated, and would it show if it were not?"""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.special import expit, logit
from scipy.stats import binomtest, chi2

from churn.data import DataConfig, prepare
from churn.data.sources.simulator import simulate

pytestmark = pytest.mark.slow

BINS = 10


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The folder of a simulated study, and its windows as the toolkit finds them, beside their truth."""
    folder = tmp_path_factory.mktemp("study")
    simulate("study", seed=0, out=folder)
    names = {name: str(folder / f"{name}.parquet") for name in ("events", "stickers", "members")}
    windows = prepare(DataConfig(**names), folder / "dataset").windows.table()
    truth = pd.read_parquet(folder / "truth.parquet").astype({"cutoff": windows.cutoff.dtype})
    joined = windows.merge(truth, on=["user_id", "cutoff"], validate="one_to_one")
    assert len(joined) == len(windows) == len(truth)
    return folder, joined.dropna().astype({"churn": float, "sticker": float})


def wald(residual, p, users):
    """P-value of "the residuals have mean zero in every bin of p", with users as blocks.

    Windows of one user overlap, users are independent: a user's sums of residuals per bin, (u, bins), have mean zero
    if p is calibrated, and their total divided by its covariance is χ². Bins share the expected variance alike, since a
    bin in which nothing is expected to happen is far from normal.
    """
    order = p.argsort()
    share = (p * (1 - p)).iloc[order].cumsum() / (p * (1 - p)).sum()
    bins = pd.Series(np.minimum(share * BINS, BINS - 1).astype(int), index=share.index)
    sums = pd.crosstab(users, bins.reindex(p.index), values=residual, aggfunc="sum").fillna(0).to_numpy()
    total = sums.sum(axis=0)
    return chi2.sf(total @ np.linalg.solve(sums.T @ sums, total), BINS)


def test_study_has_the_rows_windows_and_rates_of_the_reference(study):
    folder, windows = study
    assert pq.read_metadata(folder / "events.parquet").num_rows == pytest.approx(5_190_000, rel=0.05)
    assert len(windows) == pytest.approx(38_638, rel=0.05)
    assert windows.churn.mean() == pytest.approx(0.36, abs=0.03)
    assert windows.sticker.mean() == pytest.approx(0.10, abs=0.02)


@pytest.mark.parametrize("ending", ["", "_observed"])
@pytest.mark.parametrize("target", ["churn", "sticker"])
def test_probabilities_are_calibrated_within_the_noise_of_users(study, target, ending):
    _, windows = study
    p = windows[f"p_{target}{ending}"]
    assert wald(windows[target] - p, p, windows.user_id) > 0.001


@pytest.mark.parametrize("target", ["churn", "sticker", "both"])
def test_what_the_days_tell_is_the_mean_of_what_the_states_would(study, target):
    """Sharper than outcomes, which add noise of their own: given the days, the state's probability has this mean."""
    _, windows = study
    p = windows[f"p_{target}_observed"]
    assert wald(windows[f"p_{target}"] - p, p, windows.user_id) > 0.001


@pytest.mark.parametrize("target", ["churn", "sticker"])
def test_one_window_a_user_meets_the_exact_binomial_in_every_bin(study, target):
    """Needs no approximation: users are independent, and within a bin a varying p only narrows the binomial.

    The window is the user's first from a day on that was drawn beforehand. One drawn out of all the user's windows
    would be biased: who falls silent soon has few, so that each of those is more likely drawn.
    """
    _, windows = study
    users, days = windows.user_id.unique(), windows.cutoff.sort_values().unique()
    drawn = pd.Series(np.random.default_rng(0).choice(days, len(users)), index=users)
    later = windows[windows.cutoff >= windows.user_id.map(drawn)]
    one = later.sort_values("cutoff").drop_duplicates("user_id")
    assert len(one) > 700
    p = one[f"p_{target}_observed"]
    for _, part in one.groupby(pd.qcut(p, BINS, labels=False)):
        expected = part[f"p_{target}_observed"].mean()
        assert binomtest(int(part[target].sum()), len(part), expected).pvalue > 0.001 / BINS


@pytest.mark.parametrize(
    "distort",
    [lambda z: 1.2 * z, lambda z: z / 1.2, lambda z: z + 0.2, lambda z: z - 0.2],
    ids=["too sure", "too unsure", "too high", "too low"],
)
def test_a_truth_that_is_a_little_off_is_found_out(study, distort):
    _, windows = study
    p = expit(distort(logit(windows.p_churn_observed)))
    assert wald(windows.churn - p, p, windows.user_id) < 0.001
    assert wald(windows.p_churn - p, p, windows.user_id) < 1e-9
