"""The check: a page about the data in the terminal, before anything is trained."""

from churn.check.checking import check
from churn.check.engines import summary, verify_engine

__all__ = ["check", "summary", "verify_engine"]
