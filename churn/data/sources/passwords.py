"""Passwords: no source is printed or stored with its password, however its URL is misspelt."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_OPTION = r"[a-z_]*(?:pass\w*|pwd|secret|token|key)="
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (  # in a URL, in one with wrong or no slashes, in a URL's option, and in an option alone
        r"(?P<before>://[^/:@\s]*:)(?!\*{3}@)(?P<secret>.*)(?=@)",  # to the last @: the password may hold earlier ones
        r"(?P<before>(?:/|(?<![^\s'\"(\[{=,])(?!\w*://))[^\s/:@'\"]*:)(?!\*{3}@)(?P<secret>\S*)(?=@)",
        rf"(?P<before>[?&;]{_OPTION})(?!\*{{3}}(?!\w))(?P<secret>.*?)(?=::|&|\Z)",  # spaces, too, unless it is masked
        rf"(?P<before>(?<!\S){_OPTION})(?P<secret>\S*?)(?=::|&|\s|\Z)",
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


def without_passwords(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data with every text in them fit to be printed and stored.

    Example:
        >>> without_passwords({"events": ["log.parquet", {"source": "postgresql://ada:s3cret@db/shop::items"}]})
        {'events': ['log.parquet', {'source': 'postgresql://ada:***@db/shop::items'}]}
    """
    return {key: _masked(value) for key, value in values.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return without_passwords(value)
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return without_password(value) if isinstance(value, str) else value


def passwords(url: str) -> Iterator[str]:
    """The passwords in a URL, each as it is written there."""
    for pattern in _PATTERNS:
        yield from (found["secret"] for found in pattern.finditer(url) if found["secret"])
