"""A summary without weights: the sentences of the source that say most, in source order.

Position prior, TF-IDF centrality, plain words and maximal marginal relevance. The weights were tuned
on the validation articles of Klexikon, with a look at SciTLDR's; `docs/summaries.md` has what they score
on others.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain

from service.text.abbreviations import orthography

_POSITION_DECAY = 0.08
_POSITION_WEIGHT = 0.4
_CENTRAL_WEIGHT = 0.5
_PLAIN_WEIGHT = 0.2
_RELEVANCE_WEIGHT = 0.9
_FOCUS_WEIGHT = 2.0  # more than all the others together
_SHORTEST, _LONGEST = 6, 60
_PLAIN, _DENSE = 4.0, 9.0  # characters of the average word
# German inflects and compounds: words that begin alike are of one thing.
_STEM = 6
_DEFAULT_COUNT = 3
_REPEATS = 0.7  # a sentence this similar to a chosen one says it again, and waits until all others are in
# Redundancy is compared among the best so many; the rest never make a short summary.
_POOL = 300

_TERM = re.compile(r"[^\W\d_]{2,}|\d+(?:[.,]\d+)*")
_WORD = re.compile(r"\w+")
_QUESTION = re.compile(r"\?[\"'“”»«’)\]]*$")
_ENDED = re.compile(r"[.!…][\"'“”»«’)\]]*$")

_Vector = Mapping[str, float]


def select_sentences(
    sentences: Sequence[str],
    *,
    count: int | None,
    max_words: int | None,
    language: str,
    wanted: Sequence[float] = (),
) -> list[int]:
    """`wanted` says of each sentence how much it is about what the reader asked for, 0 to 1.

    Indices, ascending, of at most `count` sentences (3 when neither limit is given) with at most
    `max_words` words together. Where not even one sentence fits `max_words`, the shortest one.

    Questions, fragments and sentences outside 6 to 60 words are left out unless nothing else is there.
    """
    candidates = _candidates(sentences)
    if not candidates or (count is not None and count < 1):
        return []
    if count is None and max_words is None:
        count = _DEFAULT_COUNT
    limit = len(candidates) if count is None else count
    words = {index: len(sentences[index].split()) for index in candidates}
    room = math.inf if max_words is None else max_words
    if all(words[index] > room for index in candidates):
        return [min(candidates, key=lambda index: (words[index], index))]

    vectors = _tf_idf(sentences, candidates, language)
    scores = _scores(sentences, candidates, vectors)
    if wanted:
        scores = {index: score + _FOCUS_WEIGHT * wanted[index] for index, score in scores.items()}
    ranked = sorted(candidates, key=lambda index: (-scores[index], index))
    pool = ranked[:_POOL]
    similar = dict.fromkeys(pool, 0.0)
    chosen: list[int] = []
    while pool and len(chosen) < limit:
        fitting = [index for index in pool if words[index] <= room]
        if not fitting:
            break
        best = max(
            fitting,
            key=lambda index: (
                similar[index] < _REPEATS,
                _RELEVANCE_WEIGHT * scores[index] - (1 - _RELEVANCE_WEIGHT) * similar[index],
                -index,
            ),
        )
        chosen.append(best)
        room -= words[best]
        pool = [index for index in fitting if index != best] if len(chosen) < limit else []
        for index in pool:
            similar[index] = max(similar[index], _cosine(vectors[index], vectors[best]))
    for index in ranked[_POOL:]:  # only where more than the whole pool was asked for
        if len(chosen) >= limit:
            break
        if words[index] <= room:
            chosen.append(index)
            room -= words[index]
    return sorted(chosen)


def _candidates(sentences: Sequence[str]) -> list[int]:
    """Statements of a good length; else any statement; else anything with a word in it."""
    first: dict[tuple[str, ...], int] = {}  # a sentence that stands twice is said once
    for index, sentence in enumerate(sentences):
        if words := tuple(_WORD.findall(sentence.casefold())):
            first.setdefault(words, index)
    wordy = [index for index in first.values() if _TERM.search(sentences[index])]
    statements = [index for index in wordy if not _QUESTION.search(sentences[index].rstrip()[-12:])]
    good = [
        index
        for index in statements
        if _SHORTEST <= len(sentences[index].split()) <= _LONGEST
        and _ENDED.search(sentences[index].rstrip()[-12:])
    ]
    return good or statements or wordy


def _tf_idf(sentences: Sequence[str], candidates: Sequence[int], language: str) -> dict[int, _Vector]:
    """Unit vectors of the candidates' stems, function words left out."""
    stop = _function_words(language)
    counts = {
        index: Counter([term[:_STEM] for term in _TERM.findall(sentences[index].lower()) if term not in stop])
        for index in candidates
    }
    frequency = Counter(chain.from_iterable(counts.values()))
    total = len(candidates)
    rarity = {often: math.log(1 + total / often) for often in set(frequency.values())}
    return {
        index: _unit({term: n * rarity[frequency[term]] for term, n in terms.items()})
        for index, terms in counts.items()
    }


@lru_cache(maxsize=32)
def _function_words(language: str) -> frozenset[str]:
    """Whoever adds starters scores the extract again: docs/summaries.md."""
    return frozenset(word.lower() for word in orthography(language).starters)


def _scores(
    sentences: Sequence[str], candidates: Sequence[int], vectors: Mapping[int, _Vector]
) -> dict[int, float]:
    """Position, centrality and plainness, each between 0 and 1 before it is weighted."""
    centroid: dict[str, float] = {}
    for index in candidates:
        for term, weight in vectors[index].items():
            centroid[term] = centroid.get(term, 0.0) + weight
    centroid = _unit(centroid)
    central = {index: _cosine(vectors[index], centroid) for index in candidates}
    most = max(central.values()) or 1.0
    return {
        index: _POSITION_WEIGHT * math.exp(-_POSITION_DECAY * position)
        + _CENTRAL_WEIGHT * central[index] / most
        + _PLAIN_WEIGHT * _plainness(sentences[index])
        for position, index in enumerate(candidates)
    }


def _plainness(sentence: str) -> float:
    """1 for short words, 0 for long ones, which are mostly compounds and asides."""
    words = sentence.split()
    average = sum(map(len, words)) / len(words)
    return max(0.0, min(1.0, (_DENSE - average) / (_DENSE - _PLAIN)))


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum([weight * weight for weight in vector.values()]))
    return {term: weight / length for term, weight in vector.items()} if length else vector


def _cosine(left: _Vector, right: _Vector) -> float:
    if len(left) > len(right):
        left, right = right, left
    return sum([weight * right[term] for term, weight in left.items() if term in right])
