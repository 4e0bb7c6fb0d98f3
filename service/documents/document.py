"""What every kind of file becomes: one text with markup for the pipeline, and a way back."""

from __future__ import annotations

import re
from html import unescape
from typing import Literal, Protocol

from service.text.tags import NO_RULES, TagRules

Media = Literal["text", "html", "xml"]

_TAG = re.compile(r"<[^<>]*>")


class Document(Protocol):
    """A file that was read."""

    @property
    def source(self) -> str:
        """Its text, with tags where `media` has any."""
        ...

    @property
    def media(self) -> Media: ...

    @property
    def tags(self) -> TagRules: ...

    @property
    def language(self) -> str | None:
        """Code of the language that the file itself names, if it names one."""
        ...

    @property
    def characters(self) -> int:
        """Code points of what is there to be read."""
        ...

    def part_at(self, offset: int) -> int | None:
        """The number, from 1, of the paragraph, cue or unit at this offset of `source`; None where the file
        has no such parts."""
        ...

    def write(self, translation: str, language: str) -> bytes:
        """The file again, with the translation of `source` in its place. Raises `GenerationFailed` where
        that lost the file's structure."""
        ...


class PlainDocument:
    """A file whose text is translated in one piece."""

    tags = NO_RULES
    language: str | None = None

    def __init__(self, source: str, media: Media) -> None:
        self.source, self.media = source, media

    @property
    def characters(self) -> int:
        return readable(self.source) if self.media != "text" else len(self.source)

    def part_at(self, offset: int) -> int | None:  # noqa: ARG002 -- it has no parts
        return None


def readable(markup: str) -> int:
    """Code points that a reader of the markup sees."""
    return len(unescape(_TAG.sub("", markup)))
