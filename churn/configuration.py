"""The configuration of a run: dataclasses whose fields are the keys of the YAML file."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import yaml
from jsonargparse import ArgumentError, ArgumentParser, Namespace

from churn import strict_yaml
from churn.data import DataConfig, without_password, without_passwords
from churn.eda import ExploreConfig
from churn.errors import UserError
from churn.evaluation import EvaluationConfig, VerdictConfig
from churn.explanation import ExplanationConfig
from churn.keys import Block, OneOf, Range, Repetitions, Seed, Share
from churn.language import LANGUAGES, LabelConfig
from churn.models import MODELS
from churn.progress import OPTIONS
from churn.segments import SegmentConfig
from churn.training import ModelSpec, TrainingConfig, TuningConfig

STORED = "config.yaml"  # the configuration in a run's folder
_HEAD = "# Every key of a run, written by churn\n"  # a file without it is the user's own


_OF_DAYS = "churn.models.Foresight"  # learns the days ahead, of which an outcome and a state over days have none


def _every_model() -> list[str | dict[str, Any]]:
    return [f"churn.models.{name}" for name in MODELS]


@dataclass(frozen=True)
class AlarmConfig(Block, key="outcomes.alarms"):
    """The limits at which `churn outcomes` alarms. Null switches an alarm off; none goes off for mere chance.

    Args:
        psi: Population stability index of a feature or score, less its expectation by chance, above which it alarms.
        ece: Expected calibration error since, above which it alarms, if it is also above a calibrated forecast's band.
        calibration_gap: Distance of the mean forecast from the observed rate, above which it alarms, if the rate is
            also outside a calibrated forecast's band. Calibrated forecasts pass any of these bands in 5 of 100 lists,
            and forecasts of fewer than 30 users whom nobody contacted are not judged.
        jaccard: Agreement of two lists among the users at risk both times, users on both / users on either, below which
            it alarms.
    """

    psi: Annotated[float, Range(0, 1_000)] | None = 0.25
    ece: Share | None = 0.1
    calibration_gap: Share | None = 0.05
    jaccard: Share | None = 0.1


@dataclass(frozen=True)
class OutcomeConfig(Block, key="outcomes"):
    """The follow-up of a list: its contacts, an earlier list and the alarms.

    Args:
        contacted: A table with a column user_id: the users who were really contacted. CSV, parquet, or a database's URL
            and table, as sqlite:///runs/work.sqlite::contacts, where `churn serve` keeps them by list.
        previous: Another folder of `churn run` or `churn score`, whose list this one is compared with; by default the
            list that the same models make a week later.
        alarms: The limits at which to alarm.
        repetitions: Bootstrap samples of users behind the intervals of log loss, Brier score and calibration error.
    """

    contacted: str | None = None
    previous: str | None = None
    alarms: AlarmConfig = field(default_factory=AlarmConfig)
    repetitions: Repetitions = 500


@dataclass(frozen=True)
class ReportConfig(Block, key="report"):
    """Sections of a user's own on the page.

    Args:
        sections: Import paths of functions of your own, from a `churn.report.Run` to a `churn.report.Section`; they
            stand before the last section.
    """

    sections: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RunConfig(Block):
    """The whole configuration of a run.

    Args:
        data: The tables, windows and split.
        models: The models to compare: import paths, or mappings with class_path and init_args.
        tuning: The search.
        training: Seeds, and the models that are trained again before scoring.
        evaluation: Intervals and calibration.
        verdicts: The questions that a sceptic would ask.
        explanation: Surrogates, and which features are kept.
        segments: The priority segment.
        explore: Seasons, cohorts and journeys.
        report: Sections of your own.
        labels: The platform's own words for user, churn, sticker, currency and events.
        seed: The seed of everything random.
        language: The language of the report, its warnings and the reasons of the list: en or ko.
    """

    data: DataConfig
    models: list[str | dict[str, Any]] = field(default_factory=_every_model)
    tuning: TuningConfig = field(default_factory=TuningConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    verdicts: VerdictConfig = field(default_factory=VerdictConfig)
    explanation: ExplanationConfig = field(default_factory=ExplanationConfig)
    segments: SegmentConfig = field(default_factory=SegmentConfig)
    explore: ExploreConfig = field(default_factory=ExploreConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    labels: LabelConfig = field(default_factory=LabelConfig)
    seed: Seed = 0
    language: Annotated[str, OneOf(LANGUAGES)] = "en"

    def __post_init__(self) -> None:
        """Raises UserError for models that do not exist, are listed twice, are none, or do not know the question, for
        too long a history, for a ranking by amounts that are not configured, a budget for an outcome,
        pretraining without a history, and an unknown language."""
        super().__post_init__()
        one_answer = self.data.outcome is not None or self.data.state is not None
        if one_answer and self.models == _every_model():
            object.__setattr__(self, "models", [path for path in self.models if path != _OF_DAYS])
        names = [spec.name for spec in self.specs]
        if not names or len(set(names)) < len(names):
            raise UserError("expected different models in `models`", ", ".join(names) or "none", "correct the list")
        self._check_history("tuning.history_days", max(self.tuning.history_days, default=None))
        if self.segments.rank_by == "expected_loss" and not self.data.stickers:
            remedy = "set data.stickers, or rank by value_at_risk"
            raise UserError("expected data.stickers with segments.rank_by: expected_loss", "none", remedy)
        if self.data.outcome is not None and self.segments.budget.known:
            found = f"save_rate: {self.segments.budget.save_rate:g}"
            remedy = "leave it out: of whom a call keeps is known for churn alone"
            raise UserError("expected no segments.budget with data.outcome", found, remedy)
        if self.data.outcome is not None and (days := sorted({"history", "horizon"} & {*self.verdicts.ask})):
            remedy = "leave them out: an outcome has no horizon to vary, and an arrival no days"
            raise UserError("expected verdicts.ask of other questions with data.outcome", ", ".join(days), remedy)
        if self.training.pretrain is not None and not self.data.windows.history_days:
            remedy = "leave it out: without a history there are no days to learn from"
            raise UserError(
                "expected no training.pretrain with data.windows.history_days 0", self.training.pretrain, remedy
            )
        for spec in self.specs:
            if one_answer and spec.class_path == _OF_DAYS:
                key = "data.daily_activity" if self.data.outcome is None else "data.outcome"
                expected, remedy = f"expected models of an answer with {key}", "leave it out of `models`"
                raise UserError(expected, f"{_OF_DAYS}, which is about days", remedy)
            spec.check()
            self._check_history(f"history_days of {spec.name}", spec.init_args.get("history_days"))

    def _check_history(self, key: str, days: int | None) -> None:
        if days is not None and days > (most := self.data.windows.history_days):
            found, remedy = f"{days}, longer than data.windows.history_days, {most}", "lower it, or raise that"
            raise UserError(f"expected {key} within the windows", found, remedy)

    @property
    def specs(self) -> list[ModelSpec]:
        """The models."""
        return [ModelSpec.of(entry) for entry in self.models]

    def public(self) -> dict[str, Any]:
        """Every key as plain data, fit to be stored: passwords are left out of the sources."""
        values = asdict(self)
        return values | {block: without_passwords(values[block]) for block in ("data", "tuning", "segments")}

    def save(self, path: Path | str) -> None:
        """Write every key as YAML, for `RunConfig.load`.

        Raises:
            UserError: if another file is in its place, such as the one that the configuration was read from.
        """
        from churn.artefacts import write_text  # pandas is loaded only after the keys were checked

        path = Path(path)
        if path.exists() and not path.read_bytes().startswith(_HEAD.encode()):
            remedy = "move it elsewhere; nothing was touched"
            raise UserError(f"expected no file of yours at {path}", "one that this program did not write", remedy)
        write_text(_HEAD + yaml.safe_dump(self.public(), sort_keys=False, allow_unicode=True), path)

    @classmethod
    def load(cls, path: Path | str) -> "RunConfig":
        """Read a YAML file.

        Raises:
            UserError: if there is no file, or a key or value in it is wrong.
        """
        return run_config(parse(["--config", str(path)], parser=run_parser()))

    @classmethod
    def stored(cls, run: Path) -> "RunConfig":
        """Read the configuration in a run's folder, which may be a stranger's: its classes must be in `allowing`.

        Raises:
            UserError: if it is missing or corrupt, or names another class, which is not imported.
        """
        from churn.artefacts import as_written
        from churn.models import check_allowed

        path = run / STORED
        with as_written(path, yaml.YAMLError, RecursionError):
            text = path.read_text(encoding="utf8")
            strict_yaml.check_stored(text)
            told = yaml.safe_load(text)
        if missing := [one.name for one in fields(cls) if not isinstance(told, dict) or one.name not in told]:
            raise UserError(f"expected {', '.join(missing)} in {path}", "none", "bring the file back")
        if not isinstance(told["models"], list):
            raise UserError(f"expected a list of models in {path}", repr(told["models"]), "bring the file back")
        for entry in told["models"]:
            check_allowed(entry.get("class_path") if isinstance(entry, dict) else entry, named_in=path)
        try:
            config: RunConfig = stored_block(cls, told)
        except UserError as error:
            raise UserError(f"expected {path} as it was written", error, "bring it back") from error
        return config


def stored_block(kind: type, told: object) -> Any:
    """A block of values as `RunConfig.save` wrote them: a parser would import the classes that they name.

    Raises:
        UserError: for an unknown key, a missing one, or a wrong value.
    """
    blocks = get_type_hints(kind)
    foreign = [key for key in told if key not in blocks] if isinstance(told, dict) else [told]
    if foreign or not isinstance(told, dict):
        raise UserError(f"expected the keys of {kind.__name__}", repr(foreign[0]), "bring the file back")
    try:
        return kind(
            **{key: stored_block(blocks[key], v) if is_dataclass(blocks[key]) else v for key, v in told.items()}
        )
    except TypeError as error:  # a required key is missing
        raise UserError(f"expected the keys of {kind.__name__}", error, "bring the file back") from error


def run_parser(command: str = "run") -> ArgumentParser:
    """A parser whose options are the configuration's keys; options after --config override the file."""
    prog, mode = f"churn {command}", strict_yaml.MODE
    parser = ArgumentParser(prog=prog, exit_on_error=False, parser_mode=mode, epilog=OPTIONS)
    parser.add_argument("--config", "-c", action="config", help="YAML file; several are merged in their order")
    parser.add_class_arguments(RunConfig)
    parser.add_class_arguments(OutcomeConfig, "outcomes")  # for `churn outcomes` alone, so not a part of a run
    return parser


