"""The report and its evidence: two pages from the artefacts of a finished run."""

from churn.report.page import write_report
from churn.report.parts.blocks import Figure, Heading, Note, Section, Text
from churn.report.shown import figures, view
from churn.report.tags import write_tags
from churn.runs import Run

__all__ = ["Figure", "Heading", "Note", "Run", "Section", "Text", "figures", "view", "write_report", "write_tags"]
