"""Learning without labels: the likelihood of counts, the days that may be read, and what the trunk keeps."""

from dataclasses import replace

import numpy as np
import pytest
import scipy
import torch

from churn.data import Split, before_border, example_split
from churn.models import GRU, BiLSTM, Foresight, GRUBiLSTM, Trainee
from churn.models.next_days import SPANS, NextDays, in_spans, log_likelihood
from churn.models.sequence import is_trunk
from churn.training import ModelSpec, TrainingConfig, TuningConfig, fit

pytestmark = pytest.mark.slow
QUICK = {"hidden_size": 4, "max_epochs": 1}
TAUGHT = QUICK | {"pretrain": "next_days"}


@pytest.fixture(scope="module")
def split() -> Split:
    return example_split()


def weights(network):
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


# The counts -------------------------------------------------------------------------------------


def test_the_likelihood_is_that_of_scipy_s_negative_binomial() -> None:
    rng = np.random.default_rng(0)
    sums, log_size, odds = rng.poisson(6, 500), rng.normal(0, 1.5, 500), rng.normal(0, 2, 500)
    found = log_likelihood(
        *map(torch.from_numpy, (sums.astype(float),)), log_size=torch.from_numpy(log_size), odds=torch.from_numpy(odds)
    )
    expected = scipy.stats.nbinom.logpmf(sums, np.exp(log_size), 1 / (1 + np.exp(odds)))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_sums_are_of_spans_that_follow_each_other_and_unknown_where_a_day_is() -> None:
    ahead = torch.arange(15.0)[None, :, None].repeat(2, 1, 1)
    ahead[1, 5:] = torch.nan
    found = in_spans(ahead)[:, :, 0]
    assert found[0].tolist() == [0, 1 + 2, 3 + 4 + 5 + 6, sum(range(7, 15))]
    assert found[1, :2].tolist() == [0, 3] and found[1, 2:].isnan().all()


def test_channels_below_0_count_as_0(split) -> None:
    days = before_border(split).sample(50)
    twin = NextDays(built(split), until=split.border)
    twin.begin(days)
    twin.eval()
    x, y = torch.from_numpy(days.history()), torch.from_numpy(days.counts_ahead(15, until=split.border))
    assert twin.loss(x, y * 0 - 3.5).item() == twin.loss(x, y * 0).item()


def test_the_loss_is_the_mean_over_the_sums_that_were_seen(split) -> None:
    days = before_border(split).sample(200)
    twin = NextDays(built(split), until=split.border)
    twin.begin(days)
    twin.eval()
    x = torch.from_numpy(days.history())
    y = torch.from_numpy(days.counts_ahead(15, until=split.border))
    first, odds = twin.head(twin.state(x)).unflatten(1, (2, len(SPANS), -1)).unbind(dim=1)
    losses = []
    for window in range(200):
        for place, (begin, end) in enumerate(((0, 1), (1, 3), (3, 7), (7, 15))):
            for count, total in enumerate(y[window, begin:end].sum(dim=0).tolist()):
                if not np.isnan(total):
                    size, p = first[window, place, count].exp(), torch.sigmoid(-odds[window, place, count])
                    losses.append(-scipy.stats.nbinom.logpmf(total, size.item(), p.item()))
    assert 0 < len(losses) < 200 * 4 * y.shape[2]
    assert twin.loss(x, y).item() == pytest.approx(np.mean(losses), rel=1e-4)


def test_training_begins_from_the_means_of_the_sums(split) -> None:
    days = before_border(split)
    twin = NextDays(built(split), until=split.border)
    twin.begin(days)
    sums = in_spans(torch.from_numpy(days.counts_ahead(15, until=split.border))).numpy()
    size, odds = twin.head.bias.detach().reshape(2, len(SPANS), -1).exp()
    np.testing.assert_allclose(size * odds, np.nanmean(sums, axis=0).clip(1e-4), rtol=1e-3)


def built(split, **arguments):
    network = GRU(**TAUGHT | arguments)
    network.begin(split.train)
    return network


# What it may read -------------------------------------------------------------------------------


def later_days_changed(split: Split) -> Split:
    """The split whose training windows lie over a panel with huge counts on all days from the border on."""
    panel = split.train.panel
    user = np.repeat(np.arange(len(panel.users)), panel.last - panel.first + 1)
    day = np.append(0, np.arange(1, len(panel.active)) - panel.start[user] + panel.first[user])
    late = day >= split.border
    assert late.sum() > 1_000
    counts, active = np.array(panel.counts, np.int64), np.array(panel.active)
    counts[late], active[late] = 10**9, ~active[late]
    return replace(split, train=replace(split.train, panel=replace(panel, counts=counts, active=active)))


@pytest.mark.parametrize("kind", [GRU, Foresight])
def test_no_day_from_the_border_on_reaches_the_weights(split, kind) -> None:
    alone = replace(split, unfinished=None)
    one, other = (kind(**TAUGHT).fit(some, target="churn") for some in (alone, later_days_changed(alone)))
    assert weights(one) == weights(other)


