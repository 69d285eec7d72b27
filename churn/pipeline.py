"""The whole run on one page: each stage reads the artefacts before it and writes its own."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn import evaluation, explanation, report, segments, training
from churn.artefacts import TargetTables, atomic, prepare_folder, read_json, read_table, write_json, write_table
from churn.configuration import RunConfig
from churn.data import (
    Dataset,
    Frame,
    Split,
    Target,
    Windows,
    digest,
    examine,
    open_dataset,
    prepare,
    without_password,
)
from churn.journal import Journal
from churn.models import Classifier, again_on, load, members
from churn.progress import step
from churn.review import list_warnings, warnings
from churn.scoring import newest_windows, score_windows, write_scores
from churn.training import ModelSpec


@dataclass(frozen=True)
class Run:
    """A run's folder, read when asked for."""

    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        """An artefact by its file's name, such as leaderboard.csv."""
        return read_table(self.folder / name)

    @property
    def priority(self) -> pd.DataFrame:
        """The list: whom to contact first, and why."""
        return self.table("priority.csv")

    @property
    def leaderboard(self) -> pd.DataFrame:
        """All metrics of all models."""
        return self.table("leaderboard.csv")

    @property
    def warnings(self) -> list[str]:
        """What a reader should know before trusting the numbers."""
        return list(read_json(self.folder / "manifest.json")["warnings"])

    @property
    def report(self) -> Path:
        """The report's page."""
        return self.folder / "report.html"


@dataclass(frozen=True)
class _Context:
    """What every stage may read: the configuration, the folder, and the data once they are prepared."""

    config: RunConfig
    folder: Path
    hashes: dict[str, str]  # of the inputs, by table
    frames: Mapping[str, Frame]

    @cached_property
    def dataset(self) -> Dataset:
        return open_dataset(self.config.data, self.folder / "dataset")

    @cached_property
    def split(self) -> Split:
        return self.dataset.split()

    def model_folder(self, target: Target, name: str) -> Path:
        return self.folder / "models" / target / name

    def searched(self, target: Target) -> dict[str, Classifier]:
        """The models of the configuration."""
        return {spec.name: load(self.model_folder(target, spec.name)) for spec in self.config.specs}

    def models(self, target: Target) -> dict[str, Classifier]:
        """Those, and the same trained again on the kept features."""
        again = [f"{spec.name}{evaluation.KEPT}" for spec in self.config.specs]
        folders = {name: self.model_folder(target, name) for name in again}
        return self.searched(target) | {name: load(folder) for name, folder in folders.items() if folder.exists()}


Facts = dict[str, object]  # what a stage adds to the manifest


def run(config: RunConfig, out: Path | str, *, frames: Mapping[str, Frame] | None = None) -> Run:
    """Run every stage that the folder does not hold yet.

    Args:
        config: The configuration.
        out: The run's folder. One that a run of the same configuration left unfinished is continued.
        frames: Data frames by the names that stand in `config.data`.

    Raises:
        UserError: for anything that a user can mend in the data or the configuration.
    """
    return _run_stages(config, Path(out), STAGES, frames or {})


def tune(config: RunConfig, out: Path | str, *, frames: Mapping[str, Frame] | None = None) -> Run:
    """The search alone: data, fitting and trials. `run` on the same folder continues from there."""
    return _run_stages(config, Path(out), STAGES[:2], frames or {})


def _run_stages(
    config: RunConfig, out: Path, stages: tuple[Callable[[_Context], Facts], ...], frames: Mapping[str, Frame]
) -> Run:
    hashes = {name: digest(source, frames) for name, source in config.data.sources.items()}
    prepare_folder(out)
    journal = Journal.open(out, seed=config.seed, config=config.public(), inputs=hashes)
    config.save(out / "config.yaml")
    context = _Context(config, out, hashes, frames)
    for stage in stages:
        journal.do(stage.__name__, partial(stage, context))
    return Run(out)


# The stages, in their order ---------------------------------------------------------------------------


