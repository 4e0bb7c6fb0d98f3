"""What becomes of text that a summarizer reads and writes: sections in, whole sentences out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from service.pipeline.focus import content_words
from service.pipeline.result import Span, SummarySentence
from service.pipeline.summarization import SourceSentence, SummaryLength
from service.text.ending import finished, is_finished
from service.text.segmentation import split_sentences

_SUPPORT = 2
"""How many source sentences a written sentence is traced back to, at most."""

_SAME = 0.8
"""From this share of common content words on, two sentences say the same."""

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


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
    if sentences and not is_finished(sentences[-1]):
        sentences.pop()
    return [finished(sentence) for sentence in sentences]


def without_repeats(sentences: Iterable[str]) -> list[str]:
    """In their order, without those that say again what one before them said: the summaries of
    neighbouring sections often do. Sentences with different figures never count as the same."""
    kept: list[str] = []
    seen: list[tuple[set[str], set[str]]] = []
    for sentence in sentences:
        words = content_words(sentence) or {sentence.casefold()}
        figures = set(_FIGURE.findall(sentence))
        if any(figures == others and _much_the_same(words, known) for known, others in seen):
            continue
        kept.append(sentence)
        seen.append((words, figures))
    return kept


def _much_the_same(words: set[str], known: set[str]) -> bool:
    return len(words & known) >= _SAME * max(len(words), len(known))


def fit(sentences: Sequence[str], length: SummaryLength) -> list[str]:
    """As many of the first sentences as the length allows, without repeats."""
    kept: list[str] = []
    for sentence in without_repeats(sentences):
        if not length.allows([*kept, sentence]):
            break
        kept.append(sentence)
    return kept


def trace(written: Sequence[str], sentences: Sequence[SourceSentence]) -> tuple[SummarySentence, ...]:
    """Each written sentence with the source sentences that share most content words with it, in source
    order; where none shares any, with all that the summarizer was given."""
    known = [(content_words(f"{each.source} {each.target or ''}"), each.span) for each in sentences]
    whole = Span(sentences[0].span.start, sentences[-1].span.end)
    return tuple(SummarySentence(text, _support(content_words(text), known) or (whole,)) for text in written)


def _support(wanted: set[str], known: Sequence[tuple[set[str], Span]]) -> tuple[Span, ...]:
    scored = [(len(wanted & words) / len(wanted), span) for words, span in known if wanted & words]
    scored.sort(key=lambda pair: (-pair[0], pair[1].start))
    best = scored[0][0] if scored else 0.0
    near = [span for score, span in scored[:_SUPPORT] if score >= best / 2]
    return tuple(sorted(near, key=lambda span: span.start))
