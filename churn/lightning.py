"""One network and one target through LightningCLI: fit, validate, test and predict."""

import logging
import os
import re
import shlex
import sys
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from inspect import Parameter, signature
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pandas as pd
import torch
from jsonargparse import ArgumentError, Namespace, add_instantiator
from lightning_fabric.utilities.exceptions import MisconfigurationException  # as Lightning itself imports it
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback

from churn import strict_yaml
from churn.artefacts import read_table, write_table
from churn.data import ChurnDataModule, Shares, caution_of
from churn.disk import writing
from churn.errors import UserError
from churn.models import MONITOR, SequenceClassifier, Trainee, one_thread
from churn.progress import OPTIONS, is_quiet, progress, step

_NOISE = (
    ".*does not have many workers.*",  # batches are gathered from memory: worker processes would only cost time
    ".*LightningCLI's args parameter.*",  # the command line passes its own arguments on
    r"[\s\S]*(Jsonargparse|deprecated in v4)",  # Lightning 2.6 on jsonargparse 4.49 and later
    ".*dirpath has changed.*",  # a checkpoint from an earlier run is read on purpose
    ".*smaller than the logging interval.*",  # epochs are logged, not steps
    ".*custom batch sampler `Shares`.*",  # which returns every window
    ".*isinstance.treespec, LeafSpec.*",  # Lightning 2.6 on torch 2.13
)
_LIBRARIES = {  # packages of Lightning's loggers, one of which is needed, and the way to install it
    "TensorBoardLogger": (("tensorboard", "tensorboardX"), "'churn[loggers]'"),
    "MLFlowLogger": (("mlflow",), "'churn[loggers]'"),
    "WandbLogger": (("wandb",), "wandb"),
    "CometLogger": (("comet_ml",), "comet-ml"),
}
_WHEREVER = ""  # a logger's folder in this place is the trainer's, or the logger's own default
_DEFAULTS = {
    "logger": {"class_path": "pytorch_lightning.loggers.CSVLogger", "init_args": {"save_dir": _WHEREVER}},
    "gradient_clip_val": 1.0,
}
_PROCESS = "LOCAL_RANK"  # in the environment of each further process, by Lightning, and of all by torchrun
_COLUMNS = ["user_id", "cutoff", "p"]  # the file of predictions


class _SavedConfig(SaveConfigCallback):
    """Lightning's copy of the configuration in the folder of a logger; without one it could replace the user's own."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write the configuration if there is a logger with a folder."""
        if trainer.loggers and trainer.log_dir:
            super().setup(trainer, pl_module, stage)


class _Epochs(Callback):
    """Reports the result of each epoch as progress."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the epoch's number and its log loss."""
        if not trainer.is_global_zero:
            return
        loss = trainer.callback_metrics.get(MONITOR)
        worth = "" if loss is None else f", {MONITOR} {loss:.4f}"
        step(f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}{worth}")


class _Parser(LightningArgumentParser):
    """LightningCLI's parser, whose model is a network."""

    def add_lightning_class_args(self, lightning_class: Any, nested_key: str, *more: Any, **options: Any) -> list[str]:
        """Add the arguments of a class of Lightning's; a trainee has its network's."""
        if lightning_class is not Trainee:
            return super().add_lightning_class_args(lightning_class, nested_key, *more, **options)
        names: list[str] = self.add_subclass_arguments(SequenceClassifier, nested_key, fail_untyped=False)
        return names


def _trainee(kind: type[SequenceClassifier], *arguments: Any, **options: Any) -> Trainee:
    return Trainee(kind(*arguments, **options))


# The types of jsonargparse ask for a concrete class and an instance of it; it takes an abstract one and what holds it.
add_instantiator(_trainee, SequenceClassifier)  # type: ignore[type-abstract, arg-type]


