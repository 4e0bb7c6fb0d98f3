"""A summary written by a sequence-to-sequence model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from service.backends.protocol import GenerationOptions
from service.batching.batcher import Batcher
from service.errors import GenerationFailed, Unavailable
from service.pipeline.facts import Evidence
from service.pipeline.models import LoadedModel
from service.pipeline.off_loop import off_loop
from service.pipeline.result import Caveat, Summary
from service.pipeline.sections import fit, pack, trace, whole_sentences, without_repeats
from service.pipeline.summarization import SourceSentence, SummaryLength, count_words
from service.text.extractive import select_sentences

_WORDS_TO_TOKENS = 1.6
"""Room for the tokens of one English word, punctuation included, in BART's vocabulary."""

_LEAST_SHARE = 0.5
"""The shortest summary a model may write, as a share of the words asked for."""


class AbstractiveSummarizer:
    """Reads one language and writes one, the same unless the model is cross-lingual. A text longer than
    the model reads well is summarised section by section; the section summaries, in their order and
    without what they say twice, are summarised once more together, until they fit."""

    def __init__(self, batcher: Batcher, model: LoadedModel, *, reads: str, writes: str) -> None:
        self._batcher = batcher
        self._model = model
        self._reads = reads
        self._writes = writes

    async def summarize(self, sentences: Sequence[SourceSentence], length: SummaryLength) -> Summary | None:
        """None where the model fails or writes nothing usable."""
        crosses = self._reads != self._writes
        texts = [sentence.source if crosses else sentence.text for sentence in sentences]
        caveats: list[Caveat] = []
        try:
            written, tokens = await self._write(texts, length, caveats)
        except (GenerationFailed, Unavailable):
            return None
        basis = " ".join(texts)
        supported = await off_loop(len(basis), lambda: self._supported(written, basis, caveats))
        kept = fit(supported, length)
        if not kept or count_words(" ".join(kept)) > count_words(basis):
            return None
        traced = await off_loop(len(basis), lambda: trace(kept, sentences))
        return Summary(
            text=" ".join(kept),
            sentences=traced,
            language=self._writes,
            model=self._model.name,
            revision=self._model.revision,
            method="abstractive",
            caveats=tuple(caveats),
            tokens=tokens,
        )

    async def _write(
        self, texts: Sequence[str], length: SummaryLength, caveats: list[Caveat]
    ) -> tuple[list[str], int]:
        """Whole sentences, at times more than the length allows, and the tokens it took."""
        words = self._words(length)
        sections = await self._sections(texts)
        if len(sections) > 1:
            message = f"The text was summarised in {len(sections)} sections, then merged."
            caveats.append(Caveat("summarized_in_sections", message))
        tokens = 0
        while len(sections) > 1:
            written, used = await self._generate(sections, max(25, words // 2))
            tokens += used
            sentences = without_repeats(written)
            if self._reads != self._writes:  # it cannot read what it wrote
                return self._chosen(sentences, length), tokens
            merged = await self._sections(sentences)
            if len(merged) >= len(sections):
                message = "The section summaries do not fit together; sentences of them were chosen."
                caveats.append(Caveat("summary_cut", message))
                return self._chosen(sentences, length), tokens
            sections = merged
        if not sections:  # no section's summary reached the end of a sentence
            return [], tokens
        written, used = await self._generate(sections, words)
        return written, tokens + used

    def _chosen(self, sentences: Sequence[str], length: SummaryLength) -> list[str]:
        chosen = select_sentences(
            sentences, count=length.sentences, max_words=length.words, language=self._writes
        )
        return [sentences[index] for index in chosen]

    def _supported(self, written: Sequence[str], basis: str, caveats: list[Caveat]) -> list[str]:
        """Without the sentences that name a figure the text does not have; names are only doubted,
        because a model may spell one out."""
        supported = []
        try:
            evidence = Evidence(basis, self._reads, self._writes)
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
        """The whole sentences of all the sections' summaries, in order, and the tokens read and written."""
        generation = self._model.config.generation
        longest = min(math.ceil(words * _WORDS_TO_TOKENS), self._model.config.limits.target_tokens)
        options = GenerationOptions(
            beam_size=generation.beam_size,
            length_penalty=generation.length_penalty,
            repetition_penalty=generation.repetition_penalty,
            no_repeat_ngram_size=generation.no_repeat_ngram_size,
            max_decoding_length=longest,
            min_decoding_length=max(1, min(math.floor(words * _LEAST_SHARE), longest - 1)),
            source_language=self._reads,
            target_language=self._writes,
        )
        hypotheses = await self._batcher.generate(self._model.backend, sections, options, admitted=True)
        tokens = sum(h.tokens for h in hypotheses) + sum(map(self._model.backend.count_tokens, sections))
        written = [whole_sentences(hypothesis.target, self._writes) for hypothesis in hypotheses]
        return [sentence for part in written for sentence in part], tokens
