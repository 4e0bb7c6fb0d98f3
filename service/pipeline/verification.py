"""Is a hypothesis a translation of its source at all? Cheap checks, measured thresholds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from enum import StrEnum

from service.backends.protocol import GenerationOptions, Hypothesis


class Fault(StrEnum):
    EMPTY = "segment_empty"
    CUT = "segment_cut"
    SHORT = "segment_short"
    LONG = "segment_long"
    REPETITION = "repetition"


MESSAGES = {
    Fault.EMPTY: "The model returned nothing for this segment; the source text stands in its place.",
    Fault.CUT: "The translation of this segment stopped at the length limit and may miss its end.",
    Fault.SHORT: "The translation of this segment is much shorter than usual and may miss something.",
    Fault.LONG: "The translation of this segment is much longer than usual and may add something.",
    Fault.REPETITION: "The translation of this segment repeats itself where the source does not.",
}

_LENGTH_CHECKED_FROM = 40
"""Characters of source from which the length ratio means something."""

_SHORTEST, _LONGEST = 0.6, 1.6
"""Target characters per source character. Good German-English output lies at .70 (1st percentile)
to 1.28 (99th) on newstest 2019; engines that drop content fall below .6 in up to 9 % of segments."""

_NGRAM, _OFTEN = 3, 3
"""The same three words three times within one segment is a loop, unless the source does it too."""


def faults(source: str, hypothesis: Hypothesis) -> frozenset[Fault]:
    """What is wrong with the hypothesis, judged from the texts alone."""
    target = hypothesis.target.strip()
    if not target:
        return frozenset({Fault.EMPTY})
    found = set()
    if not hypothesis.complete:
        found.add(Fault.CUT)
    if len(source) >= _LENGTH_CHECKED_FROM:
        ratio = len(target) / len(source)
        if ratio < _SHORTEST:
            found.add(Fault.SHORT)
        elif ratio > _LONGEST:
            found.add(Fault.LONG)
    if _repeats(target) > max(_OFTEN - 1, _repeats(source)):
        found.add(Fault.REPETITION)
    return frozenset(found)


def other_options(
    options: GenerationOptions, found: frozenset[Fault], source_tokens: int
) -> GenerationOptions:
    """How to decode the failed segment again. Penalties on repetition apply to this segment only:
    a ban for all would break legitimate repetition elsewhere."""
    if found & {Fault.REPETITION, Fault.CUT, Fault.LONG}:
        return replace(options, repetition_penalty=1.3, no_repeat_ngram_size=_NGRAM)
    return replace(
        options,
        beam_size=max(1, options.beam_size // 2),
        min_decoding_length=min(max(1, source_tokens // 2), options.max_decoding_length),
    )


def _repeats(text: str) -> int:
    """How often the most frequent n-gram of words occurs; runs of one word count too."""
    words = text.casefold().split()
    if len(words) < _NGRAM:
        return 1
    return max(Counter(zip(*(words[i:] for i in range(_NGRAM)), strict=False)).values())