def parse(arguments: Sequence[str], *, parser: ArgumentParser, block: type[Block] | None = None) -> Namespace:
    """Parse and instantiate, with the parser's complaint as one line.

    Args:
        arguments: The words after the command.
        parser: The command's parser.
        block: The configuration that it reads, if it is not a run's.

    Raises:
        UserError: for an unknown key, a wrong value, or a file that cannot be read.
    """
    try:
        parsed = parser.parse_args(list(arguments))
        blocks = (*_blocks(RunConfig), *_blocks(OutcomeConfig, "outcomes.")) if block is None else _blocks(block)
        for key in blocks:
            if key in parsed and not isinstance(found := parsed[key], Namespace):
                raise UserError(f"expected a mapping in {key}", repr(found), "write its keys below it, or leave it out")
        options: Namespace = parser.instantiate(parsed)
        return options
    except (ArgumentError, OverflowError) as error:  # a number too large to be made a float overflows there
        remedy = f"see {parser.prog} --help or experiments/"
        raise UserError("expected a configuration that can be read", without_password(str(error)), remedy) from error


def _blocks(block: type[Block], prefix: str = "") -> Iterator[str]:
    """The keys of the blocks in a block."""
    for one in fields(block):
        if isinstance(one.type, type) and issubclass(one.type, Block):
            yield f"{prefix}{one.name}"
            yield from _blocks(one.type, f"{prefix}{one.name}.")


def without_models(options: Namespace) -> Namespace:
    """The options of a command that trains nothing, without models, since checking their arguments loads torch."""
    named = [ModelSpec.of(entry).class_path for entry in options.models]
    options.models = [path for path in named if path.startswith("churn.models.")] or _every_model()
    return options


def run_config(options: Namespace) -> RunConfig:
    """The configuration among a command's options."""
    return RunConfig(**{f.name: options[f.name] for f in fields(RunConfig)})
