"""What the pipeline hands back. Spans are code-point offsets, end exclusive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from service.text.segment import Segment

SummaryMethod = Literal["extract", "abstractive", "unchanged"]


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Caveat:
    """Something the caller should know about the answer: what was cut, repaired, assumed or
    doubted. `code` is stable; `span` points into the source text, None for the whole of it."""

    code: str
    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class TermUse:
    """A term of the glossary that a segment asks for: whether the translation has it, and whether it had
    to be put in because the model said it otherwise."""

    source: str
    target: str
    applied: bool
    inserted: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class DetectedLanguage:
    """`confidence` is between 0 and 1."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """`target` starts at `target_start` of the translation and is followed by `segment.joint`.
    `score` is the mean log-probability per token, None where nothing was decoded. `plain` is the
    target without its tags, None where it has none. `alternatives` are other ways to say the target, best
    first, each different and with nothing to warn of."""

    index: int
    segment: Segment
    target: str
    target_start: int
    score: float | None
    source_tokens: int = 0
    target_tokens: int = 0
    caveats: tuple[Caveat, ...] = ()
    terms: tuple[TermUse, ...] = ()
    plain: str | None = None
    alternatives: tuple[str, ...] = ()

    @property
    def reading(self) -> str:
        """The target as a reader sees it: without tags."""
        return self.target if self.plain is None else self.plain

    @property
    def source_span(self) -> Span:
        return Span(self.segment.start, self.segment.end)

    @property
    def target_span(self) -> Span:
        return Span(self.target_start, self.target_start + len(self.target))

    @property
    def text(self) -> str:
        """This segment's share of the translation; the shares joined are the whole."""
        return self.target + self.segment.joint


@dataclass(frozen=True, slots=True)
class Translation:
    """`alternatives` are other translations of the whole text, best first."""

    text: str
    language: str
    model: str
    revision: str
    segments: tuple[TranslatedSegment, ...]
    source_language: str
    title: str | None = None
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """One sentence of the summary and the stretches of the source it rests on."""

    text: str
    sources: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """`model` is empty for an extract: no model wrote it. `translated` are segments that were translated for
    the summary alone."""

    text: str
    sentences: tuple[SummarySentence, ...]
    language: str
    model: str
    revision: str
    method: SummaryMethod
    caveats: tuple[Caveat, ...] = ()
    tokens: int = 0
    translated: tuple[TranslatedSegment, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """`characters` of the source; `tokens` read and written by the models."""

    characters: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Digest:
    """`source_text` is what the spans point into: the text as received, or with `read_out` the text that
    was read out of a web page. `terms` is None where no glossary was given. `title` is in the
    translation's language, or as it stands where nothing was translated. `translation` or `summary` is
    None where only the other was asked for. `timing` is in milliseconds per stage."""

    source_text: str
    title: str | None
    translation: Translation | None
    summary: Summary | None
    detected_language: DetectedLanguage
    caveats: tuple[Caveat, ...]
    usage: Usage
    terms: tuple[TermUse, ...] | None = None
    read_out: bool = False
    timing: dict[str, float] = field(default_factory=dict)
