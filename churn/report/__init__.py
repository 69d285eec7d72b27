"""The report: one page from the artefacts of a finished run."""

from churn.report.page import write_report
from churn.report.shown import figures

__all__ = ["figures", "write_report"]
