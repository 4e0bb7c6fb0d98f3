"""The page for everybody: axe-core finds nothing, a keyboard is enough, motion and width are the reader's."""

import re
from typing import Any

import httpx
import pytest

from tests.browser.conftest import TEXT, open_page, translate
from tests.browser.doorkeeper import Doorkeeper
from tests.integration.conftest import serving, stub_models

try:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect
except ImportError:  # the fixture `browser` says what is missing
    expect = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def no_violation(page: Any) -> None:
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    found = Axe().run(page, options={"resultTypes": ["violations", "incomplete"]}).response
    assert found["testEngine"]["name"] == "axe-core"
    assert len(found["passes"]) > 15  # it did look
    report = [(each["id"], each["help"], each["nodes"][0]["html"][:200]) for each in found["violations"]]
    assert report == []
    # What it could not tell is text under the note, or beside a mark that a style sheet writes.
    undecided = {
        check["data"]["messageKey"]
        for each in found["incomplete"]
        if each["id"] == "color-contrast"
        for node in each["nodes"]
        for check in node["any"]
    }
    assert undecided <= {"bgOverlap", "elmPartiallyObscuring", "pseudoContent"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_axe_finds_nothing_empty_with_an_answer_and_with_doubts(
    open_browser_page: Any, scheme: str, locale: str, look: Any
) -> None:
    page = open_browser_page(color_scheme=scheme, locale=locale)

    def decode(text: str) -> str:
        return text.upper().replace("2 MILLIONEN", "3 MILLIONEN")

    with serving(stub_models(decode=decode)) as client:
        open_page(page, client)
        no_violation(page)
        page.click("#glossary summary")
        no_violation(page)
        translate(page, TEXT)
        no_violation(page)
        page.locator("#target-text .doubted").focus()
        expect(page.locator("#note")).to_be_visible()
        look(page, f"doubt-{scheme}-{locale}")
        no_violation(page)


_COLOURS = """(wanted) => wanted.map(([front, back]) => {
  const of = ([place, pseudo]) => getComputedStyle(document.querySelector(place), pseudo);
  return [of(front).color, of(back).backgroundColor];
})"""


def luminance(colour: str) -> float:
    """Of `rgb(r, g, b)`, after WCAG 2."""
    channels = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_and_lit_sentences_have_the_contrast_that_axe_cannot_measure(
    open_browser_page: Any, scheme: str
) -> None:
    page = open_browser_page(color_scheme=scheme)

    def decode(text: str) -> str:
        return text.upper().replace("2 MILLIONEN", "3 MILLIONEN")

    with serving(stub_models(decode=decode)) as client:
        open_page(page, client)
        translate(page, TEXT)
        page.locator("#target-text .doubted").hover()
        lit = ["#target-text .doubted", None]
        mark = ["#target-text .doubted", "::after"]
        note = ["#note", None]
        for front, back in page.evaluate(_COLOURS, [[lit, lit], [mark, mark], [note, note]]):
            low, high = sorted((luminance(front), luminance(back)))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)


def test_axe_finds_nothing_where_something_is_wrong(open_browser_page: Any) -> None:
    page = open_browser_page()
    with serving(behind=lambda app: Doorkeeper(app, statuses=(500, 503), retry_after=30)) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        page.wait_for_selector("#actions button")
        no_violation(page)
        page.click("#actions button")
        page.wait_for_selector(".counting")
        no_violation(page)
    with serving(behind=lambda app: Doorkeeper(app, path="/v1/", key="x")) as client:
        page.goto(str(client.base_url))
        page.wait_for_selector("#key", state="visible")
        no_violation(page)


def test_it_fits_a_phone_and_a_small_one(open_browser_page: Any, client: httpx.Client, look: Any) -> None:
    page = open_browser_page(**PHONE)
    open_page(page, client)
    page.click("#glossary summary")
    translate(page, TEXT + "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3)
    for width in (360, 320):
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    left, right = (page.locator(f"#{side}-text").bounding_box() for side in ("source", "target"))
    assert left["y"] + left["height"] <= right["y"]
    no_violation(page)
    # The counterpart is out of sight: the note holds it.
    page.locator("#source-text .segment", has_text="Die Arbeiten").tap()
    expect(page.locator("#note")).to_contain_text("DIE ARBEITEN BEGINNEN IM MAI UND DAUERN DREI MONATE.")
    assert page.get_attribute("#note p", "lang") == "en"
    look(page, "phone")
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, summary, label.button')]"
        ".filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 24).map(e => e.outerHTML)"
    )
    assert small == []  # WCAG 2.2, 2.5.8


