"""The main text of a web page, as plain text that `read_article` understands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from service.errors import EmptyText
from service.text.furniture import has_letters

# lxml publishes no types; an element is only walked here.
_Element = Any

_LONGEST_CELL = 200
# Extraction weighs every element against its neighbours. Past these, only the plain page text is read.
_MOST_TAGS = 30_000
_DEEPEST = 200

_NOT_TEXT = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "svg",
        "math",
        "iframe",
        "object",
        "select",
        "button",
        "form",
    }
)
_ASIDE = frozenset({"nav", "footer", "aside", "header"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_SITE_NAME = re.compile(r"\s+[|–—·-]\s+[^|–—·]{1,40}$")
_HIDDEN = tuple(
    (re.compile(start, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for start, end in (
        (r"<!--", r"-->"),
        *((rf"<{name}\b", rf"</{name}\s*>") for name in ("script", "style", "template")),
    )
)
_BLOCK_TAG = re.compile(rf"</?(?!(?:{'|'.join(sorted(_INLINE))})\b)[a-z][^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_html(html: str) -> str:
    """Title first, then headings, paragraphs, `- ` list items and `a | b` table rows, with blank
    lines between. Navigation, footers and scripts are left out; where nothing looks like an
    article, the text of the whole page.

    Raises `EmptyText` when the page holds no words.
    """
    clean = _CONTROL.sub(" ", html)
    tree = _parse(clean)
    blocks: list[str] = []
    title = ""
    if tree is not None:
        title = _title(tree)
        if _is_tame(tree):
            blocks = _main_text(tree)
        if not any(map(has_letters, blocks)):
            blocks = _page_text(tree, leave_out=_NOT_TEXT | _ASIDE) or _page_text(tree, leave_out=_NOT_TEXT)
    if not any(map(has_letters, blocks)):
        blocks = _text_between_tags(clean)
    if not any(map(has_letters, blocks)):
        raise EmptyText("The HTML holds no text: it may be drawn by scripts, which are not run here.")
    if title and " ".join(blocks[0].split()).casefold() != title.casefold():
        blocks.insert(0, title)
    return "\n\n".join(blocks) + "\n"


def _parse(html: str) -> _Element | None:
    """The tree of the page, or None when the parser gives up on it. The text is already decoded, so
    whatever encoding the page declares is overruled; entities of its own and the network stay off."""
    from lxml import etree
    from lxml.html import HTMLParser

    parser = HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        tree = etree.fromstring(html.encode("utf-8", "replace"), parser) if html.strip() else None
    except (etree.LxmlError, ValueError):
        return None
    # Too deep a page is cut there without an exception: all that follows would be lost.
    return None if any(entry.level >= etree.ErrorLevels.FATAL for entry in parser.error_log) else tree


def _is_tame(tree: _Element) -> bool:
    """Not so large or so deep that extraction would take seconds or overflow the stack."""
    from lxml import etree

    depth = tags = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            depth += 1
            tags += 1
            if depth > _DEEPEST or tags > _MOST_TAGS:
                return False
        else:
            depth -= 1
    return True


def _main_text(tree: _Element) -> list[str]:
    from copy import deepcopy

    import trafilatura

    try:
        document = trafilatura.bare_extraction(deepcopy(tree), include_comments=False, include_tables=True)
    except Exception:
        return []
    body = getattr(document, "body", None)
    return [] if body is None else list(_blocks(body))


def _blocks(body: _Element) -> Iterator[str]:
    for element in body:
        if element.tag == "list":
            items = [_inline(item) for item in element.iter("item")]
            yield "\n".join(f"- {item}" for item in items if item)
        elif element.tag == "table":
            yield from _rows(element)
        elif element.tag != "graphic" and (text := _inline(element, lines=True)):
            yield text


def _rows(table: _Element) -> Iterator[str]:
    """Rows of short cells stand together; a table that only lays out a page becomes paragraphs."""
    rows = [[_inline(cell) for cell in row.iter("cell")] for row in table.iter("row")]
    cells = [cell for row in rows for cell in row if cell]
    if any(len(cell) > _LONGEST_CELL for cell in cells):
        yield from cells
    elif cells:
        yield "\n".join(" | ".join(row) for row in rows if any(row))


def _inline(element: _Element, *, lines: bool = False) -> str:
    """The text of one element; with `lines`, its line breaks are kept."""
    parts: list[str] = []
    for node in element.iter():
        if node.tag == "lb":
            parts.append("\n")
        if node.text:
            parts.append(" ".join(_padded(node.text)))
        if node is not element and node.tail:
            parts.append(" ".join(_padded(node.tail)))
    found = [" ".join(line.split()) for line in "".join(parts).split("\n")]
    return ("\n" if lines else " ").join(line for line in found if line)


def _padded(text: str) -> list[str]:
    """Words of a text node, with an empty string where white space touched the next node."""
    words = text.split()
    if not words:
        return ["", ""]
    return [""] * text[0].isspace() + words + [""] * text[-1].isspace()


def _page_text(tree: _Element, *, leave_out: frozenset[str]) -> list[str]:
    """All text of the page, cut at block elements."""
    from lxml import etree

    blocks: list[str] = []
    parts: list[str] = []
    hidden = 0

    def close() -> None:
        if text := " ".join("".join(parts).split()):
            blocks.append(text)
        parts.clear()

    for event, element in etree.iterwalk(tree, events=("start", "end")):
        name = element.tag if isinstance(element.tag, str) else "script"
        if name not in _INLINE:
            close()
        if event == "start":
            hidden += name in leave_out
            if not hidden and element.text:
                parts.append(element.text)
        else:
            hidden -= name in leave_out
            if not hidden and element.tail:
                parts.append(element.tail)
    close()
    return blocks


def _text_between_tags(html: str) -> list[str]:
    """Last resort for pages the parser refuses: everything outside angle brackets."""
    text = html
    for start, end in _HIDDEN:
        text = _without(text, start, end)
    blocks = (" ".join(unescape(block).split()) for block in _BLOCK_TAG.split(text))
    return [stripped for block in blocks if (stripped := _TAG.sub("", block).strip())]


def _without(text: str, start: re.Pattern[str], end: re.Pattern[str]) -> str:
    """Everything from `start` to the next `end` is gone. One pass: an opening that is never closed
    stays, and ends the search."""
    parts, kept = [], 0
    while (opening := start.search(text, kept)) and (closing := end.search(text, opening.end())):
        parts.append(text[kept : opening.start()])
        kept = closing.end()
    return " ".join([*parts, text[kept:]])


def _title(tree: _Element) -> str:
    """The headline: the first `h1`, what the page tells others, or its title without the site's name."""
    for path in ("//h1", "//meta[@property='og:title']", "//title"):
        for element in tree.xpath(path):
            text = " ".join((element.get("content") or "".join(element.itertext())).split())
            if path == "//title":
                text = _SITE_NAME.sub("", text)
            if 0 < len(text) <= 300:
                return text
    return ""