def prepare_data(context: _Context) -> Facts:
    """Log to windows: dataset/, windows.parquet."""
    config = context.config.data
    shutil.rmtree(context.folder / "dataset", ignore_errors=True)  # of a run that failed here, on other data perhaps
    dataset = prepare(config, context.folder / "dataset", frames=context.frames)
    newest_windows(dataset)  # nobody to score is better known now than after the fitting
    split = dataset.split()
    write_table(split.table(), context.folder / "windows.parquet")
    health = examine(dataset, split)
    counts = dataset.reconciliation
    inputs = [
        {"name": name, "path": without_password(source), "rows": counts[name]["read"], "sha256": context.hashes[name]}
        for name, source in config.sources.items()
    ]
    return {
        "inputs": inputs,
        "reconciliation": counts,
        "targets": dataset.windows.targets,
        "windows": asdict(config.windows),
        "split_kind": config.split.kind,
        "audit": dataset.audit()
        | {"alarms": [asdict(alarm) for alarm in health.alarms], "warnings": [str(found) for found in health.findings]},
    }


_SEARCHED = ("trials.csv", "trial_curves.csv", "importances.csv")


def fit_models(context: _Context) -> Facts:
    """Each model on each target: models/<target>/<model>/, trials.csv, trial_curves.csv, importances.csv, trials/."""
    folds, tables = context.dataset.folds(), TargetTables()
    for target in folds[-1].train.targets:
        for spec in context.config.specs:
            folder = context.model_folder(target, spec.name)
            step(f"{folder.name} on {target}")
            if not folder.exists():
                _fit(context, spec, folds, target)
            for name in _SEARCHED:
                found = read_table(folder / name)
                found.insert(0, "model", folder.name)
                tables.add(name, found, target=target)
    tables.write(context.folder)
    return {"seeds": context.config.training.seeds}


def _fit(context: _Context, spec: ModelSpec, folds: tuple[Split, ...], target: Target) -> None:
    config, folder = context.config, context.model_folder(target, spec.name)
    storage = config.tuning.storage or training.sqlite(context.folder / "trials.db")
    found = training.fit(
        spec,
        folds,
        target=target,
        tuning=replace(config.tuning, storage=storage),
        training=config.training,
        seed=config.seed,
        folder=context.folder / "trials" / target / spec.name,
    )
    with atomic(folder) as scratch:
        found.model.save(scratch)
        for name, table in zip(_SEARCHED, (found.trials, found.curves, found.importances), strict=True):
            table.to_csv(scratch / name, index=False)


def screen_features(context: _Context) -> Facts:
    """Which features say something of their own, by the training part: features.csv."""
    config, seed, tables = context.config.explanation, context.config.seed, TargetTables()
    train = context.split.train
    for target in train.targets:
        step(f"features of {target}")
        ledger = explanation.feature_ledger(train, target=target, rounds=config.rounds, seeds=config.seeds, seed=seed)
        tables.add("features.csv", ledger, target=target)
    tables.write(context.folder)
    return {}


def retrain_models(context: _Context) -> Facts:
    """Where asked for, every model that reads features once more, on the kept ones: models/<target>/<model>_kept/."""
    if not context.config.training.kept:
        return {"retrained": {}}
    ledger, retrained = read_table(context.folder / "features.csv"), {}
    for target in context.split.train.targets:
        kept = ledger[(ledger.target == target) & ledger.kept].feature.tolist()
        if 0 < len(kept) < len(context.split.train.features):
            retrained[target] = [_retrain(context, target, name, kept) for name in _readers(context, target)]
    return {"retrained": retrained}


def _readers(context: _Context, target: Target) -> list[str]:
    return [name for name, model in context.searched(target).items() if members(model)[0].reads_features]


def _retrain(context: _Context, target: Target, name: str, kept: list[str]) -> str:
    """Fit the model's twin on the kept features, unless it was done, and return the twin's name."""
    folder = context.model_folder(target, f"{name}{evaluation.KEPT}")
    if not folder.exists():
        step(f"{folder.name} on {target}")
        twin = again_on(kept, load(context.model_folder(target, name)))
        with atomic(folder) as scratch:
            twin.fit(context.split, target=target, seed=context.config.seed).save(scratch)
    return folder.name


def evaluate_models(context: _Context) -> Facts:
    """Calibration, choice and leaderboard: predictions.parquet, thresholds.csv, leaderboard.csv, gains.csv, …"""
    tables, chosen = TargetTables(), {}
    for target in context.split.train.targets:
        chosen[target] = _judge(context, target, tables)
    tables.write(context.folder)
    write_json(chosen, context.folder / "models" / "chosen.json")
    write_json(asdict(context.dataset.vocabulary), context.folder / "models" / "vocabulary.json")
    return {"chosen": chosen}


