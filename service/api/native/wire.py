"""The native API on the wire: what comes in, what goes out, with an example each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.state import EXAMPLE_LIMITS
from service.pipeline.alternatives import MOST_ALTERNATIVES
from service.pipeline.article import DigestRequest, MediaType, OnOverflow
from service.pipeline.result import Caveat, Digest, Summary, TermUse, TranslatedSegment
from service.pipeline.result import Span as SourceSpan
from service.pipeline.summarization import SummaryLength, SummaryRequest
from service.terms.glossary import LONGEST_TERM, MOST_TERMS, Dictionaries, Term, TermList

LANGUAGE_CODE = r"^[A-Za-z]{2,4}(-[A-Za-z]{2,4})?$"

EXAMPLE_TEXT = (
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke zu sanieren. Die Arbeiten beginnen im Mai."
)
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


def _example(*others: dict[str, Any], **fields: Any) -> ConfigDict:
    """`others` are further examples."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [fields, *others]})


def example_of(model: type[BaseModel]) -> BaseModel:
    """The example that stands in OpenAPI, as an object."""
    schema = model.model_json_schema()
    return model.model_validate(schema["examples"][0])


class SummaryWish(BaseModel):
    """How long the summary may be: `sentences` and `words` are upper limits, `length` names a
    pair of them (short: 2 and 50, medium: 3 and 90, long: 6 and 180). The default is 3 sentences
    and at most 90 words."""

    model_config = _example(sentences=2, language="en")

    sentences: int | None = Field(default=None, ge=1, le=50)
    words: int | None = Field(default=None, ge=5, le=2000)
    length: Literal["short", "medium", "long"] | None = None
    language: str | None = Field(default=None, pattern=LANGUAGE_CODE, description="target or source language")
    style: Literal["paragraph", "bullets", "headline"] = "paragraph"
    focus: str = Field(default="", max_length=200, description="what to tell of, in words of the article")

    def request(self) -> SummaryRequest:
        language = self.language.lower() if self.language else None
        length = SummaryLength.of(self.sentences, self.words, self.length)
        return SummaryRequest(length, language, self.style, self.focus)


class TermIn(BaseModel):
    """`source`, in any of its inflected forms, is to be translated as `target`."""

    model_config = _example(source="Brücke", target="footbridge")

    source: str = Field(min_length=1, max_length=LONGEST_TERM)
    target: str = Field(min_length=1, max_length=LONGEST_TERM)


class _Source(BaseModel):
    source: str = Field(default="auto", pattern=LANGUAGE_CODE, description='language code, or "auto"')
    target: str = Field(default="en", pattern=LANGUAGE_CODE)
    model: str = Field(
        default="",
        max_length=100,
        description="which of the loaded translators (`/v1/models`) is to do it; without it the first that "
        "knows the languages, or two by way of English",
    )
    on_overflow: OnOverflow = Field(
        default="split",
        description="a sentence too long for the model: translate it in parts, or refuse it; of two models, "
        "on the way through English, the first is asked and the second gets parts",
    )


EXAMPLE_ID = "0f8fad5bd9cb469fa16570867728950e"

GLOSSARY_ID = r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"


class Translated(_Source):
    format: Literal["text", "page", "html", "xml"] = Field(
        default="text",
        description="`page`: a web page, the article is read out of it; `html`, `xml`: the markup comes "
        "back as it went in",
    )
    keep: list[Annotated[str, Field(min_length=1, max_length=LONGEST_TERM, pattern=r"\S")]] = Field(
        default=[], max_length=200, description="strings that come back as they are, each as often"
    )
    glossary: list[TermIn] | Annotated[str, Field(pattern=GLOSSARY_ID)] = Field(
        default=[], description="terms, or the id of a stored glossary"
    )

    @property
    def terms(self) -> TermList | None:
        """The terms that stand in the request itself."""
        if isinstance(self.glossary, str) or not self.glossary:
            return None
        return TermList(tuple(Term(each.source, each.target) for each in self.glossary))

    def wanted(
        self,
        text: str,
        media: MediaType | None,
        summary: SummaryRequest,
        terms: TermList | Dictionaries | None,
    ) -> DigestRequest:
        """`media` of a raw body overrules `format`."""
        return DigestRequest(
            text=text,
            source=self.source.lower(),
            target=self.target.lower(),
            media=media or self.format,
            summary=summary,
            kept=tuple(self.keep),
            glossary=terms,
            on_overflow=self.on_overflow,
            model=self.model,
        )


class DigestBody(Translated):
    model_config = _example(text=EXAMPLE_TEXT, source="auto", target="en", summary={"sentences": 1})

    text: str
    summary: SummaryWish = SummaryWish()
    segments: bool = Field(default=False, description="answer with segment spans and scores")


class SummarizeBody(Translated):
    model_config = _example(text=EXAMPLE_TEXT, summary={"length": "short"})

    text: str
    summary: SummaryWish = SummaryWish()


