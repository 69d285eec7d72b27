"""Several processes train one network: every window is exactly one process's, and the measures are one process's."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from churn.data import Shares, example_frames
from churn.data.batches import Share

DDP = ["--trainer.strategy", "ddp", "--trainer.accelerator", "cpu", "--trainer.devices", "2"]


@given(n=st.integers(0, 60), batch_size=st.integers(1, 9), processes=st.integers(2, 5), shuffle=st.booleans())
def test_every_position_is_exactly_one_process_s_and_weights_give_the_mean_of_all(n, batch_size, processes, shuffle):
    parts = []
    for rank in range(processes):
        torch.manual_seed(3)  # as on every process
        shares = Shares(n, batch_size=batch_size, shuffle=shuffle, share=Share(rank, processes))
        batches = list(shares)
        assert len(batches) == len(shares) and all(1 <= len(places) <= batch_size for places in batches)
        parts.append((shares, batches))
    own = [places[: shares.own(at)] for shares, batches in parts for at, places in enumerate(batches)]
    assert sorted(place for places in own for place in places) == list(range(n))
    values = np.random.default_rng(0).random(n)
    for at in range(len(parts[0][1])):
        means = [values[batches[at]].mean() * shares.weight(at) for shares, batches in parts]
        whole = np.concatenate([values[batches[at][: shares.own(at)]] for shares, batches in parts])
        assert np.mean(means) == pytest.approx(whole.mean(), abs=1e-12)
        assert {shares.whole(at) for shares, _ in parts} == {len(whole)}


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """A network without chance in its layers, and the example's log, as options; 2 x 64 windows make a batch of 128."""
    folder = tmp_path_factory.mktemp("log")
    data = []
    for name in ("events", "stickers", "members"):
        example_frames()[name].to_parquet(folder / f"{name}.parquet", index=False)
        data += [f"--data.{name}", str(folder / f"{name}.parquet")]
    network = {"hidden_size": "4", "dropout": "0"}
    words = ["--model", "churn.models.GRU", *(w for key, v in network.items() for w in (f"--model.init_args.{key}", v))]
    return [*words, *data, "--trainer.logger", "false", "--trainer.enable_progress_bar", "false"]


def churn(command, options, out, *more, by=(sys.executable, "-m")):
    words = [*by, "churn", command, *options, "--trainer.default_root_dir", str(out), *more]
    return subprocess.run(words, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def trained(options, tmp_path_factory):
    """Two epochs by one process, and by two, started by Lightning: folders with a checkpoint each."""
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    alone = churn("fit", options, one, "--trainer.max_epochs", "2", "--data.batch_size", "128")
    both = churn("fit", options, two, "--trainer.max_epochs", "2", "--data.batch_size", "64", *DDP)
    assert (alone.returncode, both.returncode) == (0, 0), both.stderr
    return one, two, alone.stdout, both.stdout


def best(folder):
    (path,) = folder.rglob("*.ckpt")
    state = torch.load(path, weights_only=True)
    (score,) = {one["best_model_score"] for name, one in state["callbacks"].items() if "ModelCheckpoint" in name}
    return path, float(score), state["state_dict"]


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_with_batches_twice_as_large(trained):
    one, two, alone, both = trained
    (_, loss, weights), (_, other, others) = best(one), best(two)
    assert other == pytest.approx(loss, abs=1e-6)
    for name, tensor in weights.items():
        assert torch.allclose(tensor, others[name], atol=1e-5), name
    assert both.splitlines()[0] == alone.splitlines()[0]  # val_log_loss, said once
    assert [line.partition(":")[0] for line in both.splitlines()] == ["val_log_loss", "checkpoint", "test it"]


@pytest.mark.slow
def test_two_processes_predict_each_window_once(trained, options, tmp_path):
    path, _, _ = best(trained[0])
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    alone = churn("predict", options, tmp_path / "one", "--ckpt_path", str(path))
    assert alone.returncode == 0
    for start, by in {"lightning": (sys.executable, "-m"), "torchrun": torchrun}.items():
        found = churn("predict", options, tmp_path / start, "--ckpt_path", str(path), *DDP, by=by)
        assert found.returncode == 0, found.stderr
        ours, theirs = (pd.read_parquet(tmp_path / name / "predictions.parquet") for name in (start, "one"))
        pd.testing.assert_frame_equal(ours, theirs, atol=1e-6)
        assert found.stdout == alone.stdout.replace("/one/", f"/{start}/")  # told once


@pytest.mark.slow
def test_a_mistake_in_the_data_is_one_line_before_further_processes_start(options, tmp_path):
    broken = ["gone.parquet" if word.endswith("events.parquet") else word for word in options]
    found = churn("fit", broken, tmp_path, *DDP, "--quiet")
    said = [line for line in found.stderr.splitlines() if line.startswith("churn:")]
    assert found.returncode == 2 and len(said) == 1 and "gone.parquet" in said[0]
