"""The same service on a Ray cluster: calls on Ray Serve (`serve deploy docker/ray/serve.yaml`), archives on
Ray Data (`kurzfassung batch --ray`). The only file that imports ray.

A call reaches `Front`, one small replica beside Ray's HTTP proxy. It passes the request on to a `Service`
replica, which runs the unchanged application, and the answer back as it comes. What Ray itself would answer
for (no room, a replica that died, a remote error, whose text is a stack trace with paths and addresses) is
answered here, in the service's own words.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, redirect_stdout
from typing import Any

import ray
import ray.data
from ray import serve
from ray.exceptions import AuthenticationError, RayActorError, RayError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.failures import Failures
from service.api.middleware import request_identity
from service.api.state import FORM_BYTES
from service.app import DIALECTS, create_app
from service.errors import ClusterUnavailable, NotReady, Overloaded, ServiceError
from service.observability.logs import set_up_logging
from service.settings import Settings, read_settings

logger = logging.getLogger("kurzfassung")

_TRIES = 5
"""Replicas that one request is given to, where one after the other dies before it answered."""

_ANSWER_SECONDS = 10
"""What a cluster may take to accept a connection."""

_PLAIN = (
    "type",
    "asgi",
    "http_version",
    "method",
    "scheme",
    "path",
    "raw_path",
    "query_string",
    "root_path",
    "headers",
    "client",
    "server",
)
"""What of an ASGI scope travels to another process; the rest belongs to the server it came from."""


@serve.deployment
class Service:
    """The application with its models. Settings come from `KURZFASSUNG_*` in the environment of its node."""

    async def __init__(self) -> None:  # type: ignore[misc]  # Ray awaits it
        settings = _for_this_replica(read_settings())
        set_up_logging(settings.log_level)
        self._app = create_app(settings)
        self._open = AsyncExitStack()
        await self._open.enter_async_context(self._app.router.lifespan_context(self._app))

    async def answer(self, scope: Scope, body: bytes) -> AsyncIterator[Message]:
        """The messages of the application's answer. Closing it tells the application that the caller left."""
        messages: asyncio.Queue[Message | None] = asyncio.Queue()
        left = asyncio.Event()
        read = False

        async def receive() -> Message:
            nonlocal read
            if not read:
                read = True
                return {"type": "http.request", "body": body, "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def work() -> None:
            try:
                await self._app(scope, receive, messages.put)
            except Exception:  # answered already; starlette raises it once more for the server's log
                logger.exception("a request failed")
            finally:
                messages.put_nowait(None)

        working = asyncio.create_task(work())
        try:
            while (message := await messages.get()) is not None:
                yield message
        finally:
            left.set()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    def check_health(self) -> None:
        """Ray replaces a replica for which this raises."""
        state = self._app.state.service
        if state.phase == "failed" or (state.loaded is not None and not state.loaded.batcher.alive):
            raise RuntimeError(state.phase)

    async def __del__(self) -> None:
        await self._open.aclose()


@serve.deployment
@serve.ingress()
class Front:
    def __init__(self, service: Any) -> None:
        self._service = service

    def __serve_build_asgi_app__(self) -> Starlette:
        settings = read_settings()
        limit = max(settings.max_body_bytes, settings.max_document_bytes + FORM_BYTES)
        return Starlette(routes=[Mount("/", app=Forward(self._service.options(stream=True).answer, limit))])


class Forward:
    """An ASGI application. `answer` is `Service.answer` of whichever replica has the least to do. A body is
    read until it is longer than `body_bytes`, which the application then refuses."""

    def __init__(self, answer: Any, body_bytes: int) -> None:
        self._answer = answer
        self._body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        identity = request_identity(scope)
        plain = {name: scope[name] for name in _PLAIN if name in scope}
        plain["headers"] = _with_identity(scope, identity)
        body = await self._body(receive)
        if body is None:
            return
        for _ in range(_TRIES):
            started = False

            async def send_and_tell(message: Message) -> None:
                nonlocal started
                started = True
                await send(message)

            try:
                await self._forward(plain, body, send_and_tell)
                return
            except BackPressureError:
                error: ServiceError = Overloaded(
                    "Too much work is waiting; try again shortly.", retry_after=2
                )
                break
            except (RayActorError, DeploymentUnavailableError) as died:
                # Its replica is gone, and so is what it did: nothing is done twice that somebody saw.
                logger.warning("a replica died", extra={"facts": {"error": type(died).__name__}})
                error = NotReady("The service is being restarted; try again shortly.", retry_after=5)
                if started:
                    raise
            except (RayError, RayServeException) as broken:
                # Not its text, which has paths and addresses in it.
                logger.error("a replica failed", extra={"facts": {"error": type(broken).__name__}})
                error = ServiceError("Something broke on our side; the log has it under this request id.")
                if started:
                    raise
                break
        answer = await Failures(DIALECTS).service_error(Request({**scope, "request_id": identity}), error)
        await answer(scope, receive, send)

    async def _forward(self, scope: Scope, body: bytes, send: Send) -> None:
        """The head of the answer is kept until its body begins: until then another replica may take over."""
        head: Message | None = None
        messages = self._answer.remote(scope, body)
        try:
            async for message in messages:
                if message["type"] == "http.response.start":
                    # Ray's proxy puts the id on every answer.
                    kept = [pair for pair in message["headers"] if pair[0] != b"x-request-id"]
                    head = {**message, "headers": kept}
                    continue
                if head is not None:
                    await send(head)
                    head = None
                await send(message)
        except asyncio.CancelledError:  # the caller left
            messages.cancel()
            raise

    async def _body(self, receive: Receive) -> bytes | None:
        """`None`: the caller left before all of it was there."""
        parts: list[bytes] = []
        length, more = 0, True
        while more and length <= self._body_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts)


