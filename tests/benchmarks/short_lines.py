"""How long a one-line request takes while an article of 500 segments is translated, against an idle service:
`python -m tests.benchmarks.short_lines [COUNT]`. Over HTTP, on the real server with the starter's weights."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from dataclasses import dataclass

import httpx

from tests.benchmarks.articles import article, article_sentences
from tests.benchmarks.server import starter_server

SEGMENTS = 500
COUNT = 60
_PAUSE = 0.05


@dataclass(frozen=True)
class ShortLines:
    """Seconds by request."""

    idle: list[float]
    busy: list[float]

    @property
    def ratio(self) -> float:
        return p95(self.busy) / p95(self.idle)


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def measure(count: int = COUNT) -> ShortLines:
    lines = iter(article_sentences(2, 2 * count + 10))
    with (
        starter_server() as (address, _),
        httpx.Client(base_url=address, timeout=300, trust_env=False) as http,
    ):

        def ask() -> float:
            started = time.perf_counter()
            answer = http.post("/v1/translate", json={"text": next(lines), "source": "de"})
            assert answer.status_code == 200
            time.sleep(_PAUSE)
            return time.perf_counter() - started - _PAUSE

        for _ in range(10):
            ask()
        idle = [ask() for _ in range(count)]
        done = threading.Event()
        failed: list[BaseException] = []

        def long_articles() -> None:
            try:
                with httpx.Client(base_url=address, timeout=300, trust_env=False) as other:
                    seed = 3
                    while not done.is_set():
                        body = {"text": article(seed, SEGMENTS), "source": "de"}
                        assert other.post("/v1/translate", json=body).status_code == 200
                        seed += 1
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=long_articles)
        thread.start()
        time.sleep(1)  # until the engine is busy with it
        busy = [ask() for _ in range(count)]
        done.set()
        thread.join()
        if failed:
            raise failed[0]
    return ShortLines(idle, busy)


if __name__ == "__main__":
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
    print(f"p95: idle {1000 * p95(found.idle):.0f} ms, beside an article of {SEGMENTS} segments ", end="")
    print(f"{1000 * p95(found.busy):.0f} ms, {found.ratio:.1f} times")
