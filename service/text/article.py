"""Scraped page text read into blocks: reading marks spans and never edits the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from service.text.boilerplate import introduces_author, opens_box
from service.text.furniture import has_letters, is_caption, is_credit, running_time_at_end, says_when
from service.text.paragraphs import read_paragraphs
from service.text.sentences import split_sentences


class BlockKind(StrEnum):
    TITLE = "title"
    REPEATED_TITLE = "repeated_title"
    LEAD = "lead"
    SUBHEADING = "subheading"
    BODY = "body"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    CAPTION = "caption"
    CREDIT = "credit"
    DURATION = "duration"
    FURNITURE = "furniture"


_PROSE = frozenset({BlockKind.LEAD, BlockKind.BODY, BlockKind.LIST_ITEM})
_SECOND_CHOICE = frozenset({BlockKind.TITLE, BlockKind.SUBHEADING, BlockKind.TABLE_ROW})

_LONGEST_HEADING = 150
_LONGEST_LEAD = 700
_HEADING_WORDS = 22
_OVERLINE_WORDS = 3
_BLOCKS_BEFORE_TITLE = 6
_LONGEST_BOXED = 300
_BOX_BLOCKS = 5

_SENTENCE_END = re.compile(r"[.…;,][\"'“”»«’)\]]*$")
_FINISHED = re.compile(r"[.!?…][\"'“”»«’)\]]*$")
_QUESTION_END = re.compile(r"[?!][\"'“”»«’)\]]*$")
_ANNOUNCES = re.compile(r":$|^\d{1,2}[.:]\d{2}\b")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Block:
    """text[start:end] of the article: ordered, never overlapping, no white space at either end.

    A list item begins with its marker. A video's teaser line is a CAPTION, its date and running
    time the DURATION after it. Every character that is not white space lies in a block.
    """

    kind: BlockKind
    start: int
    end: int

    @property
    def summarizable(self) -> bool:
        """Prose that a summary may rest on: lead, body and list items."""
        return self.kind in _PROSE


@dataclass(frozen=True, slots=True)
class Article:
    text: str
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str | None:
        """The headline on one line, or None where the text has none."""
        for block in self.blocks:
            if block.kind is BlockKind.TITLE:
                return " ".join(self.text[block.start : block.end].split())
        return None

    @property
    def summary_blocks(self) -> tuple[int, ...]:
        """Indices of the blocks a summary may rest on: the prose, or where there is none headings
        and table rows. Captions, credits, durations and repeated headlines are never among them."""
        prose = tuple(index for index, block in enumerate(self.blocks) if block.summarizable)
        return prose or tuple(
            index for index, block in enumerate(self.blocks) if block.kind in _SECOND_CHOICE
        )


def read_article(text: str) -> Article:
    """Title, lead, body and all that stands around them, for any text; never fails."""
    blocks = _mark_lines(text)
    _mark_boxes(text, blocks)
    _mark_headings(text, blocks)
    _mark_lead(text, blocks)
    return Article(text, tuple(blocks))


def _mark_lines(text: str) -> list[Block]:
    """Blocks with the kinds that show on the lines themselves; all the rest is BODY."""
    blocks: list[Block] = []
    for paragraph in read_paragraphs(text):
        for first, last in paragraph.units():
            start, end = paragraph.spans[first][0], paragraph.spans[last][1]
            unit = text[start:end]
            cut = None if paragraph.rows[first] else running_time_at_end(unit)
            if cut is not None:
                teaser_end = start + len(unit[:cut].rstrip())
                _mark_teaser(blocks, paragraph.spans[0][0])
                blocks.append(Block(BlockKind.CAPTION, start, teaser_end))
                blocks.append(Block(BlockKind.DURATION, start + cut, end))
                continue
            kind = _line_kind(unit, row=paragraph.rows[first], item=paragraph.items[first])
            if kind is BlockKind.DURATION:
                _mark_teaser(blocks, paragraph.spans[0][0])
            blocks.append(Block(kind, start, end))
    return blocks


def _line_kind(unit: str, *, row: bool, item: bool) -> BlockKind:
    line = " ".join(unit.split()) if "\n" in unit or "\r" in unit else unit
    checks = (
        (not has_letters(line), BlockKind.FURNITURE),
        (says_when(line), BlockKind.DURATION),
        (is_credit(line), BlockKind.CREDIT),
        (is_caption(line), BlockKind.CAPTION),
        (row, BlockKind.TABLE_ROW),
        (item, BlockKind.LIST_ITEM),
    )
    return next((kind for holds, kind in checks if holds), BlockKind.BODY)


def _mark_teaser(blocks: list[Block], paragraph_start: int) -> None:
    """A line between a caption and a running time, in one paragraph, advertises the video."""
    if len(blocks) < 2 or blocks[-2].start < paragraph_start:
        return
    if blocks[-1].kind is BlockKind.BODY and blocks[-2].kind is BlockKind.CAPTION:
        blocks[-1] = replace(blocks[-1], kind=BlockKind.CAPTION)


def _mark_boxes(text: str, blocks: list[Block]) -> None:
    """A box and all that is in it is none of the article."""
    for index, block in enumerate(blocks[1:], 1):
        line = text[block.start : block.end]
        if introduces_author(line):
            last = min(index + 1, len(blocks) - 1)
        elif opens_box(line):
            last = _last_in_box(text, blocks, index)
        else:
            continue
        for place in range(index, last + 1):
            blocks[place] = replace(blocks[place], kind=BlockKind.CREDIT)


def _last_in_box(text: str, blocks: list[Block], index: int) -> int:
    """The short lines of the heading's paragraph, then those that say themselves that they belong to the
    page; of paragraphs of their own the first may say nothing of the kind, if the next does."""
    last = index
    for place in range(index + 1, min(index + 1 + _BOX_BLOCKS, len(blocks))):
        if blocks[place].end - blocks[place].start > _LONGEST_BOXED:
            break
        gap = text[blocks[place - 1].end : blocks[place].start]
        if blocks[place].kind is BlockKind.CREDIT or (place == last + 1 and gap.count("\n") < 2):
            last = place
        elif place > index + 1:
            break
    return last


def _mark_headings(text: str, blocks: list[Block]) -> None:
    candidates = [
        index
        for index, block in enumerate(blocks)
        if block.kind is BlockKind.BODY and _is_heading(text[block.start : block.end])
    ]
    for index in candidates:
        blocks[index] = replace(blocks[index], kind=BlockKind.SUBHEADING)
    title = _find_title(text, blocks)
    if title is None:
        return
    blocks[title] = replace(blocks[title], kind=BlockKind.TITLE)
    headline = _words(text, blocks[title])
    # Above the body a heading that says nearly the same repeats the headline; below, only the same words do.
    above_body = True
    for index, block in enumerate(blocks):
        if index == title or block.kind not in (BlockKind.SUBHEADING, BlockKind.BODY):
            continue
        heading = block.kind is BlockKind.SUBHEADING
        if _repeats(headline, _words(text, block), loosely=above_body and heading):
            blocks[index] = replace(block, kind=BlockKind.REPEATED_TITLE)
        elif index > title and not heading:
            above_body = False


def _is_heading(unit: str) -> bool:
    """Short and without a final stop, or one question or exclamation."""
    line = unit.rstrip()
    if len(line) > _LONGEST_HEADING or len(line.split()) > _HEADING_WORDS:
        return False
    if _SENTENCE_END.search(line[-12:]) or len(split_sentences(line)) > 1:
        return False
    if _QUESTION_END.search(line[-12:]):
        return len(line) <= 120 and line[0] not in "\"'„»«“"
    return True


def _find_title(text: str, blocks: list[Block]) -> int | None:
    """The first heading before any prose. A short overline gives way to the heading after it."""
    if sum(block.kind not in (BlockKind.FURNITURE, BlockKind.DURATION) for block in blocks) < 2:
        return None
    first: int | None = None
    for index, block in enumerate(blocks[: _BLOCKS_BEFORE_TITLE + 1]):
        if block.kind is BlockKind.SUBHEADING:
            if _ANNOUNCES.search(text[block.start : block.end]):
                continue  # `Zutaten:`, `20.15 Uhr Tatort`
            if first is None:
                first = index
            elif len(_words(text, blocks[first])) <= _OVERLINE_WORDS < len(_words(text, block)):
                return index
            else:
                return first
        elif block.kind in (BlockKind.BODY, BlockKind.LIST_ITEM, BlockKind.TABLE_ROW):
            break
    return first


def _words(text: str, block: Block) -> frozenset[str]:
    if block.end - block.start > 4 * _LONGEST_HEADING:
        return frozenset()
    return frozenset(_WORD.findall(text[block.start : block.end].casefold()))


def _repeats(headline: frozenset[str], other: frozenset[str], *, loosely: bool) -> bool:
    """The same words, in any order; loosely, one may hold the other and a little more."""
    if not headline or not other:
        return False
    if headline == other:
        return True
    small, large = sorted((headline, other), key=len)
    return loosely and len(small) >= 3 and small <= large and len(large) <= 2 * len(small)


def _mark_lead(text: str, blocks: list[Block]) -> None:
    """The first finished prose under a title (a salutation is none), when more prose follows it."""
    title = next((i for i, block in enumerate(blocks) if block.kind is BlockKind.TITLE), None)
    prose = [
        i
        for i, block in enumerate(blocks)
        if block.kind is BlockKind.BODY
        and _FINISHED.search(text, max(block.start, block.end - 12), block.end)
    ]
    if title is None or len(prose) < 2 or prose[0] < title:
        return
    first = blocks[prose[0]]
    if first.end - first.start <= _LONGEST_LEAD:
        blocks[prose[0]] = replace(first, kind=BlockKind.LEAD)
