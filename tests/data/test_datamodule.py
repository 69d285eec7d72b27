from dataclasses import replace

import numpy as np
import pytest
import torch

from churn.data import example_dataset, example_frames, example_split
from churn.data.batches import WindowBatches
from churn.data.datamodule import ChurnDataModule


@pytest.fixture(scope="module")
def split():
    return example_split()


def joined(loader):
    batches = list(loader)
    return torch.cat([x for x, _ in batches]).numpy(), torch.cat([y for _, y in batches]).numpy()


@pytest.mark.parametrize("target", ["churn", "sticker"])
def test_batches_are_the_windows_histories_and_labels(split, target):
    data = ChurnDataModule.of(split, batch_size=100)
    data.target = target
    for part, loader in ((split.val_a, data.val_dataloader()), (split.test, data.test_dataloader())):
        x, y = joined(loader)
        assert x.dtype == y.dtype == np.float32
        assert np.array_equal(x, part.history())
        assert np.array_equal(y, part.label(target))


def test_windows_to_score_come_in_their_order(split):
    x, _ = joined(ChurnDataModule.of(split).predict_dataloader())
    assert np.array_equal(x, split.score.history())


def test_early_stopping_sees_half_a_of_validation_and_no_more(split):
    loader = ChurnDataModule.of(split).val_dataloader()
    assert len(loader.dataset) == len(split.val_a) < len(split.val)


def test_training_windows_are_shuffled_each_once_and_stay_beside_their_labels(split):
    # The panel's own row numbers as features, so that each window can be told from the others.
    panel = split.train.panel
    numbered = np.repeat(np.arange(len(panel.counts), dtype=np.uint32)[:, None], 1, axis=1)
    parts = {
        name: replace(split.part(name), panel=replace(panel, counts=numbered, amounts=None, features=("row",)))
        for name in ("train", "val")
    }
    train = parts["train"]
    data = ChurnDataModule.of(replace(split, **parts), batch_size=64)
    torch.manual_seed(0)
    x, y = joined(data.train_dataloader())
    assert not np.array_equal(x, train.history())
    shuffled = sorted(zip(x.reshape(len(x), -1).tolist(), y.tolist(), strict=True))
    assert shuffled == sorted(zip(train.flat().tolist(), train.answers.tolist(), strict=True))


def test_the_order_of_training_windows_follows_the_seed(split):
    def order(seed):
        torch.manual_seed(seed)
        return joined(ChurnDataModule.of(split).train_dataloader())[0]

    assert np.array_equal(order(1), order(1))
    assert not np.array_equal(order(1), order(2))


def test_training_batches_have_the_size_asked_for(split):
    sizes = [len(y) for _, y in ChurnDataModule.of(split, batch_size=100).train_dataloader()]
    assert set(sizes[:-1]) == {100}
    assert sum(sizes) == len(split.train)


def test_one_window_alone_has_the_shape_of_a_day_matrix(split):
    x, y = WindowBatches(split.test, target="churn")[3]
    assert np.array_equal(x.numpy(), split.test.history()[3])
    assert y == split.test.answers[3]


@pytest.mark.slow
def test_the_module_reads_the_same_keys_as_every_other_command(split, tmp_path):
    for name, frame in example_frames().items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    names = ("events", "stickers", "members")
    data = ChurnDataModule(batch_size=7, **{name: str(tmp_path / f"{name}.parquet") for name in names})
    assert data.config == replace(
        example_dataset().config, **{name: str(tmp_path / f"{name}.parquet") for name in names}
    )
    assert data.split.table().equals(split.table())
    assert data.n_features == len(split.train.features)
    assert np.array_equal(data.split.val.history(), split.val.history())
