"""How long each stage took, for the answer and for traces."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.observability.tracing import StageSpans


class Stopwatch:
    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}
        self._spans = StageSpans()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            with self._spans.stage(name):
                yield
        finally:
            self._stages[name] = self._stages.get(name, 0.0) + time.perf_counter() - started

    def milliseconds(self) -> dict[str, float]:
        """Each stage so far and the total, in milliseconds with one decimal."""
        stages = {name: round(seconds * 1000, 1) for name, seconds in self._stages.items()}
        return {**stages, "total": round((time.perf_counter() - self._started) * 1000, 1)}
