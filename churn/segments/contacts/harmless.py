"""Text that a spreadsheet would run as a formula, defused."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(value: object) -> object:
    """A leading apostrophe makes a spreadsheet read a cell as text.

    Example:
        >>> harmless("=1+1"), harmless("ann"), harmless(-1)
        ("'=1+1", 'ann', -1)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
