"""Sets of stand-in models beyond the usual one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service.backends.protocol import GenerationOptions, Hypothesis
from service.backends.stub import StubBackend
from service.pipeline.models import LoadedModel, ModelSet
from tests.integration.conftest import stub_models


class ScoredBackend(StubBackend):
    """Swaps capitals and small letters, and is as sure of it as told."""

    score = -0.1

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        return [replace(each, score=self.score) for each in super().generate(sources, options)]


def two_translators(*, score: float = -0.1) -> ModelSet:
    """Beside the stub, which writes capitals, `small`, which swaps letters with that score and reads German
    alone."""
    [stub] = stub_models().translators
    config = stub.config.model_copy(
        update={"name": "small", "source_languages": ("de",), "target_languages": ("en",)}
    )
    backend = ScoredBackend(config, decode=str.swapcase)
    backend.score = score
    return ModelSet(profile="two", translators=[stub, LoadedModel(config, backend, "1" * 40)])
