"""The errors that a user of the toolkit is meant to read."""


class UserError(Exception):
    """A mistake in the input or the configuration, said in one line: expected, found, remedy.

    The command line prints the line and exits with code 2; no traceback is shown.

    Example:
        >>> print(UserError("expected at least 14 days of events", "9", "load more or lower horizon_days"))
        expected at least 14 days of events, got 9; load more or lower horizon_days
    """

    def __init__(self, expected: str, found: object, remedy: str) -> None:
        self.expected, self.found, self.remedy = expected, found, remedy
        super().__init__(printable(" ".join(f"{expected}, got {found}; {remedy}".split())))


def printable(words: str) -> str:
    """Words without signs that a terminal obeys or that hide others, which a log of events may hold.

    Example:
        >>> printable("po" + chr(27) + "[2Jst")
        'po�[2Jst'
    """
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)


class LeakageError(ValueError):
    """A split whose parts share days that one part must not know."""
