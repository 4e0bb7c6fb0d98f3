"""A text with HTML or XML in it: its plain text, and where in it each tag stands."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from typing import Generic, Literal, TypeVar

from service.text.frame import Frame, Mark, Verbatim
from service.text.page import INLINE
from service.text.segment import Segment
from service.text.tags import CDATA, NO_RULES, Dialect, Kind, Piece, TagRules, scan

Markup = Literal["html", "xml", "text"]
"""`text`: tags in what was sent as plain text. They are kept, and entities stay as they are written."""


_CODE = frozenset("code kbd samp var tt".split())
_UNTRANSLATED = re.compile(
    r"\stranslate\s*=\s*[\"']?no\b|\sclass\s*=\s*(?:\"[^\"]*|'[^']*|)\bnotranslate\b", re.IGNORECASE
)
_PREFORMATTED = frozenset({"pre", "textarea"})
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\s.!?:;…<>&]{1,60}")
_HARD_END = "\n\n"
_WRITTEN = frozenset({Kind.TEXT, Kind.LITERAL})

_TELLTALE = re.compile(
    r"</[A-Za-z][\w:-]{0,30}\s{0,10}>|<(?:br|hr|img|p|b|i|u|em|strong|span|div|a|li|ul|ol|h[1-6]|table|td|tr)"
    r"(?:\s[^<>]{0,500})?/?>|<!--",
    re.IGNORECASE,
)


def holds_markup(text: str) -> bool:
    """Whether what was sent as plain text has tags of HTML or XML in it."""
    return "<" in text and _TELLTALE.search(text) is not None


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


def read_markup(raw: str, markup: Markup, rules: TagRules = NO_RULES) -> MarkedText:
    """Any text; never fails. Unclosed, stray and wrongly nested tags are kept as they are. The rules
    overrule what is known of HTML's tags and what the structure of XML suggests."""
    dialect: Dialect = "xml" if markup == "xml" else "html"
    pieces = list(scan(raw, dialect))
    return _Reading(raw, markup, pieces, rules if dialect == "xml" else rules.for_html()).read()


class _Reading:
    def __init__(self, raw: str, markup: Markup, pieces: list[Piece], rules: TagRules) -> None:
        self._raw, self._markup, self._pieces, self._rules = raw, markup, pieces, rules
        self._inline = _inline_tags(raw, pieces, "xml" if markup == "xml" else "html", rules)
        self._parts: list[str] = []
        self._length = 0
        self._starts, self._ends = array("q"), array("q")
        self._marks: list[Mark] = []
        self._verbatims: list[Verbatim] = []
        self._literals: list[tuple[int, int]] = []
        self._preformatted = 0

    def read(self) -> MarkedText:
        index = 0
        while index < len(self._pieces):
            piece = self._pieces[index]
            if piece.kind is Kind.TEXT:
                self._text(piece)
            elif piece.kind is Kind.LITERAL:
                self._literals.append((piece.start, piece.end))
                self._characters(piece.start, piece.end)
            elif piece.kind is Kind.OPEN and self._is_untranslated(piece):
                index = self._untranslated(index)
            else:
                self._tag(piece, inline=index in self._inline)
            index += 1
        return MarkedText(
            self._raw,
            "".join(self._parts),
            self._markup,
            self._starts,
            self._ends,
            tuple(self._marks),
            tuple(self._verbatims),
            tuple(self._literals),
        )

    def _tag(self, piece: Piece, *, inline: bool) -> None:
        if piece.name in _PREFORMATTED:
            self._preformatted += {Kind.OPEN: 1, Kind.CLOSE: -1}.get(piece.kind, 0)
            self._preformatted = max(0, self._preformatted)
        if not inline:
            self._emit(_HARD_END, piece.start, piece.start)
            return
        kind: Literal["open", "close", "point"] = "point"
        if piece.kind in {Kind.OPEN, Kind.CLOSE}:
            kind = "open" if piece.kind is Kind.OPEN else "close"
        self._mark(piece.start, piece.end, kind, piece.name)
        if piece.name == "br":
            self._emit(" " if piece.name in self._rules.joining else "\n", piece.start, piece.start)

    def _mark(self, start: int, end: int, kind: Literal["open", "close", "point"], name: str) -> None:
        self._marks.append(Mark(self._length, self._raw[start:end], kind, name, start, end))

    def _is_untranslated(self, piece: Piece) -> bool:
        return (
            piece.name in _CODE
            or piece.name in self._rules.ignored
            or _UNTRANSLATED.search(self._raw, piece.start, piece.end) is not None
        )

    def _untranslated(self, index: int) -> int:
        """Take the whole element as it is; the index of its last piece."""
        first = self._pieces[index]
        last, depth = index, 0
        for number in range(index, len(self._pieces)):
            piece = self._pieces[number]
            if piece.name == first.name:
                depth += {Kind.OPEN: 1, Kind.CLOSE: -1}.get(piece.kind, 0)
            if depth == 0:
                last = number
                break
        else:
            self._tag(first, inline=index in self._inline)  # never closed: a tag like any other
            return index
        start, end = first.start, self._pieces[last].end
        if index not in self._inline:
            self._emit(_HARD_END, start, start)
            return last
        inside = (piece for piece in self._pieces[index + 1 : last] if piece.kind in _WRITTEN)
        text = "".join(self._raw[piece.start : piece.end] for piece in inside)
        if self._markup != "text":
            text = unescape(text)
        if not text.strip():
            self._mark(start, end, "point", first.name)
            return last
        if not _WORD.fullmatch(text):
            text = self._stand_in()
        if self._parts and self._parts[-1][-1].isalnum() and text[0].isalnum():
            self._emit(" ", start, start)  # glued to a word it could not be told from it
        self._verbatims.append(Verbatim(self._length, text, self._raw[start:end], start, end))
        self._parts.append(text)
        self._length += len(text)
        self._starts.extend([start] * len(text))
        self._ends.extend([end] * len(text))
        if text[-1].isalnum() and self._raw[end : end + 1].isalnum():
            self._emit(" ", end, end)
        return last

    def _stand_in(self) -> str:
        """A word that is not in the text, for a verbatim that would be taken for a sentence."""
        number = len(self._verbatims) + 1
        while (word := f"X{number}X") in self._raw:
            number += 1000
        return word

    def _text(self, piece: Piece) -> None:
        at = piece.start
        if self._markup != "text":
            for entity in _ENTITY.finditer(self._raw, piece.start, piece.end):
                written = unescape(entity[0])
                if written != entity[0]:
                    self._characters(at, entity.start())
                    self._emit(written, entity.start(), entity.end())
                    at = entity.end()
        self._characters(at, piece.end)

    def _characters(self, start: int, end: int) -> None:
        """Text as it stands; outside of preformatted parts a run of white space is one space."""
        if self._markup == "text" or self._preformatted:
            self._plain(start, end)
            return
        at = start
        for space in _SPACE.finditer(self._raw, start, end):
            if space[0] == " ":
                continue
            self._plain(at, space.start())
            self._emit(" ", space.start(), space.end())
            at = space.end()
        self._plain(at, end)

    def _plain(self, start: int, end: int) -> None:
        if end > start:
            self._parts.append(self._raw[start:end])
            self._length += end - start
            self._starts.extend(range(start, end))
            self._ends.extend(range(start + 1, end + 1))

    def _emit(self, written: str, start: int, end: int) -> None:
        """What stands in the plain text for raw[start:end]."""
        self._parts.append(written)
        self._length += len(written)
        self._starts.extend([start] * len(written))
        self._ends.extend([end] * len(written))


