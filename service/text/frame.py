"""The inline markup of one segment, and the segment's translation written with it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from service.text.entities import escaped
from service.text.occurrences import occurrences


@dataclass(frozen=True, slots=True)
class Mark:
    """A tag, or with kind "point" an empty element or a comment. `position` is that of the plain
    character it stands before; `start` and `end` are offsets into the raw text."""

    position: int
    raw: str
    kind: Literal["open", "close", "point"]
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Verbatim:
    """An element that is not translated: `shown` stands for it in the plain text, from `position` on."""

    position: int
    shown: str
    raw: str
    start: int
    end: int


class Replacement(NamedTuple):
    """`raw` stands for target[start:end]."""

    start: int
    end: int
    raw: str


@dataclass(frozen=True, slots=True)
class Frame:
    """`plain` is the segment without its tags; the positions of the marks point into it. `escaped`:
    `&`, `<` and `>` of the translation are written as entities."""

    plain: str
    raw: str
    marks: tuple[Mark, ...] = ()
    verbatims: tuple[Verbatim, ...] = ()
    escaped: bool = False

    @property
    def kept(self) -> tuple[str, ...]:
        """What must stand in a translation as it is, so that the untranslated elements find a place."""
        return tuple(each.shown for each in self.verbatims)

    def pieces(self) -> list[Frame]:
        """The segment cut wherever a mark stands; one piece more than there are marks."""
        cuts = [0, *(mark.position for mark in self.marks), len(self.plain)]
        return [
            replace(
                self,
                plain=self.plain[start:end],
                marks=(),
                verbatims=tuple(
                    replace(each, position=each.position - start)
                    for each in self.verbatims
                    if start <= each.position < end
                ),
            )
            for start, end in pairwise(cuts)
        ]

    def replacements(self, target: str) -> list[Replacement] | None:
        """Where the untranslated elements stand in the translation; None where one of them is not there
        as often as in the source."""
        found: list[Replacement] = []
        for shown in dict.fromkeys(self.kept):
            places = occurrences(shown, self.plain)
            there = occurrences(shown, target)
            if len(there) != len(places):
                return None
            for each in self.verbatims:
                if each.shown == shown and each.position not in places:
                    return None
                if each.shown == shown:
                    at = there[places.index(each.position)]
                    found.append(Replacement(at, at + len(shown), each.raw))
        return sorted(found)

    def written(self, target: str, replacements: Sequence[Replacement]) -> str:
        """`target` as it goes out, with the untranslated elements in their places."""
        parts, at = [], 0
        for start, end, raw in replacements:
            parts += [self._escaped(target[at:start]), raw]
            at = end
        return "".join([*parts, self._escaped(target[at:])])

    def around(self, target: str) -> str:
        """The last resort: all tags, in the source's order, at the two ends of the translation. An
        untranslated element that has no place in it is put behind it."""
        first = [mark.raw for mark in self.marks if mark.position == 0]
        last = [mark.raw for mark in self.marks[len(first) :]]
        found = self.replacements(target)
        lost = [] if found is not None else [f" {each.raw}" for each in self.verbatims]
        return "".join([*first, self.written(target, found or ()), *lost, *last])

    def _escaped(self, text: str) -> str:
        return escaped(text, self.raw) if self.escaped else text


def join_pieces(frame: Frame, targets: Sequence[str]) -> str | None:
    """Translations of `frame.pieces()`, with the marks between them again; None where an untranslated
    element found no place."""
    parts = []
    for number, (piece, target) in enumerate(zip(frame.pieces(), targets, strict=True)):
        found = piece.replacements(target)
        if found is None:
            return None
        parts.append(piece.written(target, found))
        if number < len(frame.marks):
            parts.append(frame.marks[number].raw)
    return "".join(parts)


def same_tags(frame: Frame, written: str) -> bool:
    """Whether all tags, comments and untranslated elements of the segment stand in what was written of
    it, each as often as in the source."""
    wanted = Counter([*(mark.raw for mark in frame.marks), *(each.raw for each in frame.verbatims)])
    return all(written.count(raw) >= count for raw, count in wanted.items())