class TranslateBody(Translated):
    model_config = _example(
        {"text": EXAMPLE_TEXT, "alternatives": 1},
        text=["Guten Morgen.", "Das Wetter ist schön."],
        source="de",
        target="en",
    )

    text: str | list[str]
    segments: bool = False
    alternatives: int = Field(
        default=0,
        ge=0,
        le=MOST_ALTERNATIVES,
        description="other translations of each text, at most so many and none with anything to warn of",
    )

    def wanted(
        self,
        text: str,
        media: MediaType | None,
        summary: SummaryRequest,
        terms: TermList | Dictionaries | None,
    ) -> DigestRequest:
        return replace(super().wanted(text, media, summary, terms), alternatives=self.alternatives)


class GlossaryBody(BaseModel):
    """At most 10,000 terms for one pair of languages."""

    model_config = _example(
        name="Bauwesen", source="de", target="en", terms=[{"source": "Brücke", "target": "footbridge"}]
    )

    name: str = Field(min_length=1, max_length=LONGEST_TERM, pattern=r"^[^\x00-\x1f\x7f]*$")
    source: str = Field(pattern=LANGUAGE_CODE)
    target: str = Field(pattern=LANGUAGE_CODE)
    terms: list[TermIn] = Field(min_length=1, max_length=MOST_TERMS)


class _StoredGlossary(BaseModel):
    id: str
    name: str
    source: str
    target: str
    created: str


_GLOSSARY = {
    "id": EXAMPLE_ID,
    "name": "Bauwesen",
    "source": "de",
    "target": "en",
    "created": "2026-11-25T22:00:00+00:00",
}


class GlossaryOut(_StoredGlossary):
    """`terms` counts them."""

    model_config = _example(**_GLOSSARY, terms=1)

    terms: int


class GlossariesOut(BaseModel):
    model_config = _example(glossaries=[{**_GLOSSARY, "terms": 1}])

    glossaries: list[GlossaryOut]


class GlossaryTermsOut(_StoredGlossary):
    model_config = _example(**_GLOSSARY, terms=[{"source": "Brücke", "target": "footbridge"}])

    terms: list[TermIn]


class DetectBody(BaseModel):
    model_config = _example(text=EXAMPLE_TEXT)

    text: str


class Span(BaseModel):
    """Code points; `end` is exclusive."""

    model_config = _example(start=0, end=68)

    start: int
    end: int

    @classmethod
    def of(cls, span: SourceSpan) -> Span:
        return cls(start=span.start, end=span.end)


