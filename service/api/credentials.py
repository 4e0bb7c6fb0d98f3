"""Who is calling. There are no keys yet: everybody is let in, with any key or none, and a key only
tells callers apart. Checking keys belongs here."""

from __future__ import annotations

import hashlib
import secrets

from fastapi import Request

_OF_THIS_PROCESS = secrets.token_bytes(32)


def caller(request: Request) -> bytes:
    """The same for the same credentials as long as the process lives, and gives nothing of them away."""
    credentials = request.headers.get("authorization", "")
    return hashlib.blake2b(credentials.encode(), key=_OF_THIS_PROCESS, digest_size=16).digest()


def owner(request: Request) -> str:
    """Whose jobs these are: the same after a restart; empty for everybody without a key of their own."""
    return str(request.scope.get("state", {}).get("caller", ""))
