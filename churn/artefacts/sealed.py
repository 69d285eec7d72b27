"""Folders that record their files, so that the program's own files are distinguishable from a user's."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from churn.artefacts.reading import REMEDY, as_written, read_object
from churn.disk import PARTIAL, flush_contents
from churn.errors import UserError

CONTENTS = ".contents.json"  # the list of a sealed folder: its files, each with its SHA-256


def missing(path: Path) -> list[Path]:
    """The lost files of a folder that `atomic` wrote, or the path itself if it does not exist.

    Example:
        >>> missing(Path("nowhere"))
        [PosixPath('nowhere')]
    """
    if not path.exists():
        return [path]
    listed = read_object(path / CONTENTS) if (path / CONTENTS).is_file() else {}
    return [path / name for name in listed if not (path / name).exists()]


def discard(folder: Path) -> None:
    """Remove a folder that `atomic` wrote, if it exists.

    Raises:
        UserError: if the path is anything else or holds other files; then nothing is removed.

    Example:
        >>> import tempfile
        >>> from churn.artefacts import atomic
        >>> panel = Path(tempfile.mkdtemp()) / "panel"
        >>> with atomic(panel) as scratch:
        ...     scratch.mkdir()
        >>> discard(panel)
        >>> panel.exists()
        False
    """
    if os.path.lexists(folder):
        check_own(folder)
        shutil.rmtree(folder)


def discard_within(folder: Path, *patterns: str) -> None:
    """Remove the files and folders that `atomic` wrote below a folder where patterns say; other files stay.

    Example:
        >>> import tempfile
        >>> from churn.artefacts import write_text
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("models/a.json", "mine.txt"):
        ...     write_text("{}", folder / name)
        >>> discard_within(folder, "models/*.json", "models")
        >>> [path.name for path in folder.iterdir()]
        ['mine.txt']
    """
    for pattern in patterns:
        for path in [*folder.glob(pattern)]:
            if path.resolve().is_relative_to(folder.resolve()):  # and no link leads away
                _discard_tree(path)


def _discard_tree(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
    elif (path / CONTENTS).is_file():
        discard(path)
    else:
        for below in [*path.iterdir()]:
            if below.is_dir():
                _discard_tree(below)
        with suppress(OSError):  # others' files are in it
            path.rmdir()


def check_whole(folder: Path) -> None:
    """Check that every file of a folder that `atomic` wrote, and their list, are as they were written.

    Raises:
        UserError: for the first one that is not.
    """
    check_hashes(folder, read_object(folder / CONTENTS))


def hashes_of(folder: Path, files: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of some files of a folder, by name.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "note.txt").write_text("whole")
        >>> known = hashes_of(folder, ["note.txt"])
        >>> _ = (folder / "note.txt").write_text("another")
        >>> check_hashes(folder, known)
        Traceback (most recent call last):
        ...
        churn.errors.UserError: expected ...note.txt as it was written, got another content; bring it back, ...
    """
    return {name: _sha256(folder / name) for name in files}


def check_hashes(folder: Path, known: Mapping[str, str]) -> None:
    """Check that files of a folder exist and have their known SHA-256.

    Raises:
        UserError: for the first one that is missing or has another, and for a path outside the folder.
    """
    for name, written in known.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts or (path.exists() and not path.is_file()):
            raise UserError(f"expected files of {folder} alone in the list of them", repr(name), REMEDY)
        with as_written(path):
            found = _sha256(path)
        if found != written:
            raise UserError(f"expected {path} as it was written", "another content", REMEDY)


def fingerprint(path: Path) -> str | None:
    """The SHA-256 of a file; None for a folder that `atomic` wrote, which lists its own files.

    Example:
        >>> fingerprint(Path(__file__).parent) is None
        True
    """
    return None if path.is_dir() else _sha256(path)


def check_fingerprint(path: Path, known: str | None) -> None:
    """Check that a file, or every file of a folder, is as it was when its `fingerprint` was taken.

    Raises:
        UserError: for the first one that is not.
    """
    if known is None:
        check_whole(path)
    else:
        check_hashes(path.parent, {path.name: known})


def check_own(folder: Path) -> None:
    """Raise a UserError for a folder that `atomic` did not write, or that holds other files."""
    own = folder.is_dir() and not folder.is_symlink() and (folder / CONTENTS).is_file()
    made = {*read_object(folder / CONTENTS), CONTENTS} if own else set()
    foreign = sorted(name for name in _files(folder) if name not in made)
    if foreign or not own:
        found = foreign[0] if foreign else "a folder, a file or a link of another"
        raise UserError(f"expected nothing but this program's files in {folder}", found, "move it elsewhere")


def seal(folder: Path) -> None:
    """Record a folder's files, again if it was sealed before."""
    files = hashes_of(folder, sorted(name for name in _files(folder) if name != CONTENTS))
    (folder / CONTENTS).write_text(json.dumps(files, indent=2) + "\n", encoding="utf8")


def enlist(path: Path) -> None:
    """Record a file that was added to a sealed folder later."""
    contents = path.parent / CONTENTS
    scratch = contents.with_name(f"{PARTIAL}{os.getpid()}-{CONTENTS}")
    scratch.write_text(
        json.dumps(read_object(contents) | hashes_of(path.parent, [path.name]), indent=2), encoding="utf8"
    )
    flush_contents(scratch)
    scratch.replace(contents)


def _files(folder: Path) -> Iterator[str]:
    """Every file below a folder, by its path relative to it."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
