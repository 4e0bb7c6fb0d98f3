"""Which address callers are given to fetch a translated file from."""

import pytest
from fastapi import Request

from service.api.proxies import Peers
from service.api.public_address import PublicAddress

PROXY, STRANGER = "10.0.0.1", "192.0.2.1"
TOLD = [
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "news.example:8443"),
    ("X-Forwarded-Prefix", "/kurzfassung"),
]


def address(peer: str, headers: list[tuple[str, str]], *, written: str = "", root_path: str = "") -> str:
    sent = [("Host", "service-1:8000"), *headers]
    scope = {
        "type": "http",
        "scheme": "http",
        "path": "/translate_file",
        "root_path": root_path,
        "query_string": b"",
        "client": (peer, 40_000),
        "server": ("10.0.0.2", 8000),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent],
    }
    return PublicAddress(written, Peers(["10.0.0.0/8"])).of(Request(scope))


def test_it_is_what_a_trusted_proxy_was_called_by() -> None:
    assert address(PROXY, TOLD) == "https://news.example:8443/kurzfassung"


def test_what_the_operator_wrote_comes_first() -> None:
    assert address(PROXY, TOLD, written="https://a.example/b/") == "https://a.example/b"


def test_a_stranger_is_not_believed() -> None:
    assert address(STRANGER, TOLD) == "http://service-1:8000"


def test_without_a_word_of_the_proxy_it_is_what_was_called() -> None:
    assert address(PROXY, []) == "http://service-1:8000"
    assert address(PROXY, [], root_path="/kurz") == "http://service-1:8000/kurz"


def test_a_prefix_that_is_passed_on_is_there_once() -> None:
    assert address(PROXY, TOLD, root_path="/kurzfassung") == "https://news.example:8443/kurzfassung"
    assert address(PROXY, TOLD[:2], root_path="/kurz") == "https://news.example:8443/kurz"


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("X-Forwarded-Proto", "gopher", "http://news.example:8443/kurzfassung"),
        ("X-Forwarded-Proto", "https, http", "http://news.example:8443/kurzfassung"),
        ("X-Forwarded-Host", "news.example/boese", "https://service-1:8000/kurzfassung"),
        ("X-Forwarded-Host", "a@b.example", "https://service-1:8000/kurzfassung"),
        ("X-Forwarded-Host", "[2001:db8::1]:8443", "https://[2001:db8::1]:8443/kurzfassung"),
        ("X-Forwarded-Prefix", "//boese.example", "https://news.example:8443"),
        ("X-Forwarded-Prefix", "/a b", "https://news.example:8443"),
    ],
)
def test_what_is_no_part_of_an_address_is_passed_over(header: str, value: str, expected: str) -> None:
    headers = [(name, value if name == header else said) for name, said in TOLD]
    assert address(PROXY, headers) == expected


@pytest.mark.parametrize("header", [name for name, _ in TOLD])
def test_two_of_a_header_say_nothing(header: str) -> None:
    twice = [*TOLD, (header, dict(TOLD)[header])]
    alone = [(name, value) for name, value in TOLD if name != header]
    assert address(PROXY, twice) == address(PROXY, alone)
