"""Text that a spreadsheet would run as a formula, defused."""

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")  # the first signs of formulas, and of defused text


def harmless(value: object) -> object:
    """A value that a spreadsheet does not run: text like a formula gets a leading apostrophe.

    Example:
        >>> harmless("=1+1"), harmless("ann"), harmless(-1), harmless("'tis")
        ("'=1+1", 'ann', -1, "''tis")
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS) else value


def restored(value: object) -> object:
    """A value as it was before `harmless`.

    Example:
        >>> [restored(harmless(value)) for value in ("=1+1", "ann", -1, "'tis")]
        ['=1+1', 'ann', -1, "'tis"]
    """
    return value.removeprefix("'") if isinstance(value, str) else value
