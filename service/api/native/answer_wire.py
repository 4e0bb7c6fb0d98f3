"""What the native API answers about a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

from service.api.native.wire import example
from service.pipeline.result import Caveat, Digest, Summary, TermUse, TranslatedSegment
from service.pipeline.result import Span as SourceSpan

_EXAMPLE_TRANSLATION = (
    "The city council decided on Monday to renovate the old bridge. The work begins in May."
)

_EXAMPLE_ALTERNATIVE = (
    "On Monday the city council decided to renovate the old bridge. The work begins in May."
)

_TITLE = "Stadtrat saniert Brücke"
"""An example with null would lose it on its way into the document."""

_SUMMARY: dict[str, Any] = {
    "text": "The work begins in May.",
    "sentences": [{"text": "The work begins in May.", "sources": [{"start": 69, "end": 98}]}],
    "language": "en",
    "model": "",
    "revision": "",
    "method": "extract",
}

_TIMING = {"read": 0.4, "detect": 0.9, "segment": 0.6, "translate": 48.0, "summarize": 0.3, "total": 50.4}
_HEAD: dict[str, Any] = {
    "detected_language": {"code": "de", "confidence": 0.998},
    "warnings": [],
    "usage": {"characters": 98, "tokens": 47},
    "timing": _TIMING,
}
_TRANSLATION = {"text": _EXAMPLE_TRANSLATION, "language": "en", "model": "opus-mt-de-en", "revision": ""}


class Span(BaseModel):
    """Code points; `end` is exclusive."""

    model_config = example(start=0, end=68)

    start: int
    end: int

    @classmethod
    def of(cls, span: SourceSpan) -> Span:
        return cls(start=span.start, end=span.end)


class WarningOut(BaseModel):
    """Something the caller should know. `code` is stable; `span` points into the source text."""

    model_config = example(
        code="language_assumed", message="Too little text to tell.", span={"start": 0, "end": 4}
    )

    code: str
    message: str
    span: Span | None = None

    @classmethod
    def of(cls, caveat: Caveat) -> WarningOut:
        span = Span.of(caveat.span) if caveat.span else None
        return cls(code=caveat.code, message=caveat.message, span=span)


class SegmentOut(BaseModel):
    """`source` points into the text as received, `target` into the translation. `score` is the mean
    log-probability per token, null where nothing was decoded."""

    model_config = example(source={"start": 0, "end": 68}, target={"start": 0, "end": 62}, score=-0.31)

    source: Span
    target: Span
    score: float | None

    @classmethod
    def of(cls, segment: TranslatedSegment) -> SegmentOut:
        source, target = Span.of(segment.source_span), Span.of(segment.target_span)
        return cls(source=source, target=target, score=segment.score)


class TermOut(BaseModel):
    """A term that a segment asks for. `span` is that of the segment in the source text."""

    model_config = example(source="Brücke", target="footbridge", span={"start": 0, "end": 68})

    source: str
    target: str
    span: Span

    @classmethod
    def of(cls, use: TermUse) -> TermOut:
        assert use.span is not None  # noqa: S101 -- whoever translated the segment has set it
        return cls(source=use.source, target=use.target, span=Span.of(use.span))


class TermsOut(BaseModel):
    """What became of the glossary's terms, in the order of the text."""

    model_config = example(
        applied=[{"source": "Brücke", "target": "footbridge", "span": {"start": 0, "end": 68}}], missed=[]
    )

    applied: list[TermOut]
    missed: list[TermOut]


class TranslationHead(BaseModel):
    """Who translated. `model` is empty where the text was passed through; where it went through English,
    both models stand in `model` and both revisions in `revision`, in their order, with `+` between them."""

    model_config = example(language="en", model="opus-mt-de-en", revision="")

    language: str
    model: str
    revision: str


class TranslationOut(TranslationHead):
    model_config = example(text=_EXAMPLE_TRANSLATION, language="en", model="opus-mt-de-en", revision="")

    text: str


class SummarySentenceOut(BaseModel):
    """`sources` are the spans of the source text that the sentence rests on."""

    model_config = example(text="The work begins in May.", sources=[{"start": 69, "end": 98}])

    text: str
    sources: list[Span]


class SummaryOut(BaseModel):
    """`method` is "extract" (sentences of the text), "abstractive" (written by `model`) or
    "unchanged" (the text was too short to shorten)."""

    model_config = example(**_SUMMARY)

    text: str
    sentences: list[SummarySentenceOut]
    language: str
    model: str
    revision: str
    method: Literal["extract", "abstractive", "unchanged"]

    @classmethod
    def of(cls, summary: Summary) -> SummaryOut:
        return cls(
            text=summary.text,
            sentences=[
                SummarySentenceOut(text=s.text, sources=[Span.of(span) for span in s.sources])
                for s in summary.sentences
            ],
            language=summary.language,
            model=summary.model,
            revision=summary.revision,
            method=summary.method,
        )


class LanguageOut(BaseModel):
    """`confidence` is between 0 and 1."""

    model_config = example(code="de", confidence=0.998)

    code: str
    confidence: float


class UsageOut(BaseModel):
    """`characters` of source; `tokens` read and written by the models."""

    model_config = example(characters=98, tokens=47)

    characters: int
    tokens: int


class _Facts(BaseModel):
    """What every answer tells about itself. `timing` is in milliseconds per stage. `source_text` is
    given for web pages only: the text that was read out of the page and that spans point into.
    `terms` is given where a glossary was."""

    detected_language: LanguageOut
    warnings: list[WarningOut]
    usage: UsageOut
    timing: dict[str, float]
    source_text: str | None = None
    terms: TermsOut | None = None


