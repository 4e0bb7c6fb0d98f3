"""Segments decoded before, for texts that hold the same ones again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from service.backends.protocol import Hypothesis

MOST_ENTRIES = 200_000

_OVERHEAD = 600
"""Bytes that an entry takes beside its texts: the key, the options' share, a hypothesis, its numbers."""

_LARGEST_PART = 16
"""An entry larger than this part of the cache would throw out too many others."""


class SegmentCache:
    """The hypotheses used last, at most `most_bytes` and `MOST_ENTRIES` of them. A key is all that decoding
    depends on: the loaded model, which is of one revision, the options and the source. A cache of 0 bytes
    keeps nothing."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[Hashable, str], tuple[Hypothesis, int]] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, lane: Hashable, source: str) -> Hypothesis | None:
        found = self._kept.get((lane, source))
        if found is None:
            return None
        self._kept.move_to_end((lane, source))
        return found[0]

    def keep(self, lane: Hashable, source: str, hypothesis: Hypothesis) -> None:
        if not self._most_bytes:
            return
        size = _text_bytes(source)
        for each in (hypothesis, *hypothesis.others):
            size += _OVERHEAD + _text_bytes(each.target) + 120 * len(each.alignment or ())
        if size * _LARGEST_PART > self._most_bytes or (lane, source) in self._kept:
            return
        self._kept[lane, source] = (hypothesis, size)
        self._bytes += size
        while self._bytes > self._most_bytes or len(self._kept) > MOST_ENTRIES:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0


def _text_bytes(text: str) -> int:
    """What Python holds it in: one, two or four bytes a character, whichever the widest needs."""
    widest = max(text, default="\0")
    return len(text) * (1 if widest < "\u0100" else 2 if widest < "\U00010000" else 4)
