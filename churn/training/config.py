"""The `models:`, `tuning:` and `training:` blocks."""

from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Annotated, Any, Literal

from churn import models
from churn.data import without_password
from churn.errors import UserError
from churn.keys import BatchSize, Block, Lengths, Pretraining, Range, Seeds, check_arguments

_OWN = {f"churn.models.{name}" for name in models.MODELS}


@dataclass(frozen=True)
class ModelSpec(Block, key="models"):
    """A model of the configuration: its class and its arguments.

    Args:
        class_path: Import path of the class, such as churn.models.GRU.
        init_args: Constructor arguments; an argument given here is not searched.
    """

    class_path: str
    init_args: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: str | dict[str, Any]) -> "ModelSpec":
        """The model that an entry names: an import path, or a mapping with `class_path` and `init_args`.

        Raises:
            UserError: if the mapping has other keys.

        Example:
            >>> ModelSpec.of("churn.models.GRU").name
            'GRU'
        """
        if isinstance(entry, str):
            return cls(entry)
        if "class_path" not in entry or set(entry) - {"class_path", "init_args"}:
            keys = ", ".join(map(str, entry)) or "none"
            raise UserError("expected the keys class_path and init_args in a model", keys, "correct the key")
        arguments = entry.get("init_args")
        return cls(entry["class_path"], {} if arguments is None else arguments)

    @property
    def name(self) -> str:
        """The class's name."""
        return self.class_path.rpartition(".")[2]

    def check(self) -> None:
        """Check the class and its arguments; the package's own classes without arguments are not loaded.

        Raises:
            UserError: as `load`.
        """
        if self.init_args or self.class_path not in _OWN:
            self.load()

    def load(self) -> "type[models.Classifier]":
        """The class, after checking that it can be made with the arguments.

        Raises:
            UserError: for an unknown class or argument, a missing argument, or a value that the class does not take.

        Example:
            >>> ModelSpec("churn.models.Majority").load().__name__
            'Majority'
        """
        kind = models.classifier(self.class_path)
        if issubclass(kind, models.Blend | models.Ensemble | models.Selected):
            raise UserError(
                "expected a model that can be fitted",
                f"{self.class_path}, which others are made of",
                f"choose out of {', '.join(models.MODELS)}, or name a class of your own",
            )
        parameters = signature(kind).parameters
        known = [name for name in parameters if name != "target"]
        if unknown := sorted(set(self.init_args) - set(known)):
            options = ", ".join(known) or "none"
            raise UserError(
                f"expected arguments of {self.name} out of: {options}", ", ".join(unknown), "correct the key"
            )
        if lacking := [name for name in known if _is_needed(parameters[name]) and name not in self.init_args]:
            raise UserError(f"expected arguments of {self.name}", f"none for {', '.join(lacking)}", "set init_args")
        check_arguments(kind, self.init_args, key=f"models: {self.name}.")
        return kind


def _is_needed(parameter: Parameter) -> bool:
    return parameter.default is Parameter.empty and parameter.kind not in (
        Parameter.VAR_POSITIONAL,
        Parameter.VAR_KEYWORD,
    )


@dataclass(frozen=True)
class TuningConfig(Block, key="tuning"):
    """The search: its trials, their storage, and the choices beside each model's own space.

    Args:
        trials: Trials per model and target. The first takes the model's defaults, so that a short search is
            never worse than none; 1 therefore searches nothing.
        storage: The storage of the trials; in the run's own folder where None. sqlite:///study.db,
            postgresql+psycopg://ada@db/trials or journal:///study.log may be shared by several workers, each with a
            folder of its own. A killed search continues.
        history_days: Lengths of history to choose from, none longer than `windows.history_days`; all of it where empty.
        batch_size: Windows per step of a network to choose from.
        prune: Give up a network whose log loss on the newest fold is worse than most networks' after as many epochs.
    """

    trials: Annotated[int, Range(1, 10_000)] = 3
    storage: str | None = None
    history_days: Lengths = field(default_factory=list)
    batch_size: Annotated[list[BatchSize], Range(0, 20)] = field(default_factory=lambda: [512, 1024, 2048])
    prune: bool = True

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, or a storage that is not a URL."""
        super().__post_init__()
        if self.storage is not None and "://" not in self.storage:
            found = repr(without_password(self.storage))
            raise UserError("expected a URL in tuning.storage", found, "write it as sqlite:///study.db")


@dataclass(frozen=True)
class TrainingConfig(Block, key="training"):
    """The final fits with the best hyperparameters.

    Args:
        seeds: Fits from different seeds, whose probabilities are averaged and whose spread is reported.
        pretrain: What networks learn first, without labels: with `next_days` how many events of each kind the next days
            bring, by the days of all users before validation begins. It pays where few users have labels, and takes
            longer than the fit itself.
        refit: The models that score: `keep`: the measured ones; `all`: these models, learnt again from all windows with
            a known label, for as many steps as the measured one took.
        kept: Whether each model is also trained on the kept features of features.csv alone, with the hyperparameters
            found; the leaderboard names it as the model with _kept, and it may be the one that is chosen.
        blend: Whether the models that read features also stand together, as Blend: their logits on average, by weights
            that half A gives. It may be the one that is chosen.
    """

    seeds: Seeds = 1
    pretrain: Pretraining | None = None
    refit: Literal["keep", "all"] = "keep"
    kept: bool = False
    blend: bool = True
