"""The service under a prefix behind each gateway with TLS, the prefix taken off and passed on: what works
without a proxy works there, and nothing that comes out names a scheme, a host or a path from the root."""

import json
import re
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from service.settings import Settings
from tests.gateway.conftest import PREFIX, Gateway
from tests.integration.conftest import serving

TEXT = (
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern danach noch drei Monate."
)

_LINK = re.compile(r'(?:src|href|action)="([^"]+)"')
_FETCHED = re.compile(r'(?:ask\(|url: )"([^"]+)"')


def below_the_prefix(gateway: Gateway, page: httpx.Response, links: list[str]) -> list[httpx.Response]:
    """What the links of a page lead to, resolved as a browser does it."""
    assert links
    followed = []
    for link in links:
        address = urljoin(str(page.url), link)
        assert address.startswith(gateway.origin + PREFIX + "/"), link
        followed.append(gateway.client.get(address))
    return followed


def test_13_the_page_and_all_that_it_loads_work_under_a_prefix(gateway: Gateway) -> None:
    page = gateway.client.get("")
    assert page.status_code == 200
    links = [link for link in _LINK.findall(page.text) if not link.startswith("data:")]
    answers = below_the_prefix(gateway, page, links)
    assert [answer.status_code for answer in answers] == [200] * len(links)
    script = next(answer for answer in answers if answer.url.path.endswith("service.js"))
    called = _FETCHED.findall(script.text)
    assert {"v1/languages", "v1/models", "v1/digest"} == set(called)
    # A script's addresses are resolved against the page it runs on.
    codes = [answer.status_code for answer in below_the_prefix(gateway, page, called)]
    assert codes == [405 if link == "v1/digest" else 200 for link in called]


def test_14_the_documentation_and_what_it_tries_work_under_a_prefix(gateway: Gateway) -> None:
    page = gateway.client.get("docs")
    assert page.status_code == 200
    files = below_the_prefix(gateway, page, _LINK.findall(page.text))
    assert {file.status_code for file in files} == {200}
    start = next(file for file in files if file.url.path.endswith("start.js"))
    [document] = below_the_prefix(gateway, page, _FETCHED.findall(start.text))
    [server] = document.json()["servers"]
    base = urljoin(str(document.url), server["url"]).rstrip("/")
    assert base == gateway.origin + PREFIX
    tried = gateway.client.post(base + "/v1/digest", json={"text": TEXT, "source": "de"})
    assert tried.json()["translation"]["text"] == TEXT.upper()
    # Each documented path is there, once, with no prefix doubled.
    for path, methods in document.json()["paths"].items():
        if "get" in methods and "{" not in path:
            # Who has no key has no list of jobs, and the gateway keeps what is measured to itself.
            expected = {"/v1/jobs": 403, "/metrics": 404}.get(path, 200)
            assert gateway.client.get(base + path).status_code == expected, path


def test_13_a_digest_goes_through_with_its_request_id(gateway: Gateway) -> None:
    answer = gateway.client.post("v1/digest", json={"text": TEXT, "source": "de"})
    assert answer.status_code == 200
    assert answer.json()["translation"]["text"] == TEXT.upper()
    assert re.fullmatch("[0-9a-f-]{32,36}", answer.headers["x-request-id"])


def test_13_a_long_article_goes_through_whole(gateway: Gateway) -> None:
    """Longer than what nginx keeps in memory, in both directions."""
    text = "\n\n".join([TEXT] * 700)
    answer = gateway.client.post("v1/translate", json={"text": text, "source": "de"})
    assert answer.json()["translations"][0]["text"] == text.upper()


def test_13_a_stream_is_not_held_back(gateway: Gateway) -> None:
    gateway.hold.close()
    request = {"json": {"text": TEXT, "source": "de"}, "headers": {"Accept": "text/event-stream"}}
    try:
        with gateway.client.stream("POST", "v1/digest", **request) as answer:  # type: ignore[arg-type]  # httpx takes each by its name
            names = (line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event"))
            assert next(names) == "segment"  # while the second one waits in the engine
            gateway.hold.open()
            assert list(names) == ["segment", "summary", "done"]
    finally:
        gateway.hold.open()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "", 200),
        ("GET", "page/page.js", 200),
        ("GET", "page/page.css", 200),
        ("GET", "docs", 200),
        ("GET", "docs/start.js", 200),
        ("GET", "openapi.json", 200),
        ("GET", "v1/languages", 200),
        ("GET", "v1/models", 200),
        ("GET", "readyz", 200),
        ("GET", "nirgends", 404),
        ("GET", "docs/", 404),
        ("GET", "v1/languages/", 404),
        ("POST", "v1/digest/", 404),
        ("GET", "v1/digest", 405),
        ("POST", "v1/digest", 415),
    ],
)
def test_13_no_answer_names_a_scheme_a_host_or_a_path_from_the_root(
    gateway: Gateway, method: str, path: str, status: int
) -> None:
    answer = gateway.client.request(method, path)
    assert answer.status_code == status
    assert "location" not in answer.headers
    assert "link" not in answer.headers
    assert not re.search(r"https?://(?!\w+\.example\.com/)", answer.text)
    assert not re.search(r"(?:src|href|action)=[\"']?/", answer.text)
    if answer.headers["content-type"].endswith("json"):
        links = {"url", "href", "$ref", "type", "instance"}
        stack = [json.loads(answer.text)]
        while stack:
            each = stack.pop()
            if isinstance(each, dict):
                assert not any(isinstance(each.get(k), str) and each[k].startswith("/") for k in links)
                stack += each.values()
            elif isinstance(each, list):
                stack += each


def test_13_the_prefix_without_its_slash_leads_to_the_page(gateway: Gateway) -> None:
    answer = gateway.client.get(gateway.origin + PREFIX)
    assert answer.status_code in {301, 308}
    target = urljoin(gateway.origin + PREFIX, answer.headers["location"])
    assert urlsplit(target).path == PREFIX + "/"
    assert target.startswith("https://")


def test_14_a_service_with_a_prefix_still_answers_probes_that_come_past_the_proxy() -> None:
    with serving(root_path=PREFIX) as client:
        for path in ("/livez", "/readyz", PREFIX + "/livez"):
            assert client.get(path).status_code == 200
        assert client.get(PREFIX + PREFIX + "/livez").status_code == 404
        assert client.get(PREFIX + "livez").status_code == 404
        redirect = client.get(PREFIX)
        assert (redirect.status_code, redirect.headers["location"]) == (308, "kurzfassung/")


def test_13_forwarded_headers_change_nothing(gateway: Gateway) -> None:
    forged = {
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Host": "boese.example",
        "X-Forwarded-Prefix": "/boese",
        "X-Forwarded-For": "192.0.2.1",
        "Forwarded": "host=boese.example;proto=http",
    }
    for path in ("", "docs", "openapi.json", "v1/languages", "nirgends"):
        plain, told = gateway.client.get(path), gateway.client.get(path, headers=forged)
        assert told.status_code == plain.status_code
        assert "boese" not in told.text + str(told.headers)


@pytest.mark.parametrize("wrong", ["kurz", "/kurz/", "/", "/a b", "//kurz", "/kurz?x", "https://kurz"])
def test_14_a_prefix_that_is_none_stops_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="root_path"):
        Settings(root_path=wrong)
