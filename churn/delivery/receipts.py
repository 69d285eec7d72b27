"""Receipts: a folder for each delivery, by which the next knows what the destinations have and whom they had lately."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.delivery.leaving import LEAVES, UNCHANGED
from churn.disk import flush

BEGUN, DELIVERED, NOT_KNOWN = "begun", "delivered", "not known"  # states


@dataclass(frozen=True)
class Receipt:
    """A delivery: receipt.json, and delivered.parquet beside it."""

    folder: Path
    told: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        """An entry of receipt.json."""
        return self.told[key]

    @property
    def list(self) -> tuple[str, str]:
        """The list: its run and its cutoff."""
        return self["run"], self["cutoff"]

    @property
    def users(self) -> pd.DataFrame:
        """The users of the list with their outcomes."""
        return declared.DELIVERED.read(self.folder)

    @property
    def rows(self) -> dict[str, str]:
        """The row of each person that the destination has from this delivery and earlier ones: a hash by person."""
        users = self.users
        found = users[users["outcome"].isin([LEAVES, UNCHANGED])]
        return dict(zip(found["person"], found["row"], strict=True))

    def turned(self, state: str, **further: object) -> "Receipt":
        """The receipt in another state, on the disk."""
        changed = replace(self, told={**self.told, "state": state, **further})
        declared.RECEIPT.write(changed.told, self.folder)
        flush(self.folder / declared.RECEIPT.file)
        return changed

    def undo(self) -> None:
        """Remove a delivery that has not arrived; its receipt goes first, without which the rest is nothing."""
        (self.folder / declared.RECEIPT.file).unlink()
        shutil.rmtree(self.folder)


@dataclass(frozen=True)
class Receipts:
    """The receipts of a folder."""

    folder: Path

    def every(self) -> Iterator[Receipt]:
        """Each delivery, the oldest first.

        Raises:
            UserError: for a receipt that is not as it was written.
        """
        found = [Receipt(path.parent, declared.RECEIPT.read(path.parent)) for path in self._files()]
        return iter(sorted(found, key=lambda receipt: (receipt["at"], receipt["id"])))

    def at(self, kind: str, to: str) -> list[Receipt]:
        """The deliveries to a destination, the oldest first."""
        return [one for one in self.every() if (one["destination"], one["to"]) == (kind, to)]

    def lately(self, days: int, now: datetime, *, but: tuple[str, str]) -> set[str]:
        """The persons whom any list but one has brought to a destination in some days, or may have brought."""
        since = moment(now - timedelta(days=days))
        recent = [one for one in self.every() if one["at"] > since and one.list != but]
        return {person for one in recent for person in one.users.query("outcome == @LEAVES")["person"]} - {""}

    def begin(self, told: Mapping[str, Any], users: pd.DataFrame) -> Receipt:
        """Write a receipt, users first, so that whoever finds it finds all of it."""
        folder = self.folder / folder_of(told)
        folder.mkdir(parents=True, exist_ok=True)
        declared.DELIVERED.write(users, folder)
        declared.RECEIPT.write(told, folder)
        flush(folder / declared.DELIVERED.file, folder / declared.RECEIPT.file)
        return Receipt(folder, told)

    def sweep(self) -> None:
        """Remove what a killed command left before it had a receipt."""
        for path in self.folder.glob(f"*/{declared.DELIVERED.file}"):
            if not (path.parent / declared.RECEIPT.file).exists():
                shutil.rmtree(path.parent)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"*/{declared.RECEIPT.file}"))


def moment(time: datetime) -> str:
    """A time as receipts have it, which sorts as text."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def folder_of(told: Mapping[str, Any]) -> str:
    """The name of a receipt's folder."""
    return f"{told['cutoff']}-{told['destination']}-{told['id']}"
