"""The page, as a reader sees it: the article beside its translation, the summary on top."""

import re
import threading
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from tests.browser.conftest import TEXT, open_page, translate
from tests.integration.conftest import serving, stub_models
from tests.integration.models import two_translators

try:
    from playwright.sync_api import expect
except ImportError:  # the fixture `browser` says what is missing
    expect = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_an_article_is_shown_beside_its_translation_with_the_summary_on_top(
    page: Any, client: httpx.Client
) -> None:
    open_page(page, client)
    translate(page, TEXT)
    assert page.text_content("#source-text") == TEXT
    assert page.text_content("#target-text") == TEXT.upper()
    assert page.locator("#sentences a").count() == 3
    expect(page.locator("#status")).to_have_text("Done.")
    left, right, summary = (
        page.locator(place).bounding_box() for place in ("#source-text", "#target-text", "#sentences")
    )
    assert left["x"] + left["width"] <= right["x"]
    assert left["y"] == right["y"]
    assert summary["y"] + summary["height"] <= left["y"]
    assert page.text_content("#left-language") == "German"


def test_the_demonstration_notice_stands_above_everything_and_among_the_warnings(
    page: Any, client: httpx.Client
) -> None:
    open_page(page, client)
    page.wait_for_selector("#notice", state="visible")
    assert "not fit for use" in page.text_content("#notice")
    translate(page, TEXT)
    assert page.locator("#warnings li[data-code=demonstration_model]").count() == 1


def test_a_segment_lights_up_with_its_counterpart_by_mouse_and_by_keyboard(
    page: Any, client: httpx.Client
) -> None:
    open_page(page, client)
    translate(page, TEXT)
    left = page.locator("#source-text .segment", has_text="Die Arbeiten")
    left.hover()
    lit = page.locator("#target-text .segment.lit")
    assert lit.all_text_contents() == ["DIE ARBEITEN BEGINNEN IM MAI UND DAUERN DREI MONATE."]
    page.mouse.move(0, 0)
    assert lit.count() == 0
    page.locator("#target-text .segment", has_text="NACH ANGABEN").focus()
    assert "Nach Angaben" in page.locator("#source-text .segment.lit").text_content()


