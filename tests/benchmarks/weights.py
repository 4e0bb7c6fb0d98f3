"""The same weights in the form that each side loads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.backends.convert import convert_checkpoint
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from tests.benchmarks.articles import article_sentences, english_sentences

WEIGHTS = ("starter", "opus", "distilbart")


@dataclass(frozen=True)
class Weights:
    """`converted` is for CTranslate2, in int8; `checkpoint` for transformers, in float32."""

    name: str
    label: str
    config: ModelConfig
    converted: Path
    checkpoint: Path

    @property
    def summarizes(self) -> bool:
        """Articles that are English already; the others translate German ones."""
        return self.config.task == "summarization"

    def article(self, seed: int) -> list[str]:
        """Its sentences, the same for the same seed."""
        return english_sentences(seed) if self.summarizes else article_sentences(seed)

    def sources(self, article: list[str]) -> list[str]:
        """What the engine reads of it: each sentence, or all of them together."""
        return [" ".join(article)] if self.summarizes else article


def prepare(name: str, directory: Path) -> Weights:
    """Written below `directory`, which must stay as long as they are used."""
    # With torch, which has no place in the memory of our own service.
    from tests.benchmarks.random_bart import random_bart
    from tests.benchmarks.random_opus import random_opus
    from tests.benchmarks.starter_checkpoint import starter_checkpoint

    checkpoint = directory / name / "checkpoint"
    if name == "starter":
        config = Catalogue.read().model("starter")
        converted = Path(config.weights.path)
        starter_checkpoint(converted, checkpoint)
        return Weights(name, "the starter (7.6 M parameters)", config, converted, checkpoint)
    model, label, make = {
        "opus": ("opus-mt-de-en", "opus-mt-de-en's shape (74 M parameters)", random_opus),
        "distilbart": (
            "distilbart-cnn-12-6",
            "distilbart-cnn-12-6's shape (306 M parameters), summaries of English articles",
            random_bart,
        ),
    }[name]
    config = Catalogue.read().model(model)
    converted = directory / name / "converted"
    make(checkpoint)
    convert_checkpoint(config, checkpoint, converted, compute_type="int8")
    return Weights(name, label, config, converted, checkpoint)
