"""The journal of a run: which stages are done, how long they took, and on what they ran. It is the manifest."""

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from churn import __version__
from churn.artefacts import as_written, missing, read_object, recorded, write_json
from churn.errors import UserError
from churn.progress import note, progress

_FILE = "manifest.json"
_PASSING = "trials"  # a folder of which nothing is read once its stage is over


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
    def open(cls, folder: Path, *, seed: int, config: dict[str, Any], inputs: dict[str, str]) -> Self:
        """Begin a run, or continue one of the same version, configuration and inputs (name to hash).

        Raises:
            UserError: if the folder holds a run of another kind.
        """
        fingerprint = _hash({"version": __version__, "config": config, "inputs": inputs})
        if not (folder / _FILE).exists():
            start = {"version": __version__, "seed": seed, "created": datetime.now(UTC).isoformat(timespec="seconds")}
            return cls(folder, start | {"fingerprint": fingerprint, "stages": []})
        journal = cls.resume(folder)
        if journal.content.get("fingerprint") != fingerprint:
            raise UserError(
                f"expected {folder} to be empty or to hold a run of the same version, configuration and data",
                "a run of another",
                "choose another --out or delete the folder",
            )
        journal._reopen()
        return journal

    @classmethod
    def resume(cls, folder: Path) -> Self:
        """The journal of a folder that has one.

        Raises:
            UserError: if it has none, or one that is spoilt.
        """
        if not (folder / _FILE).exists():
            raise UserError("expected a run's folder", f"no {_FILE} in {folder}", "check --run")
        journal = cls(folder, read_object(folder / _FILE, "stages"))
        with as_written(folder / _FILE, KeyError, TypeError):
            _ = journal.done
        return journal

    @property
    def done(self) -> list[str]:
        """The finished stages, in their order."""
        return [stage["name"] for stage in self.content["stages"]]

    def _reopen(self) -> None:
        """Take the first stage of which a file is gone, and all that follow it, for not done."""
        for place, stage in enumerate(self.content["stages"]):
            gone = next((path for name in stage.get("files", ()) for path in missing(self.folder / name)), None)
            if gone is not None:
                note(f"{gone} is gone: {stage['name']} and what follows it are done again")
                del self.content["stages"][place:]
                return

    def do(self, name: str, stage: Callable[[], dict[str, Any]]) -> None:
        """Run a stage that is not done yet; note what it returns and wrote, its seconds and peak memory (MiB)."""
        if name in self.done:
            return
        start = time.monotonic()
        with progress(name.replace("_", " ")), recorded() as written:
            facts = stage()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak_mb = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)  # bytes there, KiB elsewhere
        seconds = round(time.monotonic() - start, 3)
        told = {"name": name, "seconds": seconds, "peak_memory_mb": round(peak_mb, 1), "files": self._kept(written)}
        self.content["stages"].append(told)
        self.content |= facts
        write_json(self.content, self.folder / _FILE)

    def _kept(self, written: Iterable[Path]) -> list[str]:
        """The written files that are still in the folder, by their names in it."""
        inside = {path.relative_to(self.folder) for path in written if path.is_relative_to(self.folder)}
        return sorted(p.as_posix() for p in inside if p.parts[0] != _PASSING and (self.folder / p).exists())


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
