"""Keys: the values that a key of the configuration, or a model's argument, takes, declared once beside its type."""

import math
import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, fields
from datetime import date
from importlib import import_module
from inspect import signature
from numbers import Integral, Real
from traceback import walk_tb
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from churn.errors import UserError

T = TypeVar("T")
_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
    type(None): "null",
}
_KINDS = {int: Integral, float: Real, list: list | tuple}  # types that Python may give in place of a key's own
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00)?)?")  # YAML may have made a midnight of a day
_SIZE = re.compile(r"(?!0+(?:\.0*)?[ A-Z])[0-9]+(?:\.[0-9]+)? ?(?:MB|GB|TB|MiB|GiB|TiB)")
_YEARS = range(1900, 2200)
_OWN: set[str] = set()  # packages from which something was imported by its path


@dataclass(frozen=True, repr=False)
class Range:
    """The numbers that a key takes; for a list, its numbers of entries.

    Example:
        >>> Range(1, 100).check("training.seeds", 0)
        Traceback (most recent call last):
        churn.errors.UserError: expected training.seeds of at least 1 and at most 100, got 0; correct it
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def __repr__(self) -> str:
        """The range in words, as `--help` shows it."""
        if self.above is not None and self.below is not None:
            return f"between {self.above:,} and {self.below:,}"
        limits = {"of at least": self.least, "above": self.above, "at most": self.most, "below": self.below}
        return " and ".join(f"{word} {limit:,}" for word, limit in limits.items() if limit is not None)

    def check(self, key: str, value: Any) -> None:
        """Raises UserError for a number that lies outside, as NaN and infinity do, or a list of another length."""
        number, what = (len(value), " entries") if isinstance(value, Sized) else (value, "")
        enough = (self.least is None or number >= self.least) and (self.above is None or number > self.above)
        enough &= (self.most is None or number <= self.most) and (self.below is None or number < self.below)
        if not (enough and abs(number) < math.inf):
            raise UserError(f"expected {key} {self}{what}", number, "correct it")


@dataclass(frozen=True)
class OneOf:
    """A choice from some names."""

    choices: tuple[str, ...]

    def check(self, key: str, value: Any) -> None:
        """Raises UserError for any other value."""
        if value not in self.choices:
            raise UserError(f"expected {key} out of {', '.join(map(str, self.choices))}", repr(value), "correct it")


@dataclass(frozen=True)
class Day:
    """A day, written as 2024-03-01."""

    def check(self, key: str, value: Any) -> None:
        """Raises UserError for any other text."""
        as_day(key, value)


@dataclass(frozen=True)
class Zone:
    """A zone by its name in the IANA database: others, such as PST, mean different zones to different engines."""

    def check(self, key: str, value: Any) -> None:
        """Raises UserError for an unknown zone."""
        try:
            ZoneInfo(value)
        except (LookupError, ValueError, OSError) as error:
            raise UserError(f"expected a time zone in {key}", repr(value), "write it as Asia/Seoul or UTC") from error


@dataclass(frozen=True)
class Size:
    """A size of memory or of a disk, written as 2GB or 500MB; an engine reads the text itself."""

    def check(self, key: str, value: Any) -> None:
        """Raises UserError for any other text."""
        if not _SIZE.fullmatch(value):
            raise UserError(f"expected a size in {key}", repr(value), "write it as 2GB or 500MB")


_TEXTS = {Day: "a day, as 2024-03-01", Zone: "a time zone", Size: "a size, as 2GB"}
Days = Annotated[int, Range(1, 10_000)]
Share = Annotated[float, Range(0, 1)]
ProperShare = Annotated[float, Range(above=0, below=1)]
SEEDS = Range(0, 2_000_000_000)  # further seeds count on from each, and must stay below 2³¹
Seed = Annotated[int, SEEDS]
Lengths = Annotated[list[Days], Range(0, 20)]  # lengths to choose from, or to compare
Seeds = Annotated[int, Range(1, 100)]
BatchSize = Annotated[int, Range(1, 1_000_000)]
Pretraining = Literal["next_days"]
Repetitions = Annotated[int, Range(1, 10_000)]


@dataclass(frozen=True)
class Block:
    """A block of the configuration, whose values are checked whenever one is made, from YAML or in Python.

    Example:
        >>> @dataclass(frozen=True)
        ... class Kitchen(Block, key="kitchen"):
        ...     cooks: Annotated[int, Range(1, 5)] = 1
        >>> Kitchen(cooks=9)
        Traceback (most recent call last):
        churn.errors.UserError: expected kitchen.cooks of at least 1 and at most 5, got 9; correct it
    """

    _prefix: ClassVar[str] = ""

    def __init_subclass__(cls, *, key: str = "") -> None:
        """Record the key of the block; the whole configuration has none."""
        cls._prefix = f"{key}." if key else ""

    def __post_init__(self) -> None:
        """Make every value plain. Raises UserError for the first value that its key does not take."""
        hints = get_type_hints(type(self), include_extras=True)
        for one in fields(self):
            value = getattr(self, one.name)
            check(f"{self._prefix}{one.name}", value, hints[one.name])
            object.__setattr__(self, one.name, _plain(value))


def _plain(value: Any) -> Any:
    """A value as YAML and JSON write and read it: a list for a tuple, Python's own numbers for NumPy's."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Real) and not isinstance(value, bool):
        return int(value) if isinstance(value, Integral) else float(value)
    return value


