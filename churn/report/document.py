"""A document: sections as the HTML of one file that needs no network."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from churn.language import say, spoken
from churn.report.pages import Page
from churn.report.parts.blocks import Section

_CHART = 'class="chart"'  # stands in the text of a page with charts, which alone needs plotly
Sections = Sequence[tuple[str, Sequence[tuple[Section, Sequence[str]]]]]  # by group: its title, sections, their files


def document(page: Page, groups: Sections, *, title: str, subtitle: str, warning: tuple[str, str] | None = None) -> str:
    """The HTML of a page in the language spoken.

    Args:
        page: The file, and the other page if there is one.
        groups: The sections.
        title: The title.
        subtitle: A line below it.
        warning: A point that stands above the page, and its reason.
    """
    environment = _environment()
    body = environment.get_template("body.html").render(page=page, groups=groups)
    scripts = [get_plotlyjs()] if _CHART in body else []
    scripts = [Markup(script) for script in (*scripts, _asset(environment, "page.js"))]
    return environment.get_template("page.html").render(
        page=page,
        title=title,
        groups=groups,
        body=Markup(body),
        language=spoken(),
        subtitle=subtitle,
        warning=warning,
        style=Markup(_asset(environment, "page.css")),
        scripts=scripts,
        policy=_policy(*scripts),
    )


@cache
def _environment() -> Environment:
    """The templates' environment, one for all pages: a template is compiled once."""
    environment = Environment(
        loader=PackageLoader("churn.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"say": say, "as_json": _as_json}
    return environment


def _asset(environment: Environment, name: str) -> str:
    """A template's text as it stands."""
    loader = environment.loader
    assert loader is not None
    return loader.get_source(environment, name)[0]


def _policy(*scripts: str) -> str:
    """Let the browser run the page's own scripts, by their hashes, and load nothing at all."""
    hashes = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts)
    rules = ("default-src 'none'", f"script-src {hashes}", "style-src 'unsafe-inline'", "img-src data:")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _as_json(spec: str) -> Markup:
    """JSON that cannot close the script element it stands in.

    Example:
        >>> print(_as_json('"</script>"'))
        "\\u003c/script>"
    """
    return Markup(spec.replace("<", "\\u003c"))
