"""Two real replicas with the starter's weights, and callers that keep them busy."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.benchmarks.server import starter_server

_ARTICLES = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[1] / "articles").glob("*.txt"))
]


@contextmanager
def replicas(**environment: str) -> Iterator[list[str]]:
    """The addresses of two."""
    with ExitStack() as stack:
        yield [stack.enter_context(starter_server(**environment))[0] for _ in range(2)]


@contextmanager
def callers(addresses: Sequence[str], count: int) -> Iterator[None]:
    """So many at once, each with articles, short texts and now and then a mistake, until the block ends."""
    stop = threading.Event()

    def call(number: int) -> None:
        with httpx.Client(base_url=addresses[number % len(addresses)], timeout=60, trust_env=False) as http:
            turn = number
            while not stop.is_set():
                article = _ARTICLES[turn % len(_ARTICLES)]
                http.post("/v1/digest", json={"text": article, "source": "de"})
                http.post("/v1/translate", json={"text": article[:200], "source": "de"})
                http.post("/v1/detect", json={"text": article})
                if turn % 5 == 0:
                    http.post("/v1/digest", json={"text": ""})
                turn += 1

    with ThreadPoolExecutor(count) as threads:
        running = [threads.submit(call, number) for number in range(count)]
        try:
            yield
        finally:
            stop.set()
    for each in running:
        each.result()
