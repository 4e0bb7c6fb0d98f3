"""A text with HTML or XML in it read: its plain text, and where in it each tag stands."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator
from html import unescape
from itertools import count
from typing import Literal

from service.text.attributes import asks_for_no_translation
from service.text.elements import WRITTEN, closing_tags, inline_tags, left_open
from service.text.entities import entities
from service.text.frame import Mark, Verbatim
from service.text.marked_text import MarkedText, Markup
from service.text.tags import NO_RULES, Dialect, Kind, Piece, TagRules, scan

_CODE = frozenset("code kbd samp var tt".split())
_PREFORMATTED = frozenset({"pre", "textarea"})
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\s.!?:;…<>&]{1,60}")
_STAND_IN = re.compile(r"X([1-9]\d{0,8})(?=X)")  # no text has room for a billion of them
_HARD_END = "\n\n"

_ATTRIBUTES = r"(?:\s{1,20}[A-Za-z][\w:.-]{0,50}\s{0,20}=[^<>]{0,500})?"
_TELLTALE = re.compile(
    r"</[A-Za-z][\w:-]{0,30}\s{0,10}>|<(?:br|hr|img|p|b|i|u|em|strong|span|div|a|li|ul|ol|h[1-6]|table|td|tr)"
    rf"{_ATTRIBUTES}\s{{0,20}}/?>|<[A-Za-z][\w:-]{{0,30}}{_ATTRIBUTES}\s{{0,20}}/>|<!--",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[^\W_]+")


def holds_markup(text: str) -> bool:
    """Whether what was sent as plain text has tags of HTML or XML in it."""
    return "<" in text and _TELLTALE.search(text) is not None


def read_markup(raw: str, markup: Markup, rules: TagRules = NO_RULES) -> MarkedText:
    """Any text; never fails. Unclosed, stray and wrongly nested tags are kept as they are. The rules
    overrule what is known of HTML's tags and what the structure of XML suggests."""
    dialect: Dialect = "xml" if markup == "xml" else "html"
    pieces = list(scan(raw, dialect))
    return _Reading(raw, markup, pieces, rules if dialect == "xml" else rules.for_html()).read()


def _stand_ins(raw: str) -> Iterator[str]:
    """Words that are not in the text, for verbatims that would be taken for sentences."""
    taken = {int(found[1]) for found in _STAND_IN.finditer(raw)}
    return (f"X{number}X" for number in count(1) if number not in taken)


class _Reading:
    def __init__(self, raw: str, markup: Markup, pieces: list[Piece], rules: TagRules) -> None:
        self._raw, self._markup, self._pieces, self._rules = raw, markup, pieces, rules
        self._inline = inline_tags(raw, pieces, "xml" if markup == "xml" else "html", rules)
        self._closing = closing_tags(pieces)
        self._left_open = left_open(pieces, self._inline) if markup != "xml" else {}
        self._tokens = Counter(_TOKEN.findall(raw)) if "<" in raw else Counter()
        self._stand_ins = _stand_ins(raw)
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
            or asks_for_no_translation(self._raw[piece.start : piece.end])
        )

    def _untranslated(self, index: int) -> int:
        """Take the whole element as it is; the index of its last piece."""
        first = self._pieces[index]
        last = self._closing.get(index, self._left_open.get(index))
        if last is None:
            self._tag(first, inline=index in self._inline)  # never closed: a tag like any other
            return index
        start, end = first.start, self._pieces[last].end
        if index not in self._inline:
            self._emit(_HARD_END, start, start)
            return last
        inside = (piece for piece in self._pieces[index + 1 : last] if piece.kind in WRITTEN)
        text = "".join(self._raw[piece.start : piece.end] for piece in inside)
        if self._markup != "text":
            text = unescape(text)
        if not text.strip():
            self._mark(start, end, "point", first.name)
            return last
        if not _WORD.fullmatch(text) or self._is_elsewhere(text):
            text = next(self._stand_ins)
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

    def _is_elsewhere(self, text: str) -> bool:
        """Whether the same words may stand beside the element, where they are to be translated."""
        return all(self._tokens[token] > 1 for token in _TOKEN.findall(text))

    def _text(self, piece: Piece) -> None:
        at = piece.start
        if self._markup != "text":
            for start, end, written in entities(self._raw, piece.start, piece.end):
                self._characters(at, start)
                self._emit(written, start, end)
                at = end
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
