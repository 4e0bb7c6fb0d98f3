"""What the reader wants to know of: how much each sentence is about it."""

from __future__ import annotations

from collections.abc import Sequence

from service.pipeline.summarization import SourceSentence

_FOCUSED = 12
"""Sentences about the focus that a summarizer is given, at most."""


def relevance(sentences: Sequence[SourceSentence], focus: str) -> list[float]:
    """How many of the focus's words each sentence has, as a share, in the source or in the translation;
    words are compared by their first letters, because both languages inflect."""
    stems = {_stem(word) for word in content_words(focus)}
    if not stems:
        return []
    shares = []
    for sentence in sentences:
        words = {_stem(word) for word in content_words(f"{sentence.source} {sentence.target or ''}")}
        shares.append(len(stems & words) / len(stems))
    return shares


def about(sentences: Sequence[SourceSentence], focus: str) -> list[SourceSentence]:
    """The sentences most about the focus, in their order; all of them where none is."""
    shares = relevance(sentences, focus)
    if not any(shares):
        return list(sentences)
    best = sorted(range(len(sentences)), key=lambda index: (-shares[index], index))[:_FOCUSED]
    return [sentences[index] for index in sorted(best) if shares[index] > 0]


def content_words(text: str) -> set[str]:
    """Words of four letters and more, and anything with a digit: what a sentence is about."""
    words = (word.strip(".,;:!?\"'„“”‚‘’«»()[]").casefold() for word in text.split())
    return {word for word in words if len(word) > 3 or any(map(str.isdigit, word))}


def _stem(word: str) -> str:
    return word[: max(4, len(word) - 3)] if len(word) > 4 else word
