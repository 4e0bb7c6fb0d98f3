"""A tiny converted Marian model with random weights, made without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from ctranslate2.specs import common_spec, transformer_spec

from service.backends.ct2 import CT2Backend
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig

ARTICLES = Path(__file__).parents[2] / "articles"

SENTENCES = [
    "Ja.",
    "Der Stadtrat hat am Montag getagt.",
    "Die alte Brücke über den Fluss wird im kommenden Jahr für 5 Mio. Euro erneuert.",
    "Nein, sagte sie, davon könne keine Rede sein, und ging.",
    "Im Mai beginnt die Arbeit, im Juli soll alles fertig sein, wenn das Wetter mitspielt.",
    "Warum?",
    "Das Spiel endete 2:1.",
    "Niemand wurde verletzt, teilte die Polizei am Abend mit.",
]

_WIDTH, _INNER, _LAYERS, _HEADS = 32, 64, 2, 4
_SEED, _EMBEDDING, _WEIGHT, _END_BIAS = 22, 0.05, 0.4, 4.0
"""Found by search: with these, greedy answers differ, end, and have many lengths."""
_POSITIONS = 400
_LONGEST = 96
"""Source and target tokens that the fixture's config allows."""


@pytest.fixture(scope="session")
def config() -> ModelConfig:
    """The real opus-mt-de-en file; only its sizes are cut down to the tiny model's."""
    real = Catalogue.read().model("opus-mt-de-en")
    limits = real.limits.model_copy(
        update={"source_tokens": _LONGEST, "segment_tokens": _LONGEST, "target_tokens": _LONGEST}
    )
    return real.model_copy(update={"limits": limits, "compute_type": "float32"})


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    return SENTENCES


@pytest.fixture(scope="session")
def spm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SentencePiece model trained on the test articles."""
    directory = tmp_path_factory.mktemp("spm")
    text = directory / "text.txt"
    text.write_text(
        "\n".join(path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))),
        encoding="utf-8",
    )
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(directory / "pieces"),
        vocab_size=300,
        character_coverage=1.0,
        minloglevel=2,
    )
    return directory / "pieces.model"


@pytest.fixture(scope="session")
def model_directory(spm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ct2-marian")
    write_random_marian(directory, spm)
    return directory


@pytest.fixture(scope="session")
def backend(config: ModelConfig, model_directory: Path) -> CT2Backend:
    return CT2Backend(config, model_directory, device="cpu", threads=2)


def write_random_marian(directory: Path, spm: Path) -> None:
    """Untied random weights, large enough that what is decoded depends on the source."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    pieces = [processor.id_to_piece(index) for index in range(processor.get_piece_size())]
    tokens = ["</s>", "<unk>", *(piece for piece in pieces if piece not in {"</s>", "<s>", "<unk>"})]
    random = np.random.default_rng(_SEED)

    def weights(*shape: int, scale: float = _WEIGHT) -> np.ndarray:
        return random.normal(0, scale, shape).astype(np.float32)

    def linear(layer: common_spec.LinearSpec, out: int, into: int) -> None:
        layer.weight, layer.bias = weights(out, into), weights(out, scale=0.02)

    def norm(layer: common_spec.LayerNormSpec) -> None:
        layer.gamma, layer.beta = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)

    spec = transformer_spec.TransformerSpec.from_config(
        (_LAYERS, _LAYERS), _HEADS, pre_norm=False, activation=common_spec.Activation.SWISH
    )
    spec.encoder.embeddings[0].weight = weights(len(tokens), _WIDTH, scale=_EMBEDDING)
    spec.decoder.embeddings.weight = weights(len(tokens), _WIDTH, scale=_EMBEDDING)
    spec.decoder.start_from_zero_embedding = True
    linear(spec.decoder.projection, len(tokens), _WIDTH)
    for side in (spec.encoder, spec.decoder):
        side.scale_embeddings = True
        side.position_encodings.encodings = weights(_POSITIONS, _WIDTH, scale=1.0)
        for layer in side.layer:
            linear(layer.self_attention.linear[0], 3 * _WIDTH, _WIDTH)
            linear(layer.self_attention.linear[1], _WIDTH, _WIDTH)
            norm(layer.self_attention.layer_norm)
            linear(layer.ffn.linear_0, _INNER, _WIDTH)
            linear(layer.ffn.linear_1, _WIDTH, _INNER)
            norm(layer.ffn.layer_norm)
    for layer in spec.decoder.layer:
        linear(layer.attention.linear[0], _WIDTH, _WIDTH)
        linear(layer.attention.linear[1], 2 * _WIDTH, _WIDTH)
        linear(layer.attention.linear[2], _WIDTH, _WIDTH)
        norm(layer.attention.layer_norm)
    # The end token now and then wins, so lengths vary; <unk> never has a chance, so forbidding it
    # leaves the log-probabilities of all others as they are.
    spec.decoder.projection.bias[:2] = _END_BIAS, -100.0
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.eos_token = "</s>"  # noqa: S105 -- a token of text
    spec.config.unk_token = "<unk>"  # noqa: S105 -- a token of text
    spec.config.decoder_start_token = "</s>"  # noqa: S105 -- a token of text
    spec.validate()
    spec.optimize()
    spec.save(str(directory))
    for name in ("source.spm", "target.spm"):
        (directory / name).write_bytes(spm.read_bytes())
