"""Around every request: its id, its metrics, its one line in the log."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid

import structlog
from opentelemetry.trace import Span
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problem import service_error_response
from service.errors import ShuttingDown
from service.observability.metrics import Metrics
from service.observability.tracing import record_answer, server_span, trace_id

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

_QUIET = frozenset({"/livez", "/readyz", "/startupz", "/health", "/metrics"})
"""Asked every few seconds by machines; they are counted but not logged."""

logger = logging.getLogger("kurzfassung.access")


class RequestContext:
    """Plain ASGI, because a wrapper that buffers would break streaming and hide disconnects."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identity = _request_id(scope)
        scope["request_id"] = identity
        with (
            server_span(_method(scope), Headers(scope=scope)) as span,
            structlog.contextvars.bound_contextvars(request_id=identity, trace_id=trace_id(span)),
        ):
            await self._answer(scope, receive, send, span)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        identity = scope["request_id"]
        started = time.perf_counter()
        status, answered = 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                message["headers"] = [*message.get("headers", []), (b"x-request-id", identity.encode())]
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, send_with_id)
        except asyncio.CancelledError:  # the server gives up on what outlasted the drain
            if not answered:
                error = ShuttingDown("The service is shutting down.", retry_after=5)
                await service_error_response(error, identity)(scope, receive, send_with_id)
            raise
        finally:
            self._metrics.in_flight.dec()
            self._record(scope, status, time.perf_counter() - started, span)

    def _record(self, scope: Scope, status: int, seconds: float, span: Span) -> None:
        route = getattr(scope.get("route"), "path", "(none)")
        method = _method(scope)
        record_answer(span, method, route, status)
        self._metrics.requests.labels(route, method, f"{status // 100}xx").inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        if route not in _QUIET:
            facts = {"route": route, "method": method, "status": status, "ms": round(seconds * 1000, 1)}
            if key := scope.get("state", {}).get("key"):
                facts["key"] = key  # its id
            logger.info("request", extra={"facts": facts})


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "(other)"


def _request_id(scope: Scope) -> str:
    """The caller's `X-Request-ID` where it is harmless, otherwise one of our own."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(text := value.decode("latin-1")):
            return str(text)
    return uuid.uuid4().hex
