"""Files of a run, each declared once, and each written so that it is whole or absent."""

from churn.artefacts import declared
from churn.artefacts.declaration import Document, Hide, Table, TargetTables
from churn.artefacts.defused import harmless
from churn.artefacts.formats import read_table, write_table
from churn.artefacts.prometheus import write_metrics
from churn.artefacts.reading import as_written, read_json, read_object
from churn.artefacts.sealed import (
    check_fingerprint,
    check_hashes,
    check_whole,
    discard,
    discard_within,
    fingerprint,
    hashes_of,
    missing,
)
from churn.artefacts.signed import check_signed, signed
from churn.artefacts.writing import atomic, recorded, write_json, write_text, write_with

__all__ = [
    "Document",
    "Hide",
    "Table",
    "TargetTables",
    "as_written",
    "atomic",
    "check_fingerprint",
    "check_hashes",
    "check_signed",
    "check_whole",
    "declared",
    "discard",
    "discard_within",
    "fingerprint",
    "harmless",
    "hashes_of",
    "missing",
    "read_json",
    "read_object",
    "read_table",
    "recorded",
    "signed",
    "write_json",
    "write_metrics",
    "write_table",
    "write_text",
    "write_with",
]
