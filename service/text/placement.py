"""Inline tags put where their words went: from the alignment of words, nested as they were."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from service.text.frame import Frame, Mark, Replacement

_WORD = re.compile(r"\S+")
_GAP = 2
"""Target words without a partner that may lie within an element; more of them part it."""
_STRETCH = 2
"""An element may grow to so many times its words, and as many more; beyond, it holds what is not its own."""


_SYLLABLE = 3
"""Letters from which part of a word is one that another language may say in a word of its own."""


class _Unplaced(Exception):
    pass


@dataclass(slots=True)
class _Element:
    """An element, or a point where `end` is `start` and nothing closes it. Without `opening` it began in
    an earlier segment, without `closing` it goes on in the next."""

    start: int
    end: int
    name: str = ""
    opening: str = ""
    closing: str = ""
    point: bool = False
    children: list[_Element] = field(default_factory=list)


def place(
    frame: Frame, target: str, alignment: Sequence[tuple[int, int]] | None, *, source_words: int
) -> str | None:
    """The translation with the segment's tags, or None where the alignment does not tell where one of
    them belongs. Tags around the whole segment need no alignment. `alignment` pairs words, counted from 0
    between white space, of a source of `source_words` words."""
    found = frame.replacements(target)
    if found is None:
        return None
    if not frame.marks:
        return frame.written(target, found)
    placer = _Placer(frame, target, alignment, found, source_words)
    try:
        return placer.write(_tree(frame), 0, len(target))
    except _Unplaced:
        return None


def _tree(frame: Frame) -> _Element:
    """Wrongly nested end tags become points: they keep their place and close nothing."""
    root = _Element(0, len(frame.plain))
    stack = [root]
    for mark in frame.marks:
        if mark.kind == "point":
            stack[-1].children.append(_point(mark))
        elif mark.kind == "open":
            element = _Element(mark.position, len(frame.plain), mark.name, mark.raw)
            stack[-1].children.append(element)
            stack.append(element)
        elif len(stack) > 1 and stack[-1].name == mark.name:
            element = stack.pop()
            element.end, element.closing = mark.position, mark.raw
        elif len(stack) > 1:
            stack[-1].children.append(_point(mark))
        else:
            begun = _Element(0, mark.position, mark.name, "", mark.raw, children=root.children)
            root.children = [begun]
    return root


def _point(mark: Mark) -> _Element:
    return _Element(mark.position, mark.position, mark.name, mark.raw, point=True)


class _Placer:
    def __init__(
        self,
        frame: Frame,
        target: str,
        alignment: Sequence[tuple[int, int]] | None,
        replacements: Sequence[Replacement],
        source_words: int,
    ) -> None:
        self._frame, self._target, self._replacements = frame, target, replacements
        self._source = [found.span() for found in _WORD.finditer(frame.plain)]
        self._words = [found.span() for found in _WORD.finditer(target)]
        self._partners: defaultdict[int, set[int]] = defaultdict(set)
        self._origins: defaultdict[int, set[int]] = defaultdict(set)
        self._known = alignment is not None and len(self._source) == source_words
        for source, word in (alignment or ()) if self._known else ():
            if source < len(self._source) and word < len(self._words):
                self._partners[source].add(word)
                self._origins[word].add(source)

    def write(self, element: _Element, low: int, high: int) -> str:
        """target[low:high], which is the element's share, with its tags and those within it."""
        placed = sorted(
            ((*self._range(child, low, high), order, child) for order, child in enumerate(element.children)),
            key=lambda each: each[:3],
        )
        placed = self._without_points_inside(placed)
        parts, at = [element.opening], low
        for start, end, _, child in placed:
            if start < at:
                raise _Unplaced
            parts += [self._text(at, start), self.write(child, start, end)]
            at = end
        return "".join([*parts, self._text(at, high), element.closing])

    def _without_points_inside(
        self, placed: list[tuple[int, int, int, _Element]]
    ) -> list[tuple[int, int, int, _Element]]:
        """A point that came to lie within a neighbour moves to the side of it where it was."""
        elements = [each for each in placed if not each[3].point]
        moved = []
        for start, end, order, child in placed:
            around = [e for e in elements if child.point and e[0] < start < e[1]]
            if around:
                first, last, other, _ = around[0]
                side = first if order < other else last
                moved.append((side, side, order, child))
            else:
                moved.append((start, end, order, child))
        return sorted(moved, key=lambda each: each[:3])

    def _text(self, low: int, high: int) -> str:
        inside = [
            Replacement(start - low, end - low, raw)
            for start, end, raw in self._replacements
            if low <= start and end <= high and start < high
        ]
        return self._frame.written(self._target[low:high], inside)

    def _range(self, element: _Element, low: int, high: int) -> tuple[int, int]:
        """The share of target[low:high] that belongs to the element."""
        text = self._frame.plain[element.start : element.end].strip()
        if element.point or not text:
            at = min(max(self._snap(self._place_of(element.start, low, high), last=False), low), high)
            return at, at
        words = self._words_of(element.start, element.end)
        if not words:
            start, end = self._same_signs(element, text)
        elif element.opening and element.closing and self._is_within_a_word(element):
            start, end = self._part_of_a_word(element, text, words)
        else:
            start, end = self._extent(element, words)
        start, end = self._snap(start, last=False), self._snap(end, last=True)
        start = max(low, start) if element.opening else low
        end = min(high, end) if element.closing else high
        if start >= end:
            raise _Unplaced
        return start, end

    def _same_signs(self, element: _Element, text: str) -> tuple[int, int]:
        """An element without a letter or digit, an emoji or a dash: the same signs in the target."""
        places, there = _finds(text, self._frame.plain), _finds(text, self._target)
        at = self._frame.plain.find(text, element.start)
        if len(places) != len(there) or at not in places:
            raise _Unplaced
        found = there[places.index(at)]
        return found, found + len(text)

    def _is_within_a_word(self, element: _Element) -> bool:
        plain = self._frame.plain
        return any(
            plain[at - 1 : at].isalnum() and plain[at : at + 1].isalnum()
            for at in (element.start, element.end)
        )

    def _part_of_a_word(self, element: _Element, text: str, words: Sequence[int]) -> tuple[int, int]:
        """A note's number, an index: where it stands in the target word as it is. Other parts, as of a
        compound, mark the whole word."""
        partners = [word for source in words for word in self._partners[source]]
        if not partners:
            raise _Unplaced
        start, end = self._words[min(partners)][0], self._words[max(partners)][1]
        found = _finds(text, self._target[start:end])
        if len(found) == 1:
            return start + found[0], start + found[0] + len(text)
        if found or len(text) < _SYLLABLE or any(map(str.isdigit, text)):
            raise _Unplaced
        return self._extent(element, words)

    def _words_of(self, start: int, end: int) -> list[int]:
        """Source words of which a letter or digit lies within."""
        plain = self._frame.plain
        return [
            number
            for number, (first, last) in enumerate(self._source)
            if first < end and last > start and _has_content(plain[max(first, start) : min(last, end)])
        ]

    def _extent(self, element: _Element, words: Sequence[int]) -> tuple[int, int]:
        everything = self._words_of(0, len(self._frame.plain))
        if len(words) == len(everything):
            first, last = 0, len(self._words) - 1
        elif not self._known:
            raise _Unplaced
        elif not element.opening:
            first, last = 0, self._split(lambda word: word <= words[-1]) - 1
        elif not element.closing:
            first, last = self._split(lambda word: word < words[0]), len(self._words) - 1
        else:
            first, last = self._cluster(words)
        if last < first:
            raise _Unplaced
        text = self._frame.plain[element.start : element.end].strip()
        start, end = self._words[first][0], self._words[last][1]
        if _has_content(self._target[start:end]):
            while text[0].isalnum() and not self._target[start].isalnum():
                start += 1
            while text[-1].isalnum() and not self._target[end - 1].isalnum():
                end -= 1
        return start, end

    def _cluster(self, words: Sequence[int]) -> tuple[int, int]:
        """First and last of the target words that were made of these, strays left out."""
        partners = sorted(set().union(*(self._partners[word] for word in words)))
        if not partners:
            raise _Unplaced
        groups = [[partners[0]]]
        for word in partners[1:]:
            if word - groups[-1][-1] > _GAP + 1:
                groups.append([])
            groups[-1].append(word)
        first, *_, last = best if len(best := max(groups, key=len)) > 1 else best * 2
        foreign = [
            word
            for word in range(first, last + 1)
            if self._origins[word] and not self._origins[word] & set(words)
        ]
        if last + 1 - first > _STRETCH * (len(words) + 1) or 3 * len(foreign) > last + 1 - first:
            raise _Unplaced
        return first, last

    def _split(self, is_before: Callable[[int], bool]) -> int:
        """How many target words stand before the split that parts best those made of source words before
        it from the others."""
        sides = [
            0 if not origins else 1 if all(map(is_before, origins)) else -1
            for origins in (self._origins[word] for word in range(len(self._words)))
        ]
        gain, best, split = 0, 0, 0
        for word, side in enumerate(sides):
            gain += side
            if gain > best:
                best, split = gain, word + 1
        return split

    def _place_of(self, position: int, low: int, high: int) -> int:
        """Where what stands at this place of the source belongs: behind the word it touches, else before
        the word that follows."""
        plain = self._frame.plain
        if not plain[:position].strip():
            return low
        if not plain[position:].strip():
            return high
        touching = [n for n, (first, last) in enumerate(self._source) if first < position <= last]
        if touching:
            words = sorted(self._partners[touching[0]])
            if not words:
                raise _Unplaced
            end = self._words[words[-1]][1]
            if plain[position - 1].isalnum():
                while end > self._words[words[-1]][0] + 1 and not self._target[end - 1].isalnum():
                    end -= 1
            return end
        following = next(n for n, (first, _) in enumerate(self._source) if first >= position)
        words = sorted(self._partners[following])
        if not words:
            raise _Unplaced
        return self._words[words[0]][0]

    def _snap(self, at: int, *, last: bool) -> int:
        """Out of the middle of an untranslated element."""
        for start, end, _ in self._replacements:
            if start < at < end:
                return end if last else start
        return at


def _finds(part: str, text: str) -> list[int]:
    return [found.start() for found in re.finditer(re.escape(part), text)]


def _has_content(text: str) -> bool:
    return any(map(str.isalnum, text))
