"""How sure the model was of a segment, beside how sure it was of the article."""

from __future__ import annotations

import math

_FEWEST = 8
"""Segments before the article has a mean to speak of."""

_DEVIATIONS = 4.0
_LEAST_DEVIATION = 0.12
"""Of the mean log-probability per token. With 600 sentences of FLORES-200 dev in articles of 20, none
of the bundled model's translations lay so far below; their deviation is 0.13 in all."""


class Likelihood:
    """The mean log-probabilities per token of an article's segments, each of which is compared with all
    the others."""

    def __init__(self) -> None:
        self._count = 0
        self._sum = self._squares = 0.0

    def add(self, score: float) -> None:
        self._count += 1
        self._sum += score
        self._squares += score * score

    def is_far_below(self, score: float, *, instead_of: float | None = None) -> bool:
        """`instead_of` is the score of the same segment that was added before, None where none was."""
        count, total, squares = self._count, self._sum, self._squares
        if instead_of is not None:
            count, total, squares = count - 1, total - instead_of, squares - instead_of * instead_of
        if count < _FEWEST:
            return False
        mean = total / count
        deviation = math.sqrt(max(0.0, squares / count - mean * mean))
        return score < mean - _DEVIATIONS * max(deviation, _LEAST_DEVIATION)
