"""Scraped page text read into blocks: reading marks spans and never edits the text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Block:
    """text[start:end] of the article: ordered, never overlapping, no white space at either end."""

    kind: BlockKind
    start: int
    end: int


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
