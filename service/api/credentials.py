"""Who is calling, for the routes; `gate.py` let it in. And what a route says of it: how much it asks for."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

from fastapi import Depends, Request

from service.api.state import state_of
from service.errors import DeadlineExceeded, InvalidInput, Refused, StoreUnavailable
from service.keys.grant import Grant
from service.terms.store import GlossaryStore

_OF_THIS_PROCESS = secrets.token_bytes(32)


def caller(request: Request) -> bytes:
    """The same for the same credentials as long as the process lives, and gives nothing of them away."""
    credentials = f"{_name(request)}\n{request.headers.get('authorization', '')}"
    return hashlib.blake2b(credentials.encode(), key=_OF_THIS_PROCESS, digest_size=16).digest()


def owner(request: Request) -> str:
    """Whom a stored thing belongs to; empty, everybody, for callers without a key or a name."""
    name = _name(request)
    return "" if name.startswith("address:") else name


def payer(request: Request) -> str:
    """Who is charged: the name of a caller, or the address of one without."""
    return _name(request)


async def _callers_glossaries(request: Request) -> GlossaryStore:
    return state_of(request).glossaries.of(owner(request))


Glossaries = Annotated[GlossaryStore, Depends(_callers_glossaries)]
"""Those that the caller may see."""


def granted(request: Request) -> Grant | None:
    grant = request.scope.get("state", {}).get("grant")
    return grant if isinstance(grant, Grant) else None


async def charge(request: Request, characters: int) -> None:
    """To be called by every route that works on a text, before the work. Raises `QuotaExceeded`,
    `RateLimited` and `StoreUnavailable`."""
    if grant := granted(request):
        await grant.charge(characters)


@asynccontextmanager
async def charged(request: Request, characters: int) -> AsyncIterator[None]:
    """As `charge`, around work whose answer may have begun, as if all were well, when it fails on our side:
    then all is given back."""
    await charge(request, characters)
    try:
        yield
    except Exception as error:
        if not isinstance(error, (InvalidInput, Refused, DeadlineExceeded)):
            with suppress(StoreUnavailable):
                await refund(request)
        raise


def require_scope(request: Request, scope: str) -> None:
    """Where a header asks for more than the route is. Raises `ScopeMissing`."""
    if grant := granted(request):
        grant.require(scope)


async def refund(request: Request) -> None:
    """All that was charged: nothing was done for it. Raises `StoreUnavailable`."""
    if grant := granted(request):
        await grant.give_back()


def _name(request: Request) -> str:
    return str(request.scope.get("state", {}).get("caller", ""))
