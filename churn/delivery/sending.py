"""Sending: one list to one destination, with a receipt that is there before anything leaves."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from churn.artefacts import harmless
from churn.data import without_password
from churn.delivery.config import DeliveryConfig
from churn.delivery.destinations import Destination, MailConfig, TableConfig
from churn.delivery.folders import Folder
from churn.delivery.formats import form_of, formed
from churn.delivery.leaving import LEAVES, UNCHANGED, leaving
from churn.delivery.listed import Listed
from churn.delivery.mail import Mailbox
from churn.delivery.places import Parcel, Place, UndeliveredError
from churn.delivery.receipts import BEGUN, DELIVERED, NOT_KNOWN, Receipt, Receipts, moment
from churn.delivery.tables import Table

UNDONE = "undone"  # what has come of a delivery that was cut off and had not arrived
_BY_KEY = ("braze", "hubspot", "salesforce")  # destinations that know people by a key exactly as it is written


@dataclass(frozen=True)
class Delivery:
    """The outcome of a delivery, or of a dry run of one."""

    listed: Listed
    receipt: Mapping[str, Any]  # as receipt.json has it
    fresh: bool  # whether it is made now, or had been made already
    settled: Mapping[str, str]  # earlier deliveries that had been cut off: what has come of each, by id


@dataclass(frozen=True)
class Sending:
    """A list on its way to a destination."""

    listed: Listed
    config: DeliveryConfig
    kind: str
    destination: Destination
    receipts: Receipts
    now: datetime

    def deliver(self, *, dry_run: bool) -> Delivery:
        """Settle what was cut off, then deliver unless an equal delivery was made; a dry run writes nothing."""
        settled = {} if dry_run else self._settle()
        earlier = [one for one in self.receipts.at(self.kind, self._to) if one["state"] != BEGUN]
        users, rows, told = self._prepared()
        if made := [one for one in earlier if one["id"] == told["id"]]:
            return Delivery(self.listed, made[0].told, fresh=False, settled=settled)
        before = [one for one in earlier if one["state"] == DELIVERED][-1:]
        there = before[0].rows if before else {}
        users["outcome"] = leaving(
            users,
            suppressed=self.listed.suppressed,
            lately=self.receipts.lately(self.config.fatigue_days, self.now, but=(told["run"], told["cutoff"])),
            there=there if self.config.changed_only else {},
        )
        told |= {"counts": _counts(users, there), "since": before[0]["id"] if before else None}
        told["stay"] = users["outcome"][users["outcome"] != LEAVES].value_counts().sort_index().to_dict()
        made_now = told if dry_run else self._send(told, users, rows)
        return Delivery(self.listed, made_now, fresh=True, settled=settled)

    def _send(self, told: Mapping[str, Any], users: pd.DataFrame, rows: pd.DataFrame) -> Mapping[str, Any]:
        """Begin a receipt, deliver the rows that leave, and turn the receipt."""
        known, rows = users[["user_id", "person", "outcome", "row"]], rows.loc[users.index[users["outcome"] == LEAVES]]
        if rows.empty:
            return self.receipts.begin({**told, "state": DELIVERED}, known).told
        named = {name: told[name] for name in ("id", "name", "run", "cutoff", "owner")}
        with self._place.ready() as put:
            receipt = self.receipts.begin(told, known)
            with self._undone_if_refused(receipt):
                files = put(Parcel(**named, at=self.now, rows=rows))
        return receipt.turned(DELIVERED, files=files).told

    @contextmanager
    def _undone_if_refused(self, receipt: Receipt) -> Iterator[None]:
        """Undo a delivery that has certainly not arrived; any other that fails is settled by the next command."""
        try:
            yield
        except Exception as error:  # whatever it is, it is raised again
            with suppress(Exception):  # where the destination cannot be asked, the first error is the one to tell
                if isinstance(error, UndeliveredError) or self._place.arrived(receipt["id"], receipt["name"]) is False:
                    receipt.undo()
            raise

    def _settle(self) -> dict[str, str]:
        """Finish or undo earlier deliveries to the destination that were cut off; what has come of each, by id."""
        cut_off = [one for one in self.receipts.at(self.kind, self._to) if one["state"] == BEGUN]
        return {one["id"]: self._settled(one) for one in cut_off}

    def _settled(self, receipt: Receipt) -> str:
        arrived = self._place.arrived(receipt["id"], receipt["name"])
        if arrived is False:
            receipt.undo()
            return UNDONE
        return str(receipt.turned(NOT_KNOWN if arrived is None else DELIVERED)["state"])

    def _prepared(self) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
        """The users of the list, their rows, and the receipt of a delivery of these that has not begun.

        Equal deliveries share an id. It does not depend on earlier deliveries, so that one made twice is recognised.
        """
        users, form = self.listed.users.copy(), form_of(self.config, self.destination)
        if self.kind in _BY_KEY:  # with an apostrophe before it, it would be another's
            users["key"] = users["key"].where(users["key"].map(harmless) == users["key"])
        rows, shortened = formed(
            self.listed.columns, users["key"].loc[self.listed.columns.index], form, dict(self.destination.columns)
        )
        users["row"] = _hashes(rows).reindex(users.index, fill_value="")
        could = leaving(users, suppressed=self.listed.suppressed) == LEAVES
        content = _hash(users.loc[could, ["user_id", "row"]].to_numpy().tolist())
        contract, cutoff = self.config.public(self.kind), str(self.listed.cutoff)
        one = _hash([self.listed.run, cutoff, self.kind, contract, content])[:12]
        told = {
            **{"id": one, "state": BEGUN, "at": moment(self.now)},
            **{"owner": self.config.owner, "run": self.listed.run, "cutoff": cutoff},
            **{"destination": self.kind, "to": self._to, "contract": contract, "content": content},
            **{"name": f"{self.kind}-{cutoff}-{one}", "files": [], "shortened": shortened},
        }
        return users, rows, told

    @property
    def _to(self) -> str:
        return without_password(str(self.destination.to))

    @cached_property
    def _place(self) -> Place:
        to, form = str(self.destination.to), form_of(self.config, self.destination)
        if isinstance(self.destination, TableConfig):
            return Table.of(to, self.config.grain)
        return Mailbox(self.destination, form) if isinstance(self.destination, MailConfig) else Folder(Path(to), form)


def _counts(users: pd.DataFrame, there: Mapping[str, str]) -> dict[str, int]:
    """The difference of the users who leave to the last delivery, in numbers."""
    left, before = users[users["outcome"] == LEAVES], users["person"].map(dict(there))
    new = left["person"].map(dict(there)).isna()
    return {
        "listed": len(users),
        "leave": len(left),
        "new": int(new.sum()),
        "changed": int((~new & (before[left.index] != left["row"])).sum()),
        "unchanged": int(((before == users["row"]) & users["outcome"].isin([LEAVES, UNCHANGED])).sum()),
        "gone": len({*there} - {*users["person"]}),
    }


def _hashes(rows: pd.DataFrame) -> pd.Series:
    """A hash of each row, names of columns included."""
    found = [_hash([*zip(rows, row, strict=True)]) for row in rows.to_numpy(object).tolist()]
    return pd.Series(found, rows.index, dtype=object)


def _hash(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
