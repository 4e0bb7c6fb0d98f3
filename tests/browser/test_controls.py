"""What a reader can choose, and what of it is remembered."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from service.keys.key import Limits
from service.keys.store import KeyStore
from tests.browser.conftest import TEXT, open_page, translate
from tests.browser.doorkeeper import Doorkeeper
from tests.integration.conftest import serving
from tests.integration.models import two_translators
from tests.keys import key_store

try:
    from playwright.sync_api import expect
except ImportError:  # the fixture `browser` says what is missing
    expect = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def sent(page: Any) -> dict[str, Any]:
    """The fields of the request that a click on the button makes."""
    with page.expect_request(lambda request: request.url.endswith("/v1/digest")) as asked:
        page.click("#go")
    page.wait_for_selector("#warnings li")
    return dict(json.loads(asked.value.post_data))


def test_the_page_speaks_german_and_remembers_settings_but_never_text(
    page: Any, client: httpx.Client
) -> None:
    open_page(page, client)
    page.click("#interface")
    assert page.text_content("#go") == "Übersetzen und zusammenfassen"
    assert page.get_attribute("html", "lang") == "de"
    assert page.locator("#target option:checked").text_content() == "Englisch"
    page.select_option("#length", "short")
    translate(page, TEXT)
    stored = page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie")
    assert "short" in stored
    assert "Stadtrat" not in stored
    page.reload()
    page.wait_for_selector("#go:enabled")
    assert page.text_content("#go") == "Übersetzen und zusammenfassen"
    assert page.input_value("#length") == "short"
    assert page.input_value("#text") == ""


def test_everything_the_page_says_is_there_in_german(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    translate(page, TEXT)
    words = "[...document.querySelectorAll('[data-text]')].map(e => [e.dataset.text, e.textContent])"
    english = dict(page.evaluate(words))
    page.click("#interface")
    german = dict(page.evaluate(words))
    page.click("#interface")
    assert dict(page.evaluate(words)) == english
    assert english.keys() == german.keys()
    alike = {key for key, text in english.items() if text and german[key] == text}
    assert alike <= {"original"}


def test_a_reader_whose_browser_speaks_german_is_spoken_to_in_german(
    open_browser_page: Any, client: httpx.Client
) -> None:
    page = open_browser_page(locale="de-AT")
    open_page(page, client)
    assert page.get_attribute("html", "lang") == "de"
    assert page.get_attribute("#text", "placeholder").startswith("Hier einen Artikel")


def test_what_is_chosen_is_what_is_sent(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.select_option("#source", "de")
    page.select_option("#target", "en")
    page.select_option("#length", "long")
    page.select_option("#style", "bullets")
    page.select_option("#language", "source")
    page.select_option("#format", "html")
    text = "<p>Die Brücke ist <b>alt</b>.</p>"
    page.fill("#text", text)
    assert sent(page) == {
        "text": text,
        "source": "de",
        "target": "en",
        "format": "html",
        "summary": {"length": "long", "style": "bullets", "language": "de"},
    }
    assert page.text_content("#target-text").startswith("<p>")  # the format is kept, and shown as text
    assert page.locator("#target-text p").count() == 0


def test_a_summary_in_the_articles_language_needs_that_language(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.select_option("#source", "de")
    page.select_option("#language", "source")
    page.select_option("#source", "auto")
    assert page.input_value("#language") == "target"
    assert page.locator("#language option[value=source]").is_disabled()


def test_the_models_behind_the_chosen_languages_are_named(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    assert page.text_content("#models") == "Model: stub"
    assert page.locator("#model").is_hidden()  # there is nothing to choose from


def test_where_several_models_translate_a_pair_one_can_be_chosen(page: Any, look: Any) -> None:
    with serving(two_translators()) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        assert "model" not in sent(page)
        assert page.text_content("#target-text") == TEXT.upper()
        page.select_option("#model", "small")
        assert page.text_content("#models") == "Model: small"
        assert sent(page)["model"] == "small"
        expect(page.locator("#target-text")).to_have_text(TEXT.swapcase())
        look(page, "model")
        page.reload()
        page.wait_for_selector("#go:enabled")
        assert page.input_value("#model") == "small"
        page.select_option("#source", "fr")  # which the small one does not read
        assert page.input_value("#model") == ""


def test_terms_are_a_table_that_is_sent_as_the_glossary(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.click("#glossary summary")
    page.get_by_label("In the article, term 1").fill("Brücke")
    page.keyboard.press("Enter")
    page.keyboard.type("footbridge")
    page.keyboard.press("Enter")  # a new row
    page.keyboard.type("halb")
    page.click("#add-term")
    page.get_by_label("In the article, term 3").fill("Fluss")
    page.get_by_label("In the translation, term 3").fill("stream")
    page.get_by_label("Remove term 3").click()
    assert page.text_content("#terms-count") == "1"
    page.fill("#text", TEXT)
    # A row that is half filled is none.
    assert sent(page)["glossary"] == [{"source": "Brücke", "target": "footbridge"}]
    assert "ALTE FOOTBRIDGE" in page.text_content("#target-text")
    page.reload()
    page.wait_for_selector("#go:enabled")
    assert page.get_by_label("In the translation, term 1").input_value() == "footbridge"
    page.get_by_label("Remove term 1").click()
    assert page.get_by_label("In the article, term 1").input_value() == ""
    page.fill("#text", TEXT)
    assert "glossary" not in sent(page)


def test_a_term_that_is_no_markup_stays_text(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.click("#glossary summary")
    page.get_by_label("In the article, term 1").fill("Brücke")
    page.get_by_label("In the translation, term 1").fill("<img src=x onerror=alert(1)>")
    translate(page, TEXT)
    assert page.locator("main img").count() == 0


def test_a_link_holds_the_settings_and_nothing_else(
    page: Any, open_browser_page: Any, client: httpx.Client
) -> None:
    open_page(page, client)
    page.select_option("#source", "de")
    page.select_option("#length", "long")
    page.select_option("#style", "headline")
    page.click("#glossary summary")
    page.get_by_label("In the article, term 1").fill("Brücke")
    page.get_by_label("In the translation, term 1").fill("footbridge")
    page.fill("#text", TEXT)
    page.click("#link")
    expect(page.locator("#status")).to_contain_text("it holds these settings, no text")
    parts = urlsplit(page.url)
    assert parts.query == ""  # nothing of it reaches a server
    assert {name: value for name, [value] in parse_qs(parts.fragment).items()} == {
        "source": "de",
        "target": "en",
        "length": "long",
        "style": "headline",
        "language": "target",
        "format": "text",
        "interface": "en",
    }
    other = open_browser_page(locale="de-DE")
    open_page(other, client, f"/#{parts.fragment}")
    assert other.get_attribute("html", "lang") == "en"
    assert [other.input_value(f"#{each}") for each in ("source", "length", "style")] == [
        "de",
        "long",
        "headline",
    ]
    assert other.input_value("#text") == ""


def test_a_link_with_nonsense_in_it_changes_nothing(page: Any, client: httpx.Client) -> None:
    open_page(page, client, "/#source=klingon&length=%22%5D&text=geheim&interface=%3Cb%3E")
    assert page.input_value("#source") == "auto"
    assert page.input_value("#length") == "medium"
    assert page.input_value("#text") == ""
    assert page.get_attribute("html", "lang") == "en"


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return key_store(tmp_path)


def test_a_key_is_asked_for_when_the_service_needs_one_and_kept_in_memory_only(
    page: Any, store: KeyStore, tmp_path: Path, look: Any
) -> None:
    _, key = store.create("reader", ["translate", "summarize"], Limits())
    with serving(data_dir=tmp_path) as client:
        page.goto(str(client.base_url))
        expect(page.locator("#status")).to_have_text("This service needs an API key.")
        look(page, "key")
        assert page.evaluate("document.activeElement.id") == "key"
        page.keyboard.type("falsch")
        page.keyboard.press("Enter")
        expect(page.locator("#status")).to_have_text("This key is not accepted.")
        page.fill("#key", f" {key} ")
        page.keyboard.press("Enter")
        page.wait_for_selector("#go:enabled")
        expect(page.locator("#key-form")).to_be_hidden()
        translate(page, TEXT)
        assert page.text_content("#target-text") == TEXT.upper()
        kept = "JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie"
        assert key not in page.evaluate(kept)
        page.click("#link")
        assert key not in page.url
        page.reload()
        expect(page.locator("#status")).to_have_text("This service needs an API key.")
        assert page.input_value("#key") == ""


def test_a_key_for_something_else_and_one_that_is_used_up_are_told_apart(
    page: Any, store: KeyStore, tmp_path: Path
) -> None:
    _, other = store.create("other", ["translate"], Limits())
    _, short = store.create("short", ["translate", "summarize"], Limits(quota=len(TEXT)))
    with serving(data_dir=tmp_path) as client:
        for key in (other, short):
            page.goto(str(client.base_url))
            page.fill("#key", key)
            page.keyboard.press("Enter")
            page.wait_for_selector("#go:enabled")
            page.fill("#text", TEXT)
            page.click("#go")
            if key == other:
                expect(page.locator("#state")).to_have_class("state bad")
                page.click("#interface")
                page.click("#go")
                expect(page.locator("#status")).to_have_text("Mit diesem Schlüssel ist das nicht erlaubt.")
                page.click("#interface")
        page.wait_for_selector("#warnings li")
        page.click("#go")  # a second time is more than the quota holds
        expect(page.locator("#status")).to_contain_text(f"quota of {len(TEXT)} characters a month")


def test_a_key_that_ends_while_the_page_is_open_is_asked_for_and_the_text_is_still_there(page: Any) -> None:
    with serving(behind=lambda app: Doorkeeper(app, key="neu")) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        expect(page.locator("#key")).to_be_focused()
        page.keyboard.type("neu")
        page.keyboard.press("Enter")
        expect(page.locator("#target-text")).to_have_text(TEXT.upper())


def test_the_translation_and_the_summary_can_be_copied(open_browser_page: Any, client: httpx.Client) -> None:
    page = open_browser_page(permissions=["clipboard-read", "clipboard-write"])
    open_page(page, client)
    translate(page, TEXT)
    page.click("#copy")
    expect(page.locator("#status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == TEXT.upper()
    page.click("#copy-summary")
    changed = """async (before) => {
      let text;
      do text = await navigator.clipboard.readText(); while (text === before);
      return text;
    }"""
    assert page.evaluate(changed, TEXT.upper()).startswith("DER STADTRAT")
