"""Pseudonyms: users' ids as hashes that only the holder of a key can make."""

import csv
import fcntl
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pandas as pd

from churn.artefacts import atomic, harmless
from churn.disk import PARTIAL
from churn.errors import UserError

_IDS = "ids.csv"
LEAST = 16  # bytes of a key; shorter ones can be guessed


@dataclass(frozen=True)
class Pseudonyms:
    """Ids as HMAC-SHA256 of their text: the same key gives the same hash from week to week.

    Example:
        >>> names = Pseudonyms(b"a key of sixteen bytes or more", Path("key"))
        >>> names(["ann", 7]) == names(["ann", "7"]), len(names(["ann"])[0])
        (True, 64)
    """

    key: bytes = field(repr=False)
    path: Path  # of the key

    @classmethod
    def make(cls, path: Path, *, outside: Path) -> Self:
        """Open the key, which is made where there is none, readable by its owner alone.

        Args:
            path: The file of the key.
            outside: A folder that must not hold it, since whoever is given the folder would be given the key.

        Raises:
            UserError: for a path in that folder or one that cannot be written, and as `open` does.
        """
        _check_apart(path, outside)
        if not path.exists():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                    file.write(f"{secrets.token_hex(32)}\n")
            except OSError as error:
                found = f"{path}: {error.strerror}"
                remedy = "correct the path"
                raise UserError("expected a file that can be made for segments.id_key", found, remedy) from error
        return cls.open(path, outside=outside)

    @classmethod
    def open(cls, path: Path, *, outside: Path) -> Self:
        """Open a key that is there; a new one would recognise nobody.

        Args:
            path: The file of the key.
            outside: A folder that must not hold it.

        Raises:
            UserError: if there is none, it lies in that folder, or it is too short.
        """
        _check_apart(path, outside)
        _remembered(path.with_name(_IDS))
        try:
            key = path.read_bytes().strip()
        except OSError as error:
            remedy = "bring it back: with another key nobody is recognised"
            raise UserError(
                "expected the key of the ids, segments.id_key", f"{path}: {error.strerror}", remedy
            ) from error
        if len(key) < LEAST:
            remedy = "delete the file to have one made, or write a longer one"
            raise UserError(f"expected at least {LEAST} bytes in {path}", len(key), remedy)
        return cls(key, path)

    def __call__(self, user_ids: Iterable[object]) -> list[str]:
        """The ids' hashes, in their order."""
        texts = (str(user_id).encode("utf8", "surrogatepass") for user_id in user_ids)
        return [hmac.new(self.key, text, "sha256").hexdigest() for text in texts]

    def hide(self, user_ids: pd.Series) -> pd.Series:
        """The ids' hashes, same rows; ids.csv remembers whose."""
        known = user_ids.drop_duplicates()
        self.remember(known)
        return user_ids.map(dict(zip(known, self(known), strict=True)))

    def remember(self, user_ids: Iterable[object]) -> Path:
        """Add the ids to ids.csv beside the key (hash, user_id), which its owner alone can read; return its path.

        Raises:
            UserError: if another table is called so.
        """
        ids = [str(user_id) for user_id in user_ids]
        rows = pd.DataFrame({"hash": self(ids), "user_id": [harmless(user_id) for user_id in ids]}, dtype=object)
        path = self.path.with_name(_IDS)
        with self.path.open("rb") as key:
            fcntl.flock(key, fcntl.LOCK_EX)  # commands in other folders add theirs
            for half in path.parent.glob(f"{PARTIAL}*-{_IDS}"):  # of a killed command, with plain ids in it
                half.unlink()
            known = _remembered(path)
            every = pd.concat([known, rows]).drop_duplicates("hash")
            if known is not None and len(every) == len(known):  # as of every table after a run's first
                return path
            with atomic(path) as scratch:
                scratch.touch(mode=0o600)
                every.to_csv(scratch, index=False, quoting=csv.QUOTE_ALL)
        return path


def forms(user_id: str, names: Pseudonyms | None) -> list[str]:
    """The ways in which a list may write an id that another file has: as it is there, without the apostrophe before
    text like a formula and, where the list holds hashes, as hashes.

    Args:
        user_id: The id as the other file has it.
        names: The maker of hashes, if the list holds any.

    Example:
        >>> forms("'=1+1", None)
        ["'=1+1", '=1+1']
    """
    plain = [user_id, user_id[1:]] if user_id.startswith("'") else [user_id]
    return plain if names is None else [*plain, *names(plain)]


def _remembered(path: Path) -> pd.DataFrame | None:
    """The ids that are known already; None where none are."""
    if not path.exists():
        return None
    try:
        known = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # empty, no text, no table, a folder
        known = pd.DataFrame(columns=[f"none: {error}"])
    if list(known) != ["hash", "user_id"]:
        found = f"the columns {', '.join(map(str, known))}"
        remedy = "keep the key elsewhere"
        raise UserError(f"expected no table of yours at {path}, beside segments.id_key", found, remedy)
    return known


def _check_apart(path: Path, outside: Path) -> None:
    if path.resolve().is_relative_to(outside.resolve()):
        raise UserError(f"expected segments.id_key outside the folder {outside}", path, "keep the key apart")
