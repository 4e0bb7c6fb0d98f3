"""The main text of a web page, as plain text that `read_article` understands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from service.errors import EmptyText
from service.text.furniture import has_letters
from service.text.page import INLINE, Page, PageBlock, read_page

# lxml publishes no types; an element is only walked here.
_Element = Any

# Extraction weighs every element against its neighbours. Past these, the page is read as a whole.
_MOST_TAGS = 15_000
_DEEPEST = 200

_KNOWN_SHARE = 0.6
"""A block belongs to the main text when so many of its three-word runs stand there."""
_LINKED_SHARE = 0.5
"""A block that is more link than text leads away from the article."""

_WHOLE_PAGE = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_LAST_PART = re.compile(r"\s+[|–—·-]\s+((?:(?!\s[|–—·-]\s).){1,40})$")
_HIDDEN = tuple(
    (re.compile(start, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for start, end in (
        (r"<!--", r"-->"),
        *((rf"<{name}\b", rf"</{name}\s*>") for name in ("script", "style", "template")),
    )
)
_BLOCK_TAG = re.compile(rf"</?(?!(?:{'|'.join(sorted(INLINE))})\b)[a-z][^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class PageText:
    """`left_out` is the share of the page's text, 0 to 1, that was taken for navigation, sidebars and
    the like and is not in `text`."""

    text: str
    left_out: float


def read_html(html: str) -> PageText:
    """Title first, then headings, paragraphs, `- ` list items and `a | b` table rows, with blank
    lines between. Of a whole page only the article is read, and of a page that looks like none,
    everything; a fragment (no `html`, `head` or `body`) is read whole, because somebody chose it.

    Raises `EmptyText` when the page holds no words.
    """
    clean = _CONTROL.sub(" ", html)
    tree = _parse(clean)
    page = read_page(tree) if tree is not None else Page([], 0)
    everything: Sequence[PageBlock] = page.blocks
    kept, title = everything, ""
    if tree is not None and _WHOLE_PAGE.search(clean[:10_000]):
        title = _title(tree)
        kept = _article(tree, everything)
    text = _joined(kept)
    if not has_letters(text):
        text = "\n\n".join(_text_between_tags(clean))
        kept = everything = []
    if not has_letters(text):
        raise EmptyText("The HTML holds no text: it may be drawn by scripts, which are not run here.")
    headlines = [text.partition("\n\n")[0], *(block.text for block in kept if block.heading == "h1")]
    if title and title.casefold() not in {" ".join(line.split()).casefold() for line in headlines}:
        text = f"{title}\n\n{text}"
    total = sum(len(block.text) for block in everything) + page.hidden
    share = 1 - sum(len(block.text) for block in kept) / total if total else 0.0
    return PageText(text + "\n", share)


def _joined(blocks: Sequence[PageBlock]) -> str:
    parts: list[str] = []
    for number, block in enumerate(blocks):
        if number:
            parts.append("\n" if block.tight else "\n\n")
        parts.append(block.text)
    return "".join(parts)


def _article(tree: _Element, blocks: Sequence[PageBlock]) -> Sequence[PageBlock]:
    """The blocks from the first to the last that extraction takes for the main text, from the
    headline on where that stands before; without those in between that lead elsewhere. Extraction
    alone loses subheadings, lists and leads, and the order of some pages."""
    known = _Known(_main_text(tree) if _is_tame(tree) else "")
    inside = {number for number, block in enumerate(blocks) if known.holds(block)}
    if not inside:
        body = [block for block in blocks if not block.aside]
        return body if has_letters(_joined(body)) else blocks
    first, last = min(inside), max(inside)
    headline = next((number for number, block in enumerate(blocks) if block.heading == "h1"), first)
    if headline < first and not blocks[headline].aside:
        first = headline
    while first > 0 and _is_text(blocks[first - 1]) and known.may_hold(blocks[first - 1]):
        first -= 1
    while last + 1 < len(blocks) and _is_text(blocks[last + 1]) and known.may_hold(blocks[last + 1]):
        last += 1
    return [
        block
        for number, block in enumerate(blocks[first : last + 1], first)
        if number in inside or _is_text(block)
    ]


def _is_text(block: PageBlock) -> bool:
    return not block.aside and block.linked <= _LINKED_SHARE


class _Known:
    """The runs of up to three words of the main text."""

    def __init__(self, main_text: str) -> None:
        words = _WORD.findall(main_text.casefold())
        self._runs = {run for size in (1, 2, 3) for run in _runs(words, size)}

    def holds(self, block: PageBlock) -> bool:
        words = _WORD.findall(block.text.casefold())
        return len(words) >= 3 and self._share(words) >= _KNOWN_SHARE

    def may_hold(self, block: PageBlock) -> bool:
        """For a neighbour of the main text: a heading, the next row or item, a few known words."""
        words = _WORD.findall(block.text.casefold())
        return bool(block.heading) or block.tight or (0 < len(words) < 3 and self._share(words) == 1)

    def _share(self, words: Sequence[str]) -> float:
        runs = list(_runs(words, min(3, len(words))))
        return sum(run in self._runs for run in runs) / len(runs)


def _runs(words: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(size)), strict=False)


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


def _main_text(tree: _Element) -> str:
    from copy import deepcopy

    import trafilatura

    page = deepcopy(tree)
    for cell in page.iter("td", "th"):  # it would fill up every row to the widest
        cell.attrib.pop("colspan", None)
        cell.attrib.pop("rowspan", None)
    try:
        document = trafilatura.bare_extraction(
            page, include_comments=False, include_tables=True, favor_recall=True
        )
    except Exception:
        return ""
    body = getattr(document, "body", None)
    return "" if body is None else " ".join(body.itertext())


def _text_between_tags(html: str) -> list[str]:
    """Last resort for pages the parser refuses: everything outside angle brackets."""
    text = html
    for start, end in _HIDDEN:
        text = _without(text, start, end)
    blocks = (" ".join(unescape(_TAG.sub("", block)).split()) for block in _BLOCK_TAG.split(text))
    return [block for block in blocks if block]


def _without(text: str, start: re.Pattern[str], end: re.Pattern[str]) -> str:
    """Everything from `start` to the next `end` is gone. One pass: an opening that is never closed
    stays, and ends the search."""
    parts, kept = [], 0
    while (opening := start.search(text, kept)) and (closing := end.search(text, opening.end())):
        parts.append(text[kept : opening.start()])
        kept = closing.end()
    return " ".join([*parts, text[kept:]])


_TITLES = (
    "//article//h1 | //main//h1",
    "//h1[not(ancestor::header or ancestor::nav or ancestor::aside or ancestor::footer)]",
    "//meta[@property='og:title']",
    "//h1",
    "//title",
)


def _title(tree: _Element) -> str:
    """The headline: the article's `h1`, what the page tells others, or its title without the site's
    name. An `h1` in the page's head is often the name of the paper."""
    for path in _TITLES:
        for element in tree.xpath(path):
            text = " ".join((element.get("content") or "".join(element.itertext())).split())
            if element.tag != "h1":
                text = _without_site_name(text)
            if 0 < len(text) <= 300:
                return text
    return ""


def _without_site_name(title: str) -> str:
    """`Streit im Rat - SPIEGEL` loses its last part; `Streit eskaliert – Kanzler reagiert` does not."""
    found = _LAST_PART.search(title)
    if found is None:
        return title
    words = found[1].split()
    is_name = len(words) == 1 or all(word[0].isupper() or "." in word for word in words)
    return title[: found.start()] if is_name and len(words) <= 4 else title
