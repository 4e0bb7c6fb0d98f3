"""What waits in the queue: segments, and the calls they came with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

Payload = TypeVar("Payload")

_WINDOW = 128
"""Segments of one call that are looked at for some of like length: several passes' worth."""

_WINDOW_OF_A_STREAM = 16
"""Who reads along wants the next ones, not those of like length."""


@dataclass(slots=True, eq=False)
class Entry(Generic[Payload]):
    """One waiting segment. `tokens` is its source length; `payload` is the batcher's own affair."""

    source: str
    tokens: int
    payload: Payload


@dataclass(slots=True, eq=False)
class Call(Generic[Payload]):
    """The segments of one `generate` call, which all share a lane (one model, equal options).

    `burst` caps how many of them may enter the next batch, and doubles each time they do: a reader
    of a stream gets the first sentence alone and early, then ever larger batches. None: no cap.
    `due` is its place among the calls of its caller; the queue gives it one if it has none. What follows
    from work that was let in has the place of that.
    `short` calls are all that a small request wants; they never share a batch with longer work.
    """

    lane: Hashable
    entries: deque[Entry[Payload]]
    burst: int | None = None
    caller: str = ""
    short: bool = False
    due: int | None = None
    tokens: int = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = sum(entry.tokens for entry in self.entries)

    @property
    def group(self) -> tuple[Hashable, bool]:
        return self.lane, self.short

    def forget(self, abandoned: Callable[[Payload], bool], *, all_of_them: bool = False) -> int:
        """Drops the entries in front that are abandoned, or all that are, and returns their tokens. Looking
        at all each time would cost a long article its length squared."""
        before = self.tokens
        if all_of_them:
            self.entries = deque(entry for entry in self.entries if not abandoned(entry.payload))
            self.tokens = sum(entry.tokens for entry in self.entries)
        else:
            while self.entries and abandoned(self.entries[0].payload):
                self.tokens -= self.entries.popleft().tokens
        return before - self.tokens


class Window(Generic[Payload]):
    """The next entries of a call, those nearest to `length` tokens first and the oldest of them first;
    for a stream as many as its burst, in order."""

    def __init__(self, call: Call[Payload], length: int, abandoned: Callable[[Payload], bool]) -> None:
        self._call = call
        size = _WINDOW if call.burst is None else min(call.burst, _WINDOW_OF_A_STREAM)
        seen = list(islice(call.entries, size))
        for _ in seen:
            call.entries.popleft()
        self._left = [entry for entry in seen if not abandoned(entry.payload)]
        self.caller = call.caller
        self._dropped = sum(entry.tokens for entry in seen) - sum(entry.tokens for entry in self._left)
        self._taken = 0
        ordered = self._left
        if call.burst is None:
            ordered = sorted(self._left, key=lambda entry: abs(entry.tokens - length))
        self._upcoming: Iterator[Entry[Payload]] = iter(ordered)
        self._gone: set[int] = set()

    def take(self, fits: Callable[[Entry[Payload]], bool]) -> Entry[Payload] | None:
        """The next one that fits; of a stream none is passed over."""
        for entry in self._upcoming:
            if fits(entry):
                self._gone.add(id(entry))
                self._taken += entry.tokens
                return entry
            if self._call.burst is not None:
                break
        return None

    def close(self) -> int:
        """What was not taken goes back to where it stood. The tokens that are gone: taken, or abandoned."""
        call = self._call
        call.entries.extendleft(entry for entry in reversed(self._left) if id(entry) not in self._gone)
        gone = self._taken + self._dropped
        call.tokens -= gone
        if self._gone and call.burst is not None:
            call.burst *= 2
        return gone
