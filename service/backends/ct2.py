"""CTranslate2: the default engine, on CPU and CUDA, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import ctranslate2

from service.backends.alignment import Alignment, align_words, word_count
from service.backends.protocol import NOTHING, Batching, GenerationOptions, Hypothesis, refuse_too_long
from service.backends.tokenization import is_text, load_tokenizer
from service.errors import GenerationFailed, ModelDamaged
from service.model_store.config import ModelConfig

_REMEMBERED, _REMEMBERED_CHARACTERS = 256, 400
"""Sources whose tokens are kept, some 2.5 MB, and the longest of them: one is counted to see whether it fits,
counted to be queued and then read, each time a thirtieth of a millisecond."""

_PASS_TOKENS = {"cpu": 512, "cuda": 4096}
"""Padded source tokens in one forward pass. On a CPU of two cores 512 gave half as many segments again a
second as 2048 with opus-mt's shape: beyond it the caches stop helping. 256 took a sixth more processor time,
because each step of a batch reads all weights once."""

_SMALL_BYTES, _SMALL_PASS_TOKENS = 16_000_000, 256
"""Weights that stay in a CPU's caches (the starter's have 8 MB): there 256 took 4 % less than 512."""


class CT2Backend:
    """`directory` holds a converted model and its tokenizer files; `threads` translate in parallel,
    one core each (measured faster than one translation on all cores, for many segments and for one), and
    one more may be busy with something short."""

    def __init__(self, config: ModelConfig, directory: Path, *, device: str, threads: int) -> None:
        """Raises `ModelDamaged` (files missing or unreadable, language tokens not in the vocabulary)."""
        self._config = config
        self._threads = max(1, threads)
        self._tokenizer = load_tokenizer(config, directory)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._tokenizer.encode)
        try:
            self._translator = ctranslate2.Translator(
                str(directory),
                device=device,
                compute_type=_compute_type(config.compute_type, device),
                inter_threads=self._threads + 1 if device == "cpu" else 1,
                intra_threads=1 if device == "cpu" else 0,
            )
        except (RuntimeError, ValueError) as error:
            raise ModelDamaged(f"{config.name}: CTranslate2 cannot load {directory}: {error}") from error
        self._device = f"{device}/{self._translator.compute_type}"
        weights = (directory / "model.bin").stat().st_size
        self._batching = batching_for(device, weights, threads=self._threads)
        self._closed = False

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def max_source_tokens(self) -> int:
        return self._config.limits.source_tokens

    @property
    def device(self) -> str:
        return self._device

    @property
    def batching(self) -> Batching:
        return self._batching

    def count_tokens(self, source: str) -> int:
        return len(self._tokens(source, self._config.source_languages[0], self._config.target_languages[0]))

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        if self._closed:
            raise GenerationFailed("The backend is closed.")
        texts = [source for source in sources if source.strip()]
        if not texts:
            return [NOTHING] * len(sources)
        batch = self._encode(texts, options)
        prefix = self._tokenizer.target_prefix(options.target_language)
        # Its steps count the prefix too.
        cap = options.max_decoding_length + len(prefix)
        try:
            results = self._translator.translate_batch(
                batch,
                target_prefix=[prefix] * len(batch) if prefix else None,
                max_batch_size=max(self._batching.tokens, *map(len, batch)),
                batch_type="tokens",
                beam_size=options.beam_size,
                num_hypotheses=options.hypotheses,
                length_penalty=options.length_penalty,
                repetition_penalty=options.repetition_penalty,
                no_repeat_ngram_size=options.no_repeat_ngram_size,
                max_input_length=0,  # the default, 1024, cuts the input silently
                max_decoding_length=cap,  # the default, 256, cuts the output silently
                min_decoding_length=min(options.min_decoding_length + len(prefix), cap),
                disable_unk=True,
                return_scores=True,
                return_attention=options.alignment,
            )
        except (RuntimeError, ValueError) as error:
            raise GenerationFailed("The engine failed on a batch.") from error
        ranked = [
            [
                self._hypothesis(tokens, score, options.length_penalty, prefix, cap)
                for tokens, score in zip(result.hypotheses, result.scores, strict=True)
            ]
            for result in results
        ]
        if options.alignment:
            ranked = [
                [
                    replace(each, alignment=self._alignment(text, each, tokens, result, n, len(prefix)))
                    for n, each in enumerate(made)
                ]
                for text, made, tokens, result in zip(texts, ranked, batch, results, strict=True)
            ]
        decoded = map(Hypothesis.best_of, ranked)
        return [next(decoded) if source.strip() else NOTHING for source in sources]

    def close(self) -> None:
        self._closed = True
        self._translator.unload_model()

    def _tokens(self, source: str, source_language: str, target_language: str) -> list[str]:
        """Nobody changes them."""
        encode = self._remembered if len(source) <= _REMEMBERED_CHARACTERS else self._tokenizer.encode
        return encode(source, source_language, target_language)

    def _encode(self, sources: Sequence[str], options: GenerationOptions) -> list[list[str]]:
        try:
            batch = [
                self._tokens(source, options.source_language, options.target_language) for source in sources
            ]
        except UnicodeError as error:
            raise GenerationFailed("A source is not valid Unicode.") from error
        refuse_too_long(batch, self)
        return batch

    def _hypothesis(
        self, tokens: Sequence[str], score: float, length_penalty: float, prefix: Sequence[str], cap: int
    ) -> Hypothesis:
        """CTranslate2's score is the sum of the log-probabilities over length ** length_penalty. The
        length counts the prefix, whose log-probability is 0, and the end token if there was one; a
        hypothesis that took every step has none. (src/decoding.cc, finalize_hypothesis_score.)"""
        complete = len(tokens) < cap
        steps = len(tokens) + complete
        total = score * steps**length_penalty
        own = tokens[len(prefix) :]
        mean = total / max(1, steps - len(prefix))
        return Hypothesis(self._tokenizer.decode(own), mean, len(own), complete)

    def _alignment(
        self, source: str, made: Hypothesis, tokens: Sequence[str], result: Any, rank: int, prefix: int
    ) -> Alignment | None:
        """Of one of the result's hypotheses, by its rank. None where the tokenizer's words are not those
        between the white space of the texts."""
        read = [token if is_text(token) else "" for token in tokens]
        written = [token if is_text(token) else "" for token in result.hypotheses[rank][prefix:]]
        if word_count(read) != len(source.split()) or word_count(written) != len(made.target.split()):
            return None
        return align_words(result.attention[rank][prefix:], read, written)


def batching_for(device: str, weight_bytes: int, *, threads: int) -> Batching:
    """What suits a model of so many bytes on a device."""
    if device != "cpu":
        return Batching(1, _PASS_TOKENS[device])
    tokens = _SMALL_PASS_TOKENS if weight_bytes <= _SMALL_BYTES else _PASS_TOKENS[device]
    return Batching(threads, tokens, lets_pass=True)


def cuda_is_usable() -> bool:
    return bool(ctranslate2.get_cuda_device_count())


def _compute_type(wanted: str, device: str) -> str:
    """The wanted type where the device has it. Elsewhere int8 stays int8, with whatever the device
    multiplies beside it, and half precision on a CPU becomes float32."""
    supported = ctranslate2.get_supported_compute_types(device)
    if wanted in supported:
        return wanted
    return "int8" if wanted.startswith("int8") and "int8" in supported else "float32"
