"""What a caller is told when the cluster fails, without one: replicas answer, die or break as planned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from ray.exceptions import ActorDiedError, RayTaskError
from ray.serve.exceptions import BackPressureError

from service.ray_app import Forward

HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
REVEALING = "/home/somebody/service.py at 10.1.2.3"


class Messages:
    """What one replica sends; an exception among it is raised there."""

    def __init__(self, planned: list[Any]) -> None:
        self._planned = planned
        self.cancelled = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._all()

    async def _all(self) -> AsyncIterator[Any]:
        for each in self._planned:
            if isinstance(each, Exception):
                raise each
            if each == "for ever":
                await asyncio.sleep(60)
            yield each

    def cancel(self) -> None:
        self.cancelled = True


class Replicas:
    """`Service.answer` of a deployment: each request goes to the next one of those planned."""

    def __init__(self, *planned: list[Any]) -> None:
        self.asked: list[tuple[dict[str, Any], bytes]] = []
        self.any_asked = asyncio.Event()
        self.messages = [Messages(each) for each in planned]

    def remote(self, scope: dict[str, Any], body: bytes) -> Messages:
        self.asked.append((scope, body))
        self.any_asked.set()
        return self.messages[len(self.asked) - 1]


def body(text: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, "more_body": more}


def died() -> ActorDiedError:
    return ActorDiedError(RayTaskError("__init__", REVEALING, ValueError(REVEALING)))


async def ask(replicas: Replicas) -> httpx.Response:
    transport = httpx.ASGITransport(Forward(replicas, 1000), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        request = client.post("/v1/digest", content=b"Text", headers={"X-Request-ID": "mine-1"})
        return await asyncio.wait_for(request, 20)


def is_ours(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == "mine-1"
    assert REVEALING not in answer.text


async def test_a_request_whose_replica_dies_before_it_answers_goes_to_another_one() -> None:
    replicas = Replicas([died()], [HEAD, died()], [HEAD, body(b"done")])
    answer = await ask(replicas)
    assert (answer.status_code, answer.text) == (200, "done")
    assert [given for _, given in replicas.asked] == [b"Text"] * 3


async def test_where_replica_after_replica_dies_the_caller_may_come_again() -> None:
    answer = await ask(Replicas(*[[died()]] * 10))
    is_ours(answer, 503, "not_ready")
    assert int(answer.headers["retry-after"]) >= 1


async def test_no_room_is_told_at_once() -> None:
    replicas = Replicas([BackPressureError(num_queued_requests=3, max_queued_requests=3)])
    answer = await ask(replicas)
    is_ours(answer, 503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
    assert len(replicas.asked) == 1


async def test_a_remote_error_is_a_problem_of_ours_without_its_text_and_is_not_tried_again() -> None:
    replicas = Replicas([RayTaskError("answer", f"Traceback: {REVEALING}", ValueError(REVEALING))])
    is_ours(await ask(replicas), 500, "internal")
    assert len(replicas.asked) == 1


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    replicas = Replicas([HEAD, body(b"half", more=True), died()], [HEAD, body(b"whole")])
    with pytest.raises(ActorDiedError):
        await ask(replicas)
    assert len(replicas.asked) == 1


async def test_half_a_body_of_a_caller_who_left_is_given_to_nobody() -> None:
    replicas = Replicas([HEAD, body(b"done")])
    arriving = [
        {"type": "http.request", "body": b"Half a t", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return arriving.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/jobs", "headers": []}
    await asyncio.wait_for(Forward(replicas, 1000)(scope, receive, send), 20)
    assert (replicas.asked, sent) == ([], [])


async def test_a_caller_who_leaves_is_told_to_the_replica() -> None:
    replicas = Replicas([HEAD, body(b"half", more=True), "for ever"])
    asking = asyncio.create_task(ask(replicas))
    await asyncio.wait_for(replicas.any_asked.wait(), 10)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert replicas.messages[0].cancelled


async def test_only_what_travels_of_a_request_is_passed_on_with_the_id_once() -> None:
    replicas = Replicas([HEAD, body(b"done")])
    await ask(replicas)
    [(scope, _)] = replicas.asked
    assert (scope["method"], scope["path"]) == ("POST", "/v1/digest")
    assert [value for name, value in scope["headers"] if name == b"x-request-id"] == [b"mine-1"]
    assert "state" not in scope
