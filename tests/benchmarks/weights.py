"""The same weights in the form that each side loads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.backends.convert import convert_checkpoint
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig

WEIGHTS = ("starter", "opus")


@dataclass(frozen=True)
class Weights:
    """`converted` is for CTranslate2, in int8; `checkpoint` for transformers, in float32."""

    name: str
    label: str
    config: ModelConfig
    converted: Path
    checkpoint: Path


def prepare(name: str, directory: Path) -> Weights:
    """Written below `directory`, which must stay as long as they are used."""
    # With torch, which has no place in the memory of our own service.
    from tests.benchmarks.random_opus import random_opus
    from tests.benchmarks.starter_checkpoint import starter_checkpoint

    checkpoint = directory / name / "checkpoint"
    if name == "starter":
        config = Catalogue.read().model("starter")
        converted = Path(config.weights.path)
        starter_checkpoint(converted, checkpoint)
        return Weights(name, "the starter (7.6 M parameters)", config, converted, checkpoint)
    config = Catalogue.read().model("opus-mt-de-en")
    converted = directory / name / "converted"
    random_opus(checkpoint)
    convert_checkpoint(config, checkpoint, converted, compute_type="int8")
    return Weights(name, "opus-mt-de-en's shape (74 M parameters)", config, converted, checkpoint)