class WarningOut(BaseModel):
    """Something the caller should know. `code` is stable; `span` points into the source text."""

    model_config = _example(
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

    model_config = _example(source={"start": 0, "end": 68}, target={"start": 0, "end": 62}, score=-0.31)

    source: Span
    target: Span
    score: float | None

    @classmethod
    def of(cls, segment: TranslatedSegment) -> SegmentOut:
        source, target = Span.of(segment.source_span), Span.of(segment.target_span)
        return cls(source=source, target=target, score=segment.score)


class TermOut(BaseModel):
    """A term that a segment asks for. `span` is that of the segment in the source text."""

    model_config = _example(source="Brücke", target="footbridge", span={"start": 0, "end": 68})

    source: str
    target: str
    span: Span

    @classmethod
    def of(cls, use: TermUse) -> TermOut:
        assert use.span is not None  # noqa: S101 -- whoever translated the segment has set it
        return cls(source=use.source, target=use.target, span=Span.of(use.span))


class TermsOut(BaseModel):
    """What became of the glossary's terms, in the order of the text."""

    model_config = _example(
        applied=[{"source": "Brücke", "target": "footbridge", "span": {"start": 0, "end": 68}}], missed=[]
    )

    applied: list[TermOut]
    missed: list[TermOut]


class TranslationHead(BaseModel):
    """Who translated. `model` is empty where the text was passed through; where it went through English,
    both models stand in `model` and both revisions in `revision`, in their order, with `+` between them."""

    model_config = _example(language="en", model="opus-mt-de-en", revision="")

    language: str
    model: str
    revision: str


class TranslationOut(TranslationHead):
    model_config = _example(text=_EXAMPLE_TRANSLATION, language="en", model="opus-mt-de-en", revision="")

    text: str


class SummarySentenceOut(BaseModel):
    """`sources` are the spans of the source text that the sentence rests on."""

    model_config = _example(text="The work begins in May.", sources=[{"start": 69, "end": 98}])

    text: str
    sources: list[Span]


class SummaryOut(BaseModel):
    """`method` is "extract" (sentences of the text), "abstractive" (written by `model`) or
    "unchanged" (the text was too short to shorten)."""

    model_config = _example(**_SUMMARY)

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

    model_config = _example(code="de", confidence=0.998)

    code: str
    confidence: float


class UsageOut(BaseModel):
    """`characters` of source; `tokens` read and written by the models."""

    model_config = _example(characters=98, tokens=47)

    characters: int
    tokens: int


_TIMING = {"read": 0.4, "detect": 0.9, "segment": 0.6, "translate": 48.0, "summarize": 0.3, "total": 50.4}
_HEAD: dict[str, Any] = {
    "detected_language": {"code": "de", "confidence": 0.998},
    "warnings": [],
    "usage": {"characters": 98, "tokens": 47},
    "timing": _TIMING,
}
_TRANSLATION = {"text": _EXAMPLE_TRANSLATION, "language": "en", "model": "opus-mt-de-en", "revision": ""}


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
    model_config = _example(
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
    model_config = _example(
        title=_TITLE,
        summary=_SUMMARY,
        **_HEAD,
    )

    title: str | None
    summary: SummaryOut


class TranslatedTextOut(_Facts, TranslationOut):
    """`alternatives`, best first, only where asked for."""

    model_config = _example(**_TRANSLATION, **_HEAD, alternatives=[_EXAMPLE_ALTERNATIVE])

    segments: list[SegmentOut] | None = None
    alternatives: list[str] | None = None


class TranslateOut(BaseModel):
    """As many translations as texts, in their order."""

    model_config = _example(
        {"translations": [{**_TRANSLATION, **_HEAD, "alternatives": [_EXAMPLE_ALTERNATIVE]}]},
        translations=[{**_TRANSLATION, **_HEAD}],
    )

    translations: list[TranslatedTextOut]


class DetectOut(BaseModel):
    """`sure` is false where the text is too short or too mixed to rely on the first candidate. Of the
    texts with a `confidence` of 0.8 about 80 % are in that language; of a mixed text it is the share."""

    model_config = _example(
        language={"code": "de", "confidence": 0.998},
        sure=True,
        candidates=[{"code": "de", "confidence": 0.998}, {"code": "nl", "confidence": 0.001}],
    )

    language: LanguageOut
    sure: bool
    candidates: list[LanguageOut]


class SourceLanguageOut(BaseModel):
    """`pivoted` are those of the targets that no single model reaches: the text goes through English, and
    the answer says so."""

    model_config = _example(code="de", name="German", targets=["en"], pivoted=[])

    code: str
    name: str
    targets: list[str]
    pivoted: list[str]


class LanguagesOut(BaseModel):
    model_config = _example(languages=[{"code": "de", "name": "German", "targets": ["en"], "pivoted": []}])

    languages: list[SourceLanguageOut]


class LicenceOut(BaseModel):
    model_config = _example(name="Apache-2.0", verified=True, restricted=False, notice="")

    name: str
    verified: bool
    restricted: bool
    notice: str


_MODEL: dict[str, Any] = {
    "name": "opus-mt-de-en",
    "task": "translation",
    "revision": "",
    "engine": "ct2",
    "device": "cpu/int8_float32",
    "source_languages": ["de"],
    "target_languages": ["en"],
    "licence": {"name": "Apache-2.0", "verified": True, "restricted": False, "notice": ""},
    "demonstration": False,
    "segment_tokens": 200,
    "batches_at_once": 2,
    "batch_tokens": 512,
}


class ModelOut(BaseModel):
    model_config = _example(**_MODEL)

    name: str
    task: Literal["translation", "summarization"]
    revision: str
    engine: str
    device: str
    source_languages: list[str]
    target_languages: list[str]
    licence: LicenceOut
    demonstration: bool
    segment_tokens: int
    batches_at_once: Annotated[int, Field(description="Threads that decode, chosen from the machine's cores")]
    batch_tokens: Annotated[int, Field(description="Padded source tokens that suit the engine together")]


class LimitsOut(BaseModel):
    """Of one request; `queue_tokens` may wait, of all requests together."""

    model_config = _example(**asdict(EXAMPLE_LIMITS))

    characters: int
    body_bytes: int
    document_bytes: int
    texts: int
    terms: int
    alternatives: int
    queue_tokens: int
    request_seconds: float


class ModelsOut(BaseModel):
    model_config = _example(
        profile="light",
        models=[_MODEL],
        limits=asdict(EXAMPLE_LIMITS),
    )

    profile: str
    models: list[ModelOut]
    limits: LimitsOut


class StreamedSegment(SegmentOut):
    """`text` is this segment's share of the translation: the shares joined are the whole."""

    model_config = _example(
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

    model_config = _example(
        title=_TITLE, translation={"language": "en", "model": "opus-mt-de-en", "revision": ""}, **_HEAD
    )

    title: str | None
    translation: TranslationHead


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


def _terms_out(uses: Sequence[TermUse]) -> TermsOut:
    return TermsOut(
        applied=[TermOut.of(use) for use in uses if use.applied],
        missed=[TermOut.of(use) for use in uses if not use.applied],
    )


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
