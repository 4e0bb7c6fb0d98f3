"""One way to translate articles, and what a round of it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks.articles import SEGMENTS
from tests.benchmarks.clients import Load
from tests.benchmarks.server import cpu_seconds, resident_bytes

Article = list[str]
"""Its sentences."""


@dataclass(frozen=True)
class Way:
    """`pid` is the process that does the work, which is not the one that waits for it. Every round it gets
    the first `articles` of the round's, of each the first `sentences`: what does one after the other takes
    as many times longer for all of them, and a round need not last for minutes."""

    key: str
    label: str
    pid: int
    articles: int
    run: Callable[[Sequence[Article]], Load]
    sentences: int = SEGMENTS

    def of(self, articles: Sequence[Article]) -> list[Article]:
        return [article[: self.sentences] for article in articles[: self.articles]]


@dataclass(frozen=True)
class Round:
    """`latencies` are seconds by article, empty where they all come at once, and for all of its sentences,
    where only some were translated; `articles` are whole ones too. `cpu_seconds` and `resident_bytes` are
    the worker's, `client_cpu_seconds` the clients'."""

    way: str
    articles: float
    seconds: float
    latencies: list[float]
    cpu_seconds: float
    client_cpu_seconds: float
    resident_bytes: int

    @property
    def articles_per_second(self) -> float:
        return self.articles / self.seconds


def play(way: Way, articles: Sequence[Article]) -> Round:
    mine = way.of(articles)
    part = way.sentences / SEGMENTS
    before = cpu_seconds(way.pid)
    load = way.run(mine)
    return Round(
        way.key,
        len(mine) * part,
        load.seconds,
        [each / part for each in load.latencies],
        cpu_seconds(way.pid) - before,
        load.cpu_seconds,
        resident_bytes(way.pid),
    )
