"""Which segments go to the engine together now: decisions only, no clock, no thread, no future."""

from __future__ import annotations

import math
from bisect import insort_left, insort_right
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic

from service.batching.call import Call, Entry, Payload, Window
from service.errors import Overloaded


@dataclass(frozen=True, slots=True)
class Space:
    """For one batch: of `padded` tokens (its longest source times its count), and of about so many
    `tokens` of text, where others will take the rest."""

    padded: int
    tokens: float = math.inf

    @classmethod
    def part(cls, padded: int, *, waiting: int, threads: int) -> Space:
        """Of `waiting` tokens an even part, or a little more, lest a rest is left: of as many as it takes,
        and of the same number for each of the `threads` that begin together."""
        batches = math.ceil(waiting * _PADDING / padded)
        return cls(padded, _EVEN * waiting / (math.ceil(batches / threads) * threads or 1))


Group = tuple[Hashable, bool]
"""A lane, and whether the calls are short: entries of one group may share a batch."""

Room = Callable[[Hashable, int], Space | None]
"""What of a lane may go to the engine now, of so many tokens that wait; None: nothing."""

_EVEN = 1.1
"""Times an even part."""

_PADDING = 1.2
"""Padded tokens for one of text: of articles of 25 sentences 412 of text went into batches of 512."""

_LAST_PART = 0.9
"""What of the capacity is filled is kept free for callers that have less than their share waiting."""


