"""Preparation: the log becomes windows."""

from dataclasses import asdict
from pathlib import Path

from churn.artefacts import declared, discard
from churn.data import AUTO, examine, prepare, save_context, without_password
from churn.scoring import newest_windows
from churn.segments import Pseudonyms
from churn.stages.context import Context, Facts
from churn.training import choose_context


def prepare_data(context: Context) -> Facts:
    """Log to windows."""
    config, id_key = context.config.data, context.config.segments.id_key
    if id_key:
        Pseudonyms.make(Path(id_key), outside=context.folder)
    discard(context.folder / "dataset")  # of a run that failed here, on other data perhaps
    dataset = prepare(config, context.folder / "dataset", frames=context.frames)
    newest_windows(dataset)  # nobody to score is better known now than after the fitting
    context.write(declared.WINDOWS, dataset.split().table())
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
    }


def choose_features(context: Context) -> Facts:
    """The features of the past before the history that `auto` in `data.features` stands for."""
    config, evaluation = context.config, context.config.evaluation
    if AUTO not in config.data.features or (plain := context.plain).windows.scattered:
        return {"context": None}
    found = choose_context(plain, repetitions=evaluation.repetitions, seed=config.seed)
    save_context(found.features, context.folder / "models")
    context.write(declared.CONTEXT, found.table)
    return {"context": found.features}


def examine_data(context: Context) -> Facts:
    """The health of the data, in numbers and in sentences."""
    health = examine(context.dataset, context.split)
    alarms, findings = [asdict(alarm) for alarm in health.alarms], [found.text for found in health.findings]
    audit = context.dataset.audit() | {"alarms": alarms, "warnings": findings}
    return {"audit": audit, "drift": health.drift.facts() if health.drift else None}