def _judge(context: _Context, target: Target, tables: TargetTables) -> str:
    """Calibrate and measure every model of a target, and return the chosen one's name."""
    models, seed, kinds = context.models(target), context.config.seed, context.config.evaluation.calibrators
    again = {"repetitions": context.config.evaluation.repetitions, "seed": seed}
    found = evaluation.predict(models, context.split, target=target, calibrators=kinds, seed=seed)
    for name, calibrator in found.calibrators.items():
        write_json(asdict(calibrator), context.model_folder(target, name) / "calibrator.json")
    thresholds = evaluation.tune_thresholds(found.table)
    measured = {
        "predictions.parquet": found.table,
        "thresholds.csv": thresholds,
        "leaderboard.csv": evaluation.leaderboard(found.table, chosen=found.best_model, thresholds=thresholds, **again),
        "differences.csv": evaluation.differences(found.table, thresholds=thresholds, **again),
        "gains.csv": evaluation.gains(found.table, **again),
        "calibration.csv": evaluation.reliabilities(found.table, seed=seed),
        "calibrators.csv": found.losses,
        "seeds.csv": found.seeds,
    }
    for file, table in measured.items():
        tables.add(file, table, target=target)
    return found.best_model


def reach_verdicts(context: _Context) -> Facts:
    """What a sceptic would ask, answered with fresh fits: verdicts.csv, verdicts.json."""
    contestants = {
        target: evaluation.contestants(context.searched(target), losses=_losses(context, target))
        for target in context.split.train.targets
    }
    config, seed = context.config.verdicts, context.config.seed
    found = list(evaluation.reach_verdicts(context.dataset, contestants, config, seed=seed))
    words = [{key: getattr(v, key) for key in ("target", "question", "sentence", "note")} for v in found]
    write_json([{"verdict": v.name, **w} for v, w in zip(found, words, strict=True)], context.folder / "verdicts.json")
    write_table(evaluation.verdict_table(found), context.folder / "verdicts.csv")
    return {}


def _losses(context: _Context, target: Target) -> dict[str, float]:
    """Every model's log loss on half A."""
    board = read_table(context.folder / "leaderboard.csv")
    rows = board[(board.target == target) & (board.part == "val") & (board.metric == "log_loss")]
    return dict(zip(rows.model, rows.value, strict=True))


_ATTRIBUTED = ["feature", "day", "attribution", "mean_abs", "rank", "model"]


def explain_models(context: _Context) -> Facts:
    """Surrogates with their fidelity and SHAP values, a network's own attribution: explanations.csv, shap.parquet, …"""
    tables, chosen = TargetTables(), read_json(context.folder / "models" / "chosen.json")
    train = _sample(context.split.train, context.config.explanation.windows, seed=context.config.seed)
    segment = _segments(context, train)
    completeness: dict[str, dict[str, object]] = {}
    for target, name in chosen.items():
        _imitate(context, train, target=target, chosen=name, segment=segment, tables=tables)
        completeness |= _attribute(context, train, target=target, chosen=name, tables=tables)
    tables.write(context.folder)
    return {"completeness": completeness}


def _segments(context: _Context, windows: Windows) -> NDArray[np.str_]:
    """Whether each window would be on the list, (n,): priority or other."""
    scored = segments.prioritise(score_windows(windows, context.folder / "models"), context.config.segments)
    return np.where(scored.segment == "priority", "priority", "other")


def _imitate(
    context: _Context, train: Windows, *, target: Target, chosen: str, segment: NDArray[np.str_], tables: TargetTables
) -> None:
    """Imitate the chosen model and, to compare, every network of the configuration."""
    config, seed = context.config.explanation, context.config.seed
    models = {name: model for name, model in context.searched(target).items() if model.is_network}
    models[chosen] = load(context.model_folder(target, chosen))
    for name, model in models.items():
        step(f"{name} on {target}")
        p = model.predict_proba(train)
        found = explanation.explain(train, p, sample=config.sample, trees=config.trees, seed=seed)
        fidelity = pd.DataFrame([{"model": name, **asdict(found.fidelity), "explained": name == chosen}])
        tables.add("surrogates.csv", fidelity, target=target)
        tables.add("explanations_by_model.csv", found.by_feature().assign(model=name), target=target)
        if name == chosen:
            explained = {
                "explanations.csv": found.by_feature(),
                "explanations_by_day.csv": found.by_day(),
                "shap.parquet": found.by_window(),
                "fidelity.csv": found.imitation.by_segment(segment).assign(model=name),
                "surrogate.parquet": found.imitation.table().assign(model=name),
            }
            for file, table in explained.items():
                tables.add(file, table, target=target)
            _save_surrogate(found, context.folder / "models" / target)


