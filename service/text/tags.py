"""A text with markup cut into tags and what stands between them; the pieces joined are the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

Dialect = Literal["html", "xml"]

VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
"""HTML elements that have no end tag."""

_OPAQUE_ELEMENTS = frozenset("script style svg math template iframe object".split())
"""HTML elements whose content is no prose of the page: they are kept whole."""

_TAG_START = re.compile(r"<(/?)([A-Za-z_][^\s/<>]*)")
_ATTRIBUTES = re.compile(r"[\"'<>]")
# Bounded, because a text may begin as many of them as it has room for and end none.
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]{0,500}+(?:\[[^\]]{0,2000}+\]\s{0,100}+)?>", re.IGNORECASE)
CDATA, _CDATA_END = "<![CDATA[", "]]>"


class Kind(StrEnum):
    TEXT = "text"
    OPEN = "open"
    CLOSE = "close"
    VOID = "void"
    OPAQUE = "opaque"
    """A comment, a declaration, a script: kept as it is and no place for text."""
    LITERAL = "literal"
    """The text of a CDATA section: as TEXT, but without entities."""


class Piece(NamedTuple):
    """text[start:end]. `name` of a tag is in lower case in HTML and as written in XML."""

    kind: Kind
    start: int
    end: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class TagRules:
    """What a caller says of tags by their names: what `ignored` ones enclose is not translated,
    `splitting` ones end a sentence, `joining` ones do not."""

    ignored: frozenset[str] = frozenset()
    splitting: frozenset[str] = frozenset()
    joining: frozenset[str] = frozenset()

    def for_html(self) -> TagRules:
        """With the names in lower case, as a `Piece` has them."""
        lists = (self.ignored, self.splitting, self.joining)
        return TagRules(*(frozenset(map(str.lower, names)) for names in lists))


NO_RULES = TagRules()


def scan(text: str, dialect: Dialect) -> Iterator[Piece]:
    """In order, without gaps. What only looks like a tag (`a < b`, a tag never finished) is text."""
    return _Scanner(text, dialect).pieces()


class _Scanner:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self._text, self._dialect = text, dialect
        # Ends that are nowhere ahead any more: each is searched in vain once, not once per tag.
        self._missing: set[str] = set()

    def pieces(self) -> Iterator[Piece]:
        text, at, search = self._text, 0, 0
        while (start := text.find("<", search)) >= 0:
            found = self._markup(start)
            if found is None:
                search = start + 1
                continue
            if start > at:
                yield Piece(Kind.TEXT, at, start)
            yield from found
            at = search = found[-1].end
        if at < len(text):
            yield Piece(Kind.TEXT, at, len(text))

    def _markup(self, start: int) -> list[Piece] | None:
        """The pieces of the markup that begins here; None where it is no markup."""
        text = self._text
        if text.startswith("<!--", start):
            return self._until("-->", start, start + 4)
        if text.startswith(CDATA, start):
            return self._cdata(start)
        if text.startswith("<?", start):
            return self._until("?>" if self._dialect == "xml" else ">", start, start + 2)
        if text.startswith("<!", start):
            if doctype := _DOCTYPE.match(text, start):
                return [Piece(Kind.OPAQUE, start, doctype.end())]
            return self._until(">", start, start + 2)
        begun = _TAG_START.match(text, start)
        end = self._tag_end(begun.end()) if begun else None
        if begun is None or end is None:
            return None
        name = begun[2].lower() if self._dialect == "html" else begun[2]
        if begun[1]:
            return [Piece(Kind.CLOSE, start, end, name)]
        if text[end - 2] == "/" or (self._dialect == "html" and name in VOID):
            return [Piece(Kind.VOID, start, end, name)]
        if self._dialect == "html" and name in _OPAQUE_ELEMENTS:
            return [Piece(Kind.OPAQUE, start, self._element_end(name, end), name)]
        return [Piece(Kind.OPEN, start, end, name)]

    def _until(self, ending: str, start: int, at: int) -> list[Piece] | None:
        end = self._find(ending, at)
        return None if end is None else [Piece(Kind.OPAQUE, start, end + len(ending))]

    def _cdata(self, start: int) -> list[Piece] | None:
        inside = start + len(CDATA)
        end = self._find(_CDATA_END, inside)
        if end is None:
            return None
        if self._dialect == "html":
            return [Piece(Kind.OPAQUE, start, end + len(_CDATA_END))]
        pieces = [Piece(Kind.OPEN, start, inside, CDATA), Piece(Kind.LITERAL, inside, end)]
        return [
            *(piece for piece in pieces if piece.end > piece.start),
            Piece(Kind.CLOSE, end, end + len(_CDATA_END), CDATA),
        ]

    def _tag_end(self, at: int) -> int | None:
        """Behind the `>`; one within quotes does not count."""
        while found := _ATTRIBUTES.search(self._text, at):
            sign, at = found[0], found.end()
            if sign == ">":
                return at
            if sign == "<":
                return None
            closing = self._find(sign, at)
            if closing is not None:
                at = closing + 1
        return None

    def _element_end(self, name: str, at: int) -> int:
        """Behind the end tag; without one it reaches to the end of the text."""
        closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(self._text, at)
        return closing.end() if closing else len(self._text)

    def _find(self, ending: str, at: int) -> int | None:
        if ending in self._missing:
            return None
        found = self._text.find(ending, at)
        if found < 0:
            self._missing.add(ending)
            return None
        return found
