"""The short summary: an extract of the source, or written by a model from the translation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from service.backends.protocol import GenerationOptions
from service.batching.batcher import Batcher
from service.errors import GenerationFailed, Unavailable
from service.pipeline.facts import Evidence
from service.pipeline.models import LoadedModel
from service.pipeline.off_loop import off_loop
from service.pipeline.result import Caveat, Span, Summary, SummarySentence
from service.text.extractive import select_sentences
from service.text.segmentation import split_sentences

Length = Literal["short", "medium", "long"]
Style = Literal["paragraph", "bullets", "headline"]

HEADLINE = 14
"""Words a headline may have; those of news agencies have 8 to 12."""

_FOCUSED = 12
"""Sentences about the focus that a summarizer is given, at most."""

SHORT_INPUT_WORDS = 80
"""Below this a summarizer forced to a length invents; the lead sentences are better."""

_WORDS_TO_TOKENS = 1.6
"""Room for the tokens of one English word, punctuation included, in BART's vocabulary."""

_LEAST_SHARE = 0.5
"""The shortest summary a model may write, as a share of the words asked for."""

_SUPPORT = 2
"""How many source sentences a written sentence is traced back to, at most."""


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


def relevance(sentences: Sequence[SourceSentence], focus: str) -> list[float]:
    """How many of the focus's words each sentence has, as a share, in the source or in the translation;
    words are compared by their first letters, because both languages inflect."""
    stems = {_stem(word) for word in _content(focus)}
    if not stems:
        return []
    shares = []
    for sentence in sentences:
        words = {_stem(word) for word in _content(f"{sentence.source} {sentence.target or ''}")}
        shares.append(len(stems & words) / len(stems))
    return shares


def _stem(word: str) -> str:
    return word[: max(4, len(word) - 3)] if len(word) > 4 else word


def about(sentences: Sequence[SourceSentence], focus: str) -> list[SourceSentence]:
    """The sentences most about the focus, in their order; all of them where none is."""
    shares = relevance(sentences, focus)
    if not any(shares):
        return list(sentences)
    best = sorted(range(len(sentences)), key=lambda index: (-shares[index], index))[:_FOCUSED]
    return [sentences[index] for index in sorted(best) if shares[index] > 0]


def select(
    sentences: Sequence[SourceSentence], length: SummaryLength, language: str, focus: str = ""
) -> list[SourceSentence]:
    """The sentences of an extract, in source order, chosen on the source and measured in the
    words that will stand in the answer. At least one, even where that one is too long. A sentence
    whose translation is doubtful gives way to the next best; alone, it is taken."""
    sentences = [sentence for sentence in sentences if not sentence.doubtful] or sentences
    words, wanted = length.words, relevance(sentences, focus)
    while True:
        chosen = select_sentences(
            [sentence.source for sentence in sentences],
            count=length.sentences,
            max_words=words,
            language=language,
            wanted=wanted,
        )
        picked = [sentences[index] for index in chosen]
        if len(picked) <= 1 or words is None or length.allows([sentence.text for sentence in picked]):
            return picked
        words = min(words - 1, math.floor(words * 0.9))


def extract(picked: Sequence[SourceSentence], *, of: int, length: SummaryLength, language: str) -> Summary:
    """The summary made of the sentences picked out of `of`. The model, if one is named at all, only
    translated: the choice is ours."""
    texts = [sentence.text for sentence in picked]
    caveats = []
    unchanged = bool(picked) and len(picked) == of
    if length.words is not None and not length.allows(texts):
        texts = [shorten(texts[0], length.words)]  # `select` left only one: none was short enough
        unchanged = False
        message = (
            "No sentence is as short as the summary asked for; the shortest one is given without its end."
        )
        caveats.append(Caveat("summary_cut", message, picked[0].span))
    if not picked:
        message = (
            "There is nothing to summarise: the text has no sentence besides captions, credits and the like."
        )
        caveats.append(Caveat("nothing_to_summarize", message))
    elif unchanged:
        message = "The text is too short to shorten; the summary repeats it."
        caveats.append(Caveat("short_input", message))
    return Summary(
        text=" ".join(texts),
        sentences=tuple(
            SummarySentence(text, (sentence.span,)) for text, sentence in zip(texts, picked, strict=True)
        ),
        language=language,
        model="",
        revision="",
        method="unchanged" if unchanged else "extract",
        caveats=tuple(caveats),
    )


