"""The page as a browser would show it, without a browser."""

from dataclasses import replace
from html.parser import HTMLParser

from churn.language import speaking
from churn.report.page import rendered
from churn.report.pages import EVIDENCE, REPORT, Group
from churn.runs import Run

VOID = {"meta", "input", "br", "img", "link"}


class ParsedPage(HTMLParser):
    """Elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.texts, self.headings, self.scripts, self.tables = [], [], [], [], []
        self.beside_tables = []  # texts outside of tables and of the fields to search them with
        self._open = []
        self.feed(source if isinstance(source, str) else source.read_text(encoding="utf8"))
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            self.scripts.append(data)
        elif inside != "style":
            self.texts.append(data)
            if not {"table", "select", "label", "style", "title"} & set(self._open):
                self.beside_tables.append(data)
        if inside in ("h1", "h2", "h3"):
            self.headings.append((inside, data))
        if inside == "button" and "th" in self._open:
            self.tables[-1].append(data)


def with_sections(*builds):
    """A page of some sections alone, which is quicker than the whole."""
    return replace(EVIDENCE, groups=(Group("", dict(enumerate(builds))),))


def page_of(run, *builds):
    """Some sections of a run alone."""
    return ParsedPage(rendered(Run.open(run), with_sections(*builds)))


def pages_in(language, run, *, left=()):
    """Both pages of a run in a language, without the sections that are left out."""
    found = Run.open(run)
    with speaking(language, found.labels, fans=found.fans):
        return [
            ParsedPage(rendered(found, replace(page, groups=tuple(group.without(left) for group in page.groups))))
            for page in (REPORT, EVIDENCE)
        ]


def figures(blocks):
    """Every figure among blocks, those in folds and columns too."""
    for block in blocks:
        if block.kind == "table":
            continue
        if block.kind == "figure":
            yield block
        for part in ("blocks", "figures", "columns"):
            for inner in getattr(block, part, ()):
                yield from figures(inner if isinstance(inner, tuple) else (inner,))
