"""Saying: every sentence that a reader sees is looked up in the catalogue of the language spoken at the moment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from numbers import Real
from pathlib import Path
from string import Formatter

from churn.errors import UserError
from churn.language.dialect import Dialect
from churn.language.labels import LabelConfig
from churn.language.said import Said

LANGUAGES = ("en", "ko")
CATALOGUES = Path(__file__).parent / "catalogues"
_LOCALES = {"en": "en_GB", "ko": "ko_KR"}  # how days are written
_SPOKEN = ContextVar("language", default="en")
_WITHOUT_FANS = {"own {event}": "{event}"}  # whose it is goes without saying where nobody else acts
_HOUSE = Dialect()
_DIALECT = ContextVar("dialect", default=_HOUSE)  # the platform's words in that language


def say(message: str, /, **values: object) -> str:
    """A message in the language spoken, the values put in where the message has their names.

    The message is the English one and a literal, so that it can be found by reading the code: whole sentences, with
    named values and as `str.format` has them, with a true minus sign. One without a translation stays English.

    Example:
        >>> say("{n} users, {change:+.1f}", n=3, change=-0.5)
        '3 users, −0.5'
        >>> with speaking("ko"):
        ...     say("All users")
        '전체 사용자'
    """
    return Said(_put(_said(message), values), {"say": message, "values": values})


def say_many(one: str, many: str, n: int, /, **values: object) -> str:
    """A message about one thing or several, by the language's own rule; {n} is the number, its thousands separated.

    Example:
        >>> say_many("{n} user of {whole}", "{n} users of {whole}", 1234, whole="all")
        '1,234 users of all'
    """
    found = _catalogue(_SPOKEN.get()).ngettext(one, many, n)
    text = _put(_DIALECT.get().put(found), {"n": f"{n:,}", **values})
    return Said(text, {"say": one, "many": many, "n": int(n), "values": values})


def marked(message: str) -> str:
    """A message as it is, marked for the catalogue: what is said later, by `say`, must be a literal somewhere."""
    return message


def say_again(text: str) -> str:
    """A text without values that an artefact holds in English, in the language spoken; one that is no message as it is.

    Example:
        >>> say_again("no {message}")
        'no {message}'
    """
    return Said(_said(text) if text else text, {"again": text})


def _said(message: str) -> str:
    """A message in the language and the words spoken, its values not put in yet."""
    dialect = _DIALECT.get()
    message = message if dialect.fans else _WITHOUT_FANS.get(message, message)
    return dialect.put(_catalogue(_SPOKEN.get()).gettext(message))


def _put(message: str, values: Mapping[str, object]) -> str:
    """A message with its values put in."""
    if any(map(_at_most_zero, values.values())):
        return _WithMinusSigns().vformat(message, (), values)
    return message.format(**values)


def _at_most_zero(value: object) -> bool:
    return not isinstance(value, str) and isinstance(value, Real | Decimal) and value <= 0


class _WithMinusSigns(Formatter):
    """`str.format`, but a number below zero has a minus sign instead of a hyphen, and one rounded to zero has none."""

    def format_field(self, value: object, format_spec: str) -> str:
        """A value in its message."""
        text = str(super().format_field(value, format_spec))
        if not _at_most_zero(value):
            return text
        return text.replace("-", "" if set(text) <= set("-0.,% ") else "−", 1)


class Messages(Mapping[str, str]):
    """Marked messages by key, each looked up in the language that is spoken when it is asked for.

    Example:
        >>> groups = Messages({"everyone": marked("All users")})
        >>> with speaking("ko"):
        ...     groups["everyone"]
        '전체 사용자'
    """

    def __init__(self, messages: Mapping[str, str]) -> None:
        self._messages = messages

    def __getitem__(self, key: str) -> str:
        """The message, said."""
        return say(self._messages[key])

    def __iter__(self) -> Iterator[str]:
        """The keys."""
        return iter(self._messages)

    def __len__(self) -> int:
        """The number of messages."""
        return len(self._messages)


def spoken() -> str:
    """The language spoken, such as en."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: str, labels: LabelConfig | None = None, *, fans: bool = True) -> Iterator[None]:
    """Speak a language inside the block, in a platform's own words.

    Args:
        language: Its name.
        labels: The platform's words; by default the house's.
        fans: Whether others than the users themselves act, so that it must be said whose an event is.

    Raises:
        UserError: for a language that has no catalogue.

    Example:
        >>> with speaking("en", LabelConfig(user="customer", sticker="order", currency="EUR")):
        ...     say("A user with a sticker")
        'A customer with an order'
    """
    spoken = _SPOKEN.set(known_language(language))
    dialect = _DIALECT.set(Dialect.of(labels or LabelConfig(), language, fans=fans))
    try:
        yield
    finally:
        _DIALECT.reset(dialect)
        _SPOKEN.reset(spoken)


def dialect() -> Dialect:
    """The platform's words in the language spoken."""
    return _DIALECT.get()


def locale() -> str:
    """The name by which Babel knows the language spoken."""
    return _LOCALES[_SPOKEN.get()]


def known_language(language: str) -> str:
    """The language itself.

    Raises:
        UserError: for one that has no catalogue.
    """
    if language not in LANGUAGES:
        raise UserError(f"expected a language out of {', '.join(LANGUAGES)}", repr(language), "correct the name")
    return language


def event_in_words(event: str) -> str:
    """The platform's word for a type of event; one without a label has the log's own name, spaced.

    Example:
        >>> with speaking("en", LabelConfig(events={"tip_sent": "tip"})):
        ...     event_in_words("tip_sent"), event_in_words("room_post")
        ('tip', 'room post')
    """
    return Said(_DIALECT.get().events.get(event, event.replace("_", " ")), {"event": event})


def day_in_words(day: date) -> str:
    """A day as the language spoken writes it.

    Example:
        >>> day_in_words(date(2016, 12, 25))
        '25 December 2016'
    """
    from babel.dates import format_date  # a light command waits for no locale

    return Said(format_date(day, "long", locale=locale()), {"date": f"{day:%Y-%m-%d}"})


def day_and_month(day: date) -> str:
    """A day of a year that goes without saying.

    Example:
        >>> day_and_month(date(2024, 3, 4))
        '4 March'
    """
    from babel.dates import format_skeleton

    text = format_skeleton("MMMMd", day, locale=locale())
    return Said(text, {"day of the year": f"{day:%Y-%m-%d}"})


def percentage(share: float, digits: int = 0) -> str:
    """A share as a percentage, as `str.format` writes it in a sentence: both languages put no space before the sign.

    Example:
        >>> percentage(0.5834, 1)
        '58.3%'
    """
    return f"{share:.{digits}%}"


@cache
def _catalogue(language: str) -> NullTranslations:
    """The catalogue as it is edited, compiled in memory: no compiled file can lag behind it."""
    if language == "en":
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (CATALOGUES / language / "LC_MESSAGES" / "churn.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
