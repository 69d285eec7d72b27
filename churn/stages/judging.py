"""Judgement of the models: calibration, leaderboard, verdicts."""

import shutil
from dataclasses import asdict, replace
from functools import partial

import pandas as pd

from churn import evaluation, segments
from churn.artefacts import TargetTables, declared, write_json, write_with
from churn.data import CHURN, Windows
from churn.models import DAILY_CALIBRATOR
from churn.predicting import FORESIGHT, score_windows
from churn.stages.context import Context, Facts


def evaluate_models(context: Context) -> Facts:
    """Calibration, choice and leaderboard."""
    tables, chosen = TargetTables(), {}
    for target in context.split.train.targets:
        chosen[target] = _judge(context, target, tables)
    tables.write(context.folder, context.hide)
    write_json(chosen, context.folder / "models" / "chosen.json")
    write_json(asdict(context.dataset.vocabulary), context.folder / "models" / "vocabulary.json")
    if (learnt := context.folder / "dataset" / "encoders").is_dir():
        write_with(partial(shutil.copytree, learnt), context.folder / "models" / "encoders")
    if context.model_folder(context.split.train.targets[0], FORESIGHT).exists():
        _judge_days_ahead(context)
    elif "sticker" in chosen:
        _learn_if_stays(context)
    return {"chosen": chosen}


def _judge_days_ahead(context: Context) -> None:
    """Calibrate every day ahead on half B, as far as it was seen before the test part, and hold it against this."""
    from churn.models import calibrate_daily  # needs torch

    split, target = context.split, context.split.train.targets[0]
    model = context.model(target, FORESIGHT)
    calibrator = calibrate_daily(model, split.val_b, until=split.border_of("test"))
    calibrator.save(context.model_folder(target, FORESIGHT) / DAILY_CALIBRATOR)
    repetitions, seed = context.config.evaluation.repetitions, context.config.seed
    found = evaluation.foretold(model, split.test, calibrator, repetitions=repetitions, seed=seed)
    context.write(declared.FORETOLD, found)


def _learn_if_stays(context: Context) -> None:
    """The chance of a sticker if the user stays, by the users of half B who did."""
    half_b, models = context.split.val_b, context.folder / "models"
    stayed = half_b.take(half_b.label(CHURN) == 0)
    scores = score_windows(stayed, models)
    found = evaluation.fit_if_stays(scores.p_churn.to_numpy(), scores.p_sticker.to_numpy(), stayed.label("sticker"))
    found.save(models / "sticker" / evaluation.IF_STAYS)


def _judge(context: Context, target: str, tables: TargetTables) -> str:
    """Calibrate and measure every model of a target, and return the chosen one's name."""
    models, seed, kinds = context.models(target), context.config.seed, context.config.evaluation.calibrators
    again = {"repetitions": context.config.evaluation.repetitions, "seed": seed}
    found = evaluation.predict(models, context.split, target=target, calibrators=kinds, seed=seed)
    for name, calibrator in found.calibrators.items():
        calibrator.save(context.model_folder(target, name) / "calibrator.json", target=target, name=name)
    thresholds = evaluation.tune_thresholds(found.table)
    board = evaluation.leaderboard(found.table, chosen=found.best_model, thresholds=thresholds, **again)
    measured = {
        declared.PREDICTIONS: found.table,
        declared.THRESHOLDS: thresholds,
        declared.LEADERBOARD: board,
        declared.DIFFERENCES: evaluation.differences(found.table, thresholds=thresholds, **again),
        declared.GAINS: evaluation.gains(found.table, **again),
        declared.CALIBRATION: evaluation.reliabilities(found.table, seed=seed),
        declared.CALIBRATORS: found.losses,
        declared.SEEDS: found.seeds,
    }
    for artefact, table in measured.items():
        tables.add(artefact, table, target=target)
    return found.best_model


def choose_order(context: Context) -> Facts:
    """The order of the list: chosen on half A of validation, as models are, and judged once on the test part.

    The calibrators, and the chance of a sticker if the user stays, were fitted on half B, so no order gains from them.
    """
    config, split = context.config.segments, context.split
    tables = {part: _orders(context, windows) for part, windows in (("val", split.val_a), ("test", split.test))}
    name = segments.choose_order(tables["val"]) if config.rank_by == "best" else config.order
    measure, horizon, seen = segments.measure_of(split.test, config), split.test.horizon_days, split.kind == "random"
    order = segments.judged(tables["test"], segments.Order(name, config.rank_by, measure, horizon, seen))
    order.save(context.folder / "models")
    rows = pd.concat([table.assign(part=part) for part, table in tables.items()], ignore_index=True)
    context.write(declared.ORDERS, rows.assign(chosen=rows.rank_by == name)[list(declared.ORDERS.types)])
    return {"order": order.facts()}


def _orders(context: Context, windows: Windows) -> pd.DataFrame:
    """The worth found by the lists of each order; lists of half of the users hold half of a number of users."""
    config, split, scores = context.config.segments, context.split, score_windows(windows, context.folder / "models")
    if config.number is not None and windows is not split.test:
        config = replace(config, number=max(1, round(config.number * len(windows) / len(split.val))))
    return segments.compare_orders(windows, scores, config, seed=context.config.seed)


def reach_verdicts(context: Context) -> Facts:
    """Answers to a sceptic's questions, by fresh fits."""
    contestants = {
        target: evaluation.contestants(context.searched(target), losses=context.val_losses(target))
        for target in context.split.train.targets
    }
    config, seed = context.config.verdicts, context.config.seed
    found = list(evaluation.reach_verdicts(context.dataset, contestants, config, seed=seed))
    words = [{key: getattr(v, key) for key in ("target", "question", "sentence", "note")} for v in found]
    answers = [{"verdict": v.name, **w} for v, w in zip(found, words, strict=True)]
    declared.ANSWERS.write(answers, context.folder)
    context.write(declared.VERDICTS, evaluation.verdict_table(found))
    return {}
