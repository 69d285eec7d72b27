"""Forms: what a run of first days asks of a launch or a lead before it begins, column by column."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from churn.artefacts import as_written, read_json
from churn.data import Encoding, Vocabulary
from churn.errors import UserError
from churn.keys import OneOf
from churn.run_files import RunFiles

Kind = Literal["number", "date", "yes or no", "level", "text", "picture"]
LONGEST = 10_000  # letters of a text that models read
_PICTURE_LETTERS = 12 << 20  # of a picture's base64
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class Field:
    """A column that a model sees."""

    name: str
    kind: Kind
    levels: tuple[str, ...]  # that training knew
    needed: bool  # whether training knew it of everybody, so that nothing is known of whoever lacks it
    others: bool  # whether another level than these is known as rare
    controllable: bool

    def read(self, value: object) -> Any:
        """A value as the model's table has it; None for one that is not known.

        Raises:
            UserError: for a value of another kind, and for none where one is needed.

        Example:
            >>> Field("goal", "number", (), True, False, True).read("1,200.5")
            1200.5
        """
        text = "" if value is None else str(value).strip()
        if not text:
            if self.needed:
                raise UserError(f"expected a value of {self.name}", "none", "fill it in")
            return None
        try:
            return self._read(text)
        except ValueError as error:
            raise UserError(f"expected a {self.kind} in {self.name}", repr(text[:60]), "correct it") from error

    def _read(self, text: str) -> Any:
        if self.kind == "number":
            return _finite(float(text.replace(",", "")))
        if self.kind == "date":
            return date.fromisoformat(text).isoformat()
        if self.kind == "yes or no":
            OneOf(tuple(_TRUTHS)).check(self.name, text.lower())
            return _TRUTHS[text.lower()]
        if self.kind == "level" and not self.others:
            OneOf(self.levels).check(self.name, text)
        if len(text) > (_PICTURE_LETTERS if self.kind == "picture" else LONGEST):
            raise ValueError(text)
        return text


def foresees(run: RunFiles) -> bool:
    """Whether a run answers for a launch that has not begun: it asks on arrival, of a list alone."""
    data = run.settings["data"]
    return run.arrivals and bool(data.get("members")) and not (data.get("events") or data.get("daily"))


def fields_of(run: RunFiles) -> Sequence[Field]:
    """The columns that a run's models see, as training found them.

    Raises:
        UserError: if its files are not as they were written.
    """
    path = run.folder / "models" / "vocabulary.json"
    run.check("models/vocabulary.json")
    with as_written(path, KeyError, TypeError):
        encodings = Vocabulary.read(read_json(path)).attributes
    return [_field(one, run.settings["data"]["attributes"].get(one.name) or {}) for one in encodings]


def read(fields: Sequence[Field], values: Mapping[str, object]) -> dict[str, Any]:
    """The value of each field.

    Raises:
        UserError: for a value that a field cannot have, and for one of no field.
    """
    if unknown := sorted({*values} - {one.name for one in fields}):
        expected = f"expected values of {', '.join(one.name for one in fields)}"
        raise UserError(expected, repr(unknown[0][:60]), "leave it out")
    return {one.name: one.read(values.get(one.name)) for one in fields}


def _field(encoding: Encoding, block: Mapping[str, Any]) -> Field:
    kind: Any = block.get("as", "text") if encoding.kind == "chance" else encoding.kind
    needed = not encoding.missing and kind != "level"
    levels = encoding.levels if kind == "level" else ()
    return Field(encoding.name, kind, levels, needed, encoding.rare, bool(block.get("controllable")))


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number
