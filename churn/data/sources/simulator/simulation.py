"""A platform's log drawn from the latent model, written day by day beside its exact truth."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from churn.artefacts import write_table
from churn.data.sources.simulator import makings
from churn.data.sources.simulator.arrivals import Arrivals, draw_arrivals
from churn.data.sources.simulator.dirt import Dirt
from churn.data.sources.simulator.dirty_table import DirtyTable
from churn.data.sources.simulator.growing import growing_table
from churn.data.sources.simulator.latent import horizon_outlook, latent_model
from churn.data.sources.simulator.makings import Making, Makings
from churn.data.sources.simulator.population import PRESETS, Preset, live, populate
from churn.data.sources.simulator.rows import (
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
from churn.folder import claimed
from churn.replacement import together

__all__ = ["PRESETS", "Dirt", "Preset", "simulate", "simulate_platform"]

HISTORY_DAYS = HORIZON_DAYS = 7
LEDGER = "ledger.csv"
SCHEMAS = {"events": EVENTS_SCHEMA, "stickers": STICKERS_SCHEMA, "members": MEMBERS_SCHEMA, "truth": TRUTH_SCHEMA}
ARRIVALS, THEIR_TRUTH = "arrivals.parquet", "arrivals_truth.parquet"
FILES = (LEDGER, ARRIVALS, THEIR_TRUTH, *makings.FILES, *(f"{name}.parquet" for name in SCHEMAS))


def simulate(
    preset: Literal["small", "study", "large"],
    *,
    seed: int,
    out: Path,
    dirt: Dirt | int | None = None,
    made: Arrivals | None = None,
    items: Makings | None = None,
    contagion: float = 1.0,
) -> None:
    """Write `events.parquet`, `stickers.parquet`, `members.parquet` and `truth.parquet` to the folder `out`.

    The same preset and seed give the same bytes. Truth has one row per creator and cutoff at risk, up to the day after
    the last.

    Args:
        preset: The size of the platform.
        seed: The seed of everything random.
        out: The folder.
        dirt: The dirt to plant, or a number of rows of every kind; `ledger.csv` (table, dirt, rows) counts it.
        made: Launches to write beside the platform, which they have nothing to do with, as `arrivals.parquet` and
            `arrivals_truth.parquet`.
        items: What creators make and visit, to write beside the platform: `items.parquet`, `activities.parquet`,
            `visits.parquet`, and their truth, `items_truth.parquet` and `tastes.parquet`.
        contagion: How many times as likely a creator's engagement sinks, and less likely rises, while the circle of the
            creator's fans is silent; 1 for fans who matter by the number of their events alone.

    Raises:
        UserError: if the preset is unknown or the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> simulate("small", seed=1, out=folder)
        >>> sorted(path.name for path in folder.glob("*.parquet"))
        ['events.parquet', 'members.parquet', 'stickers.parquet', 'truth.parquet']
    """
    if preset not in PRESETS:
        raise UserError(f"expected a preset out of {', '.join(PRESETS)}", repr(preset), "choose one of these")
    planted = Dirt.of_every_kind(dirt) if isinstance(dirt, int) else dirt
    platform = replace(PRESETS[preset], rates=replace(PRESETS[preset].rates, contagion=contagion))
    simulate_platform(platform, seed=seed, out=out, dirt=planted, made=made, items=items)


def simulate_platform(
    preset: Preset,
    *,
    seed: int,
    out: Path,
    dirt: Dirt | None = None,
    made: Arrivals | None = None,
    items: Makings | None = None,
) -> None:
    """Write the tables of any platform, in one pass over its days, a few of which are in memory.

    Raises:
        UserError: if the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> platform = Preset(n_creators=9, n_residents=8, n_fans=50, n_days=20)
        >>> simulate_platform(platform, seed=1, out=folder, dirt=Dirt(null_amount=3))
        >>> print((folder / "ledger.csv").read_text().splitlines()[-6])
        "stickers","null amount",3
    """
    with claimed(out, "a log"), together(out, FILES) as scratch:
        _write(preset, seed=seed, out=scratch, dirt=dirt, items=items)
        if made is not None:
            for table, name in zip(draw_arrivals(made, seed=seed), (ARRIVALS, THEIR_TRUTH), strict=True):
                write_table(table, scratch / name)


def _write(preset: Preset, *, seed: int, out: Path, dirt: Dirt | None, items: Makings | None) -> None:
    rng, model, names = np.random.default_rng(seed), latent_model(preset.rates), Names(preset)
    population = populate(preset, model, rng=rng)
    outlooks = [horizon_outlook(model, weekday, horizon_days=HORIZON_DAYS) for weekday in range(7)]
    dirty = {} if dirt is None else _dirty_tables(dirt, preset, names=names, seed=seed)
    making = None if items is None else Making(items, preset, names, seed=seed)
    schemas = SCHEMAS | {name: table.schema for name, table in dirty.items()} | (makings.SCHEMAS if making else {})
    with ExitStack() as files:
        tables = {name: files.enter_context(growing_table(out / f"{name}.parquet", s)) for name, s in schemas.items()}
        tables["members"].append(members_of(population, names))
        for day in live(preset, population, model=model, rng=rng):
            if day.number >= HISTORY_DAYS:
                tables["truth"].append(truth_of(day, outlooks[preset.weekday(day.number)], names=names))
            # the day after the last is a cutoff only: its events are not part of the log
            if day.number < preset.n_days:
                log = {"events": events_of(day, names, rng=rng), "stickers": stickers_of(day, names, rng=rng)}
                for name, rows in log.items():
                    tables[name].append(dirty[name].soil(rows, day.number) if dirty else rows)
                for name, rows in making.of(day) if making else ():
                    tables[name].append(rows)
    if making:
        write_table(making.activities(), out / makings.ACTIVITIES)
        write_table(making.tastes(), out / makings.TASTES)
    if dirty:
        write_table(_ledger(dirty), out / LEDGER)


def _dirty_tables(dirt: Dirt, preset: Preset, *, names: Names, seed: int) -> dict[str, DirtyTable]:
    """A dirty table for each table, with its own generator, so that dirt in one changes nothing else."""
    own = np.random.SeedSequence(seed).spawn(2)
    return {
        name: DirtyTable(SCHEMAS[name], dirt=dirt, names=names, n_days=preset.n_days, rng=np.random.default_rng(s))
        for name, s in zip(("events", "stickers"), own, strict=True)
    }


def _ledger(dirty: dict[str, DirtyTable]) -> pd.DataFrame:
    rows = [(name, kind, n) for name, table in dirty.items() for kind, n in table.ledger()]
    return pd.DataFrame(rows, columns=["table", "dirt", "rows"])
