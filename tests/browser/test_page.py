"""The page, as a reader sees it."""

import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.conftest import ARTICLES, serving, stub_models

try:
    from playwright.sync_api import expect
except ImportError:  # the fixture `browser` says what is missing
    expect = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

TEXT = (
    "Brücke 🌉 wird saniert\n\n"
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern drei Monate. "
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro.\n"
)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(stub_models()) as client:
        yield client


def open_page(page: Any, client: httpx.Client) -> None:
    page.goto(str(client.base_url))
    page.wait_for_selector("#source option[value=de]", state="attached")


def translate(page: Any, text: str) -> None:
    page.fill("#text", text)
    page.click("#go")
    page.wait_for_selector("#warnings li")


def test_an_article_is_shown_beside_its_translation_with_the_summary_on_top(
    page: Any, client: httpx.Client
) -> None:
    open_page(page, client)
    translate(page, TEXT)
    assert page.text_content("#source-text") == TEXT
    assert page.text_content("#target-text") == TEXT.upper()
    assert page.locator("#sentences li").count() == 3
    expect(page.locator("#status")).to_have_text("Done.")


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
    page.locator("#target-text .segment", has_text="NACH ANGABEN").focus()
    assert "Nach Angaben" in page.locator("#source-text .segment.lit").text_content()


def test_a_sentence_of_the_summary_leads_to_where_it_comes_from(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    translate(page, TEXT)
    page.locator("#sentences button", has_text="DIE ARBEITEN").click()
    assert page.evaluate("document.activeElement.textContent").startswith("Die Arbeiten")


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
        expect(page.locator("#status")).to_have_text("Stopped.")
        page.wait_for_selector("#go", state="visible")
        threading.Event().wait(0.5)  # the server sees the connection close
        held.set()
        threading.Event().wait(0.5)
    assert not any("Verwaltung" in source for source in decoded)


def test_a_refused_text_says_why(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.click("#go")
    assert page.text_content("#status") == "Please paste a text first."
    page.fill("#text", "https://talbote.example/artikel")
    page.click("#go")
    expect(page.locator("#status")).to_contain_text("web address")


def test_a_file_and_the_example_fill_the_box(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.set_input_files("#file", ARTICLES / "seite.html")
    expect(page.locator("#text")).to_have_value(re.compile("<h1"))
    page.click("#go")
    page.wait_for_selector("#warnings li[data-code=html_extracted]")
    assert "<p>" not in page.text_content("#source-text")
    page.click("#example")
    page.click("#go")
    expect(page.locator("#target-text")).to_contain_text("ALTE BRÜCKE WIRD SANIERT")


def test_the_page_speaks_german_and_remembers_settings_but_never_text(
    page: Any, client: httpx.Client
) -> None:
    open_page(page, client)
    page.click("#interface")
    assert page.text_content("#go") == "Übersetzen und zusammenfassen"
    assert page.get_attribute("html", "lang") == "de"
    page.select_option("#length", "short")
    page.fill("#text", TEXT)
    page.click("#go")
    page.wait_for_selector("#warnings li")
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "short" in stored
    assert "Stadtrat" not in stored
    page.reload()
    page.wait_for_selector("#source option[value=de]", state="attached")
    assert page.text_content("#go") == "Übersetzen und zusammenfassen"
    assert page.input_value("#length") == "short"


def test_it_fits_a_phone_and_a_picture_of_it_can_be_taken(
    page: Any, client: httpx.Client, tmp_path: Path
) -> None:
    open_page(page, client)
    translate(page, TEXT)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    assert (tmp_path / "phone.png").stat().st_size > 10_000


def test_a_line_separator_in_the_text_does_not_break_the_stream(page: Any, client: httpx.Client) -> None:
    text = "Der Stadtrat tagt am Montag.\u2028\u2028Die Brücke wird <b>saniert</b>, sagte er.\u2029Ende."
    open_page(page, client)
    translate(page, text)
    assert page.text_content("#target-text") == text.upper().replace("<B>", "<b>").replace("</B>", "</b>")
    assert page.locator("#target-text b").count() == 0


def test_a_page_in_an_old_charset_keeps_its_umlauts_and_stays_a_page_when_it_is_edited(
    page: Any, client: httpx.Client, tmp_path: Path
) -> None:
    old = tmp_path / "alt.html"
    old.write_bytes(f"<html><body><p>{TEXT.replace('🌉', '')}</p></body></html>".encode("cp1252"))
    open_page(page, client)
    page.set_input_files("#file", old)
    expect(page.locator("#text")).to_have_value(re.compile("Brücke"))
    page.locator("#text").press("End")
    page.locator("#text").type(" ")
    page.click("#go")
    page.wait_for_selector("#warnings li[data-code=html_extracted]")
    assert "BRÜCKE" in page.text_content("#target-text")
    assert "<P>" not in page.text_content("#target-text")


@pytest.mark.parametrize("prefix", ["", "/kurz"])
def test_14_what_the_documentation_tries_stays_below_the_prefix(page: Any, prefix: str) -> None:
    with serving(root_path=prefix) as client:
        page.goto(f"{client.base_url}{prefix}/docs")
        page.click("text=What can be translated into what")
        with page.expect_response(lambda response: response.url.endswith("/v1/languages")) as answered:
            page.click("button.execute")
        assert answered.value.url == f"{client.base_url}{prefix}/v1/languages"
        assert answered.value.status == 200
