"""What each gateway does itself: ids, limits, headers that are not believed, and what it writes down."""

from __future__ import annotations

import re
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import CALLER, PREFIX, Gateway
from tests.gateway.proxies import PROXIES

FORGED = {
    "Forwarded": "for=203.0.113.7;host=boese.example;proto=gopher",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Host": "boese.example",
    "X-Forwarded-Prefix": "/boese",
    "X-Forwarded-Proto": "gopher",
    "X-Real-IP": "203.0.113.7",
}
LIMIT = 2_000_000
"""KURZFASSUNG_MAX_BODY_BYTES"""


def reached(gateway: Gateway, **request: Any) -> tuple[str, httpx.Headers]:
    """The path and the headers as the service sees them."""
    echoed = gateway.client.get("echo", **request).json()
    headers = [(name.encode(), value.encode("latin-1")) for name, value in echoed["headers"]]
    return echoed["path"], httpx.Headers(headers)


def a_problem(answer: httpx.Response, status: int, code: str, identity: str) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert problem["error"] == problem["message"] == problem["detail"]
    assert problem["request_id"] == identity
    assert answer.headers.get_list("x-request-id") == [identity]


def test_the_prefix_is_taken_off_or_passed_on(gateway: Gateway) -> None:
    path, headers = reached(gateway)
    assert path == ("/echo" if gateway.strips else PREFIX + "/echo")
    assert headers["x-forwarded-prefix"] == PREFIX


def test_a_path_outside_the_prefix_is_not_passed_on(gateway: Gateway) -> None:
    for path in ("/echo", "/kurzfassungecho", "/v1/languages"):
        answer = gateway.client.get(gateway.origin + path, headers={"X-Request-ID": "outside"})
        a_problem(answer, 404, "not_found", "outside")
    root = gateway.client.get(gateway.origin + "/")
    assert str(root.next_request.url if root.next_request else "") == gateway.origin + PREFIX + "/"


def test_what_the_service_measures_is_not_for_callers(gateway: Gateway) -> None:
    for target in (
        *("metrics", "metrics?name=up", "%6Detrics", "/metrics", "./metrics", "x/../metrics"),
        *("metrics/", "METRICS"),
    ):
        request = gateway.client.build_request("GET", "metrics", headers={"X-Request-ID": "curious"})
        # As it is written here; a client of HTTP would tidy the path up.
        request.extensions["target"] = f"{PREFIX}/{target}".encode()
        a_problem(gateway.client.send(request), 404, "not_found", "curious")
    assert gateway.client.head("metrics").status_code == 404
    for replica in gateway.replicas:
        measured = httpx.get(f"{replica.origin}{'' if gateway.strips else PREFIX}/metrics", trust_env=False)
        assert "kurzfassung_ready 1.0" in measured.text


def test_what_a_caller_says_about_the_way_it_came_is_not_believed(gateway: Gateway) -> None:
    twice = [*FORGED.items(), ("X-Forwarded-For", "203.0.113.8")]
    _, headers = reached(gateway, headers=twice)
    assert "forwarded" not in headers
    assert headers.get_list("x-forwarded-for") == [CALLER]
    assert headers.get_list("x-real-ip") == [CALLER]
    assert headers.get_list("x-forwarded-proto") == ["https"]
    assert headers.get_list("x-forwarded-host") == [gateway.origin.removeprefix("https://")]
    assert headers.get_list("x-forwarded-prefix") == [PREFIX]
    assert "203.0.113" not in str(headers)


def test_the_service_is_told_the_host_that_was_asked(gateway: Gateway) -> None:
    _, headers = reached(gateway)
    assert headers["host"] == gateway.origin.removeprefix("https://")


def test_a_callers_request_id_is_kept_once(gateway: Gateway) -> None:
    own = "mine-1.A_" + "x" * 119
    answer = gateway.client.get("echo", headers={"X-Request-ID": own})
    assert httpx.Headers(answer.json()["headers"]).get_list("x-request-id") == [own]
    digest = gateway.client.post("v1/digest", json={"text": "Ein Satz."}, headers={"X-Request-ID": own})
    assert digest.headers.get_list("x-request-id") == [own]


@pytest.mark.parametrize("harmful", ["", 'a"b<c>', "a b", "x" * 129, "ä"])
def test_a_harmful_request_id_is_replaced(gateway: Gateway, harmful: str) -> None:
    sent = {"X-Request-ID": harmful.encode()}
    _, headers = reached(gateway, headers=sent)
    [identity] = headers.get_list("x-request-id")
    assert re.fullmatch("[0-9a-f-]{32,36}", identity)


