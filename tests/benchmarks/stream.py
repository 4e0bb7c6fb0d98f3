"""When the first segment of a streamed article comes, as a share of the time it takes as a whole: `python -m
tests.benchmarks.stream`. Over HTTP, on the real server with the starter's weights, and as random weights in
opus-mt's shape where `measure` is given them."""

from __future__ import annotations

import statistics
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

import httpx

from tests.benchmarks.articles import article
from tests.benchmarks.server import starter_server

ROUNDS = 10


@dataclass(frozen=True)
class Stream:
    """Medians, in seconds."""

    first: float
    total: float


def measure(
    server: AbstractContextManager[tuple[str, int]], rounds: int = ROUNDS, route: str = "/v1/digest"
) -> Stream:
    firsts, totals = [], []
    with (
        server as (address, _),
        httpx.Client(base_url=address, timeout=300, trust_env=False) as http,
    ):
        for number in range(rounds + 1):  # the first round is for what is loaded on first use
            body = {"text": article(4 + number), "source": "de"}
            started = time.perf_counter()
            first = 0.0
            with http.stream("POST", route, json=body, headers={"Accept": "text/event-stream"}) as answer:
                assert answer.status_code == 200
                for line in answer.iter_lines():
                    if not first and line == "event: segment":
                        first = time.perf_counter() - started
            if number:
                firsts.append(first)
                totals.append(time.perf_counter() - started)
    return Stream(statistics.median(firsts), statistics.median(totals))


if __name__ == "__main__":
    found = measure(starter_server())
    print(f"first segment after {found.first:.3f} s of {found.total:.3f} s, {found.first / found.total:.0%}")
