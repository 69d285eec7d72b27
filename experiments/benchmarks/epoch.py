"""Seconds per epoch: the GRU as `churn fit -c experiments/trainer.yaml` trains it, beside a bare PyTorch loop.

Goal: from the second epoch on, with checkpoints and logging on, at most 1.15 times the bare loop.

The training is the command's own, called from Python, with a callback that measures its time. Before each of its epochs
it lets the bare loop train one: the same first weights, windows, batch size, optimizer, schedule, clipping and
validation on half A. Both thus meet the same noise, and each epoch is compared with the one next to it.

    python experiments/benchmarks/epoch.py
    python experiments/benchmarks/epoch.py --config experiments/data/gitter.yaml --runs 2
"""

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from pytorch_lightning import Callback, Trainer
from torch.nn.functional import binary_cross_entropy_with_logits as log_loss

from churn.data import Split
from churn.data.batches import WindowBatches
from churn.data.sources.simulator import simulate
from churn.lightning import lightning
from churn.models import GRU, Trainee

GOAL = 1.15
TABLES = ("events", "stickers", "members")


class BareLoop:
    """The training as one would write it by hand, an epoch at a time.

    Args:
        twin: The network to start from, its layers made and its scaling filled.
        split: The data.
        batch_size: Windows per step.
        epochs: The length of the schedule.
    """

    def __init__(self, twin: GRU, split: Split, *, batch_size: int, epochs: int) -> None:
        self.network = GRU(hidden_size=twin.hidden_size)
        self.network.build(twin.n_features)
        self.network.load_state_dict(twin.state_dict())
        self.parameters = list(self.network.parameters())
        self.train, self.half_a = (WindowBatches(part, target=twin.target) for part in (split.train, split.val_a))
        self.batch_size = batch_size
        lr, steps = twin.lr, -(-len(self.train) // batch_size) * epochs
        self.optimizer = torch.optim.AdamW(self.parameters, lr=lr, weight_decay=twin.weight_decay, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, max_lr=lr, total_steps=steps)

    def epoch(self) -> float:
        """Train for one epoch and give the log loss on half A."""
        self.network.train()
        for index in np.split(torch.randperm(len(self.train)).numpy(), self._cuts):
            x, y = self.train.__getitems__(index)
            log_loss(self.network(x), y).backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            self.schedule.step()
        return self._validate()

    @property
    def _cuts(self) -> range:
        return range(self.batch_size, len(self.train), self.batch_size)

    @torch.inference_mode()
    def _validate(self) -> float:
        self.network.eval()
        total = torch.zeros(())
        for index in np.split(np.arange(len(self.half_a)), range(4096, len(self.half_a), 4096)):
            x, y = self.half_a.__getitems__(index)
            total += log_loss(self.network(x), y, reduction="sum")
        return float(total) / len(self.half_a)


class Beside(Callback):
    """Before each epoch of `churn fit` lets the bare loop train one, and records the seconds of both."""

    runs: ClassVar[list["Beside"]] = []  # the command makes the callback; this is how the script gets at it

    def on_train_start(self, trainer: Trainer, pl_module: Trainee) -> None:
        data = trainer.datamodule
        self.bare = BareLoop(pl_module.network, data.split, batch_size=data.batch_size, epochs=trainer.max_epochs)
        self.begin: float | None = None
        self.seconds: list[tuple[float, float]] = []  # (lightning, bare) of each epoch but the last
        self.losses: list[tuple[float, float]] = []  # (lightning, bare) log loss on half A of each epoch but the last
        self.runs.append(self)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: Trainee) -> None:
        now = time.perf_counter()
        if self.begin is not None:  # the epoch before is over: its checkpoints are written and its log is flushed
            self.seconds.append((now - self.begin, self.bare_seconds))
            self.losses.append((float(trainer.callback_metrics["val_log_loss"]), self.bare_loss))
        self.bare_loss = self.bare.epoch()
        self.begin = time.perf_counter()
        self.bare_seconds = self.begin - now


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="churn-benchmark-") as scratch:
        config = options.config or _simulated(Path(scratch))
        for _ in range(options.runs):
            _train(options, config, Path(scratch))
    _print(Beside.runs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds per epoch, through Lightning and bare.")
    parser.add_argument("--config", type=Path, help="YAML file with a data block; by default the simulator's `small`")
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--hidden-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20, help="at most; training stops early as it always does")
    parser.add_argument("--runs", type=int, default=4, help="trainings")
    parser.add_argument("--bar", action="store_true", help="with the progress bar that a terminal gets")
    return parser.parse_args()


def _simulated(folder: Path) -> Path:
    """A data block for a simulated log."""
    simulate("small", seed=0, out=folder / "log")
    config = folder / "data.yaml"
    config.write_text(yaml.safe_dump({"data": {name: str(folder / "log" / f"{name}.parquet") for name in TABLES}}))
    return config


def _train(options: argparse.Namespace, config: Path, folder: Path) -> None:
    """Run `churn fit` with one callback more."""
    silence = contextlib.nullcontext() if options.bar else contextlib.redirect_stdout(io.StringIO())
    with silence:
        lightning(
            [
                *("fit", "--config", "experiments/trainer.yaml", "--config", str(config)),
                *("--model=churn.models.GRU", f"--model.init_args.hidden_size={options.hidden_size}"),
                "--trainer.callbacks+=__main__.Beside",
                *(f"--data.batch_size={options.batch_size}", f"--trainer.max_epochs={options.epochs}"),
                *(f"--trainer.logger.init_args.save_dir={folder}", f"--trainer.enable_progress_bar={options.bar}"),
            ]
        )


def _print(runs: list[Beside]) -> None:
    heads = f"{'epochs':>6} {'lightning':>10} {'bare':>10} {'ratio':>6} {'quartiles':>14}"
    print(f"{'':8} {heads} {'log loss on half A':>20}")
    for number, run in enumerate(runs, start=1):
        best = np.min(run.losses, axis=0)
        _row(f"run {number}", np.array(run.seconds[1:]), f"{best[0]:.3f} and {best[1]:.3f}")
    every = np.concatenate([run.seconds[1:] for run in runs])
    _row("all", every, "")
    ratio = float(np.median(every[:, 0] / every[:, 1]))
    print(f"median ratio {ratio:.3f}, goal {GOAL}: {'met' if ratio <= GOAL else 'missed'}")


def _row(name: str, seconds: NDArray[np.float64], losses: str) -> None:
    """Print one line; the ratio is the median over pairs of neighbouring epochs."""
    low, ratio, high = np.percentile(seconds[:, 0] / seconds[:, 1], [25, 50, 75])
    slow, fast = np.median(seconds, axis=0)
    spread = f"{low:.2f} to {high:.2f}"
    print(f"{name:8} {len(seconds):6} {slow:9.4f}s {fast:9.4f}s {ratio:6.3f} {spread:>14} {losses:>20}")


if __name__ == "__main__":
    main()
