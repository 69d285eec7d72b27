"""Passwords: no source is printed or stored with its own, however its URL is misspelt."""

import re
from collections.abc import Iterator

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (  # of a URL, of one with slashes amiss or none, and of an option
        r"(?P<before>://[^/:@\s]*:)(?P<secret>.*)(?=@)",  # to the last @, since people forget to encode earlier ones
        r"(?P<before>(?:/|(?<![^\s'\"(\[{=,])(?!\w*://))[^\s/:@'\"]*:)(?P<secret>\S*)(?=@)",
        r"(?P<before>(?<![^?&;\s])[a-z_]*(?:password|secret|token|key)=)(?P<secret>.*?)(?=::|&|\s|$)",
    )
)


def without_password(text: str) -> str:
    """A URL, or a text with one, fit to be printed and stored.

    Example:
        >>> without_password("postgresql://ada:s3cret@db/shop::events")
        'postgresql://ada:***@db/shop::events'
        >>> without_password("expected a file, got postgresql:/ada:s3cret@db/shop")
        'expected a file, got postgresql:***@db/shop'
    """
    for pattern in _PATTERNS:
        text = pattern.sub(r"\g<before>***", text)
    return text


def passwords(url: str) -> Iterator[str]:
    """The passwords in a URL, each as it stands there."""
    for pattern in _PATTERNS:
        yield from (found["secret"] for found in pattern.finditer(url) if found["secret"])
