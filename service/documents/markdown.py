"""Markdown (CommonMark, with tables, strike-through and front matter): only the words change, every other
line stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.documents.document import Media, readable
from service.documents.encoding import decode
from service.documents.inline import INLINE_TAGS
from service.documents.markdown_inline import Sentence
from service.documents.units import Units
from service.errors import DocumentInvalid

_FRONT_MATTER = re.compile(r"---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_LEADS = re.compile(r"\[[ xX]\][ \t]+|\[\^[^\]\s]{1,40}\]:[ \t]*")
"""A task's box and a footnote's mark, which CommonMark takes for text."""
_ALERT = re.compile(r"\[![A-Z]+\][ \t]*")


_MOST_LINES = 50_000
"""With cells of tables. Each costs some objects, and a million of them hold up the whole process."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Lines `first` to before `last` of the file, and columns of the first and the last of them; `prefix`
    is what a line that is added begins with."""

    first: int
    last: int
    start: int
    end: int
    prefix: str


class MarkdownFile:
    media: Media = "html"
    tags = INLINE_TAGS
    language: str | None = None

    def __init__(self, content: bytes) -> None:
        text, self._encoding = decode(content)
        self._line_end = "\r\n" if "\r\n" in text else "\n"
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if text.count("\n") + text.count("|") > _MOST_LINES:
            raise DocumentInvalid(f"The file has more than {_MOST_LINES:,} lines and cells of tables.")
        self._lines = text.split("\n")
        self._places: list[_Place] = []
        self._sentences: list[Sentence | str] = []
        self._read(text)
        self._units = Units([each if isinstance(each, str) else each.markup for each in self._sentences])
        self.source = self._units.source
        self.characters = sum(
            readable(each if isinstance(each, str) else each.markup) for each in self._sentences
        )

    def part_at(self, offset: int) -> int | None:
        return self._units.number_at(offset)

    def write(self, translation: str, language: str) -> bytes:  # noqa: ARG002 -- Markdown does not say its language
        lines = list(self._lines)
        translated = self._units.split(translation)
        found = list(zip(self._places, self._sentences, translated, strict=True))
        # From the end, so that the places before stay where they are.
        for place, sentence, markup in sorted(found, key=lambda each: (-each[0].first, -each[0].start)):
            written = markup if isinstance(sentence, str) else sentence.write(markup)
            added = written.replace("\n", "\n" + place.prefix)
            before, behind = lines[place.first][: place.start], lines[place.last - 1][place.end :]
            lines[place.first : place.last] = (before + added + behind).split("\n")
        return self._encoding.encode(self._line_end.join(lines))

    def _read(self, text: str) -> None:
        if front := _FRONT_MATTER.match(text):
            text = "\n" * front[0].count("\n") + text[front.end() :]
        parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        cells: dict[int, int] = {}
        in_table = False
        for token in parser.parse(text):
            in_table = token.type == "table_open" or (in_table and token.type != "table_close")
            if token.type == "inline" and token.map is not None and token.content.strip():
                self._take(token, cells if in_table else None)
            elif token.type == "html_block" and token.map is not None:
                content = token.content.rstrip("\n")
                place = self._place(token.map[0], content.split("\n"))
                if place is not None:
                    self._places.append(place)
                    self._sentences.append(content)

    def _take(self, token: Token, cells: dict[int, int] | None) -> None:
        """`cells` say how far a table's line has been read."""
        assert token.map is not None  # noqa: S101 -- asked by the caller
        line, content = token.map[0], token.content
        place = (
            self._cell(line, content, cells) if cells is not None else self._place(line, content.split("\n"))
        )
        if place is None or (place.first == place.last - 1 and _ALERT.fullmatch(content)):
            return
        lead = _LEADS.match(content)
        sentence = Sentence(token, lead[0] if lead else "", in_table=cells is not None)
        self._places.append(place)
        self._sentences.append(sentence)

    def _place(self, line: int, content: list[str]) -> _Place | None:
        """Where these lines stand, behind the signs of quotations and lists; None where that is not clear."""
        starts: list[int] = []
        for number, wanted in enumerate(content, line):
            if number >= len(self._lines):
                return None
            stripped = self._lines[number].rstrip(" \t")
            start = len(stripped) - len(wanted.rstrip(" \t"))
            if start < 0 or stripped[start:] != wanted.rstrip(" \t"):
                start = self._lines[number].rfind(wanted)  # a heading with signs behind it
            if start < 0:
                return None
            starts.append(start)
        last = line + len(content) - 1
        end = starts[-1] + len(content[-1].rstrip(" \t"))
        prefix = self._lines[line + 1][: starts[1]] if len(starts) > 1 else " " * starts[0]
        return _Place(line, last + 1, starts[0], end, prefix)

    def _cell(self, line: int, content: str, cells: dict[int, int]) -> _Place | None:
        written = content.replace("|", "\\|")
        start = self._lines[line].find(written, cells.get(line, 0))
        if start < 0:
            return None
        cells[line] = start + len(written)
        return _Place(line, line + 1, start, cells[line], "")
