"""A translator of opus-mt-de-en's size with random weights: what it costs, not what it says. Needs torch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.generate_loop import FixedLength, random_opus

from service.backends.convert import convert_checkpoint
from service.backends.loading import load_backend
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet


@contextmanager
def opus_shaped() -> Iterator[ModelSet]:
    """CTranslate2 int8, beam 4, 30 target tokens for each segment."""
    config = Catalogue.read().model("opus-mt-de-en")
    with tempfile.TemporaryDirectory() as temporary:
        checkpoint, converted = Path(temporary, "checkpoint"), Path(temporary, "ct2")
        checkpoint.mkdir()
        random_opus(checkpoint)
        convert_checkpoint(config, checkpoint, converted, compute_type="int8")
        backend = FixedLength(load_backend(config, converted, device="cpu"))
        yield ModelSet(profile="capacity", translators=[LoadedModel(config, backend, "")])
