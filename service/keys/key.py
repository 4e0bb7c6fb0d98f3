"""A key: what it may do and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

SCOPES = ("translate", "summarize", "glossaries", "documents", "jobs", "metrics")
"""A digest needs the first two, because it does both."""

NO_LIMIT = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """0 is no limit. `rate` is in source characters a minute, `quota` in source characters a calendar month
    (UTC), `concurrency` in requests that are answered at once."""

    rate: int = NO_LIMIT
    quota: int = NO_LIMIT
    concurrency: int = NO_LIMIT


@dataclass(frozen=True, slots=True)
class Key:
    """`id` is public and never changes; `digest` is all that is kept of the secret. Times are UTC."""

    id: str
    name: str
    digest: bytes
    scopes: frozenset[str]
    limits: Limits
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None

    def usable(self, now: datetime) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)

    def state(self, now: datetime) -> str:
        if self.revoked is not None:
            return "revoked"
        return "valid" if self.usable(now) else "expired"


def key_of(caller: str) -> str | None:
    """The id of the key of a caller who has one."""
    return caller.removeprefix("key:") if caller.startswith("key:") else None


def month_of(moment: datetime) -> str:
    """`2026-11`: what quotas are counted by."""
    return moment.astimezone(UTC).strftime("%Y-%m")
