"""Models: searched and fitted, trained again on fewer features, learnt again before they score."""

import shutil
from dataclasses import replace

from churn import evaluation, training
from churn.artefacts import TargetTables, atomic, declared, missing, read_table, write_table
from churn.data import Split
from churn.models import Blend, again_on, members
from churn.predicting import chosen_models
from churn.progress import step
from churn.stages.context import Context, Facts
from churn.training import ModelSpec

_SEARCHED = (declared.TRIALS, declared.TRIAL_CURVES, declared.IMPORTANCES)


def fit_models(context: Context) -> Facts:
    """Each model on each target: models/<target>/<model>/, with trials/ while its search is at work."""
    folds, tables = context.dataset.folds(), TargetTables()
    for target in folds[-1].train.targets:
        for spec in context.config.specs:
            folder = context.model_folder(target, spec.name)
            first = folds[-1].train.targets[0]
            if missing(folder) and target != first and spec.load().answers_all:
                _ask_again(context, spec.name, target, fitted=first)
            elif missing(folder):
                _fit(context, spec, folds, target)
            for artefact in _SEARCHED:
                found = read_table(folder / artefact.file)
                found = training.trials_on(target, found) if artefact is declared.TRIALS else found
                found.insert(0, "model", folder.name)
                tables.add(artefact, found, target=target)
    tables.write(context.folder)
    return {"seeds": context.config.training.seeds}


def _fit(context: Context, spec: ModelSpec, folds: tuple[Split, ...], target: str) -> None:
    config, folder = context.config, context.model_folder(target, spec.name)
    step(f"{spec.name} on {target}")
    storage = config.tuning.storage or training.sqlite(context.folder / "trials.db")
    found = training.fit(
        spec,
        folds,
        target=target,
        tuning=replace(config.tuning, storage=storage),
        training=config.training,
        seed=config.seed,
        folder=context.folder / "trials" / target / spec.name,
        alone=config.tuning.storage is None,  # nobody else is at work in the run's folder
    )
    with atomic(folder) as scratch:
        found.model.save(scratch, target=target, name=spec.name)
        for artefact, table in zip(_SEARCHED, (found.trials, found.curves, found.importances), strict=True):
            write_table(table, scratch / artefact.file)


def _ask_again(context: Context, name: str, target: str, *, fitted: str) -> None:
    """Save a model that was fitted on one target and answers all, with the tables of its search, for another target."""
    with atomic(context.model_folder(target, name)) as scratch:
        context.model(fitted, name).about(target).save(scratch, target=target, name=name)
        for artefact in _SEARCHED:
            shutil.copyfile(context.model_folder(fitted, name) / artefact.file, scratch / artefact.file)


def retrain_models(context: Context) -> Facts:
    """Train again, where asked for, each model that reads features, on the kept ones: models/<target>/<model>_kept/."""
    if not context.config.training.kept:
        return {"retrained": {}}
    features, retrained = context.read(declared.FEATURES), {}
    for target in context.split.train.targets:
        kept = features[(features.target == target) & features.kept].feature.tolist()
        if _readers(context, target) and 0 < len(kept) < len(context.split.train.features):
            retrained[target] = [_retrain(context, target, name, kept) for name in _readers(context, target)]
    return {"retrained": retrained}


def _readers(context: Context, target: str) -> list[str]:
    return [name for name, model in context.searched(target).items() if members(model)[0].reads_features]


def _retrain(context: Context, target: str, name: str, kept: list[str]) -> str:
    """Fit the model's twin on the kept features, unless it was done, and return the twin's name."""
    folder = context.model_folder(target, f"{name}{evaluation.KEPT}")
    if missing(folder):
        step(f"{folder.name} on {target}")
        twin = again_on(kept, context.model(target, name))
        twin.fit(context.split, target=target, seed=context.config.seed)
        twin.save(folder, target=target, name=folder.name)
    return folder.name


def blend_models(context: Context) -> Facts:
    """The models that read features together, where there are several: models/<target>/Blend/."""
    if not context.config.training.blend:
        return {"blend": {}}
    weights = {}
    for target in context.split.train.targets:
        names = _readers(context, target)
        if len(names) > 1:
            weights[target] = dict(zip(names, _blend(context, target, names), strict=True))
    return {"blend": weights}


def _blend(context: Context, target: str, names: list[str]) -> list[float]:
    """Blend some models of a target, unless it was done, and return their weights."""
    folder = context.model_folder(target, evaluation.BLEND)
    if missing(folder):
        step(f"{evaluation.BLEND} on {target}")
        blend = Blend(members=[context.model(target, name) for name in names])
        blend.weighted(context.split, target=target).save(folder, target=target, name=folder.name)
    weights: list[float] = context.model(target, evaluation.BLEND).arguments["weights"]
    return weights


def refit_models(context: Context) -> Facts:
    """The models that score, learnt again where asked for: models/<target>/refitted/."""
    policy = context.config.training.refit
    if policy == "keep":
        return {"refit": {"policy": policy}}
    windows, learnt = context.dataset.labelled, {}
    for target, name in chosen_models(context.folder / "models").items():
        step(f"{name} on {target}")
        model = context.model(target, name).refit(windows, target=target, seed=context.config.seed)
        model.save(context.model_folder(target, "refitted"), target=target, name=name)
        learnt[target] = {"windows": len(windows), "steps": model.steps}
    return {"refit": {"policy": policy, "targets": learnt}}