def _attribute(
    context: _Context, train: Windows, *, target: Target, chosen: str, tables: TargetTables
) -> dict[str, dict[str, object]]:
    """Attribute a network's own scores, those of the best one where the chosen model is none; say how they add up."""
    networks = {name: model for name, model in context.searched(target).items() if model.is_network}
    if not networks:
        tables.add("attributions.csv", pd.DataFrame(columns=_ATTRIBUTED), target=target)
        return {}
    losses = _losses(context, target)
    name = chosen if chosen in networks else min(networks, key=lambda one: losses[one])
    step(f"attribution of {name} on {target}")
    few = _sample(train, context.config.explanation.attributed, seed=context.config.seed)
    found = explanation.attribute(networks[name], few, baseline=train)
    tables.add("attributions.csv", found.by_day_and_feature().assign(model=name), target=target)
    tables.add("attributions.parquet", found.table(few).assign(model=name), target=target)
    return {target: {"model": name, "max_gap": found.gap, "n_windows": len(few)}}


def _save_surrogate(surrogate: explanation.Surrogate, folder: Path) -> None:
    with atomic(folder / "surrogate.txt") as scratch:
        surrogate.save(scratch)
    write_json(surrogate.totals.mean(axis=0).tolist(), folder / "usual.json")


def refit_models(context: _Context) -> Facts:
    """The models that score, learnt again where asked for: models/<target>/refitted/."""
    policy = context.config.training.refit
    if policy == "keep":
        return {"refit": {"policy": policy}}
    windows, learnt = context.dataset.labelled, {}
    for target, name in read_json(context.folder / "models" / "chosen.json").items():
        step(f"{name} on {target}")
        model = load(context.model_folder(target, name)).refit(windows, target=target, seed=context.config.seed)
        with atomic(context.model_folder(target, "refitted")) as scratch:
            model.save(scratch)
        learnt[target] = {"windows": len(windows), "steps": model.steps}
    return {"refit": {"policy": policy, "targets": learnt}}


def score_users(context: _Context) -> Facts:
    """The newest cutoff: scores.parquet, agreement.csv, priority.csv, priority.xlsx."""
    config = context.config.segments
    scored = write_scores(context.dataset, context.folder / "models", config=config, out=context.folder)
    threshold = float(scored.priority[scored.segment == "priority"].min())
    cutoff = str(scored.cutoff.iloc[0].date())
    return {"segment": asdict(config) | {"threshold": threshold, "scored": len(scored), "cutoff": cutoff}}


def compare_segments(context: _Context) -> Facts:
    """What happened to the lists of the test part, and how their users differ: segment_rates.csv, segment_tests.csv."""
    config, dataset, test = context.config.segments, context.dataset, context.split.test
    probabilities = score_windows(test, context.folder / "models")
    daily = segments.prioritise(probabilities, config, by_cutoff=True)
    rates = segments.observed_rates(test, daily.segment, seed=context.config.seed)
    write_table(rates, context.folder / "segment_rates.csv")
    latest = segments.latest_windows(test)
    one_per_user = segments.prioritise(probabilities.iloc[latest].reset_index(drop=True), config)
    windows = test.take(latest)
    members = dataset.members_at(windows)
    table, circular = segments.describe(windows, before_days=config.before_days, members=members)
    tests = segments.compare(table, one_per_user.segment, circular=circular)
    write_table(tests, context.folder / "segment_tests.csv")
    return {}


def review_run(context: _Context) -> Facts:
    """What a reader should know before trusting the numbers, and of that what holds for later lists too."""
    calibrators, floor = context.config.evaluation.calibrators, context.config.explanation.fidelity_floor
    return {
        "warnings": warnings(context.folder, fidelity_floor=floor, calibrators=calibrators),
        "list_warnings": list_warnings(context.folder, calibrators=calibrators),
    }


def write_report(context: _Context) -> Facts:
    """The page, from the artefacts alone."""
    report.write_report(context.folder)
    return {}


STAGES = (
    prepare_data,
    fit_models,
    screen_features,
    retrain_models,
    evaluate_models,
    reach_verdicts,
    explain_models,
    refit_models,
    score_users,
    compare_segments,
    review_run,
    write_report,
)


def _sample(windows: Windows, size: int, *, seed: int) -> Windows:
    index = np.random.default_rng(seed).permutation(len(windows))[:size]
    return windows.take(np.sort(index))
