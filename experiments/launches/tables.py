"""The tables of launches that the configurations of this folder read, from the published ones.

    python experiments/launches/tables.py ../shared/data/launches --out build/launches

`us2018` has parts but no days, so each part gets one: 2018-01-01 for training, of which a tenth chosen at random comes
on the 20th for validation, then 2018-02-10 for the published validation part and 2018-03-01 for the later projects.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

DAYS = {"train": "2018-01-01", "val": "2018-01-20", "validation": "2018-02-10", "later": "2018-03-01"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, table in {"us2018": us2018, "projects15k": projects15k}.items():
        table(pd.read_parquet(options.source / f"{name}.parquet")).to_parquet(options.out / f"{name}.parquet")


def us2018(projects: pd.DataFrame) -> pd.DataFrame:
    """The projects with the day of their part."""
    held_out = (projects.part == "train") & (np.random.default_rng(0).random(len(projects)) < 0.1)
    return projects.assign(launched=projects.part.mask(held_out, "val").map(DAYS).astype("datetime64[us]"))


def projects15k(projects: pd.DataFrame) -> pd.DataFrame:
    """The projects with what follows from the moments of creation, launch and deadline; answers are known on `ends`."""
    launched, created, deadline = (pd.to_datetime(projects[name]) for name in ("launched_at", "created_at", "deadline"))
    day = pd.Timedelta(days=1)
    return projects.assign(
        duration=(deadline - launched) / day,
        preparation=(launched - created) / day,
        month=launched.dt.month,
        hour=launched.dt.hour,
        launch_weekday=launched.dt.weekday,
        ends=deadline.dt.normalize() + day,
    )


if __name__ == "__main__":
    main()
