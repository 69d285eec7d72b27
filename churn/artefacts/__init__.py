"""Files of a run, each declared once, and each written so that it is whole or absent."""

from churn.artefacts import declared
from churn.artefacts.declaration import Document, Hide, Table, TargetTables
from churn.artefacts.defused import harmless
from churn.artefacts.formats import read_table, write_table
from churn.artefacts.reading import as_written, read_json, read_object
from churn.artefacts.sealed import check_hashes, check_whole, discard, hashes_of, missing
from churn.artefacts.writing import atomic, recorded, write_json, write_text, write_with

__all__ = [
    "Document",
    "Hide",
    "Table",
    "TargetTables",
    "as_written",
    "atomic",
    "check_hashes",
    "check_whole",
    "declared",
    "discard",
    "harmless",
    "hashes_of",
    "missing",
    "read_json",
    "read_object",
    "read_table",
    "recorded",
    "write_json",
    "write_table",
    "write_text",
    "write_with",
]
