"""Sixteen texts in one call, by sixteen callers at once, and in sixteen calls one after the other: `python -m
tests.benchmarks.sixteen`. Over HTTP, on the real server with the starter's weights."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.benchmarks.server import starter_server

ARTICLES = Path(__file__).parents[1] / "articles"
COUNT = 16
ROUNDS = 15


def texts() -> list[str]:
    """Sentences of our articles, of like length."""
    together = " ".join(path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt")))
    return re.findall(r"[A-ZÄÖÜ][^\n.!?]{50,120}[.!?]", together)[:COUNT]


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each way, the slowest first."""
    sources = texts()
    with (
        starter_server() as (address, _),
        httpx.Client(base_url=address, timeout=60, trust_env=False) as http,
        ThreadPoolExecutor(COUNT) as threads,
    ):

        def call(text: str | list[str]) -> httpx.Response:
            answer = http.post("/v1/translate", json={"text": text, "source": "de"})
            assert answer.status_code == 200
            return answer

        ways: dict[str, Callable[[], object]] = {
            f"{COUNT} calls, one after the other": lambda: [call(source) for source in sources],
            f"{COUNT} callers at once": lambda: list(threads.map(call, sources)),
            f"one call with {COUNT} texts": lambda: call(sources),
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds + 1):  # the first round is for what is loaded on first use
            for way, run in ways.items():
                started = time.perf_counter()
                run()
                if number:
                    seconds[way].append(time.perf_counter() - started)
    return {way: statistics.median(each) for way, each in seconds.items()}


def report() -> str:
    medians = measure()
    slowest = max(medians.values())
    rows = ["| way | texts a second | ratio |", "|---|---|---|"]
    for way, middle in medians.items():
        rows.append(f"| {way} | {COUNT / middle:.1f} | {slowest / middle:.2f} |")
    return f"medians of {ROUNDS} rounds\n\n" + "\n".join(rows)


if __name__ == "__main__":
    print(report())
