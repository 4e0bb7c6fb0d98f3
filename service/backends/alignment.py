"""Which word of the target was made of which word of the source, read off the decoder's attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

WORD_START = "▁"
"""SentencePiece's mark on a piece that begins a word."""

DEEP = 4
"""Layers from which alignments are read off the last decoder layer but one, all heads together: there they
are best in models that were not trained to align (Garg et al. 2019, arXiv 1909.02074). In shallower models it
is the first head of the last layer, which is what CTranslate2 takes by itself."""

_LEAST_WEIGHT = 0.25
"""Share of a word's attention below which nothing is said: spread out, it points nowhere."""

Alignment = tuple[tuple[int, int], ...]
"""Pairs of (source word, target word), words counted from 0 between white space."""


def align_words(
    attention: Sequence[Sequence[float]] | Any, source: Sequence[str], target: Sequence[str]
) -> Alignment:
    """`attention` is [target pieces, source pieces], each row a distribution; pieces that are no text
    (language tokens, the end) are given as empty strings and belong to no word.

    Each target word goes to the source word that most of its attention rests on; a source word that no
    target word went to goes to the one that looked at it most, if that looked at it hardest of all.
    """
    sources, targets = _words(source), _words(target)
    if not sources or not targets:
        return ()
    rows, columns = _membership(sources), _membership(targets)
    weights = columns @ numpy.asarray(attention, dtype=numpy.float64)[: len(target), : len(source)] @ rows.T
    weights /= numpy.maximum(columns.sum(axis=1, keepdims=True), 1)
    best = weights.argmax(axis=1)
    pairs = {
        (int(best[word]), word) for word in range(len(weights)) if weights[word, best[word]] >= _LEAST_WEIGHT
    }
    aligned = {one for one, _ in pairs}
    for word in set(range(weights.shape[1])) - aligned:
        looked = int(weights[:, word].argmax())
        if weights[looked, word] >= _LEAST_WEIGHT:
            pairs.add((word, looked))
    return tuple(sorted(pairs))


def word_count(pieces: Sequence[str]) -> int:
    words = _words(pieces)
    return max((word for word in words if word is not None), default=-1) + 1


def _words(pieces: Sequence[str]) -> list[int | None]:
    """The number of the word each piece belongs to. A lone mark opens the word of the next piece."""
    words: list[int | None] = []
    current, open_mark = -1, False
    for piece in pieces:
        if not piece:
            words.append(None)
            continue
        if (piece.startswith(WORD_START) and not open_mark) or current < 0:
            current += 1
        open_mark = piece == WORD_START
        words.append(current)
    return words


def _membership(words: Sequence[int | None]) -> Any:
    """[words, pieces]: 1 where the piece belongs to the word."""
    count = max((word for word in words if word is not None), default=-1) + 1
    table = numpy.zeros((count, len(words)))
    for piece, word in enumerate(words):
        if word is not None:
            table[word, piece] = 1.0
    return table