class HarmlessIdentity:
    """Around Ray's proxy, which writes the caller's `X-Request-ID` on the answer and into its log as it is: a
    harmful one is replaced before it gets there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["headers"] = _with_identity(scope, request_identity(scope))
        await self._app(scope, receive, send)


def around_proxy() -> list[Middleware]:
    """What `RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH` names on the head; Ray puts it outside its own."""
    return [Middleware(HarmlessIdentity)]


def _with_identity(scope: Scope, identity: str) -> list[tuple[bytes, bytes]]:
    others = (pair for pair in scope["headers"] if pair[0] != b"x-request-id")
    return [*others, (b"x-request-id", identity.encode())]


def build(_: dict[str, str]) -> serve.Application:
    """What `docker/ray/serve.yaml` names."""
    front: Any = Front  # what the decorators made of them
    service: Any = Service
    return front.bind(service.bind())


def _for_this_replica(settings: Settings) -> Settings:
    """It is ready when its models are, and its engine has as many threads as Ray gave it cores."""
    cores = int(ray.get_runtime_context().get_assigned_resources().get("CPU", 0))
    changes: dict[str, Any] = {"accept_when_ready": True}
    if not settings.threads and cores:
        changes["threads"] = cores
    return settings.model_copy(update=changes)


def in_cluster(
    address: str, items: Sequence[dict[str, Any]], worker: Callable[..., Any], arguments: Sequence[Any]
) -> Iterator[dict[str, Any]]:
    """What `worker(*arguments)` makes of each item, in any order, as they get ready. A worker is made once
    for each core in the cluster; an item whose node dies is given to another one. `address` is "auto" for
    the cluster this machine belongs to, "local" for one of its own. Raises `ClusterUnavailable`."""
    with redirect_stdout(sys.stderr):  # Ray tells there of nodes that died; standard output is the caller's
        yield from _in_cluster(address, items, worker, arguments)


def _in_cluster(
    address: str, items: Sequence[dict[str, Any]], worker: Callable[..., Any], arguments: Sequence[Any]
) -> Iterator[dict[str, Any]]:
    try:
        if ":" in address and "://" not in address:  # Ray itself would try for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()
        ray.init(
            address=None if address == "local" else address, log_to_driver=False, logging_level=logging.ERROR
        )
    except (OSError, ValueError) as error:
        reason = f"No Ray cluster answers at {address!r}, or it wants another token; see docs/ray.md."
        raise ClusterUnavailable(reason) from error
    except AuthenticationError as error:
        reason = f"The Ray cluster at {address!r} wants a token, and there is none in ~/.ray/auth_token."
        raise ClusterUnavailable(reason) from error
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False  # ours counts articles
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        cores = int(ray.cluster_resources().get("CPU", 1))
        places = max(1, min(cores, len(items)))
        made = ray.data.from_items(list(items), override_num_blocks=len(items)).map(
            worker,
            fn_constructor_args=list(arguments),
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=places),
            num_cpus=1,
        )
        yield from made.iter_rows()
    finally:
        ray.shutdown()