class SegmentQueue(Generic[Payload]):
    """Callers take turns, whatever they have waiting. Of one caller the oldest call goes first, where a long
    one counts as younger by as much as it holds: those of like length are served in their order, so that
    some are done when there is too much for all, and a little one need not wait for a book.

    A batch never mixes lanes, nor short calls with long ones, and never costs more padded tokens (its
    longest source times its count) than there is room, except that a single longer source goes alone. The
    first segment of the call whose turn it is goes; with it go those of like length, because padding costs
    as much as text.

    `abandoned` tells whether the caller of a payload has left; such entries are dropped unseen.
    """

    def __init__(self, *, capacity_tokens: int, abandoned: Callable[[Payload], bool]) -> None:
        self._capacity_tokens = capacity_tokens
        self._abandoned = abandoned
        self._callers: OrderedDict[str, list[Call[Payload]]] = OrderedDict()
        self._waiting: Counter[Group] = Counter()
        self._waiting_of: Counter[str] = Counter()
        self._served_tokens = 0
        self._somebody_left = False

    @property
    def waiting_tokens(self) -> int:
        return self._waiting.total()

    def __bool__(self) -> bool:
        return bool(self._callers)

    def add(self, call: Call[Payload], *, admitted: bool = False) -> None:
        """All of the call or none of it. Raises `Overloaded` when it does not fit beside what
        waits; a call larger than the whole capacity is let into an empty queue, because waiting
        would not make it fit. `admitted` work, the rest of something let in before, always fits."""
        if not admitted:
            self.require_room(call.caller, call.tokens)
        if call.entries:
            # Of one request what came last goes first: the second half of a pivot, which a stream waits for.
            insort = insort_right if call.due is None else insort_left
            if call.due is None:
                call.due = self._served_tokens + call.tokens
            insort(self._callers.setdefault(call.caller, []), call, key=lambda each: each.due or 0)
            self._count(call.caller, call.group, call.tokens)

    def require_room(self, caller: str, tokens: int, *, promised: int = 0) -> None:
        """Raises `Overloaded` where so many more tokens of the caller's do not fit, beside what waits and
        what is `promised` to others."""
        if self._is_full_for(caller, tokens, promised):
            self.prune()
        if self._is_full_for(caller, tokens, promised):
            raise Overloaded("Too much work is waiting; try again shortly.")

    def tokens_before(self, caller: str, tokens: int, *, short: bool) -> int:
        """What is decoded before so many tokens of the caller's are, as callers take turns: of everybody
        else no more than of the caller itself. Short calls wait for each other only."""
        if short:
            return sum(waiting for (_, is_short), waiting in self._waiting.items() if is_short)
        own = self._waiting_of[caller]
        others = (waiting for each, waiting in self._waiting_of.items() if each != caller)
        return own + sum(min(each, own + tokens) for each in others)

    def somebody_left(self) -> None:
        """Some entries are abandoned now, and somewhere."""
        self._somebody_left = True

    def prune(self) -> bool:
        """Forget the entries whose callers left; whether any may have, since the last time. To look at all
        that waits for everybody who is refused would cost most when there is most to do."""
        if not self._somebody_left:
            return False
        self._somebody_left = False
        for caller, calls in self._callers.items():
            for call in calls:
                self._count(caller, call.group, -call.forget(self._abandoned, all_of_them=True))
        self._sweep(list(self._callers))
        return True

    def next_batch(
        self, room: Room, *, short_only: bool = False
    ) -> tuple[Hashable, list[Entry[Payload]]] | None:
        """The lane and its next entries; None when nobody waits for whom there is room. `room` is asked once
        for a lane: thousands of calls may wait, while the engine has none."""
        spaces: dict[Group, Space | None] = {}
        for caller, calls in self._callers.items():
            for call in calls:
                group = call.group
                if (short_only and not call.short) or (group in spaces and spaces[group] is None):
                    continue
                self._count(caller, group, -call.forget(self._abandoned))
                if not call.entries:
                    continue
                if group not in spaces:
                    spaces[group] = room(call.lane, self._waiting[group])
                if space := spaces[group]:
                    return call.lane, self._led_by(caller, call, space)
        self._sweep(list(self._callers))
        return None

    def drain(self) -> Iterator[Entry[Payload]]:
        """Take everything out, for answering it with an error."""
        callers, self._callers = self._callers, OrderedDict()
        self._waiting.clear()
        self._waiting_of.clear()
        for calls in callers.values():
            for call in calls:
                yield from call.entries

    def _led_by(self, caller: str, lead: Call[Payload], space: Space) -> list[Entry[Payload]]:
        """The batch of the call whose turn it is; afterwards its caller goes to the back."""
        self._callers.move_to_end(caller, last=False)
        windows = deque(
            self._windows(calls, lead.group, lead.entries[0].tokens) for calls in self._callers.values()
        )
        batch, opened = self._filled(windows, space)
        self._callers.move_to_end(caller)
        for window in opened:
            self._count(window.caller, lead.group, -window.close())
        self._served_tokens += sum(entry.tokens for entry in batch)
        self._sweep({window.caller for window in opened})
        return batch

    def _windows(
        self, calls: Sequence[Call[Payload]], group: Group, length: int
    ) -> Iterator[Window[Payload]]:
        """Of one caller's calls in their order, each opened when it is wanted."""
        return (Window(call, length, self._abandoned) for call in calls if call.group == group)

    def _filled(
        self, callers: deque[Iterator[Window[Payload]]], space: Space
    ) -> tuple[list[Entry[Payload]], list[Window[Payload]]]:
        """One entry of each caller a round, of the first of its calls that has one that fits; and the windows
        that were opened."""
        batch: list[Entry[Payload]] = []
        opened: list[Window[Payload]] = []
        longest = total = 0

        def fits(entry: Entry[Payload]) -> bool:
            padded = max(longest, entry.tokens) * (len(batch) + 1)
            return not batch or (padded <= space.padded and total + entry.tokens <= space.tokens)

        turns: deque[tuple[Window[Payload] | None, Iterator[Window[Payload]]]]
        turns = deque((None, windows) for windows in callers)
        while turns and (not batch or longest * (len(batch) + 1) <= space.padded):
            window, others = turns.popleft()
            if window is None:
                window = next(others, None)
                if window is None:
                    continue
                opened.append(window)
            entry = window.take(fits)
            if entry is None:
                turns.appendleft((None, others))
                continue
            longest, total = max(longest, entry.tokens), total + entry.tokens
            batch.append(entry)
            turns.append((window, others))
        return batch, opened

    def _is_full_for(self, caller: str, tokens: int, promised: int) -> bool:
        if not self._callers and not promised:
            return False
        callers = len(self._callers) + 1
        has_its_share = (self._waiting_of[caller] + tokens) * callers > self._capacity_tokens
        part = _LAST_PART if has_its_share else 1.0
        return self.waiting_tokens + promised + tokens > part * self._capacity_tokens

    def _count(self, caller: str, group: Group, tokens: int) -> None:
        self._waiting[group] += tokens
        self._waiting_of[caller] += tokens

    def _sweep(self, callers: Iterable[str]) -> None:
        """Forget their calls that have nothing left, and who has no others."""
        for caller in callers:
            kept = [call for call in self._callers[caller] if call.entries]
            if kept:
                self._callers[caller] = kept
            else:
                del self._callers[caller]
                del self._waiting_of[caller]
        self._waiting = +self._waiting  # lanes that nothing waits in are not kept alive