class _Door(LightningCLI):
    """LightningCLI whose `fit` reports its result, whose `predict` writes its predictions, and whose measures come with
    the split's caution.

    Args:
        blocks: The contexts in which everything is written.
        words: The command's arguments, the command first.
        options: LightningCLI's own options.
    """

    def __init__(self, blocks: ExitStack, words: Sequence[str], **options: Any) -> None:
        self.blocks, self.words = blocks, list(words)
        super().__init__(Trainee, ChurnDataModule, args=self.words, **options)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse the arguments, note the model, and check the checkpoint before Lightning takes the model from it."""
        super().parse_arguments(parser, args)
        self.asked = self._own.model.clone() if isinstance(self._own.get("model"), Namespace) else None
        if path := self._own.get("ckpt_path"):
            _check_checkpoint(Path(path))

    @property
    def _own(self) -> Namespace:
        """The command's part of the configuration, which Lightning replaces when it has read a checkpoint."""
        own: Namespace = self.config[self.config.subcommand]
        return own

    def _classes(self, key: str) -> list[Namespace]:
        """The classes that a key of the trainer names, one or several, as a list."""
        named = self._own.trainer[key]
        return [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, Namespace)]

    def before_instantiate_classes(self) -> None:
        """Check that the model is the one asked for; give each logger a folder, and check its packages."""
        if self.asked:
            _check_model(self.asked, self._own.model)
        for logger in self._classes("logger"):
            _settle(logger, folder=self._own.trainer.default_root_dir or ".")

    def instantiate_classes(self) -> None:
        """Make trainer, network and data.

        Raises:
            UserError: if one cannot be made as configured.
        """
        try:
            super().instantiate_classes()
        except (ValueError, TypeError, ImportError, MisconfigurationException) as error:
            raise UserError(
                "expected a trainer, a model and data that can be made", _in_short(error), _REMEDY
            ) from error

    def instantiate_trainer(self, **settings: Any) -> Trainer:
        """Record the trainer's folder, which errors of a full disk do not name; keep the best epoch by default."""
        trainer = super().instantiate_trainer(**settings, use_distributed_sampler=False)  # which would repeat windows
        loggers = [logger.save_dir for logger in trainer.loggers if logger.save_dir]
        self.blocks.enter_context(writing(*map(Path, (trainer.default_root_dir, *loggers))))
        own = [one for one in self._classes("callbacks") if one.class_path.endswith(ModelCheckpoint.__name__)]
        if isinstance(kept := trainer.checkpoint_callback, ModelCheckpoint) and not own and trainer.limit_val_batches:
            kept.monitor = MONITOR
        return trainer

    def before_fit(self) -> None:
        """See `_share`."""
        self._share()

    def before_validate(self) -> None:
        """See `_share`."""
        self._share()

    def before_test(self) -> None:
        """See `_share`."""
        self._share()

    def before_predict(self) -> None:
        """See `_share`."""
        self._share()

    def _share(self) -> None:
        """Read the tables before Lightning starts further processes, so that one reads these and tells of mistakes."""
        launcher = self.trainer.strategy.launcher
        if self.trainer.world_size > 1 and launcher is not None and _PROCESS not in os.environ:
            self.datamodule.prepare_for_others()

    def after_fit(self) -> None:
        """Report the best epoch's log loss, the file of its weights, and the command that tests them."""
        if not self.trainer.is_global_zero:
            return
        kept, name, value = self.trainer.checkpoint_callback, MONITOR, self.trainer.callback_metrics.get(MONITOR)
        if isinstance(kept, ModelCheckpoint) and kept.monitor and kept.best_model_score is not None:
            name, value = kept.monitor, kept.best_model_score
        if value is None:
            print("no epoch was trained: the checkpoint has as many as --trainer.max_epochs asks for; raise it")
        else:
            print(f"{name}: {value:.4f}")
        if isinstance(kept, ModelCheckpoint) and (path := kept.best_model_path):
            print(f"checkpoint: {path}\ntest it: {shlex.join(['churn', 'test', *self._asked(), '--ckpt_path', path])}")

    def _asked(self) -> list[str]:
        """The arguments of the command without the checkpoint that it began with."""
        words = self.words[1:]
        if "--ckpt_path" in words:
            place = words.index("--ckpt_path")
            del words[place : place + 2]
        return [word for word in words if not word.startswith("--ckpt_path=")]

    def after_validate(self) -> None:
        """See `_caution`."""
        self._caution()

    def after_test(self) -> None:
        """See `_caution`."""
        self._caution()

    def _caution(self) -> None:
        """Print the caution of a split that makes the measures less meaningful than they seem."""
        split = self.datamodule.split
        if self.trainer.is_global_zero and (caution := caution_of(split.kind, arrivals=split.train.arrivals)):
            print(f"warning: {caution}")

    def after_predict(self) -> None:
        """Write user_id, cutoff and p of every window whose horizon is not over.

        Raises:
            UserError: if another file is in its place.
        """
        windows = self.datamodule.split.score
        p = torch.cat(self.trainer.predict_loop.predictions).double()
        if isinstance(shares := self.datamodule.predict_dataloader().batch_sampler, Shares):
            p = _gathered(p, shares)
        if not self.trainer.is_global_zero:
            return
        path = Path(self.trainer.default_root_dir) / "predictions.parquet"
        if path.exists() and list(read_table(path)) != _COLUMNS:
            raise UserError(f"expected no file of yours at {path}", "one", "set trainer.default_root_dir")
        write_table(pd.DataFrame(dict(zip(_COLUMNS, (windows.user_ids, windows.dates, p.numpy()), strict=True))), path)
        print(f"predictions: {path}")


