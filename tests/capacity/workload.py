"""Articles of ours, as they arrive and as the engine sees them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.benchmarks.articles import article
from tests.capacity.simulation import Article

TEXTS = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[1] / "articles").glob("*.txt"))
]
"""Six of 1,300 to 1,600 characters."""

_SENTENCES = 12
"""An article of them is about as long as those of `TEXTS`."""

KINDS = 6
"""Of the articles that are sent. Each comes with names of its own: segments under way are decoded once."""

Calls = tuple[tuple[int, ...], ...]


def poisson(rate: Callable[[float], float], most: float, seconds: float, seed: int) -> Iterator[float]:
    """Arrival times of independent callers at `rate(second)` a second, never above `most`."""
    draw = random.Random(seed)  # noqa: S311 -- a repeatable mix, no secret
    now = 0.0
    while (now := now + draw.expovariate(most)) < seconds:
        if draw.random() * most < rate(now):
            yield now


def written(kind: int, number: int) -> str:
    """The same kinds are alike in length; the same numbers besides are the same text."""
    return article(kind, _SENTENCES, names=number)


def schedule(rate: float, seconds: float, seed: int) -> list[tuple[float, int]]:
    """Arrival time and which of the `KINDS`, the same for the model and for the measurement."""
    draw = random.Random(seed + 1)  # noqa: S311 -- as above
    return [(at, draw.randrange(KINDS)) for at in poisson(lambda _: rate, rate, seconds, seed)]


def articles(planned: Sequence[tuple[float, int]], calls: Sequence[Calls]) -> Iterator[Article]:
    return (Article(at, calls[which]) for at, which in planned)
