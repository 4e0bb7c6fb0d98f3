"""What happens to requests while the server leaves."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.types import Message

from service.api.deepl import routes as deepl
from service.api.failures import Failures
from service.api.middleware import RequestContext
from service.app import create_app
from service.cli.server import DrainingServer
from service.observability.metrics import Metrics
from service.settings import Settings
from tests.integration.conftest import stub_models, wait_until

FIRST, SECOND = "Der erste Satz ist schon in Arbeit.", "Der zweite Satz wartet noch auf den ersten."


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def test_what_is_in_the_engine_is_finished_and_what_waits_is_refused_in_our_own_words() -> None:
    held, entered = threading.Event(), threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if any("erste" in source for source in sources):
            entered.set()
            assert held.wait(10)

    app = create_app(Settings(batch_tokens=5), models=stub_models(gate=gate))
    server = DrainingServer(app, drain_seconds=0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as callers:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        serving.start()

        def post(text: str, **headers: str) -> httpx.Response:
            body = {"text": text, "source": "de"}
            return httpx.post(f"{url}/v1/digest", json=body, headers=headers, timeout=20, trust_env=False)

        with httpx.Client(base_url=url, trust_env=False) as client:
            wait_until(client, "/readyz")

            def waiting() -> int:
                return int(client.get("/readyz").json()["queue_tokens"])

            first: Future[httpx.Response] = callers.submit(post, FIRST)
            assert entered.wait(10)
            second = callers.submit(post, SECOND)
            until(lambda: waiting() > 0)
            once = waiting()
            stream = callers.submit(post, SECOND, accept="text/event-stream")
            until(lambda: waiting() > once)
        server.should_exit = True
        refused = [second.result(10), stream.result(10)]
        assert not first.done()
        held.set()
        answered = first.result(10)
        serving.join(10)
    assert not serving.is_alive()
    assert answered.status_code == 200
    assert answered.json()["translation"]["text"] == FIRST.upper()
    for response in refused:
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == "shutting_down"
        assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("path", "kind"), [("/v1/digest", b"application/problem+json"), ("/v2/translate", b"application/json")]
)
async def test_a_request_the_server_gives_up_on_is_answered_in_the_words_of_its_dialect(
    path: str, kind: bytes
) -> None:
    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    app = RequestContext(hangs, metrics=Metrics(), failures=Failures([deepl.DIALECT]))
    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    request = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.sleep(0)
    request.cancel()
    await asyncio.wait({request}, timeout=5)
    assert request.cancelled()
    start, body = sent
    assert start["status"] == 503
    headers = dict(start["headers"])
    assert headers[b"content-type"] == kind
    assert b"retry-after" in headers
    assert b"x-request-id" in headers
    assert b"shutting_down" in body["body"]
