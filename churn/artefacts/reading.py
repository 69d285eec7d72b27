"""Reading written files, with an error of one line for a missing or corrupt one."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyarrow import ArrowException

from churn.errors import UserError

REMEDY = "bring it back, or delete it and make it again"


@contextmanager
def as_written(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Read a file inside the block; errors of a missing or corrupt file name it.

    Args:
        path: The file.
        errors: The reader's errors for a corrupt file beside OSError, ValueError and pyarrow's own.

    Raises:
        UserError: for a missing file, or for one of these errors.
    """
    try:
        yield
    except (FileNotFoundError, IsADirectoryError) as error:
        found = "a folder" if path.is_dir() else "no such file"
        raise UserError(f"expected a file at {path}", found, REMEDY) from error
    except (OSError, ValueError, ArrowException, *errors) as error:
        raise UserError(f"expected {path} as it was written", error or type(error).__name__, REMEDY) from error


def read_json(path: Path) -> Any:
    """Read a file that `write_json` wrote.

    Raises:
        UserError: for a file that is missing, cut short or corrupt.
    """
    with as_written(path):
        return json.loads(path.read_text(encoding="utf8"))


def read_object(path: Path, *keys: str, says: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: The file.
        keys: The keys that it has to have.
        says: The values that it has to have under other keys.

    Raises:
        UserError: as `read_json`, for another kind of value, a missing key, and another value under a key of `says`.
    """
    found = read_json(path)
    missing = [key for key in keys if key not in found] if isinstance(found, dict) else ["an object"]
    if missing:
        raise UserError(f"expected {', '.join(missing)} in {path}", "none", REMEDY)
    for key, value in (says or {}).items():
        if found.get(key) != value:
            raise UserError(f"expected {key} {value} in {path}", found.get(key, "none"), REMEDY)
    return dict(found)
