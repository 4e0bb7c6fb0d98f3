"""A job: a request that is answered later."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["digest", "translate", "summarize", "document"]
Status = Literal["queued", "running", "done", "failed", "cancelled"]
WebhookStatus = Literal["waiting", "pending", "delivered", "failed"]

UNFINISHED = ("queued", "running")


def new_job_id() -> str:
    """128 random bits: whoever has no key reaches a job by knowing its id."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class NewJob:
    """`owner` tells callers apart, empty for everybody without a key. `request` is what `Perform` gets; it
    holds text. `total` segments are to be done. `idempotency_key` is the owner's name for the request; the
    same name comes with the same request, what was `sent` where `request` holds more, or is refused. With
    `keep_seconds` it is forgotten so long after it came and, once it is done, after its end; None: as the
    store keeps jobs. A document has the hash of its own key, `secret`, by which alone its sender reaches
    it."""

    owner: str
    kind: Kind
    request: bytes
    total: int
    characters: int
    idempotency_key: str | None = None
    webhook_url: str | None = None
    keep_seconds: float | None = None
    secret: str | None = None
    sent: bytes | None = None
    id: str = field(default_factory=new_job_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`result` is handed out, `about` told of it before."""

    result: bytes
    about: bytes = b""


@dataclass(frozen=True, slots=True)
class Job:
    """What is told of a job: no text. Times are seconds since 1970; `done` and `total` count segments;
    `attempt` counts how often the work was begun. `expires` is set once it has ended: then all of it is
    forgotten. `webhook` is None where none was asked for, `waiting` until the job has ended."""

    id: str
    owner: str
    kind: Kind
    status: Status
    created: float
    started: float | None
    finished: float | None
    expires: float | None
    done: int
    total: int
    characters: int
    attempt: int
    error_code: str | None
    error_detail: str | None
    webhook: WebhookStatus | None
    webhook_attempts: int

    @property
    def has_ended(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def charged(self) -> float:
        """When its characters were: as it came; of a document, whose text is counted only then, as it was
        begun."""
        return self.started or self.created if self.kind == "document" else self.created

    @property
    def undelivered(self) -> int:
        """Characters of the segments that were not decoded; all of them where none was."""
        return self.characters - math.ceil(self.characters * self.done / max(1, self.total))


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of a job that was taken away: cancelled, or forgotten because it had ended. `refund`
    characters were charged to its owner for work that is not done any more."""

    job: Job
    cancelled: bool
    refund: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker holds until its lease runs out. `worker` and `attempt` fence it: what somebody
    says who lost the lease is not heard. `request` is sealed."""

    id: str
    owner: str
    characters: int
    kind: Kind
    request: bytes
    worker: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that is due; `attempt` counts from 1. `url` is None where it was encrypted with a key that
    is not here."""

    job: Job
    url: str | None
    attempt: int
