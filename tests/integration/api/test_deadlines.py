"""No request takes longer than the service, its caller and the proxy in between allow."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.integration.conftest import serving, stub_models

FIRST, SECOND = "Der Rat tagt heute.", "Die Halle bleibt zu."

CALLS = {
    "/v1/digest": {"text": FIRST, "source": "de"},
    "/v1/translate": {"text": [FIRST], "source": "de"},
    "/v1/summarize": {"text": FIRST, "source": "de"},
    "/translate": {"q": FIRST, "source": "de", "target": "en"},
    "/v2/translate": {"text": [FIRST], "source_lang": "DE", "target_lang": "EN-US"},
}

HEADERS = [
    {"X-Request-Timeout": "0.2"},
    {"X-Envoy-Expected-Rq-Timeout-Ms": "200"},
    {"Prefer": "handling=lenient, wait=1", "X-Request-Timeout": "20"},
]


class Gate:
    """Holds every batch after the canary until it is opened."""

    def __init__(self) -> None:
        self.closed = False
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.batches: list[list[str]] = []

    def __call__(self, sources: Sequence[str]) -> None:
        if self.closed:
            self.batches.append(list(sources))
            self.entered.release()
            assert self.open.wait(20)


@contextmanager
def gated(**settings: object) -> Iterator[tuple[httpx.Client, Gate]]:
    gate = Gate()
    with serving(stub_models(gate=gate), **settings) as client:
        gate.closed = True
        try:
            yield client, gate
        finally:
            gate.open.set()


@pytest.fixture(scope="module")
def held() -> Iterator[httpx.Client]:
    """A service whose engine does not come back."""
    with gated() as (client, _):
        yield client


@pytest.mark.parametrize("path", CALLS)
def test_every_dialect_tells_in_its_own_body_that_the_time_is_over(held: httpx.Client, path: str) -> None:
    answer = held.post(path, json=CALLS[path], headers={"X-Request-Timeout": "0.2"})
    assert answer.status_code == 504
    body = answer.json()
    told = body["error"] if path == "/translate" else body["message"]
    assert "within the time" in told
    if path != "/translate":
        assert body["code"] == "deadline_exceeded"


@pytest.mark.parametrize("headers", HEADERS, ids=["caller", "Envoy", "preference"])
def test_the_least_of_what_caller_and_proxy_allow_counts(held: httpx.Client, headers: dict[str, str]) -> None:
    assert held.post("/v1/digest", json=CALLS["/v1/digest"], headers=headers).status_code == 504


def test_no_header_makes_it_longer_than_the_service_allows() -> None:
    with gated(request_seconds=0.3) as (client, _):
        headers = {"X-Request-Timeout": "900", "Prefer": "wait=900"}
        answer = client.post("/v1/digest", json=CALLS["/v1/digest"], headers=headers)
        assert answer.json()["code"] == "deadline_exceeded"


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf", "1e3", "5s", "", "1" * 30, "0.0"])
def test_a_timeout_that_is_no_number_of_seconds_is_refused(client: httpx.Client, value: str) -> None:
    for path, body in CALLS.items():
        answer = client.post(path, json=body, headers={"X-Request-Timeout": value})
        assert answer.status_code == 400
        assert "X-Request-Timeout" in answer.json()["error" if path == "/translate" else "message"]
        assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Prefer": "wait=soon"},
        {"Prefer": "wait=0, ;;,="},
        {"X-Envoy-Expected-Rq-Timeout-Ms": "never"},
        {"X-Envoy-Expected-Rq-Timeout-Ms": "0"},
        {"X-Request-Timeout": "19.75"},
    ],
)
def test_what_asks_for_no_less_time_changes_nothing(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.post("/v1/digest", json=CALLS["/v1/digest"], headers=headers).status_code == 200


def test_work_past_its_deadline_never_reaches_the_engine() -> None:
    with gated() as (client, gate), ThreadPoolExecutor() as threads:
        running = threads.submit(client.post, "/v1/translate", json={"text": FIRST, "source": "de"})
        assert gate.entered.acquire(timeout=10)
        late = {"text": "Zu spät.", "source": "de"}
        headers = {"X-Request-Timeout": "0.2"}
        assert client.post("/v1/translate", json=late, headers=headers).status_code == 504
        assert client.get("/readyz").json()["queue_tokens"] == 0
        gate.open.set()
        assert running.result(timeout=10).status_code == 200
        assert client.post("/v1/translate", json={"text": SECOND, "source": "de"}).status_code == 200
    assert not any("Zu spät." in source for batch in gate.batches for source in batch)


def test_a_stream_whose_time_is_over_ends_with_an_error_event() -> None:
    gate = Gate()

    def second_only(sources: Sequence[str]) -> None:
        if SECOND in sources:
            gate(sources)

    with serving(stub_models(gate=second_only)) as client:
        gate.closed = True
        headers = {"Accept": "text/event-stream", "X-Request-Timeout": "1"}
        with client.stream(
            "POST", "/v1/digest", json={"text": f"{FIRST} {SECOND}", "source": "de"}, headers=headers
        ) as answer:
            assert answer.status_code == 200
            events = "".join(answer.iter_text()).strip().split("\n\n")
        gate.open.set()
    assert events[0].startswith("event: segment")
    assert events[-1].startswith("event: error")
    assert json.loads(events[-1].partition("data: ")[2])["code"] == "deadline_exceeded"


def test_a_run_that_others_wait_for_outlives_the_deadline_of_its_first_caller() -> None:
    with gated() as (client, gate), ThreadPoolExecutor() as threads:
        body = CALLS["/v2/translate"]
        hasty = threads.submit(client.post, "/v2/translate", json=body, headers={"X-Request-Timeout": "0.5"})
        assert gate.entered.acquire(timeout=10)
        patient = threads.submit(client.post, "/v2/translate", json=body)
        assert hasty.result(timeout=10).status_code == 504
        gate.open.set()
        answer = patient.result(timeout=10)
        assert answer.json()["translations"][0]["text"] == FIRST.upper()
    assert gate.batches == [[FIRST]]


@pytest.mark.parametrize("path", ["/v1/digest", "/translate", "/v2/translate"])
def test_a_body_that_stalls_is_answered_and_the_connection_closed(path: str) -> None:
    with serving(body_seconds=0.3) as client:
        where = (client.base_url.host, client.base_url.port)
        with socket.create_connection(where, timeout=10) as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: 100\r\n\r\n".encode() + b'{"text": "')
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"did not arrive in time" in answer
        assert b"connection: close" in answer.lower()


def test_a_body_that_trickles_is_answered_too() -> None:
    with serving(body_seconds=0.5) as client:
        where = (client.base_url.host, client.base_url.port)
        with socket.create_connection(where, timeout=10) as connection:
            head = b"POST /v1/digest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            connection.sendall(head + b"Content-Length: 1000\r\n\r\n")
            answer, until = b"", time.monotonic() + 10
            connection.settimeout(0.1)
            while not answer and time.monotonic() < until:
                connection.sendall(b" ")
                try:
                    answer = connection.recv(65536)
                except TimeoutError:
                    continue
        assert answer.startswith(b"HTTP/1.1 408")
