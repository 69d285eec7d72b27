"""The pipeline: every stage of a run, in order."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path

from churn.artefacts import write_metrics
from churn.configuration import STORED, RunConfig
from churn.data import Frame, digest
from churn.folder import claimed
from churn.journal import Journal
from churn.language import speaking
from churn.models import allowing
from churn.runs import Run
from churn.segments import SegmentConfig
from churn.stages import (
    Context,
    Facts,
    blend_models,
    choose_features,
    choose_order,
    compare_segments,
    evaluate_models,
    examine_data,
    explain_models,
    explore_data,
    find_anomalies,
    fit_models,
    group_users,
    learn_offers,
    prepare_data,
    reach_verdicts,
    refit_models,
    retrain_models,
    review_run,
    score_users,
    screen_features,
    write_report,
)

Stage = Callable[[Context], Facts]
STAGES: tuple[Stage, ...] = (
    prepare_data,
    choose_features,
    examine_data,
    fit_models,
    screen_features,
    retrain_models,
    blend_models,
    evaluate_models,
    choose_order,
    reach_verdicts,
    explain_models,
    refit_models,
    learn_offers,
    score_users,
    compare_segments,
    group_users,
    find_anomalies,
    explore_data,
    review_run,
    write_report,
)
_ON_THE_LIST = (score_users, compare_segments, group_users, find_anomalies, explore_data, review_run, write_report)
_EXPLAINED = ("explanation.windows", "explanation.sample", "explanation.trees", "explanation.attributed")
_DRAWN = tuple(f"segments.{one.name}" for one in fields(SegmentConfig) if one.name not in ("id_key", "offers"))
# The stages that a key or a block of keys matters to, since they read it or what another one wrote by it. A run whose
# key has another value, or names other rows, does them again; by the first two lines, all models are trained again.
READERS: dict[str, tuple[Stage, ...]] = {
    **dict.fromkeys(("data", "seed", "segments"), STAGES),
    **dict.fromkeys(("models", "training", "tuning", "evaluation", "explanation"), STAGES[1:]),
    **dict.fromkeys(("language", "labels", "report"), (write_report,)),
    "verdicts": (reach_verdicts, write_report),
    **dict.fromkeys((*_EXPLAINED, *_DRAWN), (choose_order, explain_models, *_ON_THE_LIST)),
    "segments.offers": (learn_offers, *_ON_THE_LIST),
    "explanation.fidelity_floor": (review_run, write_report),
    "explore": (explore_data, write_report),
    **dict.fromkeys(("data.memory", "data.spill"), ()),  # change nothing that a stage writes
}
_FILLED = {fit_models.__name__: ("models", "trials/**/*", "trials", "trials.db*")}  # model by model, trial by trial


def run(config: RunConfig, out: Path | str, *, frames: Mapping[str, Frame] | None = None) -> Run:
    """Run every stage that the folder does not hold yet.

    Args:
        config: The configuration.
        out: The run's folder. A run that is there goes on where it ended; what depends on a changed key or on changed
            rows is done again, and said.
        frames: Data frames by the names that stand in `config.data`.

    Raises:
        UserError: for anything that a user can mend in the data or the configuration.
    """
    return _run_stages(config, Path(out), STAGES, frames or {})


def tune(config: RunConfig, out: Path | str, *, frames: Mapping[str, Frame] | None = None) -> Run:
    """The search alone: data, fitting and trials. `run` on the same folder continues from there."""
    stages = tuple(stage for stage in STAGES if stage in (prepare_data, choose_features, examine_data, fit_models))
    return _run_stages(config, Path(out), stages, frames or {})


def _run_stages(config: RunConfig, out: Path, stages: tuple[Stage, ...], frames: Mapping[str, Frame]) -> Run:
    own = (spec.class_path for spec in config.specs)
    with claimed(out, "a run"), allowing(own):
        sources = config.data.sources | config.segments.offers.sources
        hashes = {name: digest(source, frames) for name, source in sources.items()}
        readers = {key: [reader.__name__ for reader in every] for key, every in READERS.items()}
        journal = Journal.open(
            out, seed=config.seed, config=config.public(), inputs=hashes, readers=readers, filled=_FILLED
        )
        config.save(out / STORED)
        journal.keep(STORED)
        context = Context(config, out, hashes, frames)
        for stage in stages:
            journal.do(stage.__name__, partial(_told, stage, context))
        write_metrics(journal.content, out)
    return Run(out)


def _told(stage: Stage, context: Context) -> Facts:
    """The facts of a stage that is run in the run's language and words."""
    config = context.config
    fans = stage is prepare_data or context.fans  # what an earlier try left of the data is not looked at
    with speaking(config.language, config.labels, fans=fans):
        return stage(context)
