"""py3langid's model of languages, asked for all of them at once.

Its own `rank` sorts them anew, as pairs, for each of the pieces that an article is looked at in; the scores
here are the same, which a test holds them to.
"""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from service.text.germanic import UNKNOWN_KIN

Scores = NDArray[numpy.float64]

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
        self._next, self._output = model.tk_nextmove, model.tk_output
        self._rows = [row << 8 for row in model.tk_row]
        # Stored in half precision, which would be widened anew for every text: 27 MB more, and half a
        # millisecond less for an article.
        self._table, self._prior = model.nb_ptc.astype(numpy.float32), model.nb_pc

    def scores(self, text: str) -> Scores:
        """The log-probabilities of the languages, not normalised; one and the same where the text shows
        nothing."""
        scores = numpy.full(len(self.codes), _FLOOR)
        text = text.lower() if text.isupper() else text
        state, features = 0, list[int]()
        following, rows, output, append = self._next, self._rows, self._output, features.append
        for letter in unicodedata.normalize("NFC", text).encode("utf-8", errors="surrogatepass"):
            state = following[rows[state] + letter]
            feature = output[state]
            if feature >= 0:
                append(feature)
        if not features:
            return scores
        counted = Counter(features)
        index = numpy.fromiter(counted.keys(), dtype=numpy.intp, count=len(counted))
        counts = numpy.fromiter(counted.values(), dtype=numpy.float32, count=len(counted))
        columns = numpy.log1p(counts) @ self._table[index] + self._prior
        scores[: self._known] = numpy.maximum(columns[self._first], columns[self._last])
        return scores


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
