"""Lines of a text brought together: which line goes on in the next one, and which stands alone."""

from __future__ import annotations

import re
from itertools import pairwise

from service.text.furniture import (
    has_letters,
    is_bullet,
    is_caption,
    is_credit,
    is_dash,
    looks_tabular,
    number_marker,
    says_when,
)

Span = tuple[int, int]

# Mail and plain-text wrapping happens between these columns; below, lines are short by nature.
_NARROWEST_WRAP = 45
_WIDEST_WRAP = 100

# A line this long that goes on in lower case was broken, whatever the column.
_SHORTEST_FLOWING = 30

_BROKEN_WORD = re.compile(r"[^\W\d_][-\u00ad]$")
_ENDED = re.compile(r"[.!?…:][\"'“”»«’)\]]*$")
_FIRST_WORD = re.compile(r"\S+")


class Paragraph:
    """Consecutive lines without a blank line between them, each without surrounding white space."""

    def __init__(self, text: str, spans: list[Span], width: int, numbered: set[int]) -> None:
        self.lines = [text[start:end] for start, end in spans]
        self.spans = spans
        self._width = width
        self._longest = max(map(len, self.lines))
        tabular = [looks_tabular(line, alone=False) for line in self.lines]
        self.rows = [
            looks_tabular(line, alone=True)
            or (tabular[i] and ((i > 0 and tabular[i - 1]) or (i + 1 < len(tabular) and tabular[i + 1])))
            for i, line in enumerate(self.lines)
        ]
        self.items: list[bool] = []
        for i, line in enumerate(self.lines):
            self.items.append(
                is_bullet(line) or (is_dash(line) and not self._flows_into(i)) or spans[i][0] in numbered
            )

    def units(self) -> list[tuple[int, int]]:
        """Index ranges [first, last] of the lines that belong together."""
        joins = self._joins()
        units, first = [], 0
        for i in range(len(self.lines)):
            if i == len(self.lines) - 1 or not joins[i]:
                units.append((first, i))
                first = i + 1
        return units

    def _flows_into(self, i: int) -> bool:
        """A dash at the start of line i stands inside a sentence of the line before."""
        if i == 0 or self.items[i - 1]:
            return False
        before = self.lines[i - 1]
        return len(before) >= _NARROWEST_WRAP and not _ENDED.search(before[-12:])

    def _alone(self, i: int) -> bool:
        line = self.lines[i]
        if self.rows[i] or not has_letters(line) or says_when(line):
            return True
        return is_credit(line) and not self._is_inside_sentence(i)

    def _is_inside_sentence(self, i: int) -> bool:
        """Wrapped prose in which line i happens to read like a credit (`Von Brandt und Schmidt`)."""
        if self._width == 0:
            return False
        if i + 1 < len(self.lines) and self.lines[i + 1][0].islower():
            return True
        if i < 2 or _ENDED.search(self.lines[i - 1][-12:]):
            return False
        first = _FIRST_WORD.match(self.lines[i])
        full = len(self.lines[i - 1]) + 1 + (first.end() if first else 0) > self._longest
        return full and _NARROWEST_WRAP <= self._longest <= _WIDEST_WRAP

    def _joins(self) -> list[bool]:
        """For each line but the last: does it go on in the next one?"""
        count = len(self.lines)
        if count == 1:
            return [False]
        width = max(self._longest, self._width - 12) if count == 2 else self._longest
        alone = [self._alone(i) for i in range(count)]
        open_ended, possible = [False] * count, [False] * count
        for i in range(count - 1):
            line, after = self.lines[i], self.lines[i + 1]
            if alone[i] or alone[i + 1] or self.items[i + 1] or is_caption(after):
                continue
            ended = _ENDED.search(line[-12:]) is not None
            first = _FIRST_WORD.match(after)
            # A wrapped line is one that had no room for the next line's first word.
            full = len(line) + 1 + (first.end() if first else 0) > width
            wrapped = full and _NARROWEST_WRAP <= width <= _WIDEST_WRAP and self._width > 0
            hyphenated = after[0].isalpha() and _BROKEN_WORD.search(line[-2:]) is not None
            flows = after[0].islower() and (len(line) >= _SHORTEST_FLOWING or is_credit(line))
            open_ended[i] = not ended and (wrapped or hyphenated or flows)
            # Nearly full and unfinished, or full and at a sentence's end: only among wrapped lines.
            possible[i] = wrapped or (not ended and self._width > 0 and len(line) >= 0.75 * width)
        wraps_here = any(open_ended)
        return [open_ended[i] or (wraps_here and possible[i]) for i in range(count)]


def read_paragraphs(text: str) -> list[Paragraph]:
    groups: list[list[Span]] = []
    numbers: list[tuple[int, int, str]] = []
    lengths: list[int] = []
    offset, open_group = 0, False
    for raw in text.splitlines(keepends=True):
        line = raw.strip()
        start = offset + len(raw) - len(raw.lstrip())
        offset += len(raw)
        if not line:
            open_group = False
            continue
        if not open_group:
            groups.append([])
            open_group = True
        groups[-1].append((start, start + len(line)))
        lengths.append(len(line))
        if (number := number_marker(line)) is not None:
            numbers.append((start, *number))
    width = _wrap_width(lengths)
    numbered = _counted(numbers)
    return [Paragraph(text, spans, width, numbered) for spans in groups]


def _wrap_width(lengths: list[int]) -> int:
    """The column a hard-wrapped text was wrapped at; 0 for a text whose lines are paragraphs."""
    short = [length for length in lengths if length <= _WIDEST_WRAP]
    if not short or len(short) < 0.9 * len(lengths):
        return 0
    return max(short)


def _counted(numbers: list[tuple[int, int, str]]) -> set[int]:
    """Starts of the lines whose number has a neighbour one up or one down: those count a list."""
    found: set[int] = set()
    for (start, number, mark), (next_start, next_number, next_mark) in pairwise(numbers):
        if next_number - number == 1 and mark == next_mark:
            found |= {start, next_start}
    return found
