"""What is left of the service under more work than it can do: `python -m tests.benchmarks.overload
[SECONDS]`. Arrivals are open-loop: a fixed rate, whatever the answers, each on a connection of its own.

First the rate that the real server sustains with as many clients as keep it busy, each waiting for its
answer; then one, two and four times that rate. An answer counts if it comes within the time its request may
take. Meanwhile a process of its own asks `/livez`."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.benchmarks.server import starter_server

ARTICLES = Path(__file__).parents[1] / "articles"
CLIENTS = 16
TIMES = (1, 2, 4)
PATIENCE = 10.0
"""Seconds that a request may take."""
_LATE = 5.0
"""Who has no answer so long after its time was over hangs."""
_PAUSE = 0.02
_SEGMENTS = 25

PROFILES = ("starter", "stub")


@dataclass
class Run:
    """`statuses` counts answers, 0 those that never came; `good` are the seconds each good answer took."""

    rate: float
    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    good: list[float] = field(default_factory=list)
    in_window: int = 0
    refusals: list[float] = field(default_factory=list)
    retry_after: list[int] = field(default_factory=list)
    livez: list[float] = field(default_factory=list)

    @property
    def goodput(self) -> float:
        return self.in_window / self.seconds


def article(seed: int) -> str:
    """25 sentences in words of our articles: no two are alike."""
    words = re.findall(r"[A-Za-zäöüß]{4,}", (ARTICLES / "meinung.txt").read_text(encoding="utf-8"))
    chance = random.Random(seed)  # noqa: S311 -- no secret
    sentences = (" ".join(chance.choices(words, k=chance.randint(6, 20))) for _ in range(_SEGMENTS))
    return " ".join(sentence.capitalize() + "." for sentence in sentences)


async def ask(http: httpx.AsyncClient, seed: int, run: Run, until: float) -> None:
    """`until` is the end of the measured window."""
    headers = {"X-Request-Timeout": str(PATIENCE), "Connection": "close"}
    body = {"text": article(seed), "source": "de"}
    started = time.perf_counter()
    try:
        answer = await asyncio.wait_for(
            http.post("/v1/translate", json=body, headers=headers), PATIENCE + _LATE
        )
    except (TimeoutError, httpx.HTTPError):
        run.statuses[0] += 1
        return
    took = time.perf_counter() - started
    run.statuses[answer.status_code] += 1
    if answer.status_code == 200:
        run.good.append(took)
        run.in_window += time.perf_counter() <= until
    elif answer.status_code == 503:
        run.refusals.append(took)
        run.retry_after.append(int(answer.headers["retry-after"]))


async def closed_loop(http: httpx.AsyncClient, seconds: float) -> Run:
    run = Run(0.0, seconds)
    until = time.perf_counter() + seconds
    seeds = iter(range(10**6))

    async def client() -> None:
        while time.perf_counter() < until:
            await ask(http, next(seeds), run, until)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return run


async def open_loop(http: httpx.AsyncClient, rate: float, seconds: float) -> Run:
    """The first answers take as long as the queue is long: they come before the window begins."""
    run = Run(rate, seconds)
    began = time.perf_counter() + min(PATIENCE, seconds / 2)
    until = began + seconds
    asked: set[asyncio.Task[None]] = set()
    number = 0
    start = time.perf_counter()
    while (now := time.perf_counter()) < until:
        while number < (now - start) * rate:
            number += 1
            asked.add(asyncio.create_task(ask(http, 10**6 + number, run, until)))
        if now < began:
            run.in_window = 0
        await asyncio.sleep(0.005)
    await asyncio.gather(*asked)
    return run


def probe(address: str, seconds: float) -> list[float]:
    """Milliseconds that `/livez` took, each time."""
    took = []
    until = time.monotonic() + seconds
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
        while time.monotonic() < until:
            started = time.perf_counter()
            assert http.get("/livez").status_code == 200
            took.append((time.perf_counter() - started) * 1000)
            time.sleep(_PAUSE)
    return took


async def _measure(address: str, seconds: float) -> tuple[Run, list[Run]]:
    limits = httpx.Limits(max_connections=None)
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1) as processes:
        async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False, limits=limits) as http:
            await closed_loop(http, min(3.0, seconds))  # what is loaded on first use
            peak = await closed_loop(http, seconds)
            runs = []
            for times in TIMES:
                watching = loop.run_in_executor(processes, probe, address, seconds)
                run = await open_loop(http, times * peak.goodput, seconds)
                run.livez = await watching
                runs.append(run)
    return peak, runs


def measure(profile: str, seconds: float) -> tuple[Run, list[Run]]:
    """The closed-loop run and the open-loop ones."""
    with starter_server(KURZFASSUNG_PROFILE=profile) as (address, _):
        return asyncio.run(_measure(address, seconds))


def report(seconds: float, profile: str = "starter") -> str:
    peak, runs = measure(profile, seconds)
    rows = [
        f"profile {profile}: {CLIENTS} clients get {peak.goodput:.1f} articles a second, "
        f"median {statistics.median(peak.good):.2f} s\n",
        "| times | offered/s | good/s | of peak | p50, p95 of the good, s | refused (503) | longest, ms "
        "| Retry-After | late (504) | no answer | /livez p99, longest, ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for times, run in zip(TIMES, runs, strict=True):
        parts = statistics.quantiles(run.good, n=20) if len(run.good) > 1 else [0.0] * 19
        again = f"{min(run.retry_after)} to {max(run.retry_after)}" if run.retry_after else "-"
        rows.append(
            f"| {times} | {run.rate:.1f} | {run.goodput:.1f} | {run.goodput / peak.goodput:.0%} "
            f"| {parts[9]:.2f}, {parts[-1]:.2f} | {run.statuses[503]} "
            f"| {1000 * max(run.refusals, default=0):.0f} | {again} "
            f"| {run.statuses[504]} | {run.statuses[0]} "
            f"| {statistics.quantiles(run.livez, n=100)[-1]:.0f}, {max(run.livez):.0f} |"
        )
    return "\n".join(rows)


def main(seconds: float = 20.0, show: Callable[[str], None] = print) -> None:
    for profile in PROFILES:
        show(report(seconds, profile))
        show("")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
