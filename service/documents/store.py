"""Files that wait to be translated, are being translated, or wait to be fetched: in memory, for a while."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol

from service.batching.ticket import Ticket, current_ticket, holding
from service.documents.translation import AT_ONCE, TranslatedDocument
from service.errors import DocumentNotFound, GenerationFailed, Overloaded, ServiceError, ShuttingDown

logger = logging.getLogger("kurzfassung.documents")

Work = Callable[[], Coroutine[Any, Any, TranslatedDocument]]
State = Literal["queued", "translating", "done", "error"]

SOON_SECONDS = 60.0
"""For whoever asks for a file twice: browsers that look first, downloads that broke."""

_LEAST_BYTES = 4_096
"""What a file is counted as at least, however short it is."""

_FULL_SECONDS = 30


class Timer(Protocol):
    def cancel(self) -> object: ...


Later = Callable[[float, Callable[[], None]], Timer]


def _later(seconds: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, call)


@dataclass(frozen=True, slots=True)
class Handle:
    """32 and 64 hexadecimal digits. Who has both, and is who sent the file, may have its translation."""

    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`document` is there when it is done, `error` when that failed."""

    state: State
    document: TranslatedDocument | None = None
    error: ServiceError | None = None


@dataclass(slots=True, eq=False)
class _Entry:
    """`work` holds the file as it was sent and is let go when it is done. `ticket` and `context` are of the
    request that sent it."""

    handle: Handle
    owner: str
    size: int
    work: Work | None
    ticket: Ticket
    context: contextvars.Context
    timer: Timer
    standing: Standing = Standing("queued")
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class DocumentStore:
    """At most `most_bytes` of files and translations, half of it for one owner that has a name. Each is
    forgotten `keep_seconds` after it was sent if it is not done by then, and as long after it was done if
    nobody discarded it. `AT_ONCE` are worked on; whose turn it is next, of those that wait, is who has fewest
    under way.

    All decisions happen on the event loop. Nothing is written to the disk or outlives the process.
    """

    def __init__(self, *, most_bytes: int, keep_seconds: float, later: Later = _later) -> None:
        self._most_bytes = most_bytes
        self._keep_seconds = keep_seconds
        self._later = later
        self._entries: dict[str, _Entry] = {}
        self._closing = False

    @property
    def bytes(self) -> int:
        return sum(entry.size for entry in self._entries.values())

    def submit(self, owner: str, size: int, work: Work) -> Handle:
        """`size` is that of the file, in bytes. Raises `Overloaded` where there is no room for it."""
        size = max(_LEAST_BYTES, size)
        if self._closing:
            raise ShuttingDown("The service is shutting down.", retry_after=5)
        if self.bytes + size > self._most_bytes:
            raise Overloaded("Too many files are kept here; try again shortly.", retry_after=_FULL_SECONDS)
        if owner and self._held_by(owner) + size > self._most_bytes // 2:
            raise Overloaded("Too many files of yours are kept; fetch some.", retry_after=_FULL_SECONDS)
        handle = Handle(secrets.token_hex(16), secrets.token_hex(32))
        self._entries[handle.id] = _Entry(
            handle,
            owner,
            size,
            work,
            # The request that sent it is over long before; its time is not that of the file.
            Ticket(current_ticket().caller),
            contextvars.copy_context(),
            self._forget_later(handle, self._keep_seconds),
        )
        self._begin_next()
        return handle

    def standing(self, owner: str, handle: Handle) -> Standing:
        """Raises `DocumentNotFound`; somebody else's is not found either."""
        return self._entry(owner, handle).standing

    async def finished(self, owner: str, handle: Handle) -> Standing:
        """How it stands when it is done or failed. Raises `DocumentNotFound` also where it was discarded
        meanwhile, and `ShuttingDown`."""
        entry = self._entry(owner, handle)
        await entry.ended.wait()
        if self._closing:
            raise ShuttingDown("The service is shutting down.", retry_after=5)
        return self._entry(owner, handle).standing

    def discard(self, owner: str, handle: Handle) -> None:
        """Its work stops, its text is let go. Raises `DocumentNotFound`."""
        self._forget(self._entry(owner, handle).handle)

    def forget_soon(self, owner: str, handle: Handle) -> None:
        """It was fetched, and may be once more within `SOON_SECONDS`. Raises `DocumentNotFound`."""
        entry = self._entry(owner, handle)
        entry.timer.cancel()
        entry.timer = self._forget_later(handle, min(SOON_SECONDS, self._keep_seconds))

    async def close(self) -> None:
        """Stops everything and lets it go."""
        self._closing = True
        tasks = [entry.task for entry in self._entries.values() if entry.task is not None]
        for entry in list(self._entries.values()):
            self._forget(entry.handle)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _entry(self, owner: str, handle: Handle) -> _Entry:
        entry = self._entries.get(handle.id.lower())
        right = entry is not None and secrets.compare_digest(entry.handle.key, _ascii(handle.key.lower()))
        if entry is None or not right or entry.owner != owner:
            raise DocumentNotFound("There is no such document, or no longer.")
        return entry

    def _held_by(self, owner: str) -> int:
        return sum(entry.size for entry in self._entries.values() if entry.owner == owner)

    def _forget_later(self, handle: Handle, seconds: float) -> Timer:
        return self._later(seconds, partial(self._forget, handle))

    def _forget(self, handle: Handle) -> None:
        entry = self._entries.pop(handle.id, None)
        if entry is None:
            return
        entry.timer.cancel()
        entry.work = None
        entry.ended.set()
        if entry.task is not None:
            entry.task.cancel()

    def _begin_next(self) -> None:
        busy = (each for each in self._entries.values() if each.task and not each.task.done())
        under_way = Counter(each.owner for each in busy)
        waiting = [each for each in self._entries.values() if each.task is None]
        if self._closing or not waiting or under_way.total() >= AT_ONCE:
            return
        entry = min(waiting, key=lambda each: under_way[each.owner])  # of equals the first
        entry.standing = Standing("translating")
        entry.task = asyncio.get_running_loop().create_task(self._translate(entry), context=entry.context)
        entry.task.add_done_callback(lambda _: self._begin_next())

    async def _translate(self, entry: _Entry) -> None:
        assert entry.work is not None  # noqa: S101 -- let go only here and when it is forgotten
        try:
            with holding(entry.ticket):
                document = await entry.work()
            entry.standing, entry.size = Standing("done", document), max(_LEAST_BYTES, len(document.content))
        except ServiceError as error:
            # Of its frames, which hold the text, nothing is kept.
            kept = error.with_traceback(None)
            kept.__cause__ = kept.__context__ = None
            entry.standing, entry.size = Standing("error", error=kept), _LEAST_BYTES
        except Exception:
            logger.exception("a file could not be translated")
            failed = GenerationFailed("Something broke on our side; the log has it.")
            entry.standing, entry.size = Standing("error", error=failed), _LEAST_BYTES
        finally:
            entry.ticket.over = True
            entry.work = None
            entry.ended.set()
        entry.timer.cancel()
        entry.timer = self._forget_later(entry.handle, self._keep_seconds)


def _ascii(text: str) -> str:
    """`compare_digest` takes no other."""
    return text if text.isascii() else ""
