"""LightningCLI's commands: their messages, continued training, and loggers."""

import shlex
from pathlib import Path

import pytest
import torch

import churn.lightning
from churn.cli import main
from churn.data import example_frames

pytestmark = pytest.mark.slow

LOGGERS = [("TensorBoardLogger", "churn[loggers]"), ("MLFlowLogger", "churn[loggers]"), ("WandbLogger", "wandb")]


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """A small network and the example's log, as options."""
    folder = tmp_path_factory.mktemp("log")
    tables = {name: folder / f"{name}.parquet" for name in ("events", "stickers", "members")}
    for name, path in tables.items():
        example_frames()[name].to_parquet(path, index=False)
    data = [word for name, path in tables.items() for word in (f"--data.{name}", str(path))]
    return ["--model", "churn.models.GRU", "--model.init_args.hidden_size", "4", *data]


@pytest.fixture(scope="module")
def checkpoint(options, tmp_path_factory):
    """The checkpoint of a training of one epoch."""
    out = tmp_path_factory.mktemp("first")
    assert main(["fit", *options, "--trainer.max_epochs", "1", "--trainer.default_root_dir", str(out)]) == 0
    (found,) = out.rglob("*.ckpt")
    return found


def fit_on(checkpoint, options, out, *more):
    return main(["fit", *options, "--ckpt_path", str(checkpoint), "--trainer.default_root_dir", str(out), *more])


@pytest.mark.parametrize("batch_size", ["1024", "4096"])
def test_training_goes_on_for_more_epochs_and_says_what_came_of_it(batch_size, checkpoint, options, tmp_path, capsys):
    assert fit_on(checkpoint, options, tmp_path, "--trainer.max_epochs", "3", "--data.batch_size", batch_size) == 0
    loss, kept, test = capsys.readouterr().out.splitlines()[-3:]
    path = Path(kept.removeprefix("checkpoint: "))
    saved = torch.load(path, weights_only=True)
    (score,) = {one["best_model_score"] for name, one in saved["callbacks"].items() if "ModelCheckpoint" in name}
    assert saved["epoch"] in (1, 2) and path.is_relative_to(tmp_path)
    assert loss == f"val_log_loss: {score:.4f}"
    words = shlex.split(test.removeprefix("test it: churn "))
    assert words[0] == "test" and words.count("--ckpt_path") == 1 and words[-1] == str(path)
    assert main(words) == 0
    assert "test_log_loss" in capsys.readouterr().out


def test_the_learning_rate_goes_on_where_it_was_and_ends_with_the_longer_training(checkpoint, options, tmp_path):
    assert fit_on(checkpoint, options, tmp_path, "--trainer.max_epochs", "3") == 0
    (path,) = tmp_path.rglob("*.ckpt")
    first, later = (torch.load(one, weights_only=True)["lr_schedulers"][0] for one in (checkpoint, path))
    steps = first["last_epoch"]
    assert (first["total_steps"], later["total_steps"], later["last_epoch"] % steps) == (steps, 3 * steps, 0)


def test_a_training_that_has_all_its_epochs_says_so(checkpoint, options, tmp_path, capsys):
    assert fit_on(checkpoint, options, tmp_path, "--trainer.max_epochs", "1") == 0
    assert "no epoch was trained" in capsys.readouterr().out


@pytest.mark.parametrize("found", ["no such file", "another file"])
def test_what_is_no_checkpoint_is_one_line(found, options, tmp_path, capsys):
    path = tmp_path / "some.ckpt"
    if found == "another file":
        path.write_text("some text")
    assert fit_on(path, options, tmp_path, "--quiet") == 2
    assert f"expected a checkpoint of `churn fit` at {path}, got {found}" in capsys.readouterr().err.splitlines()[-1]


def test_a_checkpoint_for_other_columns_is_one_line(checkpoint, options, capsys):
    words = [
        "test",
        *options,
        "--data.features",
        "[tenure]",
        "--ckpt_path",
        str(checkpoint),
        "--trainer.logger",
        "false",
    ]
    assert main(words) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "expected a checkpoint for data with 5 columns a day, got 4; give the data: block" in said


@pytest.mark.parametrize("command", ["fit", "test"])
@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (["--model.init_args.target", "sticker"], "with target churn, got sticker"),
        (["--model.init_args.hidden_size", "16"], "with hidden_size 4, got 16"),
        (["--model", "churn.models.BiLSTM"], "churn.models.gru.GRU, got churn.models.BiLSTM"),
    ],
)
def test_a_checkpoint_of_another_model_than_is_asked_for_is_one_line(
    other, expected, command, checkpoint, options, capsys
):
    words = [command, *options, *other, "--ckpt_path", str(checkpoint), "--trainer.logger", "false"]
    assert main(words) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"expected the checkpoint's model, {expected}; ask for" in said


def test_what_the_command_leaves_open_is_the_checkpoint_s(checkpoint, options, capsys):
    place = options.index("--model.init_args.hidden_size")
    words = ["test", *options[:place], *options[place + 2 :], "--ckpt_path", str(checkpoint)]
    assert main([*words, "--trainer.logger", "false"]) == 0
    assert "test_log_loss" in capsys.readouterr().out


@pytest.mark.parametrize(("logger", "install"), LOGGERS)
def test_a_logger_whose_library_is_missing_is_one_line(logger, install, options, capsys, monkeypatch):
    monkeypatch.setattr(churn.lightning, "find_spec", lambda name: None)
    assert main(["fit", *options, "--trainer.logger", logger]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("churn: expected the library of trainer.logger pytorch_lightning.loggers")
    assert "pip install" in said and install in said


def test_a_logger_that_there_is_not_is_named_without_the_types_that_were_tried(options, capsys):
    assert main(["fit", *options, "--trainer.logger", "Nonsense"]) == 2
    assert "got Nonsense for trainer.logger; see" in capsys.readouterr().err


def test_a_logger_whose_library_does_not_load_is_named_without_the_types_that_were_tried(options, capsys, monkeypatch):
    monkeypatch.setattr(churn.lightning, "find_spec", lambda name: True)
    assert main(["fit", *options, "--trainer.logger", "WandbLogger"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "can be made, got pytorch_lightning.loggers.WandbLogger: " in said and "subtypes" not in said


def test_a_device_that_there_is_not_is_one_line(options, capsys):
    assert main(["fit", *options, "--trainer.accelerator", "tpu"]) == 2
    assert "expected a trainer, a model and data that can be made, got" in capsys.readouterr().err.splitlines()[-1]


def test_every_epoch_is_told_where_it_is_asked_for_and_nothing_where_it_is_not(options, tmp_path, capsys):
    words = ["fit", *options, "--trainer.max_epochs", "1", "--trainer.logger", "false"]
    assert main([*words, "--verbose", "--trainer.default_root_dir", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "fit: epoch 1 of 1, val_log_loss 0." in said and " s\n" in said
