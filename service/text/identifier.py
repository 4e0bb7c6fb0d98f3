"""py3langid's model of languages, asked for all of them at once.

Its own `rank` sorts them anew, as pairs, for each of the pieces that an article is looked at in; the scores
here are the same, which a test holds them to.
"""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from service.text.germanic import UNKNOWN_KIN

Scores = NDArray[numpy.float64]

_LONGEST_FEATURE = 6
"""Bytes."""

_FLOOR = float(numpy.finfo(numpy.float32).min)


class Identifier:
    """`codes` are the languages it knows, in the order of its scores; those given beside them, which it does
    not know, stand at the end and have the lowest score."""

    def __init__(self, model: Any, others: Sequence[str]) -> None:  # Any: py3langid has no types
        labels: list[str] = model.nb_classes
        columns: dict[str, list[int]] = {code: [] for code in labels}
        for column, label in enumerate(labels):
            columns[label].append(column)
        self.codes = [*columns, *others]
        self.places = {code: place for place, code in enumerate(self.codes)}
        self._known = len(columns)
        # A language in two scripts has two columns, of which the better counts.
        self._first = numpy.array([each[0] for each in columns.values()])
        self._last = numpy.array([each[-1] for each in columns.values()])
        # From each state with each byte to the next state, flat; and the feature that a state has seen.
        self._next = numpy.asarray(model.tk_nextmove)
        self._rows = numpy.asarray(model.tk_row, dtype=numpy.intp) << 8
        self._output = numpy.asarray(model.tk_output)
        # Stored in half precision, which would be widened anew for every text: 27 MB more, and half a
        # millisecond less for an article.
        self._table, self._prior = model.nb_ptc.astype(numpy.float32), model.nb_pc

    def scores(self, texts: Sequence[str]) -> Scores:
        """The log-probabilities of the languages, a row for each text, not normalised; one and the same where
        the text shows nothing."""
        written = [
            unicodedata.normalize("NFC", text.lower() if text.isupper() else text).encode(
                "utf-8", errors="surrogatepass"
            )
            for text in texts
        ]
        scores = numpy.full((len(texts), len(self.codes)), _FLOOR)
        for row, features in enumerate(self._features(written)):
            if features:
                scores[row, : self._known] = self._scores(features)
        return scores

    def _features(self, texts: Sequence[bytes]) -> Iterator[list[int]]:
        """Those each text shows, in order. A state depends on the last few bytes alone, so all places of all
        texts are walked to at once, each from so many bytes before it; bytes of the text before do not
        count."""
        letters = numpy.frombuffer(b"".join(texts), dtype=numpy.uint8)
        lengths = numpy.array([len(text) for text in texts], dtype=numpy.intp)
        starts = numpy.cumsum(lengths) - lengths
        within = numpy.arange(len(letters)) - numpy.repeat(starts, lengths)
        states = numpy.zeros(len(letters), dtype=numpy.intp)
        for back in range(min(_LONGEST_FEATURE, len(letters)) - 1, -1, -1):
            states[back:] = self._next[self._rows[states[back:]] + letters[: len(letters) - back]]
            if back:
                states[within < back] = 0
        seen = self._output[states]
        for start, length in zip(starts, lengths, strict=True):
            shown = seen[start : start + length]
            yield shown[shown >= 0].tolist()

    def _scores(self, features: list[int]) -> Scores:
        counted = Counter(features)
        index = numpy.fromiter(counted.keys(), dtype=numpy.intp, count=len(counted))
        counts = numpy.fromiter(counted.values(), dtype=numpy.float32, count=len(counted))
        columns = numpy.log1p(counts) @ self._table.take(index, axis=0) + self._prior
        best: Scores = numpy.maximum(columns[self._first], columns[self._last])
        return best


_identifier: Identifier | None = None
_loading = threading.Lock()


def identifier() -> Identifier:
    """Loaded at the first text (under a second, about 120 MB)."""
    global _identifier  # noqa: PLW0603 - one 120 MB table per process, shared by every caller
    with _loading:
        if _identifier is None:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)
            _identifier = Identifier(model, UNKNOWN_KIN)
        return _identifier
