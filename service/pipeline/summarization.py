"""What a summary is asked for, and the sentences it may be made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from service.pipeline.result import Span

Length = Literal["short", "medium", "long"]
Style = Literal["paragraph", "bullets", "headline"]

HEADLINE = 14
"""Words a headline may have; those of news agencies have 8 to 12."""

SHORT_INPUT_WORDS = 80
"""Below this a summarizer forced to a length invents; the lead sentences are better."""


@dataclass(frozen=True, slots=True)
class SummaryLength:
    """At most so many sentences and so many words; None where only the other one counts."""

    sentences: int | None = 3
    words: int | None = 90

    @classmethod
    def of(cls, sentences: int | None, words: int | None, length: Length | None) -> SummaryLength:
        """The most specific wish wins; no wish is the default of 3 sentences and 90 words."""
        if sentences is not None or words is not None:
            return cls(sentences, words)
        return {"short": cls(2, 50), "medium": cls(3, 90), "long": cls(6, 180), None: cls()}[length]

    def allows(self, sentences: Sequence[str]) -> bool:
        if self.sentences is not None and len(sentences) > self.sentences:
            return False
        return self.words is None or count_words(" ".join(sentences)) <= self.words


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """`language` is the target or the source language; None means the target language. `focus` is what
    the reader wants to know of, in words of either language; empty: whatever matters most."""

    length: SummaryLength = field(default_factory=SummaryLength)
    language: str | None = None
    style: Style = "paragraph"
    focus: str = ""


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """A sentence that may be summarised: its span, its words, and what they mean in the summary's
    language (None until somebody needs it translated). A `doubtful` translation failed a check."""

    span: Span
    source: str
    target: str | None = None
    doubtful: bool = False

    @property
    def text(self) -> str:
        return self.source if self.target is None else self.target


def count_words(text: str) -> int:
    return len(text.split())
