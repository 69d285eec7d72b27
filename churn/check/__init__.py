"""The check: a page about the data in the terminal, before anything is trained."""

from churn.check.checking import check

__all__ = ["check"]
