"""JSON objects that hold their own hash, so that a changed number in one is found when it is read."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churn.artefacts.reading import REMEDY
from churn.errors import UserError
from churn.language import kept

_HASH = "sha256"


def signed(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object as plain JSON, with the hash of all its other keys under `sha256`.

    Example:
        >>> told = signed({"users": 3})
        >>> check_signed(told, Path("told.json"))
        >>> check_signed(told | {"users": 4}, Path("told.json"))
        Traceback (most recent call last):
        ...
        churn.errors.UserError: expected told.json as it was written, got another content; bring it back, ...
    """
    plain: dict[str, Any] = json.loads(json.dumps(kept(dict(value)), allow_nan=False))
    return _unsigned(plain) | {_HASH: _hash(plain)}


def check_signed(found: Mapping[str, Any], path: Path) -> None:
    """Check an object that was read from a file; one without a hash is not the program's, and is taken as it is.

    Raises:
        UserError: if any key has another value than when it was written.
    """
    if _HASH in found and found[_HASH] != _hash(found):
        raise UserError(f"expected {path} as it was written", "another content", REMEDY)


def _unsigned(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in value.items() if name != _HASH}


def _hash(value: Mapping[str, Any]) -> str:
    text = json.dumps(_unsigned(value), sort_keys=True)
    return hashlib.sha256(text.encode("utf8", "surrogatepass")).hexdigest()
