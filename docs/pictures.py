"""The guide's pictures, taken from a finished run's pages: `make pictures`, or `pictures.py RUN FOLDER`."""

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

PAGES = ("report.html", "evidence.html")  # a picture is of the first page that has what is looked for
TALL, MARGIN = 560, 12  # pixels: at most so tall, so that a picture fits on a screen beside its words
PICTURES = {  # the picture's name: the part of a page that it shows, by its title
    "log": ("figure", "Active users, day by day"),
    "windows": ("figure", "After so many silent days, how many come back"),
    "models": ("figure", "Churn: difference in log loss"),
    "list": (".table", "The list"),
    "why": ("figure", "Churn: strongest drivers"),
    "trust": ("figure", "Churn: predicted and observed"),
    "outcomes": ("figure", "Share that fell silent"),
}


def take(run: Path, out: Path) -> None:
    """Write every picture; exits with the title of one that no page shows any more."""
    out.mkdir(exist_ok=True)
    with _browser() as browser:
        pages = [_opened(browser, run / name) for name in PAGES if (run / name).exists()]
        _save(pages[0].screenshot(), out / "report.png")
        for page in pages:
            page.set_viewport_size({"width": 1120, "height": 900})
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for name, (kind, title) in PICTURES.items():
            _save(_picture(pages, kind, title), out / f"{name}.png")


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or sys.exit("expected chromium; install Debian's package chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def _opened(browser: Browser, path: Path) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 810}, offline=True).new_page()
    page.goto(path.resolve().as_uri())
    page.wait_for_timeout(500)
    return page


def _picture(pages: list[Page], kind: str, title: str) -> bytes:
    """The part that has a title, of the first page with one."""
    for page in pages:
        if (found := _titled(page, kind, title)).count():
            return _taken(page, found.first)
    sys.exit(f"expected a {kind} {title!r} on a page of the run, got none; correct PICTURES in docs/pictures.py")


def _titled(page: Page, kind: str, title: str) -> Locator:
    """A part by its own title, or by the heading that stands over it."""
    own = page.locator(kind, has_text=title)
    return own if own.count() else page.locator(f"h3:has-text('{title}') ~ {kind}, h3:has-text('{title}') ~ * {kind}")


def _taken(page: Page, part: Locator) -> bytes:
    """A picture of a part, with a margin."""
    part.evaluate("(one) => scrollTo(0, one.getBoundingClientRect().y + scrollY - 20)")
    page.wait_for_timeout(800)  # charts are drawn as they are reached
    box = part.bounding_box()
    assert box is not None
    width, height = box["width"] + 2 * MARGIN, min(box["height"] + 2 * MARGIN, TALL)
    return page.screenshot(clip={"x": box["x"] - MARGIN, "y": box["y"] - MARGIN, "width": width, "height": height})


def _save(picture: bytes, path: Path) -> None:
    """Write with 64 colours, which a chart does not miss and a repository does."""
    colours = Image.open(io.BytesIO(picture)).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    colours.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
