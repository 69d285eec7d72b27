"""Explanations: which features are kept, surrogates and attributions."""

from dataclasses import asdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn import explanation, segments
from churn.artefacts import TargetTables, declared
from churn.data import Windows
from churn.predicting import chosen_models, score_windows
from churn.progress import step
from churn.scoring import LEVERS, SURROGATE
from churn.stages.context import Context, Facts


def screen_features(context: Context) -> Facts:
    """Write which features say something of their own, by the training part."""
    config, seed, tables = context.config.explanation, context.config.seed, TargetTables()
    train = context.split.train
    for target in train.targets:
        step(f"features of {target}")
        judged = explanation.judged_features(train, target=target, rounds=config.rounds, seeds=config.seeds, seed=seed)
        tables.add(declared.FEATURES, judged, target=target)
    tables.write(context.folder, context.hide)
    return {}


def explain_models(context: Context) -> Facts:
    """Surrogates with their fidelity and SHAP values, a network's own attribution, and levers."""
    tables, chosen = TargetTables(), chosen_models(context.folder / "models")
    train = context.split.train.sample(context.config.explanation.windows, seed=context.config.seed)
    segment = _segments(context, train)
    completeness: dict[str, dict[str, object]] = {}
    for target, name in chosen.items():
        _imitate(context, train, target=target, chosen=name, segment=segment, tables=tables)
        completeness |= _attribute(context, train, target=target, chosen=name, tables=tables)
    tables.write(context.folder, context.hide)
    _learn_levers(context, train)
    return {"completeness": completeness}


def _learn_levers(context: Context, train: Windows) -> None:
    """Learn the levers of the first target; nothing where no attribute is controllable."""
    if controllable := context.dataset.controllable:
        target = train.targets[0]
        step(f"levers of {target}")
        found = explanation.Levers.learn(controllable, train, target=target)
        found.save(context.folder / "models" / target / LEVERS, target=target)


def _segments(context: Context, windows: Windows) -> NDArray[np.str_]:
    """The segment of each window, (n,): priority if it would be on the list, else other."""
    scored = segments.prioritise(score_windows(windows, context.folder / "models"), context.segments)
    return np.where(scored.segment == "priority", "priority", "other")


def _imitate(
    context: Context, train: Windows, *, target: str, chosen: str, segment: NDArray[np.str_], tables: TargetTables
) -> None:
    """Imitate the chosen model and, to compare, every network of the configuration."""
    config, seed = context.config.explanation, context.config.seed
    scoring = context.model(target, chosen)
    for name, model in explanation.to_imitate(context.searched(target), chosen, scoring).items():
        step(f"{name} on {target}")
        p = model.predict_proba(train)
        found = explanation.explain(model.sees(train), p, sample=config.sample, trees=config.trees, seed=seed)
        told = {"model": name, **asdict(found.fidelity), "base": found.base, "explained": name == chosen}
        tables.add(declared.SURROGATES, pd.DataFrame([told]), target=target)
        tables.add(declared.EXPLANATIONS_BY_MODEL, found.by_feature().assign(model=name), target=target)
        if name == chosen:
            explained = {
                declared.EXPLANATIONS: found.by_feature(),
                declared.EXPLANATIONS_BY_DAY: found.by_day(),
                declared.SHAP: found.by_window(),
                declared.FIDELITY: found.imitation.by_segment(segment).assign(model=name),
                declared.SURROGATE: found.imitation.table().assign(model=name),
            }
            for artefact, table in explained.items():
                tables.add(artefact, table, target=target)
            found.save(context.folder / "models" / target / SURROGATE, target=target)


def _attribute(
    context: Context, train: Windows, *, target: str, chosen: str, tables: TargetTables
) -> dict[str, dict[str, object]]:
    """Attribute a network's own scores (the best network's where the chosen model is none); say how they add up."""
    searched, scoring = context.searched(target), context.model(target, chosen)
    explained = explanation.to_attribute(searched, chosen, scoring, losses=context.val_losses(target))
    if explained is None:
        tables.add(declared.ATTRIBUTIONS, declared.ATTRIBUTIONS.empty().drop(columns="target"), target=target)
        return {}
    name, network = explained
    step(f"attribution of {name} on {target}")
    few = train.sample(context.config.explanation.attributed, seed=context.config.seed)
    found = explanation.attribute(network, few, baseline=train)
    tables.add(declared.ATTRIBUTIONS, found.by_day_and_feature().assign(model=name), target=target)
    tables.add(declared.ATTRIBUTED, found.table(few).assign(model=name), target=target)
    return {target: {"model": name, "base": found.base, "max_gap": found.gap, "n_windows": len(few)}}
