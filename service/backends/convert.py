"""From a checkpoint in the hub's layout to a directory that the ct2 engine loads. Needs torch."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from service.backends.alignment import DEEP
from service.backends.tokenization import FAST_FILE, SENTENCEPIECE_FILES
from service.errors import ConversionFailed, EngineUnavailable, ModelDamaged
from service.model_store.config import ModelConfig

if TYPE_CHECKING:
    from ctranslate2.converters import TransformersConverter

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of the whole is behind us (0 to 1)."""

_LEGACY_BART = {"normalize_before": False, "normalize_embedding": True, "scale_embedding": False}
"""CTranslate2's loader reads these; a config.json written by today's transformers does not have them."""


def convert_checkpoint(
    config: ModelConfig,
    checkpoint: Path,
    output: Path,
    *,
    compute_type: str,
    progress: Progress | None = None,
) -> None:
    """Writes `output` anew: the weights as `compute_type` and the tokenizer files the engine reads.

    `output` appears complete or not at all, and doing it twice gives the same. Nothing is looked up on
    the network. Raises `EngineUnavailable` (torch or protobuf missing) and `ConversionFailed` (files, weights
    or tokens missing or unreadable, an architecture that cannot be converted).
    """
    report = progress or (lambda _, __: None)
    if config.architecture == "fsmt":
        raise ConversionFailed(f'{config.name}: CTranslate2 cannot load FSMT; its engine must be "pytorch".')
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as scratch:
        made = Path(scratch) / "model"
        try:
            _converter(config, checkpoint, report).convert(str(made), quantization=compute_type)
        except EngineUnavailable:
            raise
        except ModelDamaged as error:
            raise ConversionFailed(error.message) from error
        except Exception as error:  # the converter raises whatever its loaders stumble upon
            raise ConversionFailed(
                f"{config.name}: {checkpoint} could not be converted: {type(error).__name__}: {error}"
            ) from error
        if output.exists():
            output.rename(Path(scratch) / "old")
        made.rename(output)
    report("done", 1.0)


def _converter(config: ModelConfig, checkpoint: Path, report: Progress) -> TransformersConverter:
    """CTranslate2's own converter, reading through our loaders and with the models put right first."""
    try:
        import torch
        from ctranslate2.converters import TransformersConverter

        from service.backends.checkpoint import hub_vocabulary, load_hub_model, load_hub_tokenizer
    except ImportError as error:
        raise EngineUnavailable(
            "Converting needs torch and transformers, which are not installed here: "
            "pip install 'kurzfassung[models]'."
        ) from error

    class Converter(TransformersConverter):  # type: ignore[misc]  # ctranslate2 is untyped
        def load_model(self, *_: Any, **__: Any) -> Any:
            report("reading the weights", 0.05)
            # Halves are widened before they are quantized, so that the scales are not halves.
            model = load_hub_model(config, checkpoint, torch.float32)
            put_right(model.config)
            return model

        def load_tokenizer(self, *_: Any, **__: Any) -> Any:
            report("converting", 0.4)
            # M2M100's leaves its language tokens out of its vocabulary.
            tokenizer.get_vocab = lambda: vocabulary
            return tokenizer

        def _load(self) -> Any:
            spec = super()._load()
            decoder = getattr(spec, "decoder", None)
            if decoder is not None and len(decoder.layer) >= DEEP:
                decoder.alignment_layer = numpy.int16(-2)  # the last but one
                decoder.alignment_heads = decoder.num_heads
            return spec

        def convert(self, output_dir: str, **options: Any) -> str:
            made = str(super().convert(output_dir, **options))
            report("adding the tokenizer", 0.9)
            _add_tokenizer(config, checkpoint, Path(made), tokenizer)
            return made

    report("reading the tokenizer", 0.0)
    tokenizer = load_hub_tokenizer(config, checkpoint)
    vocabulary = hub_vocabulary(tokenizer)
    return Converter(str(checkpoint))


def put_right(hub_config: Any) -> None:
    """What CTranslate2's loaders get wrong under transformers 5 (found by comparing log-probabilities)."""
    if hub_config.model_type == "bart":
        for key, value in _LEGACY_BART.items():
            if not hasattr(hub_config, key):
                setattr(hub_config, key, value)
    if hub_config.model_type in {"t5", "mt5"}:
        # transformers 5 sets tie_word_embeddings on every T5; the loader takes it to mean what
        # scale_decoder_outputs now says, and would scale the outputs of mT5 and T5 1.1 by d_model ** -0.5.
        hub_config.tie_word_embeddings = getattr(hub_config, "scale_decoder_outputs", False)


def _add_tokenizer(config: ModelConfig, checkpoint: Path, output: Path, tokenizer: Any) -> None:
    if config.architecture == "bart":
        # Older repositories have only vocab.json and merges.txt; the engine wants them in one file.
        tokenizer.backend_tokenizer.save(str(output / FAST_FILE))
        return
    for name in (*SENTENCEPIECE_FILES, "target.spm"):
        if (checkpoint / name).is_file():
            shutil.copyfile(checkpoint / name, output / name)