def test_a_body_over_the_limit_is_refused_in_the_words_of_the_service(gateway: Gateway) -> None:
    headers = {"X-Request-ID": "big"}
    answer = gateway.client.post("v1/digest", content=b"x" * (LIMIT * 11 // 10), headers=headers)
    a_problem(answer, 413, "body_too_large", "big")


def test_a_body_over_the_limit_that_comes_in_chunks_is_refused_too(gateway: Gateway) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * (LIMIT // 25)

    headers = {"X-Request-ID": "big", "Content-Type": "text/plain"}
    answer = gateway.client.post("v1/digest", content=chunks(), headers=headers)
    # nginx and Envoy count the chunks themselves, the service does it behind the others.
    code = "body_too_large" if gateway.proxy in {"nginx", "envoy"} else "text_too_long"
    a_problem(answer, 413, code, "big")


def test_a_body_just_under_the_limit_goes_through(gateway: Gateway) -> None:
    answer = gateway.client.post(
        "v1/digest", content=b"x" * (LIMIT - 1000), headers={"Content-Type": "text/plain"}
    )
    assert answer.json()["code"] == "text_too_long"  # its 500,000 characters, not our bytes
    assert "characters" in answer.json()["detail"]


def test_a_refusal_of_the_service_goes_through_as_it_is(gateway: Gateway) -> None:
    answer = gateway.client.post("v1/digest", json={"text": ""}, headers={"X-Request-ID": "empty"})
    a_problem(answer, 422, "empty_text", "empty")


@pytest.mark.parametrize(
    "gateway",
    [proxy for proxy in PROXIES if proxy.name in {"nginx", "haproxy"}],  # the others have no such limit
    indirect=True,
    ids=lambda proxy: proxy.name,
)
def test_one_key_that_asks_too_often_is_slowed_down_and_another_is_not(gateway: Gateway) -> None:
    headers = {"Authorization": "Bearer flood", "X-API-Key": "", "X-Request-ID": "flood"}
    for _ in range(400):
        answer = gateway.client.get("echo", headers=headers)
        if answer.status_code != 200:
            break
    a_problem(answer, 429, "rate_limited", "flood")
    assert int(answer.headers["retry-after"]) > 0
    assert gateway.client.get("echo", headers={**headers, "Authorization": "Bearer other"}).status_code == 200


@pytest.mark.parametrize(
    "gateway",
    [proxy for proxy in PROXIES if proxy.name == "nginx"],
    indirect=True,
    ids=lambda proxy: proxy.name,
)
def test_thousands_of_connections_do_not_shut_out_who_asks(gateway: Gateway) -> None:
    """More than two workers hold with the files that a system gives a process unasked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    try:
        with ExitStack() as connections:
            for _ in range(3000):
                address = ("localhost", int(gateway.origin.rpartition(":")[2]))
                connections.enter_context(socket.create_connection(address, timeout=10))
            with gateway.new_client(20) as late:
                assert [late.get("readyz").status_code for _ in range(3)] == [200] * 3
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_neither_keys_nor_addresses_nor_text_are_written_down(gateway: Gateway) -> None:
    keys = {"Authorization": "Bearer geheim-1", "X-API-Key": "geheim-2", "X-Forwarded-For": "203.0.113.7"}
    text = {"text": "Dieser Satz bleibt unter uns."}
    gateway.client.post("v1/digest", json=text, headers=keys)
    gateway.client.post("v1/digest?query=geheim-3", json=text, headers=keys)
    gateway.client.get("download_file/geheim-5.txt", headers=keys)
    gateway.client.post("v1/digest", content=b"geheim-4" * (LIMIT // 4), headers=keys)
    written = gateway.written.read_text(encoding="utf-8")
    for secret in ("geheim", "203.0.113.7", "unter uns", CALLER):
        assert secret not in written


def test_a_files_sender_comes_back_to_the_replica_that_keeps_it(gateway: Gateway) -> None:
    for number in range(4):
        text = f"Der Rat tagt am Montag. Danach kommt Nummer {number}.\n".encode()
        sent = gateway.client.post(
            "v2/document",
            files={"file": ("brief.txt", text)},
            data={"source_lang": "DE", "target_lang": "EN-US"},
        )
        assert sent.status_code == 200, sent.text
        handle = sent.json()
        key = {"document_key": handle["document_key"]}
        standing = gateway.client.post(f"v2/document/{handle['document_id']}", json=key).json()
        assert standing["status"] == "done", standing
        fetched = gateway.client.post(f"v2/document/{handle['document_id']}/result", json=key)
        assert (fetched.status_code, fetched.content) == (200, text.upper())


def test_a_file_may_be_larger_than_a_text_but_not_without_limit(gateway: Gateway) -> None:
    languages = {"source_lang": "DE", "target_lang": "EN-US"}
    larger = gateway.client.post("v2/document", files={"file": ("a.xyz", b"a" * 5_000_000)}, data=languages)
    assert larger.status_code == 400, larger.text  # it reached the service, which knows no such file
    too_large = gateway.client.post(
        "v2/document",
        files={"file": ("a.txt", b"a" * 12_000_000)},
        data=languages,
        headers={"X-Request-ID": "too-large"},
    )
    assert too_large.status_code == 413


def test_the_address_of_a_translated_file_leads_back_through_the_gateway(gateway: Gateway) -> None:
    sent = gateway.client.post(
        "translate_file",
        files={"file": ("brief.txt", b"Der Rat tagt am Montag.")},
        data={"source": "de", "target": "en"},
        headers=FORGED,
    )
    address = sent.json()["translatedFileUrl"]
    assert address.startswith(f"{gateway.origin}{PREFIX}/download_file/")
    assert gateway.client.get(address).content == b"DER RAT TAGT AM MONTAG."
