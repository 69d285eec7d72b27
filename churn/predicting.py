"""Predictions of a run's chosen models: calibrated chances of windows, and the days ahead."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from churn import segments
from churn.artefacts import read_object
from churn.data import Windows
from churn.errors import UserError
from churn.evaluation import IF_STAYS, Calibrator, IfStays, chances
from churn.models import DAILY_CALIBRATOR, DAYS, Classifier, DailyCalibrator, load

FORESIGHT = "Foresight"  # the name of the model that knows every day ahead


def chosen_models(models: Path) -> dict[str, str]:
    """The name of each target's chosen model, which is that of its folder.

    Raises:
        UserError: if none are chosen, or they do not lie in the run's folder.
    """
    path = models / "chosen.json"
    chosen: dict[str, str] = read_object(path)
    if not chosen:
        raise UserError(f"expected a model of {models} in {path}", "none", "bring the file back")
    for target, name in chosen.items():
        if target not in _folders(models) or not isinstance(name, str) or name not in _folders(models / target):
            raise UserError(
                f"expected a model of {models} in {path}", f"{name!r} for {target!r}", "bring the file back"
            )
    return chosen


def _folders(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def chosen_model(models: Path, target: str, name: str, *, refitted: bool) -> tuple[Classifier, Calibrator]:
    """The chosen model of a target and its calibrator; see `score_windows` for `refitted`."""
    folder, again = models / target / name, models / target / "refitted"
    calibrator = Calibrator.load(folder / "calibrator.json", target=target, name=name)
    return load(again if refitted and again.exists() else folder, target=target, name=name), calibrator


def score_windows(
    windows: Windows, models: Path, *, refitted: bool = False, future: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Calibrated probabilities of the chosen models: user_id, cutoff, active_days of the history, p_churn, p_sticker,
    p_sticker_if_stays, and what a sticker is expected to be worth by what was known at the cutoff, expected_amount; the
    last three with stickers alone. With a Foresight back_by is the day by which the user is as likely back as not, null
    beyond the days learnt, and the chance if the user stays is the network's own.

    Args:
        windows: What to score.
        models: The folder of a run's models.
        refitted: Whether to score with the models that were learnt again from all windows, where there are any. They
            must not be measured on windows of the run, all of which they have seen; their calibrator is that of the
            measured model.
        future: The answer of `days_ahead` for days among which the horizon is; where None, it is asked.
    """
    table = pd.DataFrame({"user_id": windows.user_ids, "cutoff": windows.dates})
    if windows.panel.features:  # of arrivals alone no days are seen
        table["active_days"] = windows.active_days()
    for target, name in chosen_models(models).items():
        model, calibrator = chosen_model(models, target, name, refitted=refitted)
        table[f"p_{target}"] = calibrator(chances(model, windows, target=target, name=name).mean(axis=0))
    future = days_ahead(windows, models, days=[windows.horizon_days]) if future is None else future
    if future is not None:
        at_horizon = future[future["days"] == windows.horizon_days].reset_index(drop=True)
        table["back_by"] = at_horizon["back_by"]
        if "p_sticker" in table:
            table["p_sticker_if_stays"] = at_horizon["p_sticker_if_stays"]
    elif "p_sticker" in table and (learnt := models / "sticker" / IF_STAYS).exists():
        table["p_sticker_if_stays"] = IfStays.load(learnt)(table.p_churn.to_numpy(), table.p_sticker.to_numpy())
    amounts = segments.expected_amounts(windows)
    return table if amounts is None else table.assign(expected_amount=amounts)


def days_ahead(windows: Windows, models: Path, *, days: Sequence[int] = DAYS) -> pd.DataFrame | None:
    """The future of each window by a run's Foresight, calibrated, see `churn.models.foretell`; None without one.

    In place of day_back stands its date, back_by.

    Args:
        windows: What to look ahead from.
        models: The folder of a run's models.
        days: The horizons in days.
    """
    target = windows.targets[0]
    folder = models / target / FORESIGHT
    if not folder.is_dir():
        return None
    from churn.models import foretell  # needs torch

    calibrator = DailyCalibrator.load(folder / DAILY_CALIBRATOR)
    table = foretell(load(folder, target=target, name=FORESIGHT), windows, days=days, calibrator=calibrator)
    ahead = pd.to_timedelta(table.pop("day_back") + windows.lead_days - 1, unit="D")
    return table.assign(back_by=table["cutoff"] + ahead)
