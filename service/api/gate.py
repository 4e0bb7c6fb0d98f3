"""In front of every route: who is calling, may they, and how much of it is left."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.access import Access, Need
from service.api.body import announced_bytes
from service.api.disconnect import CallerLeft
from service.api.failures import Failures
from service.api.proxies import Peers
from service.api.sent_key import key_of_body, key_of_headers, refuse_key_in_url
from service.documents.room import Room
from service.errors import KeyMissing, ScopeMissing, ServiceError, StoreUnavailable
from service.keys.grant import Exhausted, Grant, Spending
from service.keys.key import Key
from service.keys.ring import KeyRing
from service.observability.metrics import Metrics

Auth = Literal["auto", "required", "off"]

_CLIENT_CLOSED_REQUEST = 499

_BODY_SECONDS = 30.0
"""A body that may hold a key has to arrive within."""


def key_needed(auth: Auth, ring: KeyRing) -> bool:
    """Raises `StoreUnavailable`."""
    return auth == "required" or (auth == "auto" and ring.any)


def keys_readable(auth: Auth, ring: KeyRing) -> bool:
    """Whether a caller can be told from others, where keys are for that."""
    if auth == "off":
        return True
    try:
        _ = ring.any
    except StoreUnavailable:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` tells callers apart: `key:ID`, `consumer:NAME` or `address:IP`."""

    name: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator decided."""

    auth: Auth
    access: Access
    peers: Peers
    body_bytes: int
    upload_bytes: int
    rate_headers: bool


class Gate:
    """Leaves in `scope["state"]` the `caller` (its name), the `key` (its id, if any) and the `grant`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        rules: Rules,
        spending: Spending,
        failures: Failures,
        metrics: Metrics,
        room: Room,
    ) -> None:
        self._app = app
        self._rules = rules
        self._spending = spending
        self._failures = failures
        self._metrics = metrics
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        need = self._rules.access.need(scope["method"], _route_path(scope))
        state = scope.setdefault("state", {})
        try:
            caller, receive = await self._caller(scope, receive, need)
            state["caller"] = caller.name
            if caller.key is not None:
                state["key"] = caller.key.id
                if missing := need.scopes - caller.key.scopes:
                    raise ScopeMissing(f"The key is not for this; it lacks {' and '.join(sorted(missing))}.")
            grant = await self._spending.enter(caller.name, caller.key, limited=need.limited)
        except CallerLeft:
            await Response(status_code=_CLIENT_CLOSED_REQUEST)(scope, receive, send)
            return
        except ServiceError as error:
            await self._refuse(error, scope, receive, send)
            return
        state["grant"] = grant
        await self._pass(grant, scope, receive, send)

    async def _caller(self, scope: Scope, receive: Receive, need: Need) -> tuple[Caller, Receive]:
        """Raises `KeyMissing`, `KeyInvalid`, `KeyInUrl`, `StoreUnavailable` and `Overloaded`."""
        if name := self._rules.peers.consumer(scope):
            return Caller(f"consumer:{name}"), receive
        ring = self._spending.ring
        if need.open or not key_needed(self._rules.auth, ring):
            return self._by_address(scope), receive
        refuse_key_in_url(scope)
        sent = key_of_headers(Headers(scope=scope))
        request = Request(scope, receive)
        dialect = self._failures.dialect(request)
        if sent is None and dialect.key_field:
            # Late, there was no key in what came.
            with contextlib.suppress(TimeoutError), self._receiving(request, need):
                async with asyncio.timeout(_BODY_SECONDS):
                    sent, receive = await key_of_body(request, dialect.key_field, self._limit(need))
        if sent is None:
            raise KeyMissing(
                "A key is needed here. Ask the operator of this service to get an API key, and send it in "
                "the header Authorization: Bearer or X-API-Key."
            )
        key = ring.known(sent)
        return Caller(f"key:{key.id}", key), receive

    def _by_address(self, scope: Scope) -> Caller:
        return Caller(f"address:{self._rules.peers.caller(scope)}")

    def _receiving(self, request: Request, need: Need) -> contextlib.AbstractContextManager[None]:
        """Files in memory of callers who are not known yet are bounded, and apart from all others; one
        address leaves half of the room to the rest."""
        if not need.file:
            return contextlib.nullcontext()
        most = self._rules.upload_bytes
        size = min(announced_bytes(request, otherwise=most), most)
        return self._room.holding(self._by_address(request.scope).name, size)

    def _limit(self, need: Need) -> int:
        return self._rules.upload_bytes if need.file else self._rules.body_bytes

    async def _refuse(self, error: ServiceError, scope: Scope, receive: Receive, send: Send) -> None:
        self._metrics.refused.labels(error.code).inc()
        response = await self._failures.service_error(Request(scope), error)
        if isinstance(error, Exhausted) and self._rules.rate_headers:
            response.headers.update(error.headers)
        await response(scope, receive, send)

    async def _pass(self, grant: Grant, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500  # as long as there is no answer

        async def send_with_rate(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._rules.rate_headers:
                    headers = MutableHeaders(scope=message)
                    retry_after = _retry_after(headers) if status == HTTPStatus.TOO_MANY_REQUESTS else None
                    for name, value in grant.headers(retry_after).items():
                        headers[name] = value
            await send(message)

        try:
            await self._app(scope, receive, send_with_rate)
        finally:
            grant.leave()
            # Of a deadline the caller had its say, and the work may go on for who asks again.
            if status >= 500 and status != HTTPStatus.GATEWAY_TIMEOUT:
                with contextlib.suppress(StoreUnavailable):
                    await grant.give_back()


def _retry_after(headers: MutableHeaders) -> int | None:
    written = headers.get("retry-after", "")
    return int(written) if written.isdecimal() else None


def _route_path(scope: Scope) -> str:
    """The path as the routes see it, by the rule they go by: a prefix that ends at a slash is taken off."""
    path, prefix = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(prefix) if prefix and path.startswith(prefix + "/") else path
