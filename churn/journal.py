"""The journal of a run, its manifest: the finished stages, their seconds, and the data and configuration."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any, Self

from churn import __version__
from churn.artefacts import (
    as_written,
    check_fingerprint,
    check_signed,
    declared,
    discard_within,
    fingerprint,
    missing,
    read_object,
    recorded,
    signed,
    write_json,
)
from churn.errors import UserError
from churn.progress import note, progress

_FILE = declared.MANIFEST.file
_PASSING = "trials"  # a folder that is not read after its stage
_BEGUN_WITH = "begun_with"  # the configuration and the hashes of the tables
_BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError)
_LONGEST = 60  # characters of a value that an error shows


@dataclass
class Journal:
    """The manifest of one folder, written after every stage.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> journal = Journal.open(folder, seed=0, config={"a": 1}, inputs={})
        >>> journal.do("first", dict)
        >>> Journal.open(folder, seed=0, config={"a": 1}, inputs={}).done
        ['first']
    """

    folder: Path
    content: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        seed: int,
        config: dict[str, Any],
        inputs: dict[str, str],
        readers: Mapping[str, Sequence[str]] | None = None,
        filled: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """Begin a run, or continue one.

        Args:
            folder: The run's folder.
            seed: The seed of the run.
            config: The configuration as plain data.
            inputs: The hash of each table, by name.
            readers: The stages that depend on a key of the configuration, by key or by block of keys. They are done
                again if the key's value, or the rows that it names, differ from what the run was begun with.
            filled: The files and folders, as patterns, that a stage fills bit by bit and goes on from. Where such a
                stage is done again, they are removed, with the files of all stages that are done again.

        Raises:
            UserError: if any other key has another value or names other rows, or the version differs.
        """
        begun_with = json.loads(json.dumps({"config": config, "inputs": inputs}, default=str))
        if not (folder / _FILE).exists():
            start = {"version": __version__, "seed": seed, "created": datetime.now(UTC).isoformat(timespec="seconds")}
            return cls(folder, start | {_BEGUN_WITH: begun_with, "stages": []})
        journal = cls.resume(folder)
        journal._turn_to(begun_with, readers or {}, filled or {})
        journal._reopen()
        return journal

    @classmethod
    def resume(cls, folder: Path) -> Self:
        """The journal of a folder that has one.

        Raises:
            UserError: if it has none, or a corrupt one.
        """
        if not (folder / _FILE).exists():
            raise UserError("expected a run's folder", f"no {_FILE} in {folder}", "check --run")
        journal = cls(folder, read_object(folder / _FILE, "stages"))
        check_signed(journal.content, folder / _FILE)
        with as_written(folder / _FILE, KeyError, TypeError, AttributeError):
            _ = journal.done, journal.files
        return journal

    @property
    def done(self) -> list[str]:
        """The finished stages, in their order."""
        return [stage["name"] for stage in self.content["stages"]]

    @property
    def files(self) -> dict[str, str | None]:
        """The fingerprint of the configuration and of each file of a finished stage, by its name in the folder."""
        found: dict[str, str | None] = dict(self.content.get("files", {}))
        for stage in self.content.get("stages", ()):
            found |= stage.get("files", {})
        return found

    def check(self, *names: str) -> None:
        """Check that some files, or all files below some folders, are as their stages wrote them.

        Raises:
            UserError: for the first one that is not.
        """
        for name, known in self.files.items():
            if name.startswith(tuple(names)):
                check_fingerprint(self.folder / name, known)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Blame the folder for what reading it breaks within the block, where no hash vouches for its files.

        Raises:
            UserError: for an error that files which are not as a run writes them lead to.
        """
        try:
            yield
        except _BROKEN as error:
            if self.files:
                raise
            found = f"{type(error).__name__}: {error}"
            remedy = "take a copy whose manifest.json tells the hashes of its files, or make it again"
            raise UserError(f"expected {self.folder} as a run leaves it", found, remedy) from error

    def keep(self, name: str) -> None:
        """Record a file that no stage wrote; a folder in which no stage has finished is not bound to its data yet."""
        files = {name: fingerprint(self.folder / name)}
        if self.content.get("files") != files:
            self.content["files"] = files
            if self.done:
                self._write()

    def _write(self) -> None:
        write_json(signed(self.content), self.folder / _FILE)

    def _turn_to(
        self,
        begun_with: dict[str, Any],
        readers: Mapping[str, Sequence[str]],
        filled: Mapping[str, Sequence[str]],
    ) -> None:
        """Mark the stages that depend on changed keys or rows as not done."""
        changed = self._changes(begun_with)
        stale = {key: _of(key, readers) for key in changed}
        refused = [said for key, said in changed.items() if stale[key] is None]
        if self.content.get("version") != __version__:
            refused.append(f"version: {self.content.get('version')} → {__version__}")
        if refused:
            raise UserError(
                f"expected the version, configuration and data that the run in {self.folder} was begun with",
                ", ".join(refused),
                "take these back, or choose another --out",
            )
        again = {name for names in stale.values() for name in names or ()}
        for key, said in changed.items():
            every = {*self.done} <= {*(stale[key] or ())}
            note(f"{said}: {'everything' if every else 'what depends on it'} is done again")
        if changed:
            self._forget(again, filled)
            self.content[_BEGUN_WITH] = begun_with
            self._write()

    def _changes(self, begun_with: dict[str, Any]) -> dict[str, str]:
        """The keys that have another value, or name other rows, each with what is different."""
        known = read_object(self.folder / _FILE, _BEGUN_WITH)[_BEGUN_WITH]
        changed = dict(_differences(known.get("config", {}), begun_with["config"]))
        rows = _other_rows(known.get("inputs", {}), begun_with["inputs"])
        return {name: f"other rows in {name}" for name in rows} | changed

    def _forget(self, again: Collection[str], filled: Mapping[str, Sequence[str]]) -> None:
        """Drop stages, with their files where a stage among these would go on from its own."""
        gone = [stage for stage in self.content["stages"] if stage["name"] in again]
        if {*filled} & {*again}:
            names = [escape(name) for stage in gone for name in stage.get("files", ())]
            discard_within(self.folder, *names, *(one for stage in again for one in filled.get(stage, ())))
        self.content["stages"] = [stage for stage in self.content["stages"] if stage not in gone]

    def _reopen(self) -> None:
        """Mark the first stage with a missing file, and all later ones, as not done.

        Raises:
            UserError: for a file of an earlier stage that is not as it was written: what is right is not known.
        """
        for place, stage in enumerate(self.content["stages"]):
            gone = next((path for name in stage.get("files", ()) for path in missing(self.folder / name)), None)
            if gone is not None:
                note(f"{gone} is gone: {stage['name']} and what follows it are done again")
                del self.content["stages"][place:]
                return
            for name, known in stage.get("files", {}).items():
                check_fingerprint(self.folder / name, known)

    def do(self, name: str, stage: Callable[[], dict[str, Any]]) -> None:
        """Run a stage that is not done yet; record its facts, files, seconds, peak memory (MiB) and rows."""
        if name in self.done:
            return
        with progress(name.replace("_", " ")) as block, recorded() as written:
            facts = stage()
        told = {"name": name, **block.facts, "files": self._kept(written)}
        self.content["stages"].append(told)
        self.content |= facts
        self._write()

    def _kept(self, written: Iterable[Path]) -> dict[str, str | None]:
        """The written files that are still in the folder, by their names in it: each one's fingerprint."""
        inside = sorted({path.relative_to(self.folder) for path in written if path.is_relative_to(self.folder)})
        kept = [path for path in inside if path.parts[0] != _PASSING and (self.folder / path).exists()]
        return {path.as_posix(): fingerprint(self.folder / path) for path in kept}


def _other_rows(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The keys of the tables whose rows differ."""
    differ = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    return [name if "." in name else f"data.{name}" for name in differ]


def _of(key: str, readers: Mapping[str, Sequence[str]]) -> Sequence[str] | None:
    """The stages that depend on a key, by its own entry or the smallest block around it; None without an entry."""
    while key and key not in readers:
        key = key.rpartition(".")[0]
    return readers.get(key)


def _differences(old: object, new: object, key: str = "") -> Iterator[tuple[str, str]]:
    """The keys that differ, each with its old and new value.

    Example:
        >>> list(_differences({"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 2, "c": [1, 3]}}))
        [('a.b', 'a.b: 1 → 2'), ('a.c', 'a.c: [2] → [3]')]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(name), new.get(name), f"{key}.{name}".removeprefix("."))
    elif old != new:
        if isinstance(old, list) and isinstance(new, list) and (lost := [one for one in old if one not in new]):
            old, new = lost, [one for one in new if one not in old]
        yield key, f"{key}: {_shown(old)} → {_shown(new)}"


def _shown(value: object) -> str:
    """A value as one line of YAML, cut if it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
