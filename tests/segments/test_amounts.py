import numpy as np
import pandas as pd
import pytest

from churn.data import SplitConfig, WindowConfig
from churn.segments import expected_amounts

pytestmark = pytest.mark.slow

DAYS = 40


def log_of(n_users=60, *, seed=0, spread=0.5, noise=0.3):
    """Users who all post daily and now and then get stickers, whose amounts differ by user and by chance."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=DAYS)
    users = [f"u{i:03}" for i in range(n_users)]
    mean = np.exp(rng.normal(2, spread, n_users)) if spread else np.full(n_users, 8.0)
    events = pd.DataFrame(
        {"user_id": np.repeat(users, DAYS), "actor_id": np.repeat(users, DAYS), "timestamp": np.tile(days, n_users)}
    ).assign(event="post")
    counts = rng.poisson(rng.gamma(1, 3, n_users))
    user = np.repeat(np.arange(n_users), counts)
    stickers = pd.DataFrame({"user_id": np.array(users)[user], "timestamp": rng.choice(days, len(user))})
    stickers["actor_id"], stickers["amount"] = "fan", mean[user] + noise * mean[user] * rng.normal(size=len(user))
    return {"events": events, "stickers": stickers}, pd.Series(mean, users)


def windows_of(prepared, frames):
    config = {"windows": WindowConfig(), "split": SplitConfig(val_share=0.2, test_share=0.2)}
    return prepared(frames, **config).windows


def by_hand(stickers, user, cutoff):
    """The formula, from the stickers of a day summed, before one cutoff."""
    before = stickers[stickers.timestamp < cutoff]
    days = before.groupby(["user_id", "timestamp"]).amount.agg(["size", "sum"]).reset_index()
    users = days.groupby("user_id")[["size", "sum"]].sum()
    n, own = users["size"], users["sum"] / users["size"]
    mean = users["sum"].sum() / n.sum()
    gap = days["sum"] / days["size"] - days.user_id.map(own)
    within = (days["size"] * gap**2).sum() / (len(days) - len(users))
    between = ((n * (own - mean) ** 2).sum() - (len(users) - 1) * within) / (n.sum() - (n**2).sum() / n.sum())
    if not between > 0:
        return mean
    weight, (number, amount) = within / between, users.reindex([user]).fillna(0).iloc[0]
    return (amount + weight * mean) / (number + weight)


def test_the_amounts_are_those_of_the_formula_at_every_cutoff(prepared):
    frames, _ = log_of()
    windows = windows_of(prepared, frames)
    found = expected_amounts(windows)
    for place in np.random.default_rng(0).choice(np.flatnonzero(windows.cutoff > 15), 60, replace=False):
        theirs = by_hand(frames["stickers"], windows.user_ids[place], windows.dates[place])
        assert found[place] == pytest.approx(theirs, rel=1e-4)  # the panel holds amounts as float32


def test_shrinking_comes_nearer_to_the_users_true_means_than_their_own_or_the_overall_mean(prepared):
    frames, truth = log_of(300, noise=0.6)
    windows = windows_of(prepared, frames)
    newest = windows.take(windows.cutoff == windows.panel.n_days)
    means = frames["stickers"].groupby("user_id").amount.mean()
    overall, ids = frames["stickers"].amount.mean(), newest.user_ids
    own = means.reindex(ids).fillna(overall).to_numpy()
    error = {
        name: np.mean((guess - truth[ids].to_numpy()) ** 2)
        for name, guess in (("shrunk", expected_amounts(newest)), ("own", own), ("overall", overall))
    }
    assert error["shrunk"] < 0.9 * error["own"] and error["shrunk"] < 0.9 * error["overall"]


def test_amounts_after_the_cutoff_are_not_seen(prepared):
    frames, _ = log_of()
    cutoff = pd.Timestamp("2024-01-25")
    late = frames["stickers"].timestamp >= cutoff
    changed = frames["stickers"].assign(amount=frames["stickers"].amount.where(~late, 1e6))
    first, second = (windows_of(prepared, frames | {"stickers": s}) for s in (frames["stickers"], changed))
    known = first.dates <= cutoff
    np.testing.assert_array_equal(expected_amounts(first)[known], expected_amounts(second)[known])
    assert not np.allclose(expected_amounts(first)[~known], expected_amounts(second)[~known])


def test_users_who_do_not_differ_are_all_expected_to_get_the_same(prepared):
    frames, _ = log_of(spread=0, noise=0)
    windows = windows_of(prepared, frames)
    np.testing.assert_allclose(expected_amounts(windows)[windows.cutoff > 10], 8, rtol=1e-6)


def test_without_an_amount_a_sticker_counts_as_one(prepared):
    frames, _ = log_of()
    windows = windows_of(prepared, frames | {"stickers": frames["stickers"].drop(columns="amount")})
    assert np.unique(expected_amounts(windows)[windows.cutoff > 10]) == pytest.approx([1])


def test_stickers_of_negative_amounts_are_rejected_and_counted_and_no_amount_is_negative(prepared):
    frames, _ = log_of(noise=0)
    refunds = frames["stickers"].head(40).assign(amount=-50.0)
    windows = {"windows": WindowConfig(), "split": SplitConfig(val_share=0.2, test_share=0.2)}
    clean, dirty = (
        prepared(frames | {"stickers": table}, **windows)
        for table in (frames["stickers"], pd.concat([frames["stickers"], refunds], ignore_index=True))
    )
    assert dirty.reconciliation["stickers"]["rejected"]["negative amount"] == 40
    np.testing.assert_array_equal(expected_amounts(dirty.windows), expected_amounts(clean.windows))
    assert np.nanmin(expected_amounts(dirty.windows)) > 0


def test_without_stickers_there_are_no_amounts_and_before_the_first_none_is_known(prepared):
    frames, _ = log_of()
    assert expected_amounts(windows_of(prepared, {"events": frames["events"]})) is None
    late = frames["stickers"][frames["stickers"].timestamp >= "2024-01-20"]
    windows = windows_of(prepared, {"events": frames["events"], "stickers": late})
    assert (np.isnan(expected_amounts(windows)) == (windows.dates <= late.timestamp.min())).all()


def test_no_expected_amount_is_negative_where_refunds_outweigh_stickers(prepared):
    frames, _ = log_of(noise=0)
    back = frames["stickers"].query("user_id == 'u001'").assign(amount=lambda t: -50 * t.amount)
    config = {"windows": WindowConfig(), "split": SplitConfig(val_share=0.2, test_share=0.2), "negative": "keep"}
    windows = prepared(frames | {"stickers": pd.concat([frames["stickers"], back])}, **config).windows
    mine = expected_amounts(windows)[windows.user_ids == "u001"]
    assert np.nanmin(mine) == 0
