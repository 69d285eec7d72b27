"""The catalogue: finished runs and scorings of a folder, the newest first, found again whenever somebody looks."""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from churn.artefacts import declared
from churn.errors import UserError
from churn.folder import FOLLOWED_UP
from churn.run_files import RunFiles
from churn.segments import SegmentConfig
from churn.tagging import TAGGER

_DEEP = 3  # folders below the one of runs
_FRESH_SECONDS = 2.0  # in which a look is not repeated
_MANIFEST, _SCORING = declared.MANIFEST.file, declared.SCORING.file
_Stamp = tuple[tuple[str, int, int], ...]  # names, moments and sizes of the files by which a folder is known


@dataclass(frozen=True, eq=False)
class Drawn:
    """A list that was drawn, by `churn run` or by `churn score`."""

    name: str  # its folder's path below the one of runs
    folder: Path
    run: RunFiles  # whose models scored
    segment: Mapping[str, Any]  # facts of the list
    warnings: tuple[Any, ...]

    @property
    def id(self) -> str:
        """The SHA-256 of its scores, which is the list's wherever it lies."""
        return str(self.segment["sha256"][declared.SCORES.file])

    @property
    def cutoff(self) -> date:
        """The first day that was not known."""
        return date.fromisoformat(str(self.segment["cutoff"])[:10])

    @property
    def is_run(self) -> bool:
        """Whether a whole run is in its folder, with pages of its own."""
        return self.folder == self.run.folder

    @property
    def answered(self) -> bool:
        """Whether the answers of all who were scored are known."""
        return self.is_run and self.run.answered

    @cached_property
    def config(self) -> SegmentConfig:
        """The rules by which it was drawn, in the order that was chosen."""
        return self.run.segments

    @property
    def pages(self) -> list[str]:
        """The pages that are there."""
        return [name for name in (declared.REPORT, declared.EVIDENCE) if (self.folder / name).is_file()]

    @property
    def outcomes(self) -> Path | None:
        """The folder with what came of it, if there is one."""
        there = self.folder / FOLLOWED_UP
        return there if (there / declared.FOLLOW_UP.file).is_file() else None


@dataclass
class Catalogue:
    """The lists below a folder.

    Args:
        root: The folder.
    """

    root: Path
    _known: dict[Path, tuple[_Stamp, Drawn | UserError]] = field(default_factory=dict)
    _looked: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lists(self) -> list[Drawn]:
        """The lists that can be shown, the newest first."""
        found = [one for _, one in self._look().values() if isinstance(one, Drawn)]
        return sorted(found, key=lambda one: (one.cutoff, str(one.run.manifest["created"]), one.name), reverse=True)

    def refused(self) -> dict[str, UserError]:
        """The folders that cannot be shown, each with the reason."""
        found = {str(path.relative_to(self.root)): one for path, (_, one) in self._look().items()}
        return {name: one for name, one in sorted(found.items()) if isinstance(one, UserError)}

    def taggers(self) -> dict[str, Path]:
        """The folders with a tagger that `churn tag` has kept, by their names."""
        found = [folder for folder in _folders(self.root, _DEEP) if (folder / TAGGER).is_file()]
        return {folder.relative_to(self.root).as_posix(): folder for folder in found}

    def named(self, name: str) -> Drawn:
        """A list by its name; the newest if none is given.

        Raises:
            UserError: if there is none.
        """
        lists = self.lists()
        for one in lists:
            if one.name == name or not name:
                return one
        remedy = "choose one of the lists" if lists else "finish one: churn run --config FILE --out DIR"
        raise UserError(f"expected a list in {self.root}", repr(name) if name else "none", remedy)

    def _look(self) -> dict[Path, tuple[_Stamp, Drawn | UserError]]:
        """Every folder with a list, opened again where its files have changed."""
        with self._lock:
            if time.monotonic() - self._looked > _FRESH_SECONDS:
                found = {}
                for folder in _folders(self.root, _DEEP):
                    stamp = _stamp(folder)
                    known = self._known.get(folder)
                    if stamp:
                        found[folder] = known if known and known[0] == stamp else (stamp, self._opened(folder))
                self._known = {folder: one for folder, one in found.items() if one[1] is not None}
                self._looked = time.monotonic()
            return self._known

    def _opened(self, folder: Path) -> Any:
        """The list in a folder, the error for one that is corrupt, or None where none is finished."""
        try:
            name = folder.relative_to(self.root).as_posix()
            if (folder / _SCORING).is_file():
                told = declared.SCORING.read(folder)
                run = RunFiles.open(self._inside(folder / str(told["run"])))
                warnings = (*run.manifest["list_warnings"], *told["warnings"])
                drawn = Drawn(name, folder, run, told["segment"], warnings)
            else:
                run = RunFiles.open(folder)
                if "segment" not in run.manifest or not (folder / declared.PRIORITY.file).is_file():
                    return None  # a run that is not finished yet
                drawn = Drawn(name, folder, run, run.manifest["segment"], tuple(run.manifest["warnings"]))
            _ = drawn.id, drawn.cutoff, drawn.config, run.first, run.windowing, run.labels, run.fans, run.language
            _ = run.manifest["created"], run.manifest["order"], int(drawn.segment["control"]["held_back"])
        except UserError as error:
            return error
        except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:  # of files that are not as written
            found = f"{type(error).__name__}: {error}"
            return UserError(f"expected a finished run or scoring in {folder}", found, "make it again")
        return drawn

    def _inside(self, folder: Path) -> Path:
        """The folder of a scoring's run, which has to lie among the runs: a stranger's file could name any.

        Raises:
            UserError: if it lies elsewhere.
        """
        resolved = folder.resolve()
        if not resolved.is_relative_to(self.root.resolve()):
            remedy = "name a folder in --runs that holds both"
            raise UserError(f"expected the run behind these scores below {self.root}", resolved, remedy)
        return resolved


def _folders(folder: Path, deep: int) -> Iterator[Path]:
    """The folders below one; nothing below a list, except the folder itself."""
    try:
        inside = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
    except OSError:  # deleted meanwhile, or not ours to read
        return
    for name in inside:
        below = folder / name
        yield below
        if deep > 1 and not _stamp(below):
            yield from _folders(below, deep - 1)


def _stamp(folder: Path) -> _Stamp:
    stamps = []
    for name in (_MANIFEST, _SCORING):
        try:
            found = (folder / name).stat()
            stamps.append((name, found.st_mtime_ns, found.st_size))
        except OSError:
            continue
    return tuple(stamps)