def test_two_hundred_percent_of_text_size_loses_nothing(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    translate(page, TEXT)
    page.set_viewport_size({"width": 640, "height": 480})  # what is left of 1280 at a zoom of 200 %
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_a_keyboard_is_enough(page: Any, client: httpx.Client) -> None:
    open_page(page, client)

    def tab_to(wanted: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({wanted!r})"):
                return
        raise AssertionError(f"no stop at {wanted}")

    tab_to("#text")
    page.keyboard.insert_text(TEXT)
    tab_to("#go")
    page.keyboard.press("Enter")
    page.wait_for_selector("#warnings li")
    assert page.evaluate("document.activeElement.id") == "go"  # not lost when Stop went away
    tab_to("#sentences a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('#source-text .segment.lit')")
    page.keyboard.press("Home")
    here = "document.activeElement.id"
    assert page.evaluate(here) == "s0"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(here) == "s2"
    assert page.locator("#target-text .lit").get_attribute("id") == "t2"
    page.keyboard.press("Enter")
    assert page.evaluate(here) == "t2"
    page.keyboard.press("End")
    assert page.evaluate(here) == "t3"
    page.keyboard.press("ArrowUp")
    assert page.evaluate(here) == "t2"
    # A column is one stop: the next one is behind all its sentences.
    page.keyboard.press("Tab")
    assert page.evaluate(here) == "copy"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(here) == "t2"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(here) == "s2"
    assert page.locator(".segment[tabindex='0']").count() == 2


def test_a_sentence_with_the_focus_can_be_seen_and_a_file_can_be_opened_by_keyboard(
    page: Any, client: httpx.Client
) -> None:
    # Who only begins to listen beside the key press may come too late for it.
    page.on("filechooser", lambda _: None)
    open_page(page, client)
    page.focus("#text")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    outline = "getComputedStyle(document.querySelector('label.button')).outlineStyle"
    assert page.evaluate(outline) == "solid"
    with page.expect_file_chooser():
        page.keyboard.press("Space")
    page.keyboard.press("Tab")
    assert page.evaluate(outline) == "none"


def test_what_has_to_be_heard_has_a_name_in_the_language_spoken(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    for name in ("From", "to", "Length", "Style", "Language", "Read the text as"):
        assert page.get_by_role("combobox", name=name, exact=True).count() == 1, name
    page.click("#interface")
    for name in ("Von", "nach", "Länge", "Form", "Sprache", "Text lesen als"):
        assert page.get_by_role("combobox", name=name, exact=True).count() == 1, name
    assert page.get_by_role("textbox", name="Artikel", exact=True).count() == 1
    assert page.get_by_label("Fortschritt").count() == 1
    translate(page, TEXT)
    assert page.get_by_role("group", name="Übersetzung Englisch").count() == 1
    assert page.get_attribute("#target-text", "lang") == "en"
    assert page.get_attribute("#source-text", "lang") == "de"
    assert page.get_attribute("#status", "aria-live") == "polite"


def test_nothing_moves_for_who_does_not_want_it(open_browser_page: Any, client: httpx.Client) -> None:
    moving = """[...document.querySelectorAll('*')].map((each) => getComputedStyle(each)).filter(
      (style) => parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none',
    ).length"""
    still, other = open_browser_page(), open_browser_page(reduced_motion="no-preference")
    for page, some in ((still, False), (other, True)):
        open_page(page, client)
        translate(page, TEXT)
        assert (page.evaluate(moving) > 0) is some


def test_on_paper_there_is_the_answer_and_nothing_to_press(
    page: Any, client: httpx.Client, look: Any
) -> None:
    open_page(page, client)
    translate(page, TEXT)
    page.emulate_media(media="print", color_scheme="dark")
    look(page, "print")
    for gone in ("#form", "#copy", "#state", "footer", "#interface", "#keys"):
        expect(page.locator(gone)).to_be_hidden()
    for there in ("#sentences", "#source-text", "#target-text", "#warnings", "#notice"):
        expect(page.locator(there)).to_be_visible()
    colours = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert page.pdf()[:5] == b"%PDF-"


def test_without_a_script_the_page_says_so(open_browser_page: Any, client: httpx.Client) -> None:
    page = open_browser_page(java_script_enabled=False)
    page.goto(str(client.base_url))
    assert page.locator("noscript p").bounding_box()["height"] > 10
