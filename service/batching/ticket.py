"""For whom work is done, and until when it is of use: known wherever segments are handed to the batcher."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Ticket:
    """`caller` tells callers apart and nothing more; callers take turns at the engine. `deadline` is a
    reading of `time.monotonic`; None: the work may take as long as it takes. `tokens` counts what was
    handed to the batcher on this ticket, `due` is the place in the queue that it got for it, and `over`
    says that nothing more will be. Work that others may wait
    for too is done on a ticket without a deadline, `of` the one of who was first. `watcher` is called
    whenever a segment of it is decoded; it is quick and does not raise."""

    caller: str = ""
    deadline: float | None = None
    tokens: int = 0
    due: int | None = None
    over: bool = False
    of: Ticket | None = None
    watcher: Callable[[], None] | None = None

    @property
    def seconds_left(self) -> float | None:
        """At least 0; None without a deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def without_deadline(self) -> Ticket:
        return Ticket(self.caller, of=self)


_current: ContextVar[Ticket | None] = ContextVar("ticket", default=None)


def current_ticket() -> Ticket:
    """That of the request being answered, a new one outside of any; tasks inherit it from the one that
    begins them."""
    return _current.get() or Ticket()


@contextmanager
def holding(ticket: Ticket) -> Iterator[None]:
    """Everything begun inside is done on this ticket."""
    token = _current.set(ticket)
    try:
        yield
    finally:
        _current.reset(token)
