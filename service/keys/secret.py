"""What a key looks like, and what is kept of it.

The secret has 256 random bits, so nobody can try all of them, however fast they hash: a slow hash, which
protects what people choose as passwords, would protect nothing here and let everybody who sends wrong keys
keep this machine busy. So one SHA-256 over the id, which salts it, and the secret.
"""

from __future__ import annotations

import hashlib
import re
import secrets

_WRITTEN = re.compile(r"kf_([0-9a-f]{12})_([0-9a-f]{64})")

_NONE = b"\0" * 32
"""The digest of no key: compared with where there is none of that id, so that it takes as long."""


def new_id() -> str:
    return secrets.token_hex(6)


def new_secret() -> str:
    return secrets.token_hex(32)


def written(identity: str, secret: str) -> str:
    """As it is shown, once, and sent with every request."""
    return f"kf_{identity}_{secret}"


def read(sent: str) -> tuple[str, str] | None:
    """The id and the secret; None where it is no key of ours."""
    found = _WRITTEN.fullmatch(sent)
    return (found[1], found[2]) if found else None


def digest_of(identity: str, secret: str) -> bytes:
    return hashlib.sha256(f"kurzfassung:{identity}:{secret}".encode()).digest()


def is_secret(identity: str, secret: str, digest: bytes | None) -> bool:
    """In the same time for a right and a wrong one, and where `digest` is None."""
    return secrets.compare_digest(digest_of(identity, secret), digest or _NONE)
