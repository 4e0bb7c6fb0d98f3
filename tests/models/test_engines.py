"""The contract, over engines and architectures, and the same answers from both engines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from service.backends.causal import CausalBackend
from service.backends.convert import convert_checkpoint
from service.backends.ct2 import CT2Backend
from service.backends.protocol import Backend, GenerationOptions
from service.backends.pytorch import PyTorchBackend
from service.errors import GenerationFailed
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from tests.models import causal_checkpoints, checkpoints

pytestmark = pytest.mark.models

GREEDY = GenerationOptions(beam_size=1, max_decoding_length=60)

Make = Callable[[Path], Path]

_TARGETS = (">>eng<<", ">>deu<<", ">>nld<<")
_SUMMARY = "summarize: "

MADE: dict[str, Make] = {
    "opus-mt-de-en": checkpoints.marian,
    "opus-mt-en-de": lambda path: checkpoints.marian(path, legacy_bin=True),
    "opus-mt-tc-bible-big-gmw": lambda path: checkpoints.marian(path, target_tokens=_TARGETS),
    "bart-large-cnn": checkpoints.bart,
    "distilbart-cnn-12-6": lambda path: checkpoints.bart(path, fast_file=False),
    "distilbart-cnn-6-6": lambda path: checkpoints.bart(path, fast_file=False),
    "mt5-small-sum-de-mit-v1": lambda path: checkpoints.t5(path, multilingual=True, prefix=_SUMMARY),
    "nllb-200-distilled-600m": checkpoints.nllb,
    "wmt19-de-en": checkpoints.fsmt,
    "m2m100-418m": checkpoints.m2m100,
    "madlad400-3b-mt": lambda path: checkpoints.t5(
        path, multilingual=True, prefix="<2en> ", target_tokens=_madlad_tokens()
    ),
    # A supported architecture that no configuration uses yet.
    "t5": lambda path: checkpoints.t5(path, multilingual=False, prefix=_SUMMARY),
}


def _madlad_tokens() -> tuple[str, ...]:
    tokens = Catalogue.read().model("madlad400-3b-mt").input.language_tokens
    return tuple(f"<2{token}>" for token in tokens.values())


def _config(name: str) -> ModelConfig:
    """The real configuration file; only its lengths are cut down to the tiny model's positions."""
    models = Catalogue.read().models
    if name == "t5":
        real = models["mt5-small-sum-de-mit-v1"].model_copy(update={"architecture": "t5"})
    else:
        real = models[name]
    # A decoder-only model has prompt and answer on one line.
    is_causal = real.architecture == "causal"
    longest = causal_checkpoints.POSITIONS // 2 if is_causal else checkpoints.POSITIONS
    lengths = dict.fromkeys(("source_tokens", "segment_tokens", "target_tokens"), longest)
    return real.model_copy(
        update={"limits": real.limits.model_copy(update=lengths), "compute_type": "float32"}
    )


class Pair:
    """The engines that can load one tiny checkpoint."""

    def __init__(self, name: str, directory: Path) -> None:
        self.config = _config(name)
        self.checkpoint = directory / "checkpoint"
        self.checkpoint.mkdir()
        if self.config.architecture == "causal":
            causal_checkpoints.MADE[name](self.checkpoint, self.config)
        else:
            MADE[name](self.checkpoint)
        self.options = replace(
            GREEDY,
            source_language="de" if "de" in self.config.source_languages else "en",
            target_language="en" if "en" in self.config.target_languages else "de",
        )
        engine = CausalBackend if self.config.architecture == "causal" else PyTorchBackend
        self.engines: dict[str, Backend] = {
            "pytorch": engine(self.config, self.checkpoint, device="cpu", threads=1)
        }
        if self.config.engine == "ct2":
            convert_checkpoint(self.config, self.checkpoint, directory / "ct2", compute_type="float32")
            self.engines["ct2"] = CT2Backend(self.config, directory / "ct2", device="cpu", threads=2)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    torch.set_num_threads(1)  # more threads than free cores slow so small a model down
    return cache(lambda name: Pair(name, tmp_path_factory.mktemp("pair")))


@pytest.fixture(params=[*MADE, *causal_checkpoints.MADE])
def pair(request: pytest.FixtureRequest, pairs: Callable[[str], Pair]) -> Pair:
    return pairs(request.param)


@pytest.fixture(params=[name for name in MADE if name != "wmt19-de-en"])
def both(request: pytest.FixtureRequest, pairs: Callable[[str], Pair]) -> Pair:
    """All but FSMT, which CTranslate2 cannot load."""
    return pairs(request.param)


def test_every_configured_model_has_a_tiny_checkpoint() -> None:
    """Its own, or that of a sister that is decoded like it."""
    catalogue = Catalogue.read()
    fetched = {config.name for config in catalogue.models.values() if config.repository}
    sisters = {*catalogue.profile("languages").translation, "hy-mt2-7b"}
    assert fetched - sisters <= {*MADE, *causal_checkpoints.MADE}


