"""How long the health routes take while the service is worked as hard as it lets itself be: `python -m
tests.benchmarks.health [SECONDS]`. Thirty-two clients send articles, one of them a very long one, to the real
server with the starter's weights and a queue that refuses some; a client of its own asks after its health."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.benchmarks.server import starter_server

ARTICLES = Path(__file__).parents[1] / "articles"
CLIENTS = 32
ROUTES = ("/livez", "/readyz", "/startupz")
_LONG_TIMES = 60
"""Copies of an article in the long text: about 90,000 characters."""
_PAUSE = 0.01


def measure(seconds: float) -> tuple[dict[str, list[float]], Counter[int]]:
    """Milliseconds a health route took, each time it was asked; and what the clients were answered."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))]
    took: dict[str, list[float]] = {route: [] for route in ROUTES}
    statuses: Counter[int] = Counter()
    lock = threading.Lock()
    with starter_server(KURZFASSUNG_QUEUE_TOKENS="6000") as (address, _):
        until = time.monotonic() + seconds

        def client(number: int) -> None:
            text = texts[number % len(texts)] * (_LONG_TIMES if number == 0 else 1)
            with httpx.Client(base_url=address, timeout=300, trust_env=False) as http:
                while time.monotonic() < until:
                    answer = http.post("/v1/digest", json={"text": text, "source": "de"})
                    with lock:
                        statuses[answer.status_code] += 1
                    if answer.status_code == 503:
                        time.sleep(float(answer.headers["retry-after"]))

        threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
            while time.monotonic() < until:
                for route in ROUTES:
                    started = time.perf_counter()
                    assert http.get(route).status_code == 200
                    took[route].append((time.perf_counter() - started) * 1000)
                time.sleep(_PAUSE)
        for thread in threads:
            thread.join()
    return took, statuses


def report(seconds: float) -> str:
    took, statuses = measure(seconds)
    answered = ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items()))
    rows = ["| route | asked | median, ms | 99 %, ms | longest, ms |", "|---|---|---|---|---|"]
    for route, each in took.items():
        last = statistics.quantiles(each, n=100)[-1]
        rows.append(
            f"| {route} | {len(each)} | {statistics.median(each):.1f} | {last:.1f} | {max(each):.1f} |"
        )
    return f"{CLIENTS} clients: {answered}\n\n" + "\n".join(rows)


if __name__ == "__main__":
    print(report(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0))
