"""Shards answered by a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from service.cli.archive import Wanted
from service.cli.shards import Shard, ShardAnswers, ShardWorker
from service.errors import EngineUnavailable
from service.settings import Settings


class RayWorker:
    """Rows in and out, as Ray Data wants them."""

    def __init__(self, settings: Settings, source: str, wanted: Wanted) -> None:
        self._worker = ShardWorker(settings, Path(source), wanted)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return asdict(self._worker.answer(Shard(**row)))


def on_ray(
    address: str, shards: Sequence[Shard], settings: Settings, source: Path, wanted: Wanted
) -> Iterator[ShardAnswers]:
    """As they get ready, in any order. Every node reads `source` at the same path. Raises
    `ClusterUnavailable`, and `EngineUnavailable` without the extra."""
    if not shards:
        return
    if find_spec("ray") is None:
        raise EngineUnavailable("Ray is not installed; `pip install 'kurzfassung[ray]'` brings it.")
    from service.ray_app import in_cluster

    one_core = settings.model_copy(update={"threads": settings.threads or 1})
    rows = [asdict(shard) for shard in shards]
    for row in in_cluster(address, rows, RayWorker, (one_core, str(source.resolve()), wanted)):
        yield ShardAnswers(**row)
