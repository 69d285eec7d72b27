"""The pages in a browser, wide and on a phone: two people work a list, and nothing is said or fetched beside it."""

import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from churn.artefacts import declared
from churn.serving import Store, accounts

from .conftest import BENCHMARK, PASSWORD, postgres

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
NAMELESS = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a")]
  .filter((one) => one.checkVisibility() && !(one.labels?.length || one.ariaLabel || one.textContent.trim()))
  .map((one) => one.outerHTML)"""

AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
GRAVE = ("serious", "critical")
NO_AXE = "axe-core is not there: npm install --no-save axe-core, or name its axe.min.js in AXE_CORE"


@pytest.fixture(scope="module")
def chromium():
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, runs):
    url = None if request.param == "sqlite" else postgres(request)
    store = Store.of(runs, url)
    for name in ("ada", "bob"):
        accounts.add_user(store, name, "team", PASSWORD, by="test")
    store.close()
    started = BENCHMARK["Server"](runs, *([] if url is None else ["--store", url]))
    yield f"http://{started.host}:{started.port}"
    assert started.stop() == 0


def visitor(chromium, server, name, width, **given):
    """A browser of somebody who is logged in, whose console and requests are heard."""
    page = chromium.new_context(viewport={"width": width, "height": 844}, **given).new_page()
    page.heard = []
    page.on("console", lambda message: page.heard.append(message.text))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("request", lambda request: request.url.startswith((server, "data:")) or page.heard.append(request.url))
    page.goto(server)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return page


def is_well(page, width):
    """A page that fits, whose controls have names, and that said and fetched nothing."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(NAMELESS) == []
    assert page.heard == []


@pytest.mark.parametrize("width", [1280, 390])
def test_two_people_work_a_list(chromium, server, width):
    ada, bob = (visitor(chromium, server, name, width) for name in ("ada", "bob"))
    is_well(ada, width)
    user = ada.locator("tr:not(.held) a.id").first.inner_text()
    for page in (ada, bob):
        page.get_by_label("Search").fill(user)
        page.get_by_role("button", name="Show").click()
        page.locator("a.id", has_text=user).click()
        is_well(page, width)
    ada.get_by_label("Note").fill("Back on Monday")
    ada.get_by_role("button", name="Contacted", exact=True).click()
    api.expect(ada.locator(".badge").first).to_have_text("Contacted")
    api.expect(ada.locator(".history")).to_contain_text("Back on Monday")
    bob.get_by_label("Note").fill("I rang, too")
    bob.get_by_role("button", name="Not reached", exact=True).click()
    api.expect(bob.get_by_role("alert")).to_contain_text("ada changed this user")
    api.expect(bob.locator(".history")).to_contain_text("I rang, too")
    assert [line for line in bob.heard if "409" not in line] == []
    bob.goto(server)
    bob.get_by_label("State").select_option("contacted")
    bob.get_by_role("button", name="Show").click()
    assert bob.locator("a.id").all_inner_texts() == [user]


@pytest.mark.parametrize("script", [True, False])
def test_many_are_marked_at_once_also_without_javascript(chromium, server, script):
    page = visitor(chromium, server, "ada", 1280, java_script_enabled=script)
    api.expect(page.locator("table")).to_be_visible()
    if script:
        page.get_by_label("All on this page").check()
    else:
        for box in page.locator("input[name=user]").all():
            box.check()
    boxes, held = page.locator("input[name=user]").count(), page.locator("tr.held").count()
    api.expect(page.locator("tbody tr")).to_have_count(boxes + held)
    assert boxes > held > 0
    page.get_by_label("Person").fill("bob")
    page.get_by_role("button", name="Assign", exact=True).click()
    api.expect(page.locator(".person", has_text="bob")).to_have_count(boxes)
    assert page.heard == []


