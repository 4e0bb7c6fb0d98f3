"""What is asked of the native API."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from service.api.native.wire import EXAMPLE_TEXT, LANGUAGE_CODE, example
from service.pipeline.alternatives import MOST_ALTERNATIVES
from service.pipeline.article import DigestRequest, MediaType, OnOverflow
from service.pipeline.summarization import SummaryLength, SummaryRequest
from service.terms.glossary import LONGEST_TERM, Dictionaries, Term, TermList

GLOSSARY_ID = r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"


class SummaryWish(BaseModel):
    """How long the summary may be: `sentences` and `words` are upper limits, `length` names a
    pair of them (short: 2 and 50, medium: 3 and 90, long: 6 and 180). The default is 3 sentences
    and at most 90 words."""

    model_config = example(sentences=2, language="en")

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

    model_config = example(source="Brücke", target="footbridge")

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
    model_config = example(text=EXAMPLE_TEXT, source="auto", target="en", summary={"sentences": 1})

    text: str
    summary: SummaryWish = SummaryWish()
    segments: bool = Field(default=False, description="answer with segment spans and scores")


class SummarizeBody(Translated):
    model_config = example(text=EXAMPLE_TEXT, summary={"length": "short"})

    text: str
    summary: SummaryWish = SummaryWish()


class TranslateBody(Translated):
    model_config = example(
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


class DetectBody(BaseModel):
    model_config = example(text=EXAMPLE_TEXT)

    text: str
