"""The baselines every summary has to beat: the first sentences, and the first words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from service.pipeline.sections import fit
from service.pipeline.summarization import SummaryLength
from service.text.article import read_article
from service.text.segmentation import split_sentences


def first_sentences(text: str, language: str, length: SummaryLength) -> str:
    """As many sentences of the prose as the length allows, headlines and captions left out."""
    sentences = list(islice(_sentences(text, language), length.sentences or length.words or 3))
    return " ".join(fit(sentences, length) or sentences[:1])


def first_words(text: str, language: str, words: int) -> str:
    """Exactly so many words of the prose, or all it has: cut within a sentence, as no summary is, but
    neither longer nor shorter than the summary it is compared with."""
    found: list[str] = []
    for sentence in _sentences(text, language):
        if len(found) >= words:
            break
        found += sentence.split()
    return " ".join(found[:words])


def _sentences(text: str, language: str) -> Iterator[str]:
    article = read_article(text)
    for block in (article.blocks[index] for index in article.summary_blocks):
        prose = text[block.start : block.end]
        for start, end in split_sentences(prose, language):
            yield " ".join(prose[start:end].split())
