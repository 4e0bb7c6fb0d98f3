"""The whole contract between the service and an inference engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from service.errors import GenerationFailed


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """Decoding choices, in CTranslate2's words. Equal options may share a batch.

    `min_decoding_length` counts target tokens without the end token. `max_decoding_length` counts
    decoding steps, and writing the end token is one: of a target of exactly that many tokens nobody
    knows whether it was finished. Tokens that every answer starts with (language, forced start) count
    in neither. `source_language` and `target_language` are our codes ("de", "en"), empty for the
    config's first; a model that needs language tokens maps them through its config, any other model
    ignores them. `alignment` asks for `Hypothesis.alignment`, from engines that can tell. `hypotheses`, at
    most as many as beams, are wanted of each source: the best one and its `others`.
    """

    beam_size: int = 4
    length_penalty: float = 1.0
    max_decoding_length: int = 256
    min_decoding_length: int = 1
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    source_language: str = ""
    target_language: str = ""
    alignment: bool = False
    hypotheses: int = 1


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoded, detokenized candidate.

    `score` is the mean natural log-probability per target token, end token included, among the
    tokens that could be chosen: <unk> never, and none that the options rule out. `tokens` counts
    target tokens without the end token; `complete` is False when decoding stopped on
    `max_decoding_length`, so the target is cut. `alignment` pairs words of the source with words of
    the target, both counted from 0 between white space; None where the engine cannot tell. `others` are
    the next best of the same source, best first, where `GenerationOptions.hypotheses` asks for them.
    """

    target: str
    score: float
    tokens: int
    complete: bool
    alignment: tuple[tuple[int, int], ...] | None = None
    others: tuple[Hypothesis, ...] = ()

    @classmethod
    def best_of(cls, ranked: Sequence[Hypothesis]) -> Hypothesis:
        """The first of those of one source, with the rest as its `others`."""
        return replace(ranked[0], others=tuple(ranked[1:])) if len(ranked) > 1 else ranked[0]


NOTHING = Hypothesis("", 0.0, 0, True)
"""The answer to a source without text; engines do not decode it, models make something up."""


@dataclass(frozen=True, slots=True)
class Batching:
    """What suits an engine: `at_once` calls of `generate`, from as many threads, each of up to `tokens`
    padded tokens (the longest source times their count). `lets_pass`: one call more may run meanwhile, so
    that something short need not wait; the others get slower by as much as it takes."""

    at_once: int = 1
    tokens: int = 4096
    lets_pass: bool = False


class Backend(Protocol):
    """An engine with one model loaded. `generate` is called as `batching` says; `count_tokens` may be
    called from any thread at any time."""

    @property
    def name(self) -> str:
        """The model config's name."""
        ...

    @property
    def max_source_tokens(self) -> int:
        """The most tokens, as `count_tokens` counts them, that `generate` accepts per source."""
        ...

    @property
    def device(self) -> str:
        """ "cpu" or "cuda", and what the weights compute in, for example "cpu/int8_float32"."""
        ...

    @property
    def batching(self) -> Batching: ...

    def count_tokens(self, source: str) -> int:
        """Tokens the model would read for this source, special and language tokens included."""
        ...

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        """One hypothesis per source, in order. Never cuts a source: a source over
        `max_source_tokens` raises `GenerationFailed`, as does any failure of the engine."""
        ...

    def close(self) -> None:
        """Give the memory back; the backend is not used afterwards."""
        ...


def refuse_too_long(batch: Sequence[Sequence[object]], backend: Backend) -> None:
    """An engine may cut what is over its limit, fail on it or answer nonsense. Raises `GenerationFailed`."""
    longest, limit = max(map(len, batch)), backend.max_source_tokens
    if longest > limit:
        raise GenerationFailed(
            f"A source of {longest} tokens is over the limit of {limit} of {backend.name}."
        )