def test_days_before_the_border_that_no_label_of_training_tells_reach_the_weights(split) -> None:
    few = replace(split, train=split.train.take(split.train.cutoff < split.train.cutoff.min() + 14))
    panel = few.train.panel
    user = np.repeat(np.arange(len(panel.users)), panel.last - panel.first + 1)
    day = np.append(0, np.arange(1, len(panel.active)) - panel.start[user] + panel.first[user])
    between = (day >= few.train.answered.max()) & (day < few.border)
    counts = np.array(panel.counts)
    counts[between] = 3
    other = replace(few, train=replace(few.train, panel=replace(panel, counts=counts)))
    for arguments, same in ((QUICK, True), (TAUGHT, False)):
        one, two = (GRU(**arguments).fit(some, target="churn") for some in (few, other))
        assert (weights(one) == weights(two)) == same


# The network ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [GRU, BiLSTM, GRUBiLSTM, Foresight])
def test_the_same_seed_gives_the_same_weights_and_pretraining_others_than_none(split, kind) -> None:
    one, again, plain = (kind(**arguments).fit(split, target="churn", seed=3) for arguments in (TAUGHT, TAUGHT, QUICK))
    assert weights(one) == weights(again) != weights(plain)
    assert list(one.state_dict()) == list(plain.state_dict())


def test_a_share_of_zero_leaves_the_trunk_as_the_days_taught_it(split) -> None:
    churn, sticker = (GRU(**TAUGHT, trunk_share=0.0).fit(split, target=target) for target in ("churn", "sticker"))
    trunk, head = [], []
    for name, value in churn.state_dict().items():
        (trunk if is_trunk(name) else head).append(torch.equal(value, sticker.state_dict()[name]))
    assert len(trunk) > 4 and all(trunk) and len(head) == 2 and not any(head)


def test_the_trunk_has_its_share_of_the_learning_rate_and_the_head_all() -> None:
    network = GRU(**TAUGHT, lr=0.01, trunk_share=0.25)
    network.build(3)
    head, trunk = network.rates()
    assert head["lr"] == 0.01 and trunk["lr"] == 0.0025
    assert {id(one) for one in head["params"]} == {id(one) for one in network.head.parameters()}
    assert len(head["params"]) + len(trunk["params"]) == len(list(network.parameters()))


def test_the_trunk_foretells_counts_better_than_their_means_do(split) -> None:
    days = before_border(split)
    network = GRU(hidden_size=16, max_epochs=4, pretrain="next_days", trunk_share=0.0).fit(split, target="churn")
    twin, until = NextDays(network, until=split.border), split.border
    twin.begin(days)
    x, y = (torch.from_numpy(some) for some in (days.history(), days.counts_ahead(15, until=until)))
    twin.load_state_dict(network.state_dict() | {"head.weight": twin.head.weight, "head.bias": twin.head.bias})
    design = np.column_stack([twin.eval().state(x).detach().numpy(), np.ones(len(x))])
    tomorrow = y[:, 0, -1].numpy()
    fitted = design @ np.linalg.lstsq(design, tomorrow, rcond=None)[0]
    assert 1 - ((tomorrow - fitted) ** 2).mean() / tomorrow.var() > 0.1


def test_refitting_learns_from_all_days_of_the_log(split) -> None:
    for arguments, same in ((QUICK, True), (TAUGHT, False)):
        network = GRU(**arguments).fit(split, target="churn")
        parts = (split.train, later_days_changed(split).train)
        one, other = (weights(network.refit(part, target="churn")) for part in parts)
        assert (one == other) == same


def test_a_checkpoint_of_lightning_s_command_line_begins_from_it_too(split, tmp_path) -> None:
    from pytorch_lightning import Trainer

    from churn.data import ChurnDataModule

    def trained(**arguments):
        torch.manual_seed(0)
        network = GRU(**QUICK | arguments)
        trainer = Trainer(
            max_epochs=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
        )
        trainer.fit(Trainee(network), ChurnDataModule.of(split))
        return weights(network)

    assert trained(pretrain="next_days") != trained()


def test_the_configuration_s_key_is_every_network_s_argument_unless_it_has_its_own(split) -> None:
    training = TrainingConfig(pretrain="next_days")
    for given, expected in (({}, "next_days"), ({"pretrain": None}, None)):
        spec = ModelSpec("churn.models.GRU", QUICK | given)
        found = fit(spec, [split], target="churn", tuning=TuningConfig(trials=1), training=training)
        assert found.model.pretrain == expected
    trees = ModelSpec("churn.models.LightGBM", {"max_trees": 5})
    assert fit(trees, [split], target="churn", tuning=TuningConfig(trials=1), training=training).model.max_trees == 5
