"""All text of a web page, block by block, in the page's order and with its lists and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# lxml publishes no types; an element is only walked here.
_Element = Any

_LONGEST_CELL = 200

_NO_PROSE = frozenset("script style template head".split())
_HIDDEN = _NO_PROSE | frozenset("noscript noframes select svg iframe".split())
_ASIDE = frozenset({"nav", "footer", "aside"})
_MAIN = frozenset({"article", "main"})
_CELL = frozenset({"td", "th"})
INLINE = frozenset(
    "a abbr acronym area audio b bdi bdo big button canvas cite code data del dfn em embed font i "
    "img input ins kbd label map mark math meter object output picture progress q rb rp rt ruby s samp "
    "slot small source span strike strong sub sup svg time track tt u var video wbr".split()
)
"""Elements that do not end a line."""


@dataclass(frozen=True, slots=True)
class PageBlock:
    """`text` is one line or, where the page breaks lines, several; a list item begins with `- `, the
    cells of a row stand between ` | `. `linked` is the share of its characters that are links. `aside`:
    in a navigation, footer or sidebar, or in the head of the page. `tight`: the next item or row of
    the same list or table. `heading`: "h1" to "h6", else empty."""

    text: str
    linked: float
    aside: bool
    tight: bool
    heading: str


@dataclass(frozen=True, slots=True)
class Page:
    """`hidden` counts the characters of what is not shown beside the text: drawings, choices of a form,
    frames, and what stands in for scripts."""

    blocks: list[PageBlock]
    hidden: int


def read_page(tree: _Element) -> Page:
    """In one walk; scripts and styles are no text."""
    from lxml import etree

    reader = _Reader()
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        name = element.tag if isinstance(element.tag, str) else "script"
        if event == "start":
            reader.start(name, element.text or "")
        else:
            reader.end(name, element.tail or "")
    reader.close()
    return Page(reader.blocks, reader.hidden)


class _Reader:
    def __init__(self) -> None:
        self.blocks: list[PageBlock] = []
        self.hidden = 0
        self._parts: list[str] = []
        self._characters = self._linked = 0
        self._depth_hidden = self._depth_no_prose = self._asides = self._mains = self._links = (
            self._preformatted
        ) = 0
        self._heads: list[bool] = []
        self._rows: list[list[str]] = []
        self._cells = 0
        self._marker = self._tight_with = ""
        self._heading = ""

    def start(self, name: str, text: str) -> None:
        self._depth_hidden += name in _HIDDEN
        self._depth_no_prose += name in _NO_PROSE
        if not self._depth_hidden and not _is_inline(name):
            self._boundary(name)
        self._asides += name in _ASIDE
        self._mains += name in _MAIN
        self._links += name == "a"
        self._preformatted += name == "pre"
        if name == "header":
            self._heads.append(self._mains == 0)
        elif name == "li":
            self._marker = "- "
        elif name == "tr":
            self._rows.append([])
        elif name in _CELL and self._rows:
            self._cells += 1
        elif len(name) == 2 and name[0] == "h" and name[1].isdigit():
            self._heading = name
        self._add(text)

    def end(self, name: str, tail: str) -> None:
        if name in _CELL and self._rows:
            self._rows[-1].append(self._take())
            self._cells = max(0, self._cells - 1)
        elif name == "tr" and self._rows:
            self._row(self._rows.pop())
        elif not self._depth_hidden and not _is_inline(name):
            self._boundary(name)
        self._depth_hidden -= name in _HIDDEN
        self._depth_no_prose -= name in _NO_PROSE
        self._asides -= name in _ASIDE
        self._mains -= name in _MAIN
        self._links -= name == "a"
        self._preformatted -= name == "pre"
        if name == "header" and self._heads:
            self._heads.pop()
        elif name == "li":
            self._marker = ""
        elif name in {"ul", "ol", "table"}:
            self._tight_with = ""
        elif name == self._heading:
            self._heading = ""
        self._add(tail)

    def close(self) -> None:
        if text := self._take():
            marker, self._marker = self._marker, ""
            self._emit(marker + text, self._linked / max(1, self._characters), "item" if marker else "")
        self._characters = self._linked = 0

    def _boundary(self, name: str) -> None:
        if name == "br" or self._cells:
            self._parts.append("\n")
        else:
            self.close()

    def _add(self, text: str) -> None:
        if self._depth_hidden:
            self.hidden += 0 if self._depth_no_prose else len(text.strip())
            return
        if not text:
            return
        self._parts.append(text if self._preformatted else " ".join(_padded(text)))
        visible = len(text.strip())
        self._characters += visible
        self._linked += visible if self._links else 0

    def _take(self) -> str:
        """What was collected, its lines without surplus white space."""
        lines = (" ".join(line.split()) for line in "".join(self._parts).split("\n"))
        self._parts.clear()
        return "\n".join(line for line in lines if line)

    def _row(self, cells: list[str]) -> None:
        """Rows of short cells are rows; a table that only lays out a page becomes paragraphs."""
        beside = self._take()
        linked, self._characters, self._linked = self._linked / max(1, self._characters), 0, 0
        while cells and not cells[-1]:
            cells.pop()
        if any(len(cell) > _LONGEST_CELL for cell in cells):
            for cell in cells:
                for line in cell.split("\n"):
                    self._emit(line, linked, "")
        elif cells:
            self._emit(" | ".join(" ".join(cell.split("\n")) for cell in cells), linked, "row")
        self._emit(beside, linked, "")  # in the row, but in none of its cells

    def _emit(self, text: str, linked: float, kind: str) -> None:
        if text:
            aside = self._asides > 0 or any(self._heads)
            tight = bool(kind) and kind == self._tight_with
            self.blocks.append(PageBlock(text, linked, aside, tight, self._heading))
            self._tight_with = kind


def _is_inline(name: str) -> bool:
    return name in INLINE or "-" in name  # elements of a page's own making


def _padded(text: str) -> list[str]:
    """Words of a text node, with an empty string where white space touched the next node."""
    words = text.split()
    if not words:
        return ["", ""]
    return [""] * text[0].isspace() + words + [""] * text[-1].isspace()