def _inline_tags(raw: str, pieces: Sequence[Piece], dialect: Dialect, rules: TagRules) -> frozenset[int]:
    """Indices of the tags that stand within running text. In HTML the name tells; in XML, and for
    comments and the names of no HTML element, an element is inline where text stands beside it or around
    its parent."""
    parents, beside = _family(raw, pieces)
    inline_elements: dict[int, bool] = {}
    inline: set[int] = set()
    stack = [("", False)]
    for index, piece in enumerate(pieces):
        parent = parents[index]
        mixed = beside[parent] or inline_elements.get(parent, False)
        named = dialect == "html" and piece.name != "" and "-" not in piece.name
        flows = piece.name in INLINE or piece.name == "br" if named else mixed
        if piece.name in rules.splitting or piece.name in rules.joining:
            flows = piece.name not in rules.splitting
        if piece.name == CDATA:
            flows = False  # its text is written without entities, so it is a block of its own
        if piece.kind is Kind.OPEN:
            inline_elements[index + 1] = flows
            stack.append((piece.name, flows))
        elif piece.kind is Kind.CLOSE and len(stack) > 1 and stack[-1][0] == piece.name:
            flows = stack.pop()[1]
        if flows and piece.kind not in _WRITTEN:
            inline.add(index)
    return frozenset(inline)


def _family(raw: str, pieces: Sequence[Piece]) -> tuple[list[int], dict[int, bool]]:
    """The element each piece stands in (its opening piece's index + 1; 0: none), and which elements have
    text of their own."""
    parents: list[int] = []
    beside: dict[int, bool] = {0: False}
    stack = [("", 0)]
    for index, piece in enumerate(pieces):
        if piece.kind is Kind.CLOSE and stack[-1][0] == piece.name and len(stack) > 1:
            stack.pop()
        parents.append(stack[-1][1])
        if piece.kind in _WRITTEN:
            if raw[piece.start : piece.end].strip():
                beside[stack[-1][1]] = True
        elif piece.kind is Kind.OPEN:
            stack.append((piece.name, index + 1))
            beside[index + 1] = False
    return parents, beside
