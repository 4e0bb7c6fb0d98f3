"""A summary without a model: sentences of the article, chosen, cut if need be, and said how."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from service.pipeline.focus import relevance
from service.pipeline.result import Caveat, Summary, SummarySentence
from service.pipeline.summarization import SourceSentence, Style, SummaryLength
from service.text.ending import finished
from service.text.extractive import select_sentences


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
    texts = [finished(sentence.text) for sentence in picked]
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
    """The article's own, in the summary's language; a headline has no full stop."""
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