def test_the_tiny_model_writes_ten_different_tokens_at_varied_lengths(pair: Pair) -> None:
    """Else the other tests would prove little."""
    hypotheses = pair.engines["pytorch"].generate(checkpoints.SOURCES, pair.options)
    assert len({word for hypothesis in hypotheses for word in hypothesis.target.split()}) >= 10
    assert len({hypothesis.tokens for hypothesis in hypotheses}) >= 4


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"beam_size": 4},
        {"beam_size": 4, "length_penalty": 2.0, "no_repeat_ngram_size": 3, "min_decoding_length": 8},
        {"no_repeat_ngram_size": 2, "min_decoding_length": 12},
        {"repetition_penalty": 1.3},
        {"max_decoding_length": 7},
    ],
    ids=["greedy", "beam", "beam-constrained", "greedy-constrained", "repetition-penalty", "capped"],
)
def test_both_engines_write_and_score_the_same(both: Pair, changes: dict[str, Any]) -> None:
    options = replace(both.options, **changes)
    for ours, theirs in zip(
        both.engines["ct2"].generate(checkpoints.SOURCES, options),
        both.engines["pytorch"].generate(checkpoints.SOURCES, options),
        strict=True,
    ):
        assert (ours.target, ours.tokens, ours.complete) == (theirs.target, theirs.tokens, theirs.complete)
        assert ours.score == pytest.approx(theirs.score, abs=1e-4)


def test_every_engine_ranks_as_many_hypotheses_as_are_asked_for(pair: Pair) -> None:
    beam = replace(pair.options, beam_size=4)
    sources = [*checkpoints.SOURCES, ""]
    ranked = {
        name: engine.generate(sources, replace(beam, hypotheses=3)) for name, engine in pair.engines.items()
    }
    for name, engine in pair.engines.items():
        alone = engine.generate(sources, beam)
        assert [each.target for each in ranked[name]] == [each.target for each in alone]
        assert [each.score for each in ranked[name]] == pytest.approx([e.score for e in alone], abs=1e-4)
        assert [len(each.others) for each in ranked[name]] == [2] * len(checkpoints.SOURCES) + [0]
        assert all(each.target not in {other.target for other in each.others} for each in ranked[name][:-1])
    if "ct2" in ranked:
        for ours, theirs in zip(ranked["ct2"], ranked["pytorch"], strict=True):
            for one, other in zip(ours.others, theirs.others, strict=True):
                assert (one.target, one.tokens, one.complete) == (other.target, other.tokens, other.complete)
                assert one.score == pytest.approx(other.score, abs=1e-3)


def test_the_model_converts_to_the_type_it_is_served_in(both: Pair, tmp_path: Path) -> None:
    served = both.config.model_copy(update={"compute_type": "int8"})
    convert_checkpoint(served, both.checkpoint, tmp_path / "ct2", compute_type="int8")
    engine = CT2Backend(served, tmp_path / "ct2", device="cpu", threads=1)
    assert engine.device.startswith("cpu/int8")
    expected = both.engines["pytorch"].generate(checkpoints.SOURCES, both.options)
    rounded = engine.generate(checkpoints.SOURCES, both.options)
    # Rounded weights of so small a model may choose another word here and there.
    assert sum(a.target == b.target for a, b in zip(rounded, expected, strict=True)) >= 5


def test_both_engines_count_alike(both: Pair) -> None:
    for text in (*checkpoints.SOURCES, "", "  Zwei   Leerzeichen ", "„Ja“ – nein… 🙂", "a\u00a0b"):
        counts = {name: engine.count_tokens(text) for name, engine in both.engines.items()}
        assert counts["ct2"] == counts["pytorch"], text


def test_engines_that_can_tell_align_the_same_words(pair: Pair) -> None:
    asked = replace(pair.options, alignment=True, max_decoding_length=6)
    told = {}
    for name, engine in pair.engines.items():
        made = engine.generate(checkpoints.SOURCES, asked)
        plain = engine.generate(checkpoints.SOURCES, replace(asked, alignment=False))
        assert [each.target for each in made] == [each.target for each in plain]
        assert all(each.alignment is None for each in plain)
        told[name] = [each.alignment for each in made]
        for source, each in zip(checkpoints.SOURCES, made, strict=True):
            for one, other in each.alignment or ():
                assert one < len(source.split())
                assert other < len(each.target.split())
    if pair.config.architecture in {"marian", "m2m100", "nllb"}:
        assert any(told["pytorch"])
    if "ct2" in told:
        both = [(a, b) for a, b in zip(told["ct2"], told["pytorch"], strict=True) if a is not None]
        assert all(a == b for a, b in both)


def test_every_engine_keeps_the_contract(pair: Pair) -> None:
    for engine in pair.engines.values():
        together = engine.generate(checkpoints.SOURCES, pair.options)
        alone = [engine.generate([source], pair.options)[0] for source in checkpoints.SOURCES]
        assert [h.target for h in together] == [h.target for h in alone]
        assert [h.score for h in together] == pytest.approx([h.score for h in alone], abs=1e-4)
        assert engine.generate([], pair.options) == []
        capped = engine.generate(checkpoints.SOURCES, replace(pair.options, max_decoding_length=2))
        assert all(h.tokens <= 2 for h in capped)
        assert not all(h.complete for h in capped)
        with pytest.raises(GenerationFailed):
            engine.generate(["Nein.", "Nein. " * checkpoints.POSITIONS], pair.options)


def test_sixteen_threads_may_count_at_once(pair: Pair) -> None:
    for engine in pair.engines.values():
        expected = [engine.count_tokens(source) for source in checkpoints.SOURCES]
        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(engine.count_tokens, checkpoints.SOURCES * 20)) == expected * 20
