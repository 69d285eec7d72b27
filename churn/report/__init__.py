"""The report: one page from the artefacts of a finished run."""

from churn.report.page import write_report

__all__ = ["write_report"]