def _gathered(p: torch.Tensor, shares: Shares) -> torch.Tensor:
    """Every process's predictions, each window once, (n,)."""
    found, begin = torch.zeros(shares.n, dtype=p.dtype), 0
    for batch, places in enumerate(shares):
        own = places[: shares.own(batch)]  # all, or none of a place that another process has
        found[own] = p[begin : begin + len(own)].cpu()
        begin += len(places)
    every: list[torch.Tensor] = [found] * shares.share.processes
    torch.distributed.all_gather_object(every, found)
    return torch.stack(every).sum(dim=0)


_REMEDY = "see churn fit --help or experiments/"


def lightning(arguments: Sequence[str]) -> None:
    """Run one of LightningCLI's commands.

    Raises:
        UserError: for an unknown key, a wrong value, a library that is missing, or a checkpoint that does not fit.
    """
    _quieten()
    first = os.environ.get(_PROCESS, "0") == "0"  # others of one training say nothing of their progress
    bar = sys.stderr.isatty() and not is_quiet()
    parser = {"exit_on_error": False, "parser_mode": strict_yaml.MODE, "epilog": OPTIONS}
    try:
        with one_thread(), ExitStack() as blocks:
            if first and not sys.stderr.isatty():
                blocks.enter_context(progress(arguments[0]))
            _Door(
                blocks,
                arguments,
                parser_class=_Parser,
                seed_everything_default=0,
                save_config_callback=_SavedConfig,
                save_config_kwargs={"overwrite": True},
                trainer_defaults=_DEFAULTS
                | {"enable_progress_bar": bar, "enable_model_summary": bar, "callbacks": [_Epochs()]},
                parser_kwargs={
                    "prog": "churn",
                    **parser,
                    **{name: {"epilog": OPTIONS} for name in LightningCLI.subcommands()},
                },
            )
    except ArgumentError as error:
        raise UserError("expected a configuration that can be read", _in_short(error), _REMEDY) from error
    except MisconfigurationException as error:
        raise UserError("expected settings that Lightning can work with", error, _REMEDY) from error


def _check_checkpoint(path: Path) -> None:
    """Raise a UserError for a file that is not a checkpoint; Lightning's words for one, such as `best`, pass."""
    if path.name in ("best", "last", "hpc") and not path.exists():
        return
    try:
        found = torch.load(path, weights_only=True, map_location="cpu")
        known = isinstance(found, dict) and "n_features" in found
        problem = None if known else "another file"
    except FileNotFoundError:
        problem = "no such file"
    except Exception:  # any error that a reader of pickles raises for other bytes
        problem = "another file, or a damaged one"
    if problem:
        raise UserError(f"expected a checkpoint of `churn fit` at {path}", problem, "correct --ckpt_path")


def _check_model(asked: Namespace, taken: Namespace) -> None:
    """Raise a UserError if the command asks for another model than the checkpoint's, which Lightning would take.

    An argument at its default may have been left out, and is then the checkpoint's; a target never is.
    """
    remedy = "ask for the checkpoint's model, or leave --ckpt_path out"
    kind = resolve_name(asked.class_path)
    if kind is not resolve_name(taken.class_path):
        raise UserError(f"expected the checkpoint's model, {taken.class_path}", asked.class_path, remedy)
    defaults = signature(kind).parameters
    for name, value in vars(asked.init_args).items():
        own = taken.init_args.get(name)
        if value != own and (name == "target" or value != defaults[name].default):
            raise UserError(f"expected the checkpoint's model, with {name} {own}", value, remedy)


def _in_short(error: Exception) -> str:
    """The message of a parser's error, without the types that it has tried."""
    text = str(error)
    if "Union subtypes" not in text:
        return text
    if why := re.findall(r"Problem with given class_path '([^']*)':\s*(.*)", text):
        return "; ".join(f"{key}: {problem}" for key, problem in why)
    found = re.search(r'Parser key "(?P<key>[^"]+)".*Given value: (?P<value>.*)', text, re.DOTALL)
    return f"{found['value']} for {found['key']}" if found else text


def _settle(logger: Namespace, *, folder: str) -> None:
    """Replace `_WHEREVER` by a folder.

    Raises:
        UserError: if the logger's library is missing.
    """
    packages, install = _LIBRARIES.get(logger.class_path.rpartition(".")[2], ((), ""))
    if packages and not any(map(find_spec, packages)):
        raise UserError(
            f"expected the library of trainer.logger {logger.class_path}", f"no {packages[0]}", f"pip install {install}"
        )
    if logger.init_args.get("save_dir") == _WHEREVER:
        default = signature(resolve_name(logger.class_path)).parameters["save_dir"].default
        logger.init_args.save_dir = folder if default is Parameter.empty else default
    if "mlflow" in packages and not logger.init_args.get("tracking_uri"):
        logger.init_args.tracking_uri = f"sqlite:///{folder}/mlflow.db"  # MLflow 3 refuses Lightning's own, a folder


def _quieten() -> None:
    for message in _NOISE:
        warnings.filterwarnings("ignore", message=message)
    if not sys.stderr.isatty() or is_quiet():
        logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
