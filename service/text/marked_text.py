"""A text whose tags were read apart from it, and its segments with the tags that belong to them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from service.text.frame import Frame, Mark, Verbatim
from service.text.segment import Segment

Markup = Literal["html", "xml", "text"]
"""`text`: tags in what was sent as plain text. They are kept, and entities stay as they are written."""


@dataclass(frozen=True, slots=True)
class MarkedText:
    """`plain` is what a reader sees, with a blank line at the ends of blocks. `starts[i]` and `ends[i]`
    are where character i of it begins and ends in `raw`. `marks` are the inline tags, comments and empty
    elements, in order; a mark's `position` is that of the plain character it stands before."""

    raw: str
    plain: str
    markup: Markup
    starts: array[int]
    ends: array[int]
    marks: tuple[Mark, ...]
    verbatims: tuple[Verbatim, ...]
    literals: tuple[tuple[int, int], ...]

    def segments(self, plain: Sequence[Segment]) -> list[Segment]:
        """The segments of the plain text as stretches of the raw one, each with the inline tags that
        belong to it: those it holds, end tags right behind it and start tags right before it. All other
        tags stand in the separators. Joined, the segments are `raw`."""
        spans = [self._raw_span(segment) for segment in plain]
        bounds = list(self._with_edges(spans))
        marked: list[Segment] = []
        first = next((start for start, end in bounds if end > start), len(self.raw))
        if first and not (plain and not plain[0].source):
            marked.append(Segment("", self.raw[:first], 0, self.raw[:first], "", translatable=False))
        marks, verbatims = _Pointer(self.marks), _Pointer(self.verbatims)
        literals = iter(self.literals)
        literal = next(literals, None)
        for index, (segment, (start, end)) in enumerate(zip(plain, bounds, strict=True)):
            following = bounds[index + 1][0] if index + 1 < len(bounds) else len(self.raw)
            separator = self.raw[end:following]
            while literal is not None and literal[1] <= start:
                literal = next(literals, None)
            frame = Frame(
                plain=segment.source,
                raw=self.raw[start:end],
                marks=tuple(
                    replace(mark, position=max(0, mark.position - segment.start))
                    for mark in marks.within(start, end)
                ),
                verbatims=tuple(
                    replace(each, position=each.position - segment.start)
                    for each in verbatims.within(start, end)
                ),
                escaped=self.markup != "text" and not (literal and literal[0] <= start < literal[1]),
            )
            glued = segment.joint if separator == segment.separator or not separator else separator
            marked.append(
                replace(
                    segment,
                    source=self.raw[start:end],
                    separator=separator,
                    start=start,
                    joint=glued,
                    frame=frame if segment.source else None,
                )
            )
        return marked

    def _raw_span(self, segment: Segment) -> tuple[int, int]:
        if not segment.source:
            at = self.starts[segment.start] if segment.start < len(self.starts) else len(self.raw)
            return (0, 0) if segment.start == 0 else (at, at)
        return self.starts[segment.start], self.ends[segment.end - 1]

    def _with_edges(self, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The spans with the end tags that touch them from behind and the start tags that touch them
        from before."""
        opening = {mark.end: mark.start for mark in self.marks if mark.kind == "open"}
        closing = {mark.start: mark.end for mark in self.marks if mark.kind == "close"}
        edge = 0
        for first, last in spans:
            start, end = first, last
            if end > start:
                while (before := opening.get(start)) is not None and before >= edge:
                    start = before
                while (behind := closing.get(end)) is not None:
                    end = behind
            edge = end
            yield start, end


_Item = TypeVar("_Item", Mark, Verbatim)


class _Pointer(Generic[_Item]):
    """Walks along a sorted list with the segments, instead of searching it for each."""

    def __init__(self, items: Sequence[_Item]) -> None:
        self._items: Sequence[_Item] = items
        self._at = 0

    def within(self, start: int, end: int) -> Iterator[_Item]:
        while self._at < len(self._items) and self._items[self._at].start < start:
            self._at += 1
        while self._at < len(self._items) and self._items[self._at].end <= end:
            yield self._items[self._at]
            self._at += 1
