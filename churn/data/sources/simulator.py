"""A platform's log drawn from the latent model, written day by day beside its exact truth."""

from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import numpy as np

from churn.artefacts import prepare_folder
from churn.data.sources.growing import growing_table
from churn.data.sources.latent import horizon_outlook, latent_model
from churn.data.sources.population import PRESETS, Preset, live, populate
from churn.data.sources.rows import (
    EVENTS_SCHEMA,
    MEMBERS_SCHEMA,
    STICKERS_SCHEMA,
    TRUTH_SCHEMA,
    Names,
    events_of,
    members_of,
    stickers_of,
    truth_of,
)
from churn.errors import UserError

__all__ = ["PRESETS", "Preset", "simulate", "simulate_platform"]

HISTORY_DAYS = HORIZON_DAYS = 7


def simulate(preset: Literal["small", "study", "large"], *, seed: int, out: Path) -> None:
    """Write `events.parquet`, `stickers.parquet`, `members.parquet` and `truth.parquet` to the folder `out`.

    The same preset and seed give the same bytes. Truth has one row per creator and cutoff at risk, up to the day after
    the last.

    Raises:
        UserError: if the preset is unknown or the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> simulate("small", seed=1, out=folder)
        >>> sorted(path.name for path in folder.iterdir())
        ['events.parquet', 'members.parquet', 'stickers.parquet', 'truth.parquet']
    """
    if preset not in PRESETS:
        raise UserError(f"expected a preset out of {', '.join(PRESETS)}", repr(preset), "choose one of these")
    simulate_platform(PRESETS[preset], seed=seed, out=out)


def simulate_platform(preset: Preset, *, seed: int, out: Path) -> None:
    """Write the four tables of any platform, in one pass over its days and with the memory of a few of them.

    Raises:
        UserError: if the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> import pyarrow.parquet as pq
        >>> folder = Path(tempfile.mkdtemp())
        >>> simulate_platform(Preset(n_creators=9, n_residents=8, n_fans=50, n_days=20), seed=1, out=folder)
        >>> pq.read_table(folder / "members.parquet").num_rows
        9
    """
    prepare_folder(out)
    rng, model = np.random.default_rng(seed), latent_model(preset.rates)
    population = populate(preset, model, rng=rng)
    names = Names(preset)
    outlooks = [horizon_outlook(model, weekday, horizon_days=HORIZON_DAYS) for weekday in range(7)]
    with ExitStack() as files:
        events = files.enter_context(growing_table(out / "events.parquet", EVENTS_SCHEMA))
        stickers = files.enter_context(growing_table(out / "stickers.parquet", STICKERS_SCHEMA))
        members = files.enter_context(growing_table(out / "members.parquet", MEMBERS_SCHEMA))
        truth = files.enter_context(growing_table(out / "truth.parquet", TRUTH_SCHEMA))
        members.append(members_of(population, names))
        for day in live(preset, population, model=model, rng=rng):
            if day.number >= HISTORY_DAYS:
                truth.append(truth_of(day, outlooks[preset.weekday(day.number)], names=names))
            # the day after the last is a cutoff only: its events are not part of the log
            if day.number < preset.n_days:
                events.append(events_of(day, names, rng=rng))
                stickers.append(stickers_of(day, names, rng=rng))
