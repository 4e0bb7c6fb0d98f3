"""How the page comes to the browser: small, under a strict policy, behind a gateway and a prefix."""

import re
from importlib import resources
from typing import Any

import httpx
import pytest

from tests.browser.conftest import TEXT, open_page, translate
from tests.gateway.conftest import PREFIX, Gateway
from tests.integration.conftest import ARTICLES, serving

try:
    from playwright.sync_api import expect
except ImportError:  # the fixture `browser` says what is missing
    expect = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

BUDGET = 60_000  # bytes over the wire, everything the page loads by itself

FILES = sorted(
    file.name
    for file in resources.files("service.api.page").iterdir()
    if file.name.endswith((".js", ".css", ".html"))
)


def test_all_that_the_page_loads_is_within_the_budget(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    loaded = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(each => [new URL(each.name).pathname, each.transferSize])"
    )
    names = {name for name, _ in loaded}
    assert {f"/page/{name}" for name in FILES if name != "index.html"} <= names
    assert names - {f"/page/{name}" for name in FILES} == {"/", "/v1/languages", "/v1/models"}
    assert sum(size for _, size in loaded) < BUDGET
    assert all(size > 0 for _, size in loaded)  # none came out of a cache


def test_the_page_is_painted_before_the_service_has_answered_anything(page: Any) -> None:
    """Whatever the models do, there is something to see: the paint waits for the files alone."""
    with serving(behind=Silent) as client:
        page.goto(str(client.base_url), wait_until="commit")
        painted = page.evaluate(
            "new Promise((done) => new PerformanceObserver((list) => {"
            "  for (const each of list.getEntriesByName('first-contentful-paint')) done(each.startTime);"
            "}).observe({ type: 'paint', buffered: true }))"
        )
        assert painted > 0
        assert page.locator("#text").is_visible()


class Silent:
    """Leaves the questions of the page unanswered."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await self._app(scope, receive, send)


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_its_type_and_the_policy_and_comes_packed_or_plain(
    client: httpx.Client, name: str
) -> None:
    path = "/" if name == "index.html" else f"/page/{name}"
    packed = client.get(path)
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    refused = client.get(path, headers={"Accept-Encoding": "gzip;q=0, br"})
    kinds = {"js": "text/javascript", "css": "text/css", "html": "text/html"}
    assert packed.headers["content-type"].startswith(kinds[name.rpartition(".")[2]])
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.content == plain.content == refused.content
    for answer in (packed, plain):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["routes.py", "__init__.py", "index.html", "nothing.js", "..%2froutes.py"])
def test_what_is_no_part_of_the_page_is_not_given_out(client: httpx.Client, name: str) -> None:
    assert client.get(f"/page/{name}").status_code == 404


def test_every_module_is_announced_in_the_page_and_none_is_left_over() -> None:
    """A module that nobody announces is fetched late, one that nobody imports for nothing."""
    folder = resources.files("service.api.page")
    index = folder.joinpath("index.html").read_text(encoding="utf-8")
    announced = set(re.findall(r'page/([a-z]+\.js)"', index))
    imported = {"page.js"}
    for name in FILES:
        if name.endswith(".js"):
            text = folder.joinpath(name).read_text(encoding="utf-8")
            imported |= set(re.findall(r'from "\./([a-z]+\.js)"', text))
            imported |= set(re.findall(r'import "\./([a-z]+\.js)"', text))
    modules = {name for name in FILES if name.endswith(".js")}
    assert announced == imported == modules


def test_no_file_names_a_host_or_a_path_from_the_root_or_holds_inline_code() -> None:
    folder = resources.files("service.api.page")
    for name in FILES:
        text = folder.joinpath(name).read_text(encoding="utf-8")
        if name != "documents.js":  # the names of XML vocabularies
            assert not re.search(r"https?://", text), name
        assert not re.search(r'(?:src|href|fetch\()\W*"/', text), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), name
    index = folder.joinpath("index.html").read_text(encoding="utf-8")
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|<script>", index)


def test_a_script_in_an_article_or_a_warning_is_text(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    translate(page, "Der <script>alert(1)</script> Rat <img src=x onerror=alert(2)> tagt. Er geht heim.")
    assert page.locator("#result img, #result script").count() == 0
    assert "<script>" in page.text_content("#source-text")


def test_the_page_works_behind_a_gateway_under_a_prefix(page: Any, gateway: Gateway) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{gateway.origin}{PREFIX}/#length=short")
    page.wait_for_selector("#go:enabled")
    assert page.input_value("#length") == "short"
    translate(page, TEXT)
    assert page.text_content("#target-text") == TEXT.upper()
    page.set_input_files("#file", ARTICLES / "seite.html")
    page.click("#go")
    page.wait_for_selector("#warnings li[data-code=html_extracted]")
    page.click("footer a")
    page.wait_for_selector("#swagger-ui .info")
    outside = [url for url in asked if not url.startswith((f"{gateway.origin}{PREFIX}/", "data:", "blob:"))]
    assert outside == []


def test_behind_a_gateway_segments_appear_as_they_are_ready_and_stop_reaches_the_service(
    page: Any, gateway: Gateway
) -> None:
    gateway.hold.close()
    try:
        page.goto(f"{gateway.origin}{PREFIX}/")
        page.wait_for_selector("#go:enabled")
        page.fill("#text", TEXT + "Die Arbeiten gehen danach noch weiter.")
        page.click("#go")
        page.wait_for_selector("#target-text .segment")
        assert "DANACH" not in page.text_content("#target-text")
        page.click("#stop")
        expect(page.locator("#status")).to_have_text("Stopped. What stands here is not all.")
    finally:
        gateway.hold.open()
    page.click("#go")
    expect(page.locator("#target-text")).to_contain_text("DANACH NOCH WEITER")