def test_a_sentence_of_the_summary_leads_to_where_it_comes_from(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    translate(page, TEXT + "\n\n" + "\n\n".join(f"Dies ist der {n}. Absatz über Fische." for n in range(60)))
    sentence = page.locator("#sentences a").first
    said = sentence.text_content()
    sentence.click()
    lit = page.locator("#source-text .segment.lit")
    assert lit.text_content().upper() == said
    assert page.evaluate("document.activeElement === document.querySelector('#source-text .lit')")
    expect(lit).to_be_in_viewport()
    expect(page.locator("#target-text .segment.lit")).to_have_text(said)
    # The text scrolled below a mouse at rest; only one that moves points at something.
    page.locator("#source-text .segment", has_text="der 5. Absatz").hover()
    assert lit.text_content() == "Dies ist der 5. Absatz über Fische."
    assert "#" not in page.url


def test_spans_are_right_behind_emoji_and_letters_beyond_the_first_plane(
    page: Any, client: httpx.Client
) -> None:
    text = "Die 👩‍🚀 fliegt heute los. Das 𝒜 steht im Titel. 🌉🌉 Danach kommt der dritte Satz."
    open_page(page, client)
    translate(page, text)
    assert page.text_content("#source-text") == text
    assert page.text_content("#target-text") == text.upper()
    for segment in page.locator("#source-text .segment").all():
        segment.hover()
        shown = page.locator("#target-text .segment.lit").text_content()
        assert shown == segment.text_content().upper()


def test_segments_appear_as_they_are_ready_and_stop_really_stops(page: Any) -> None:
    held = threading.Event()
    decoded: list[str] = []

    def gate(sources: Sequence[str]) -> None:
        if any("beginnen" in source for source in sources):
            held.wait(20)
        decoded.extend(sources)

    with serving(stub_models(gate=gate), batch_tokens=12) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        page.wait_for_selector("#target-text .segment")
        assert "ARBEITEN" not in page.text_content("#target-text")
        assert 0 < page.evaluate("document.getElementById('progress').value") < 1
        page.click("#stop")
        expect(page.locator("#status")).to_have_text("Stopped. What stands here is not all.")
        page.wait_for_selector("#go", state="visible")
        threading.Event().wait(0.5)  # the server sees the connection close
        held.set()
        threading.Event().wait(0.5)
    assert not any("Verwaltung" in source for source in decoded)


def test_when_all_is_translated_the_page_says_that_the_summary_follows(page: Any) -> None:
    held = threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if any("STADTRAT" in source for source in sources):  # what the summarizer reads
            held.wait(20)

    with serving(stub_models(gate=gate, summarizer=True)) as client:
        open_page(page, client)
        page.fill("#text", TEXT * 3)
        page.click("#go")
        expect(page.locator("#status")).to_have_text("Translated; the summary follows …")
        assert page.locator("#summary").is_hidden()
        assert page.evaluate("document.getElementById('progress').value") == 1
        held.set()
        expect(page.locator("#status")).to_have_text("Done.")
        expect(page.locator("#method")).to_have_text("Written by stub-summarizer")


def test_a_sentence_that_the_model_is_less_sure_of_has_a_dotted_line_and_no_mark(page: Any) -> None:
    with serving(two_translators(score=-2.0)) as client:
        open_page(page, client)
        page.select_option("#model", "small")
        translate(page, TEXT)
        unsure = page.locator("#target-text .segment.unsure:not(.doubted)").first
        assert unsure.get_attribute("data-mark") is None
        style = "(e) => getComputedStyle(e).textDecorationStyle"
        assert unsure.evaluate(style) == "dotted"
        unsure.hover()
        expect(page.locator("#note")).to_have_text("The model is less sure of this sentence than of most.")
        page.select_option("#model", "stub")
        page.click("#go")
        expect(page.locator("#target-text")).to_have_text(TEXT.upper())
        assert page.locator(".unsure").count() == 0


def test_a_warning_stands_where_it_belongs_with_a_plain_explanation(page: Any) -> None:
    def decode(text: str) -> str:
        return text.upper().replace("2 MILLIONEN", "3 MILLIONEN")

    with serving(stub_models(decode=decode)) as client:
        open_page(page, client)
        translate(page, TEXT)
        marked = page.locator("#target-text .segment[data-mark]")
        assert marked.count() == 1
        assert marked.get_attribute("data-mark") == "number?"
        assert "3 MILLIONEN" in marked.text_content()
        assert page.evaluate(
            "getComputedStyle(document.querySelector('#target-text .doubted'), '::after').content"
        ) == ('"number?"')
        marked.hover()
        note = page.locator("#note")
        expect(note).to_be_visible()
        expect(note).to_contain_text("A number may be wrong here; compare it with the original.")
        note.hover()  # to read or copy it
        expect(note).to_be_visible()
        page.keyboard.press("Escape")
        expect(note).to_be_hidden()
        page.locator("#warnings li[data-code=number_doubtful] a").click()
        assert "2 Millionen" in page.evaluate("document.activeElement.textContent")
        assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "note"
        page.click("#interface")
        assert marked.get_attribute("data-mark") == "Zahl?"
        assert "Eine Zahl steht hier" in page.text_content("#warnings li[data-code=number_doubtful]")


def test_a_repaired_sentence_is_marked_as_that_and_not_as_doubtful(page: Any) -> None:
    tried: list[str] = []

    def decode(text: str) -> str:
        if "Arbeiten" in text and text not in tried:
            tried.append(text)
            return "WORK WORK WORK " * 12
        return text.upper()

    with serving(stub_models(decode=decode)) as client:
        open_page(page, client)
        translate(page, TEXT)
        repaired = page.locator("#target-text .segment[data-mark]")
        assert repaired.get_attribute("data-mark") == "repaired"
        assert "repaired" in repaired.get_attribute("class")
        assert "doubted" not in repaired.get_attribute("class")


def test_a_line_separator_in_the_text_does_not_break_the_stream(page: Any, client: httpx.Client) -> None:
    text = "Der Stadtrat tagt am Montag.\u2028\u2028Die Brücke wird <b>saniert</b>, sagte er.\u2029Ende."
    open_page(page, client)
    translate(page, text)
    assert page.text_content("#target-text") == text.upper().replace("<B>", "<b>").replace("</B>", "</b>")
    assert page.locator("#target-text b").count() == 0


@pytest.mark.parametrize("prefix", ["", "/kurz"])
def test_14_what_the_documentation_tries_stays_below_the_prefix(page: Any, prefix: str) -> None:
    with serving(root_path=prefix) as client:
        page.goto(f"{client.base_url}{prefix}/docs")
        page.click("text=What can be translated into what")
        with page.expect_response(lambda response: response.url.endswith("/v1/languages")) as answered:
            page.click("button.execute")
        assert answered.value.url == f"{client.base_url}{prefix}/v1/languages"
        assert answered.value.status == 200


def test_the_summary_is_written_as_asked(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.select_option("#style", "bullets")
    translate(page, TEXT)
    assert page.locator("#sentences ul li a").count() == 3
    page.select_option("#style", "headline")
    page.select_option("#source", "de")
    page.select_option("#language", "source")
    page.click("#go")
    headline = page.locator("#sentences p.headline")
    expect(headline).to_have_attribute("lang", "de")
    assert re.search("[a-z]", headline.text_content())
