"""Files in memory: while they arrive, and while their senders wait for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import Overloaded

_FULL_SECONDS = 30


class Room:
    """For at most `most_bytes`, half of it for one owner that has a name. Use it on one thread."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held: Counter[str] = Counter()

    @contextmanager
    def holding(self, owner: str, size: int) -> Iterator[None]:
        """Raises `Overloaded` where there is no room for `size` bytes more."""
        if self._held.total() + size > self._most_bytes:
            raise Overloaded("Too many files are worked on; try again shortly.", retry_after=_FULL_SECONDS)
        if owner and self._held[owner] + size > self._most_bytes // 2:
            raise Overloaded("Too many files of yours are worked on.", retry_after=_FULL_SECONDS)
        self._held[owner] += size
        try:
            yield
        finally:
            self._held[owner] -= size
            if not self._held[owner]:
                del self._held[owner]
