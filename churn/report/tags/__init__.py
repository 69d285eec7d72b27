"""The page of `churn tag`: which given categories to check first, and how often the tagger is right."""

from pathlib import Path

from churn.artefacts import declared, write_text
from churn.language import marked, say, speaking
from churn.report.document import document
from churn.report.pages import Page
from churn.report.parts.wording import count
from churn.report.tags import categories, confused, glance, made, suspects, taggers
from churn.report.tags.tagged import Tags

PAGE = Page(declared.REPORT, marked("What the items are"))
BUILDS = (glance.build, suspects.build, confused.build, categories.build, taggers.build, made.build)


def write_tags(folder: Path | str, language: str = "en") -> Path:
    """Write `report.html` into a folder that `churn tag` wrote.

    Args:
        folder: The folder.
        language: Of the page: en or ko.

    Returns:
        The page's path.

    Raises:
        UserError: if a file of the folder is missing or corrupt, or the language is unknown.
    """
    tags = Tags(Path(folder))
    with speaking(language):
        sections = [(build(tags), ()) for build in BUILDS]
        rows = tags.told["items"]
        subtitle = say("{n} items in {k} categories", n=count(rows["used"]), k=count(tags.told["categories"]))
        text = document(PAGE, [("", sections)], title=say(PAGE.title), subtitle=subtitle)
    write_text(text, out := tags.folder / PAGE.file)
    return out
