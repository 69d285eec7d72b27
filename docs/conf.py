"""The site's settings. What Sphinx cannot resolve is a warning, and `make docs` takes warnings for errors."""

import re

from sphinx.application import Sphinx

import churn

project = "churn"
version = release = churn.__version__
html_title = "churn"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_heading_anchors = 4  # links to headings, written as in the repository
default_role = "code"  # docstrings quote code as Markdown does
napoleon_numpy_docstring = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 90

html_theme = "furo"  # has no font, script or picture from elsewhere
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False

_LIMITED = re.compile(
    r"(?:~?typing\.)?Annotated\[([^,\[\]]+(?:\[[^\[\]]*\])?), ~?[\w.]+\([^()]*(?:\([^()]*\))?[^()]*\)\]"
)
_RECORDS = "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def setup(app: Sphinx) -> None:
    """Hook what follows into Sphinx."""
    app.connect("source-read", _records)
    app.connect("autodoc-process-signature", _plain)
    app.connect("autodoc-process-docstring", _property, priority=400)  # before napoleon's 500


def _records(app: Sphinx, page: str, source: list[str]) -> None:
    """The records hang below their index, whose file is plain Markdown for the repository's sake."""
    source[0] += _RECORDS if page == "decisions/README" else ""


def _property(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """The first line of a property's docstring is a sentence, where napoleon would read a type before its colon."""
    if what in ("property", "attribute") and lines:
        lines[0] = lines[0].replace(": ", " – ")


def _plain(
    app: Sphinx, what: str, name: str, thing: object, options: object, signature: str, returned: str
) -> tuple[str, str]:
    """A signature without the limits beside its types, which the list of keys has in words."""
    while signature and (shorter := _LIMITED.sub(r"\1", signature)) != signature:
        signature = shorter
    return signature, returned
