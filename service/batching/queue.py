"""Which segments go to the engine together now: decisions only, no clock, no thread, no future."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from service.errors import Overloaded

Payload = TypeVar("Payload")


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
    """

    lane: Hashable
    entries: deque[Entry[Payload]]
    burst: int | None = None
    taken: int = field(default=0, init=False)


class SegmentQueue(Generic[Payload]):
    """Calls take turns. A batch never mixes lanes and never costs more than `batch_tokens` padded
    tokens (its longest source times its count), except that a single longer source goes alone.

    `abandoned` tells whether the caller of a payload has left; such entries are dropped unseen.
    """

    def __init__(
        self, *, capacity_tokens: int, batch_tokens: int, abandoned: Callable[[Payload], bool]
    ) -> None:
        self._capacity_tokens = capacity_tokens
        self._batch_tokens = batch_tokens
        self._abandoned = abandoned
        self._calls: deque[Call[Payload]] = deque()
        self._waiting_tokens = 0

    @property
    def waiting_tokens(self) -> int:
        return self._waiting_tokens

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, call: Call[Payload], *, admitted: bool = False) -> None:
        """All of the call or none of it. Raises `Overloaded` when it does not fit beside what
        waits; a call larger than the whole capacity is let into an empty queue, because waiting
        would not make it fit. `admitted` work, the rest of something let in before, always fits."""
        tokens = sum(entry.tokens for entry in call.entries)
        if not admitted and self._is_full_for(tokens):
            self.prune()
        if not admitted and self._is_full_for(tokens):
            raise Overloaded("Too much work is waiting; try again shortly.")
        if call.entries:
            self._calls.append(call)
            self._waiting_tokens += tokens

    def _is_full_for(self, tokens: int) -> bool:
        return bool(self._calls) and self._waiting_tokens + tokens > self._capacity_tokens

    def prune(self) -> None:
        """Forget the entries whose callers left."""
        for call in self._calls:
            self._drop(call, [entry for entry in call.entries if self._abandoned(entry.payload)])
        self._calls = deque(call for call in self._calls if call.entries)

    def next_batch(self) -> tuple[Hashable, list[Entry[Payload]]] | None:
        """The lane and its next entries, or None when nobody waits.

        The call at the front decides the lane; then every call of that lane gives one entry a
        round until nothing more fits. Calls that were served go to the back.
        """
        while self._calls and not self._front(self._calls[0]):
            self._calls.popleft()
        if not self._calls:
            return None
        lane = self._calls[0].lane
        sharing = [call for call in self._calls if call.lane == lane]
        batch = list(self._fill(sharing))
        served = [call for call in sharing if call.taken]
        for call in served:
            call.taken = 0
            if call.burst is not None:
                call.burst *= 2
        waiting = [call for call in self._calls if call not in served]
        self._calls = deque(call for call in (*waiting, *served) if call.entries)
        return lane, batch

    def drain(self) -> Iterator[Entry[Payload]]:
        """Take everything out, for answering it with an error."""
        while self._calls:
            yield from self._calls.popleft().entries
        self._waiting_tokens = 0

    def _fill(self, sharing: Iterable[Call[Payload]]) -> Iterator[Entry[Payload]]:
        turns = deque(sharing)
        longest = count = 0
        while turns:
            call = turns.popleft()
            entry = self._front(call)
            if entry is None:
                continue
            longest_then = max(longest, entry.tokens)
            if count and longest_then * (count + 1) > self._batch_tokens:
                continue  # this call's next one does not fit; a shorter one of another call may
            longest, count = longest_then, count + 1
            call.entries.popleft()
            call.taken += 1
            self._waiting_tokens -= entry.tokens
            yield entry
            if call.entries and (call.burst is None or call.taken < call.burst):
                turns.append(call)

    def _front(self, call: Call[Payload]) -> Entry[Payload] | None:
        """The call's next entry whose caller is still there; those before it are forgotten. Looking
        at all that wait each time would cost a long article its length squared."""
        while call.entries and self._abandoned(call.entries[0].payload):
            self._waiting_tokens -= call.entries.popleft().tokens
        return call.entries[0] if call.entries else None

    def _drop(self, call: Call[Payload], gone: list[Entry[Payload]]) -> None:
        if gone:
            left = set(map(id, gone))
            call.entries = deque(entry for entry in call.entries if id(entry) not in left)
            self._waiting_tokens -= sum(entry.tokens for entry in gone)
