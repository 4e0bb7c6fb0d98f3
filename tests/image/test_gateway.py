"""The compose file, up: TLS and prefix, ids, limits, streams, and replicas that die under load."""

from __future__ import annotations

import itertools
import json
import os
import signal
import threading
import time
from concurrent.futures import Future
from typing import Any

import httpx

from tests.image.conftest import Stack
from tests.image.engine import ROOT, inside

ARTICLE = (ROOT / "tests/articles/agenturmeldung.txt").read_text(encoding="utf-8")
CLIENTS = 16
REQUESTS = 500


def asked(stack: Stack, method: str, path: str, **request: Any) -> httpx.Response:
    def ask() -> httpx.Response:
        with stack.client() as client:
            return client.request(method, path, **request)

    with inside(1) as thread:
        return thread.submit(ask).result(60)


def test_an_article_is_digested_behind_tls_and_the_prefix(stack: Stack) -> None:
    answer = asked(stack, "POST", "v1/digest", json={"text": ARTICLE})
    assert answer.status_code == 200
    assert answer.json()["summary"]["sentences"]
    assert [asked(stack, "GET", path).status_code for path in ("", "docs", "openapi.json", "readyz")] == [
        200
    ] * 4


def test_a_callers_request_id_is_kept_once_and_a_harmful_one_replaced(stack: Stack) -> None:
    kept = asked(stack, "GET", "v1/languages", headers={"X-Request-ID": "mine-1"})
    assert kept.headers.get_list("x-request-id") == ["mine-1"]
    replaced = asked(stack, "GET", "v1/languages", headers={"X-Request-ID": 'a"b<c>'})
    assert len(replaced.headers["x-request-id"]) == 32


def test_the_address_of_a_translated_file_leads_back_through_the_gateway(stack: Stack) -> None:
    sent = asked(
        stack,
        "POST",
        "translate_file",
        files={"file": ("brief.txt", b"Der Rat tagt am Montag.")},
        data={"source": "de", "target": "en"},
    )
    address = sent.json()["translatedFileUrl"]
    assert address.startswith("https://localhost:8443/kurzfassung/download_file/")
    assert asked(stack, "GET", address).status_code == 200


def test_what_the_service_measures_is_not_for_callers(stack: Stack) -> None:
    assert asked(stack, "GET", "metrics").status_code == 404


def test_what_the_gateway_refuses_itself_reads_like_the_service(stack: Stack) -> None:
    answer = asked(stack, "POST", "v1/digest", content=b"x" * 2_200_000, headers={"X-Request-ID": "big"})
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (413, 413)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "body_too_large"
    assert problem["error"] == problem["message"] == problem["detail"]
    assert problem["request_id"] == "big"


def test_one_key_that_asks_too_often_is_slowed_down_and_another_is_not(stack: Stack) -> None:
    def flood() -> list[httpx.Response]:
        with stack.client() as client:
            return [client.get("v1/languages", headers={"Authorization": "Bearer flood"}) for _ in range(200)]

    with inside(4) as threads:
        answers = [
            each for flooded in [threads.submit(flood) for _ in range(4)] for each in flooded.result(60)
        ]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {429}
    assert {answer.json()["code"] for answer in refused} == {"rate_limited"}
    assert {int(answer.headers["retry-after"]) > 0 for answer in refused} == {True}
    other = asked(stack, "GET", "v1/languages", headers={"Authorization": "Bearer other"})
    assert other.status_code == 200


def test_a_stream_is_passed_on_sentence_by_sentence(stack: Stack) -> None:
    def read() -> list[str]:
        with (
            stack.client() as client,
            client.stream(
                "POST", "v1/digest", json={"text": ARTICLE}, headers={"Accept": "text/event-stream"}
            ) as answer,
        ):
            return list(answer.iter_text())

    with inside(1) as thread:
        chunks = thread.submit(read).result(60)
    assert len(chunks) >= 3
    assert "event: segment" in chunks[0]
    assert "event: done" not in chunks[0]


def test_the_replicas_hold_no_rights_and_reach_nothing_outside(stack: Stack) -> None:
    for name in ("service-1", "service-2"):
        assert stack.state(name, "{{.State.Health.Status}}") == "healthy"
        assert stack.state(name, "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}") == "true [ALL]"
        container = stack.container(name)
        status = stack.engine.docker("exec", container, "cat", "/proc/1/status")
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        reach = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)"
        done = stack.engine.docker("exec", container, "sh", "-c", f'python -c "{reach}" 2>&1; true')
        assert "Network is unreachable" in done or "timed out" in done


class Load:
    """Sixteen clients that ask until there is `enough`. `failed` are the answers that were not 200."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self.done = 0
        self.enough = threading.Event()
        self.failed: list[object] = []
        self._numbers = itertools.count()
        self.flying: dict[int, float] = {}

    def work(self) -> None:
        with self._stack.client(seconds=120) as client:
            while not self.enough.is_set():
                me = threading.get_ident()
                self.flying[me] = time.monotonic()
                try:
                    headers = {"Authorization": f"Bearer {me}"}
                    answer = client.post("v1/digest", json={"text": self._article()}, headers=headers)
                    outcome: object = answer.status_code
                except httpx.TransportError as error:
                    outcome = repr(error)
                del self.flying[me]
                with self._lock:
                    self.done += 1
                    if outcome != 200:
                        self.failed.append(outcome)

    def _article(self) -> str:
        """One that nobody else asks for: what is under way is decoded once, whoever asks for it."""
        return ARTICLE.replace(". ", f" ({next(self._numbers)}). ")

    def until(self, count: int) -> None:
        deadline = time.monotonic() + 300
        while self.done < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.done >= count


def healthy_again(stack: Stack, name: str) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if stack.state(name, "{{.State.Status}} {{.State.Health.Status}}") == "running healthy":
            return
        time.sleep(0.2)
    raise AssertionError(f"{name} did not come back")


def test_no_request_is_lost_when_replicas_are_killed_stopped_and_restarted_under_load(stack: Stack) -> None:
    load = Load(stack)
    in_flight: list[int] = []

    def kill(name: str, number: signal.Signals) -> None:
        """As a crash or the system would: past the engine, which then starts the replica again."""
        in_flight.append(len(load.flying))
        os.kill(int(stack.state(name, "{{.State.Pid}}")), number)
        healthy_again(stack, name)

    with inside(CLIENTS) as threads:
        working: list[Future[None]] = [threads.submit(load.work) for _ in range(CLIENTS)]
        load.until(50)
        kill("service-1", signal.SIGKILL)
        load.until(200)
        kill("service-2", signal.SIGTERM)
        load.until(350)
        for name in ("service-1", "service-2"):
            stack.engine.docker("restart", "-t", "30", stack.container(name))
            healthy_again(stack, name)
        load.until(REQUESTS)
        load.enough.set()
        for each in working:
            each.result(300)
    assert load.done >= REQUESTS
    assert min(in_flight) >= 8
    assert load.failed == []
    print(json.dumps({"requests": load.done, "failed": len(load.failed), "in flight at the kill": in_flight}))


def test_a_stopped_replica_finishes_and_leaves_cleanly(stack: Stack) -> None:
    stack.engine.docker("stop", "-t", "30", stack.container("service-1"))
    try:
        assert stack.state("service-1", "{{.State.ExitCode}}") == "0"
        assert asked(stack, "GET", "readyz").status_code == 200
    finally:
        stack.engine.docker("start", stack.container("service-1"))
        healthy_again(stack, "service-1")
