"""What the page says while it waits and when something is wrong, and what can be done about it."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.browser.conftest import TEXT, open_page, translate
from tests.browser.doorkeeper import Doorkeeper
from tests.integration.conftest import serving, stub_models

try:
    from playwright.sync_api import expect
except ImportError:  # the fixture `browser` says what is missing
    expect = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def refusing(
    *statuses: int, code: str = "rate_limited", retry_after: int | None = None
) -> Callable[[Any], Any]:
    return lambda app: Doorkeeper(app, statuses=statuses, code=code, retry_after=retry_after)


def test_empty_the_page_says_what_to_do_and_a_click_on_the_button_too(
    page: Any, client: httpx.Client, look: Any
) -> None:
    open_page(page, client)
    look(page, "empty")
    assert "Paste an article here" in page.get_attribute("#text", "placeholder")
    assert page.locator("#result").is_hidden()
    page.click("#go")
    expect(page.locator("#status")).to_have_text("Please paste a text first.")
    assert page.evaluate("document.activeElement.id") == "text"


def test_while_the_models_load_the_page_says_so_and_goes_on_by_itself(page: Any, look: Any) -> None:
    held = threading.Event()

    def gate(_: object) -> None:
        held.wait(20)  # the canary is what has to come through before the service is ready

    with serving(stub_models(gate=gate), ready=False) as client:
        page.goto(str(client.base_url))
        expect(page.locator("#status")).to_have_text("The models are loading …")
        assert page.locator("#go").is_disabled()
        look(page, "loading")
        held.set()
        page.wait_for_selector("#go:enabled")
        expect(page.locator("#status")).to_have_text("")
        translate(page, TEXT)


def test_a_text_that_is_too_long_is_told_while_it_is_pasted_and_not_sent(page: Any, look: Any) -> None:
    with serving(max_characters=1000) as client:
        open_page(page, client)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.fill("#text", "🌉" * 1000)  # 2000 units, 1000 code points: just right
        assert page.text_content("#count") == "1,000 characters"
        page.fill("#text", TEXT * 5)
        assert page.text_content("#count") == f"{len(TEXT) * 5:,} of at most 1,000 characters"
        page.click("#go")
        expect(page.locator("#status")).to_contain_text("this service takes at most 1,000")
        look(page, "too-long")
        assert page.get_attribute("#text", "aria-invalid") == "true"
        assert asked == []


def test_where_the_language_is_not_clear_the_reader_chooses(page: Any, look: Any) -> None:
    with serving(behind=refusing(422, code="ambiguous_language")) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        expect(page.locator("#status")).to_have_text(
            "The article’s language is not clear. Please choose it above."
        )
        assert page.evaluate("document.activeElement.id") == "source"


def test_candidates_that_the_service_names_are_buttons(page: Any, client: httpx.Client, look: Any) -> None:
    german = (
        "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
        "Die Arbeiten beginnen im Mai und dauern drei Monate, sagte die Bürgermeisterin."
    )
    french = (
        "Le conseil municipal a décidé lundi de rénover le vieux pont sur la rivière. "
        "Les travaux commencent en mai et durent trois mois, a déclaré la maire de la ville."
    )
    open_page(page, client)
    page.fill("#text", f"{german}\n\n{french}")
    page.click("#go")
    expect(page.locator("#status")).to_have_text("The article’s language is not clear. Which is it?")
    look(page, "choose")
    assert sorted(page.locator("#actions button").all_text_contents()) == ["French", "German"]
    page.locator("#actions button", has_text="German").click()
    page.wait_for_selector("#warnings li")
    assert page.input_value("#source") == "de"


@pytest.mark.parametrize("status", [429, 503])
def test_busy_is_counted_down_and_then_tried_again(page: Any, status: int, look: Any) -> None:
    with serving(behind=refusing(status, retry_after=3)) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        expect(page.locator("#status")).to_have_text("The service is busy. Trying again in 3 s.")
        look(page, f"busy-{status}")
        expect(page.locator("#countdown")).to_have_text("The service is busy. Trying again in 2 s.")
        expect(page.locator("#countdown")).to_have_text("The service is busy. Trying again in 1 s.")
        # Read aloud once, not every second.
        assert page.text_content("#status") == "The service is busy. Trying again in 3 s."
        expect(page.locator("#target-text")).to_have_text(TEXT.upper())


def test_a_countdown_can_be_stopped(page: Any) -> None:
    with serving(behind=refusing(*[503] * 9, retry_after=30)) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        expect(page.locator("#countdown")).to_contain_text("Trying again in 30 s.")
        page.click("#stop")
        expect(page.locator("#status")).to_have_text("Stopped.")
        expect(page.locator("#countdown")).to_have_text("")
        expect(page.locator("#go")).to_be_visible()


def test_a_quota_that_is_used_up_for_hours_is_not_counted_down(page: Any) -> None:
    with serving(behind=refusing(429, code="quota_exceeded", retry_after=7200)) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        expect(page.locator("#status")).to_contain_text("This is all for now. Try again after")
        assert page.locator("#go").is_visible()


@pytest.mark.parametrize(
    ("status", "code", "german"),
    [
        (403, "scope_missing", "Mit diesem Schlüssel ist das nicht erlaubt."),
        (504, "deadline_exceeded", "Der Dienst hat zu lange gebraucht."),
        (500, "generation_failed", "Das Modell ist an diesem Text gescheitert."),
        (418, "neu", "Refused with 418."),
    ],
)
def test_a_refusal_is_told_in_both_languages_and_a_failure_can_be_tried_again(
    page: Any, status: int, code: str, german: str, look: Any
) -> None:
    with serving(behind=refusing(status, status, code=code)) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        expect(page.locator("#status")).to_contain_text(f"Refused with {status}.")
        look(page, f"refused-{status}")
        page.click("#interface")
        page.click("#go")
        expect(page.locator("#status")).to_contain_text(german)
        again = page.locator("#actions button")
        if status >= 500:
            assert "a1b2c3" in page.text_content("#status")  # what to tell the operator
            again.click()
            expect(page.locator("#target-text")).to_have_text(TEXT.upper())
        else:
            assert again.count() == 0


def test_a_refused_text_says_why(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.fill("#text", "https://talbote.example/artikel")
    page.click("#go")
    expect(page.locator("#status")).to_contain_text("web address")
    page.click("#interface")
    page.click("#go")
    expect(page.locator("#status")).to_contain_text("Webadressen werden nicht abgerufen")


def test_without_a_network_the_page_says_so_and_can_try_again(
    page: Any, client: httpx.Client, look: Any
) -> None:
    open_page(page, client)
    page.fill("#text", TEXT)
    page.context.set_offline(True)
    page.click("#go")
    expect(page.locator("#status")).to_have_text("The service cannot be reached. Is the network there?")
    look(page, "offline")
    page.context.set_offline(False)
    page.locator("#actions button", has_text="Try again").click()
    expect(page.locator("#target-text")).to_have_text(TEXT.upper())


def test_an_answer_that_breaks_off_is_not_taken_for_the_whole(page: Any, look: Any) -> None:
    with serving(behind=BreaksOff) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        expect(page.locator("#status")).to_contain_text("The answer broke off")
        assert page.locator("#target-text .segment").count() > 0
        look(page, "broken-off")


def test_a_failure_half_way_is_told_and_what_was_there_stays(page: Any) -> None:
    def gate(sources: Any) -> None:
        if any("beginnen" in source for source in sources):
            raise RuntimeError("broken on purpose")

    with serving(stub_models(gate=gate), batch_tokens=12) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        expect(page.locator("#state")).to_have_class("state bad")
        assert "purpose" not in page.text_content("main")
        assert page.locator("#target-text .segment").count() > 0


class BreaksOff:
    """Lets the first part of a stream through and then ends it, as a proxy does that gives up."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        parts = 0

        async def first_part(message: Any) -> None:
            nonlocal parts
            if message["type"] == "http.response.body":
                parts += 1
                if parts > 2:
                    return
                message = {**message, "more_body": parts < 2}
            await send(message)

        digest = scope["type"] == "http" and scope["path"] == "/v1/digest"
        await self._app(scope, receive, first_part if digest else send)
