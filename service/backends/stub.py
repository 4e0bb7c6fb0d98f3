"""A small engine without weights that obeys the whole contract: for tests and benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from service.backends.protocol import Batching, GenerationOptions, Hypothesis
from service.errors import GenerationFailed
from service.model_store.config import ModelConfig

ONE_AT_A_TIME = Batching()

Decode = Callable[[str], str]


def _no_gate(_: Sequence[str]) -> None:
    return None


class StubBackend:
    """A token is a word; the "translation" of a word is the word in capitals, so that what became
    of a text can be read off; each further hypothesis has one word more, from the first on, in small letters.
    A summarizer gives the first words it was asked for.

    `gate` is called with each batch before it is decoded and may block. `decode` replaces the
    decoding of one source, to plant loops and losses; a batch with a source that contains `fail_on`
    fails. `seconds_per_token` makes it as slow as wished.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        gate: Callable[[Sequence[str]], None] = _no_gate,
        decode: Decode | None = None,
        fail_on: str = "",
        seconds_per_token: float = 0.0,
        batching: Batching = ONE_AT_A_TIME,
    ) -> None:
        self._config = config
        self._gate = gate
        self._decode = decode or str.upper
        self._fail_on = fail_on
        self._seconds_per_token = seconds_per_token
        self._batching = batching
        self._closed = False

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def max_source_tokens(self) -> int:
        return self._config.limits.source_tokens

    @property
    def device(self) -> str:
        return "cpu/none"

    @property
    def batching(self) -> Batching:
        return self._batching

    def count_tokens(self, source: str) -> int:
        return len(source.split()) + 1

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        if self._closed:
            raise GenerationFailed("The backend is closed.")
        if not sources:
            return []
        if any(self.count_tokens(source) > self.max_source_tokens for source in sources):
            raise GenerationFailed("A source is over the model's limit.")
        self._gate(sources)
        if self._fail_on and any(self._fail_on in source for source in sources):
            raise GenerationFailed("The planted fault.")
        if self._seconds_per_token:
            time.sleep(self._seconds_per_token * sum(map(self.count_tokens, sources)))
        return [
            Hypothesis.best_of([self._hypothesis(source, options, n) for n in range(options.hypotheses)])
            for source in sources
        ]

    def close(self) -> None:
        self._closed = True

    def _hypothesis(self, source: str, options: GenerationOptions, rank: int) -> Hypothesis:
        words = self._decode(source).split()
        words = [word.lower() for word in words[:rank]] + words[rank:]
        kept = words[: options.max_decoding_length]
        complete = len(words) < options.max_decoding_length
        # Word for word; a planted decoder that writes more or fewer words tells nothing.
        aligned = tuple((n, n) for n in range(len(kept))) if len(kept) == len(source.split()) else None
        return Hypothesis(
            " ".join(kept),
            -0.1 * (1 + rank) if kept else 0.0,
            len(kept),
            complete,
            aligned if options.alignment else None,
        )
