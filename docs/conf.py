"""The site's settings. What Sphinx cannot resolve is a warning, and `make docs` takes warnings for errors."""

import churn

project = "churn"
version = release = churn.__version__
html_title = "churn"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["pictures.py"]

myst_heading_anchors = 4  # links to headings, written as the repository's own pages have them
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"  # docstrings quote code as Markdown does
autodoc_typehints = "none"  # they stand in the signature
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"

html_theme = "furo"  # no font, script or picture from elsewhere
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}