def check(key: str, value: Any, kind: Any) -> None:
    """Check a value against a type and the limits beside it; a type that YAML cannot write is left alone.

    Raises:
        UserError: for a value of another type, or one that a limit forbids.

    Example:
        >>> check("tuning.history_days", [3, True], list[Days])
        Traceback (most recent call last):
        churn.errors.UserError: expected a whole number in tuning.history_days, got True; correct it
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        check(key, value, inner[0])
        for limit in inner[1:]:
            limit.check(key, value)
    elif origin in (Union, UnionType):
        _check_any(key, value, inner)
    elif origin is Literal:
        OneOf(inner).check(key, value)
    elif (plain := origin or kind) in _WORDS:
        _check_type(key, value, plain)
        for one in value if plain is list and inner else ():
            check(key, one, inner[0])
        for pair in value.items() if plain is dict and inner else ():
            for one, type_ in zip(pair, inner, strict=True):
                check(key, one, type_)


def in_words(kind: Any) -> str:
    """The values that a type, and the limits beside it, take.

    Example:
        >>> in_words(Share | None)
        'a number of at least 0 and at most 1, or null'
        >>> in_words(list[Annotated[str, OneOf(("a", "b"))]])
        'a list of: `a`, `b`'
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return ", or ".join(in_words(one) for one in inner)
    if origin is Literal or (origin is Annotated and isinstance(inner[1], OneOf)):
        return ", ".join(f"`{one}`" for one in (inner if origin is Literal else inner[1].choices))
    if origin is Annotated and isinstance(inner[1], Range):
        return f"{in_words(inner[0])} {inner[1]}" if get_origin(inner[0]) is None else in_words(inner[0])
    if origin is Annotated and type(inner[1]) in _TEXTS:
        return _TEXTS[type(inner[1])]
    if origin is Annotated:
        return in_words(inner[0])
    if origin is list and (get_origin(inner[0]) is Annotated):
        return f"a list of: {in_words(inner[0])}"
    return str(_WORDS[origin or kind])


def check_arguments(maker: Callable[..., object], arguments: Mapping[str, object], *, key: str = "") -> None:
    """Check arguments against what a class or function declares beside its parameters.

    Raises:
        UserError: for the first one that it does not take.
    """
    for name, parameter in signature(maker).parameters.items():
        if name in arguments:
            check(f"{key}{name}", arguments[name], parameter.annotation)


def _check_type(key: str, value: object, kind: type) -> None:
    """Check the plain type of a value: a whole number is also a number, true and false are not."""
    fits = isinstance(value, _KINDS.get(kind, kind))
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise UserError(f"expected {_WORDS[kind]} in {key}", repr(value), "correct it")


def _check_any(key: str, value: object, kinds: tuple[Any, ...]) -> None:
    """Check a value against the kinds of a union; an error is the first kind's."""
    complaints = []
    for kind in kinds:
        try:
            return check(key, value, kind)
        except UserError as error:
            complaints.append(error)
    first, null = complaints[0], ", or write null" if type(None) in kinds else ""
    raise UserError(first.expected, first.found, f"{first.remedy}{null}")


def as_day(key: str, text: object) -> date:
    """The day that a key holds.

    Raises:
        UserError: for anything but a day written as 2024-03-01, or its midnight.

    Example:
        >>> as_day("data.first_day", "2024-03-01 00:00:00")
        datetime.date(2024, 3, 1)
        >>> as_day("--cutoff", "03/04/2024")
        Traceback (most recent call last):
        churn.errors.UserError: expected a date for --cutoff, got '03/04/2024'; write it as 2024-03-01
    """
    try:
        day = date.fromisoformat(found[1] if (found := _DAY.fullmatch(str(text))) else "")
        if day.year not in _YEARS:
            raise ValueError(f"the year {day.year}")
    except ValueError as error:
        raise UserError(f"expected a date for {key}", repr(text), "write it as 2024-03-01") from error
    return day


def imported(path: str, kind: type[T], *, expected: str, like: str) -> T:
    """The object at an import path, in a module of the package or of a user's own.

    Args:
        path: The import path; its module is run.
        kind: The type that it has to be of.
        expected: A name for it in messages.
        like: An example of such a path.

    Raises:
        UserError: if there is no such module or name in it, the module fails, or the object is of another type; its
            own, where the module raises one.

    Example:
        >>> imported("churn.keys.Dya", type, expected="a limit", like="churn.keys.Day")
        Traceback (most recent call last):
        churn.errors.UserError: expected the import path of a limit, got 'churn.keys.Dya' (module 'churn.keys' has no
        attribute 'Dya'); write it like churn.keys.Day; a module of your own has to be installed or on PYTHONPATH
    """
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
        problem = f"a {type(found).__name__}"
    except UserError:  # such as one that names an extra to install
        raise
    except (ImportError, AttributeError, ValueError) as error:
        found, problem = None, str(error)
    except Exception as error:  # importing runs a user's module, which may raise anything; the error names its path
        found, problem = None, f"{type(error).__name__}: {error}"
    if not isinstance(found, kind):
        remedy = f"write it like {like}; a module of your own has to be installed or on PYTHONPATH"
        raise UserError(f"expected the import path of {expected}", f"{path!r} ({problem})", remedy)
    _OWN.add(module.partition(".")[0])
    return found


def own_fault(error: Exception) -> UserError | None:
    """The error of a function that a user named by its import path, with the line; None if it arose elsewhere.

    For an error in a library that the function calls, it is the function's line that is named.
    """
    frames = [(frame.f_globals.get("__name__", ""), frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]
    own = [found for found in frames if found[0].partition(".")[0] in _OWN - {"churn"}]
    if not own:
        return None
    module, code, line = own[-1]
    found = f"{type(error).__name__}: {error} (line {line} of {code.co_filename})"
    return UserError(f"expected {module}.{code.co_qualname} to run", found, "correct the code")