class DigestOut(_Facts):
    model_config = example(
        title=_TITLE,
        translation=_TRANSLATION,
        summary=_SUMMARY,
        **_HEAD,
    )

    title: str | None
    translation: TranslationOut
    summary: SummaryOut
    segments: list[SegmentOut] | None = None


class SummarizeOut(_Facts):
    model_config = example(
        title=_TITLE,
        summary=_SUMMARY,
        **_HEAD,
    )

    title: str | None
    summary: SummaryOut


class TranslatedTextOut(_Facts, TranslationOut):
    """`alternatives`, best first, only where asked for."""

    model_config = example(**_TRANSLATION, **_HEAD, alternatives=[_EXAMPLE_ALTERNATIVE])

    segments: list[SegmentOut] | None = None
    alternatives: list[str] | None = None


class TranslateOut(BaseModel):
    """As many translations as texts, in their order."""

    model_config = example(
        {"translations": [{**_TRANSLATION, **_HEAD, "alternatives": [_EXAMPLE_ALTERNATIVE]}]},
        translations=[{**_TRANSLATION, **_HEAD}],
    )

    translations: list[TranslatedTextOut]


class StreamedSegment(SegmentOut):
    """`text` is this segment's share of the translation: the shares joined are the whole."""

    model_config = example(
        index=0,
        text="The city council decided on Monday to renovate the old bridge. ",
        source={"start": 0, "end": 68},
        target={"start": 0, "end": 62},
        score=-0.31,
        warnings=[],
    )

    index: int
    text: str
    warnings: list[WarningOut]


class StreamEnd(_Facts):
    """What the plain answer holds besides the translated text and the summary."""

    model_config = example(
        title=_TITLE, translation={"language": "en", "model": "opus-mt-de-en", "revision": ""}, **_HEAD
    )

    title: str | None
    translation: TranslationHead


class DetectOut(BaseModel):
    """`sure` is false where the text is too short or too mixed to rely on the first candidate. Of the
    texts with a `confidence` of 0.8 about 80 % are in that language; of a mixed text it is the share."""

    model_config = example(
        language={"code": "de", "confidence": 0.998},
        sure=True,
        candidates=[{"code": "de", "confidence": 0.998}, {"code": "nl", "confidence": 0.001}],
    )

    language: LanguageOut
    sure: bool
    candidates: list[LanguageOut]


def facts_of(digest: Digest) -> dict[str, Any]:
    """The fields of `_Facts`."""
    detected = digest.detected_language
    return {
        "detected_language": LanguageOut(code=detected.code, confidence=detected.confidence),
        "warnings": [WarningOut.of(caveat) for caveat in digest.caveats],
        "usage": UsageOut(characters=digest.usage.characters, tokens=digest.usage.tokens),
        "timing": digest.timing,
        "source_text": digest.source_text if digest.read_out else None,
        "terms": None if digest.terms is None else _terms_out(digest.terms),
    }


def dumped(out: BaseModel) -> dict[str, Any]:
    """As it goes out: without the optional parts that were not asked for."""
    optional = ("segments", "alternatives", "source_text", "terms")
    unasked = {name for name in optional if getattr(out, name, ...) is None}
    return out.model_dump(exclude=unasked)


def digest_out(digest: Digest, *, segments: bool) -> DigestOut:
    assert digest.summary is not None  # noqa: S101 -- `pipeline.digest` makes both
    return DigestOut(
        title=digest.title,
        translation=_translation_out(digest),
        summary=SummaryOut.of(digest.summary),
        segments=_segments_out(digest) if segments else None,
        **facts_of(digest),
    )


def translated_out(digest: Digest, *, segments: bool, alternatives: bool = False) -> TranslatedTextOut:
    assert digest.translation is not None  # noqa: S101 -- `pipeline.translate` makes one
    return TranslatedTextOut(
        **_translation_out(digest).model_dump(),
        segments=_segments_out(digest) if segments else None,
        alternatives=list(digest.translation.alternatives) if alternatives else None,
        **facts_of(digest),
    )


def summarize_out(digest: Digest) -> SummarizeOut:
    assert digest.summary is not None  # noqa: S101 -- `pipeline.summarize` makes it
    return SummarizeOut(title=digest.title, summary=SummaryOut.of(digest.summary), **facts_of(digest))


def translation_head(digest: Digest) -> TranslationHead:
    out = _translation_out(digest)
    return TranslationHead(language=out.language, model=out.model, revision=out.revision)


def streamed_segment(segment: TranslatedSegment) -> StreamedSegment:
    return StreamedSegment(
        index=segment.index,
        text=segment.text,
        warnings=[WarningOut.of(caveat) for caveat in segment.caveats],
        **SegmentOut.of(segment).model_dump(),
    )


def _terms_out(uses: Sequence[TermUse]) -> TermsOut:
    return TermsOut(
        applied=[TermOut.of(use) for use in uses if use.applied],
        missed=[TermOut.of(use) for use in uses if not use.applied],
    )


def _translation_out(digest: Digest) -> TranslationOut:
    translation = digest.translation
    assert translation is not None  # noqa: S101 -- only called where a translation was made
    return TranslationOut(
        text=translation.text,
        language=translation.language,
        model=translation.model,
        revision=translation.revision,
    )


def _segments_out(digest: Digest) -> list[SegmentOut]:
    assert digest.translation is not None  # noqa: S101 -- only called where a translation was made
    return [SegmentOut.of(s) for s in digest.translation.segments if s.segment.source]