def test_a_run_s_page_works_in_its_sandbox_and_reads_no_cookie(chromium, server, runs):
    script = "document.title = (() => { try { return document.cookie || 'empty'; } catch { return 'kept out'; } })()"
    (runs / "march" / "report.html").write_text(
        f"<!DOCTYPE html><a href='evidence.html'>on</a><script>{script}</script>"
    )
    page = visitor(chromium, server, "ada", 1280)
    page.get_by_role("link", name="Report").click()
    api.expect(page).to_have_title("kept out")
    page.get_by_role("link", name="on").click()
    api.expect(page).to_have_url(re.compile("/folder/march/evidence.html$"))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_pages_are_korean_where_the_browser_is(chromium, server, width, scheme):
    page = chromium.new_context(
        viewport={"width": width, "height": 844}, locale="ko-KR", color_scheme=scheme
    ).new_page()
    page.goto(f"{server}/login")
    assert page.locator("h1").inner_text() == "로그인"
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture
def furnished(runs, launches):
    """A folder of lists in which everything can be tried, and a user who is offered something."""
    shutil.copytree(launches / "runs" / "launches", runs / "launches")
    user = declared.PRIORITY.read(runs / "march").user_id[0]
    rows = {
        declared.OFFERS: [(user, 1, "a1", "Choir", 0.25, "like_yours")],
        declared.POPULAR: [(1, "a2", "Club", 3, 0)],
    }
    for table, found in rows.items():
        table.write(pd.DataFrame(found, columns=list(table.types)), runs / "march")
    return user


def asked(page, server, tmp_path):
    """The page of a launch with its answer, asked for with a picture."""
    from PIL import Image

    Image.new("RGB", (300, 400), (220, 180, 40)).save(tmp_path / "photo.jpg")
    page.goto(f"{server}/try/launch?run=launches")
    filled = {"goal": "9000", "title": "serious sober notes", "deadline": "2024-06-30"}
    for name, value in filled.items():
        page.locator(f"[name=of_{name}]").fill(value)
    page.locator("[name=day]").fill("2024-05-01")
    page.locator("[name=of_photo]").set_input_files(tmp_path / "photo.jpg")
    page.locator("main button.strong").click()
    page.wait_for_load_state()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_launch_is_tried_with_a_picture(chromium, furnished, server, tmp_path, width):
    page = visitor(chromium, server, "ada", width)
    page.get_by_role("link", name="Try it").click()
    page.get_by_role("link", name="launches").click()
    is_well(page, width)
    asked(page, server, tmp_path)
    api.expect(page.locator("#answer")).to_have_text("The chance")
    api.expect(page.locator("main")).to_contain_text("has video: from no to yes")
    is_well(page, width)


@pytest.mark.skipif(not AXE.is_file(), reason=NO_AXE)
@pytest.mark.parametrize(("width", "scheme", "locale"), [(1280, "light", "en"), (390, "dark", "ko-KR")])
def test_axe_core_finds_nothing_serious(chromium, furnished, server, tmp_path, width, scheme, locale):
    given = {"color_scheme": scheme, "locale": locale, "bypass_csp": True}  # else the page would refuse axe-core itself
    page = (
        visitor(chromium, server, "ada", width, **given) if locale == "en" else korean(chromium, server, width, given)
    )
    addresses = ["/", "/?show=everyone", f"/user?list=march&id={furnished}", "/lists", "/try", "/try/launch"]
    for address in (*addresses, f"/try/offers?list=march&id={furnished}", "/try/offers", "/user?id=nobody", None):
        if address is None:
            asked(page, server, tmp_path)
            page.locator("details").first.evaluate("details => details.open = true")
        else:
            page.goto(server + address)
        page.add_script_tag(path=AXE)
        found = page.evaluate("async () => (await axe.run()).violations")
        grave = {one["id"]: [node["html"] for node in one["nodes"]] for one in found if one["impact"] in GRAVE}
        assert grave == {}, address


def korean(chromium, server, name, width, **given):
    """A browser of somebody who has logged in on Korean pages."""
    page = chromium.new_context(viewport={"width": width, "height": 844}, **given).new_page()
    page.goto(f"{server}/login")
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button").click()
    return page