def shorten(sentence: str, words: int) -> str:
    """At most so many words of a longer sentence, up to the end of a clause where there is one in the
    second half, and an ellipsis."""
    kept = sentence.split()[:words]
    for size in range(len(kept), len(kept) // 2, -1):
        if kept[size - 1].endswith((",", ";", ":", "–", "—")):
            kept = kept[:size]
            break
    return " ".join(kept).rstrip(" ,;:–—-.") + "…"


def headline(sentence: SourceSentence, language: str) -> Summary:
    """The article's own, in the summary's language."""
    return Summary(
        text=sentence.text,
        sentences=(SummarySentence(sentence.text, (sentence.span,)),),
        language=language,
        model="",
        revision="",
        method="extract",
    )


def in_style(summary: Summary, style: Style) -> Summary:
    """Bullets are lines that begin with a dash; the sentences stay as they are."""
    if style != "bullets" or not summary.sentences:
        return summary
    return replace(summary, text="\n".join(f"- {sentence.text}" for sentence in summary.sentences))


class AbstractiveSummarizer:
    """Writes a summary with a sequence-to-sequence model. A text longer than the model reads well
    is summarised section by section, and the section summaries once more together."""

    def __init__(self, batcher: Batcher, model: LoadedModel, *, language: str) -> None:
        self._batcher = batcher
        self._model = model
        self._language = language

    async def summarize(self, sentences: Sequence[SourceSentence], length: SummaryLength) -> Summary:
        """Where the model fails or writes nothing usable, an extract that says so."""
        try:
            written = await self._write(sentences, length)
        except (GenerationFailed, Unavailable):
            written = None
        if written is not None:
            return written
        picked = select(sentences, length, self._language)
        fallback = extract(picked, of=len(sentences), length=length, language=self._language)
        message = "The summarizer wrote nothing usable; sentences of the text are given instead."
        return replace(fallback, caveats=(*fallback.caveats, Caveat("summary_extracted", message)))

    async def _write(self, sentences: Sequence[SourceSentence], length: SummaryLength) -> Summary | None:
        texts = [sentence.text for sentence in sentences]
        words = self._words(length)
        caveats: list[Caveat] = []
        tokens = 0
        sections = await self._sections(texts)
        if len(sections) > 1:
            message = f"The text was summarised in {len(sections)} sections, then merged."
            caveats.append(Caveat("summarized_in_sections", message))
        while len(sections) > 1:
            parts, used = await self._generate(sections, max(25, words // 2))
            tokens += used
            merged = await self._sections(
                [s for part in parts for s in whole_sentences(part, self._language)]
            )
            if len(merged) >= len(sections):  # does not shrink: keep what fits instead of looping
                sections = merged[:1]
                message = "The section summaries did not fit together; the later ones were left out."
                caveats.append(Caveat("summary_cut", message))
            else:
                sections = merged
        if not sections:  # no section's summary reached the end of a sentence
            return None
        [written], used = await self._generate(sections, words)
        basis, whole = " ".join(texts), whole_sentences(written, self._language)
        supported = await off_loop(len(basis), lambda: self._supported(whole, basis, caveats))
        kept = fit(supported, length)
        if not kept or count_words(" ".join(kept)) > count_words(" ".join(texts)):
            return None
        return Summary(
            text=" ".join(kept),
            sentences=tuple(SummarySentence(text, support(text, sentences)) for text in kept),
            language=self._language,
            model=self._model.name,
            revision=self._model.revision,
            method="abstractive",
            caveats=tuple(caveats),
            tokens=tokens + used,
        )

    def _supported(self, written: Sequence[str], basis: str, caveats: list[Caveat]) -> list[str]:
        """Without the sentences that name a figure the text does not have; names are only doubted,
        because a model may spell one out."""
        supported = []
        try:
            evidence = Evidence(basis, self._language)
            doubts = [{each.doubt: each for each in evidence.unsupported(sentence)} for sentence in written]
        except Exception:  # whatever a check trips over, it must not cost the answer
            message = "The figures and names of the summary could not be checked."
            caveats.append(Caveat("summary_unchecked", message))
            return list(written)
        for sentence, found in zip(written, doubts, strict=True):
            if "number" in found:
                message = (
                    f"A sentence was left out; not found in the text: {', '.join(found['number'].added)}."
                )
                caveats.append(Caveat("summary_sentence_dropped", message))
                continue
            if "name" in found:
                message = f"In the summary, but not found in the text: {', '.join(found['name'].added)}."
                caveats.append(Caveat("summary_name_doubtful", message))
            supported.append(sentence)
        return supported

    def _words(self, length: SummaryLength) -> int:
        if length.words is not None:
            return length.words
        return 30 * (length.sentences or 3)  # news sentences have 20 to 25 words

    async def _sections(self, texts: Sequence[str]) -> list[str]:
        most, count = self._model.config.limits.segment_tokens, self._model.backend.count_tokens
        return await off_loop(sum(map(len, texts)), lambda: pack(texts, most, count))

    async def _generate(self, sections: Sequence[str], words: int) -> tuple[list[str], int]:
        generation = self._model.config.generation
        longest = min(math.ceil(words * _WORDS_TO_TOKENS), self._model.config.limits.target_tokens)
        options = GenerationOptions(
            beam_size=generation.beam_size,
            length_penalty=generation.length_penalty,
            repetition_penalty=generation.repetition_penalty,
            no_repeat_ngram_size=generation.no_repeat_ngram_size,
            max_decoding_length=longest,
            min_decoding_length=max(1, min(math.floor(words * _LEAST_SHARE), longest - 1)),
            source_language=self._language,
            target_language=self._language,
        )
        hypotheses = await self._batcher.generate(self._model.backend, sections, options, admitted=True)
        tokens = sum(h.tokens for h in hypotheses) + sum(map(self._model.backend.count_tokens, sections))
        return [hypothesis.target for hypothesis in hypotheses], tokens


def pack(texts: Sequence[str], max_tokens: int, count_tokens: Callable[[str], int]) -> list[str]:
    """Whole sentences packed, in order, into as few sections of at most `max_tokens` as that
    allows. A single longer sentence is cut at words into sections of its own.

    The sentences' own counts, special tokens included, add up to at least the section's; the
    section itself is counted only where that sum is over the limit."""
    sections: list[str] = []
    current: list[str] = []
    used = 0
    for text in texts:
        tokens = count_tokens(text)
        if current and used + tokens > max_tokens:
            used = count_tokens(" ".join([*current, text])) - tokens
            if used + tokens > max_tokens:
                sections.append(" ".join(current))
                current, used = [], 0
        if tokens <= max_tokens:
            current.append(text)
            used += tokens
            continue
        words = text.split()
        while words:
            size = len(words)
            while size > 1 and count_tokens(" ".join(words[:size])) > max_tokens:
                size = size // 2
            sections.append(" ".join(words[:size]))
            words = words[size:]
    if current:
        sections.append(" ".join(current))
    return sections


def whole_sentences(text: str, language: str) -> list[str]:
    """The sentences of a written summary without a last one that was cut off."""
    text = " ".join(text.split())
    sentences = [text[start:end] for start, end in split_sentences(text, language)]
    if sentences and not sentences[-1].rstrip("\"'”’»)").endswith((".", "!", "?", "…")):
        sentences.pop()
    return sentences


def fit(sentences: Sequence[str], length: SummaryLength) -> list[str]:
    """As many of the first sentences as the length allows, without repeats."""
    kept: list[str] = []
    for sentence in sentences:
        if sentence in kept:
            continue
        if not length.allows([*kept, sentence]):
            break
        kept.append(sentence)
    return kept


def support(text: str, sentences: Sequence[SourceSentence]) -> tuple[Span, ...]:
    """The source sentences that share most content words with the text, in source order."""
    wanted = _content(text)
    scored = []
    for sentence in sentences:
        shared = len(wanted & _content(sentence.text))
        if shared:
            scored.append((shared / len(wanted), sentence.span))
    scored.sort(key=lambda pair: (-pair[0], pair[1].start))
    best = scored[0][0] if scored else 0.0
    near = [span for score, span in scored[:_SUPPORT] if score >= best / 2]
    return tuple(sorted(near, key=lambda span: span.start))


def _content(text: str) -> set[str]:
    """Words of four letters and more, and anything with a digit: what a sentence is about."""
    words = (word.strip(".,;:!?\"'„“”‚‘’«»()[]").casefold() for word in text.split())
    return {word for word in words if len(word) > 3 or any(map(str.isdigit, word))}
