"""A page in the terminal about the data, before anything is trained."""

import tempfile
from pathlib import Path

import pandas as pd

from churn.data import DataConfig, Dataset, prepare
from churn.progress import progress


def check(config: DataConfig) -> None:
    """Read the data and print what is there: rows, days, features, base rates and windows per part.

    Raises:
        UserError: for anything that would stop a run.
    """
    with tempfile.TemporaryDirectory(prefix="churn-") as folder:
        with progress("read"):
            page = _page(prepare(config, Path(folder) / "dataset"))
        print(page)


def _page(dataset: Dataset) -> str:
    audit = dataset.audit()
    rows = pd.DataFrame(
        [
            {"table": name, "read": c["read"], "used": c["used"], "non-members": c["non_members"], **c["rejected"]}
            for name, c in dataset.reconciliation.items()
        ]
    ).fillna(0)
    rates = ", ".join(f"{target} {rate:.4f}" for target, rate in audit["base_rates"].items())
    lines = [
        rows.to_string(
            index=False, float_format="{:,.0f}".format, formatters=dict.fromkeys(rows.columns[1:], "{:,.0f}".format)
        ),
        f"\ndays: {audit['first_day']} to {audit['last_day']}; users: {len(dataset.panel.users):,}",
        f"features: {', '.join(dataset.windows.features)}",
        f"labelled windows: {audit['windows_labelled']:,}, of which {audit['windows_in_gaps']:,} lie between the parts",
        f"base rates: {rates}\n",
        pd.DataFrame(audit["parts"]).to_string(index=False, float_format="{:.4f}".format, na_rep=""),
    ]
    if dataset.unknown_events:
        unknown = ", ".join(f"{name} ({n:,})" for name, n in dataset.unknown_events.items())
        lines.append(f"\nwarning: event types that the training span does not have, so without columns: {unknown}")
    return "\n".join(lines)
