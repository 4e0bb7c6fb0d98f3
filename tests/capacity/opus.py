"""A translator of opus-mt-de-en's size with random weights: what it costs, not what it says. Needs torch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service.backends.loading import load_backend
from service.pipeline.models import LoadedModel, ModelSet
from tests.benchmarks.our_service import Legible
from tests.benchmarks.weights import prepare

_CORES = 2
"""Of a replica; each works on a batch of its own."""


@contextmanager
def opus_shaped() -> Iterator[ModelSet]:
    """CTranslate2 int8, beam 4, 30 target tokens for each segment."""
    with tempfile.TemporaryDirectory() as temporary:
        weights = prepare("opus", Path(temporary))
        engine = load_backend(weights.config, weights.converted, device="cpu", threads=_CORES)
        backend: Any = Legible(engine, str.upper)
        yield ModelSet(profile="capacity", translators=[LoadedModel(weights.config, backend, "")])
