"""What is left of the service under more work than it can do: `python -m tests.benchmarks.overload
[SECONDS]`. Arrivals are open-loop: a fixed rate, whatever the answers, each on a connection of its own.

First the rate that the real server sustains with as many clients as keep it busy, each waiting for its
answer; then one, two and four times that rate. An answer counts if it comes within the time its request may
take. Meanwhile a process of its own asks `/livez`. The clients are on the same cores: their requests are made
beforehand and as little as possible is read of an answer, and what they still cost is told."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.server import cpu_seconds, starter_server

ARTICLES = Path(__file__).parents[1] / "articles"
CLIENTS = 16
TIMES = (1, 2, 4)
PATIENCE = 10.0
"""Seconds that a request may take."""
WANTED = 0.9
"""Of the peak, at four times the rate."""
_LATE = 5.0
"""Who has no answer so long after its time was over hangs."""
_PAUSE = 0.1
_REFUSED_PAUSE = 1.0
"""What a client that waits for its answers does about none: asking on and on is no measure of the peak."""
_SEGMENTS = 25
_MOST_A_CLIENT = 50
"""Articles a second that one client may get: so many are made for it."""

PROFILES = ("starter", "stub")

DESCRIPTION = f"""\
`python -m tests.benchmarks.overload`, or `make bench BENCH=overload`: the starter, articles of {_SEGMENTS}
sentences that may take {PATIENCE:.0f} s each. First {CLIENTS} clients, each waiting for its answer; what they
get is the peak. Then a fixed rate of new connections, whatever the answers. Clients, the process that asks
`/livez` and the service share the cores."""


@dataclass
class Run:
    """`statuses` counts answers, 0 those that never came; `good` are the seconds each good answer took.
    `client_cores` and `cores` are what the clients and the service used, 1 a whole core."""

    rate: float
    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    good: list[float] = field(default_factory=list)
    in_window: int = 0
    refusals: list[float] = field(default_factory=list)
    retry_after: list[int] = field(default_factory=list)
    livez: list[float] = field(default_factory=list)
    client_cores: float = 0.0
    cores: float = 0.0

    @property
    def goodput(self) -> float:
        return self.in_window / self.seconds


@dataclass(frozen=True)
class Server:
    address: str
    pid: int

    @contextmanager
    def measuring(self, run: Run) -> Iterator[None]:
        started, own, theirs = time.perf_counter(), time.process_time(), cpu_seconds(self.pid)
        yield
        took = time.perf_counter() - started
        run.client_cores = (time.process_time() - own) / took
        run.cores = (cpu_seconds(self.pid) - theirs) / took

    async def ask(self, request: bytes, run: Run, until: float) -> int:
        """The status, 0 for no answer; `until` is the end of the measured window."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE + _LATE):
                status, retry_after = await _answer(self.address, request)
        except (TimeoutError, OSError, ValueError):
            run.statuses[0] += 1
            return 0
        took = time.perf_counter() - started
        run.statuses[status] += 1
        if status == 200:
            run.good.append(took)
            run.in_window += time.perf_counter() <= until
        elif status == 503:
            run.refusals.append(took)
            run.retry_after.append(retry_after)
        return status


_RETRY_AFTER = re.compile(rb"\r\nretry-after: (\d+)", re.I)


async def _answer(address: str, request: bytes) -> tuple[int, int]:
    """Status and `Retry-After`, 0 for none. Raises `OSError` and `ValueError` where there is no answer."""
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(request)
        answer = await reader.read(-1)
    finally:
        writer.close()
    head = answer.partition(b"\r\n\r\n")[0]
    again = _RETRY_AFTER.search(head)
    return int(head.split(b" ", 2)[1]) if b" " in head else 0, int(again[1]) if again else 0


def article(seed: int) -> str:
    """25 sentences in words of our articles: no two are alike."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    sentences = (" ".join(chance.choices(_WORDS, k=chance.randint(6, 20))) for _ in range(_SEGMENTS))
    return " ".join(sentence.capitalize() + "." for sentence in sentences)


_WORDS = re.findall(r"[A-Za-zäöüß]{4,}", (ARTICLES / "meinung.txt").read_text(encoding="utf-8"))


def requests(first: int, count: int) -> list[bytes]:
    """Whole ones, as they are sent."""
    made = []
    for seed in range(first, first + count):
        body = json.dumps({"text": article(seed), "source": "de"}).encode()
        head = (
            "POST /v1/translate HTTP/1.1\r\nHost: benchmark\r\nConnection: close\r\n"
            f"X-Request-Timeout: {PATIENCE}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


async def closed_loop(server: Server, seconds: float, first: int) -> Run:
    run = Run(0.0, seconds)
    upcoming = iter(requests(first, int(CLIENTS * _MOST_A_CLIENT * seconds)))
    until = time.perf_counter() + seconds

    async def client() -> None:
        while time.perf_counter() < until and (request := next(upcoming, None)):
            if await server.ask(request, run, until) == 503:
                await asyncio.sleep(_REFUSED_PAUSE)

    with server.measuring(run):
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return run


async def open_loop(server: Server, rate: float, seconds: float, first: int) -> Run:
    """The first answers take as long as the queue is long: they come before the window begins."""
    run = Run(rate, seconds)
    before = min(PATIENCE, seconds / 2)
    upcoming = requests(first, int(rate * (before + seconds)))
    start = time.perf_counter()
    began, until = start + before, start + before + seconds
    asked: set[asyncio.Task[int]] = set()
    with server.measuring(run):
        for number, request in enumerate(upcoming):
            due = start + number / rate
            if due < began:
                run.in_window = 0
            await asyncio.sleep(due - time.perf_counter())
            asked.add(asyncio.create_task(server.ask(request, run, until)))
        await asyncio.sleep(until - time.perf_counter())
    await asyncio.gather(*asked)
    return run


def probe(address: str, seconds: float) -> list[float]:
    """Milliseconds that `/livez` took, each time."""
    took = []
    until = time.monotonic() + seconds
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    while time.monotonic() < until:
        started = time.perf_counter()
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        took.append((time.perf_counter() - started) * 1000)
        time.sleep(_PAUSE)
    connection.close()
    return took


async def _measure(server: Server, seconds: float) -> tuple[Run, list[Run]]:
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1) as processes:
        await closed_loop(server, min(3.0, seconds), 0)  # what is loaded on first use
        watching = loop.run_in_executor(processes, probe, server.address, seconds)
        peak = await closed_loop(server, seconds, 10**6)
        peak.livez = await watching
        runs = []
        for times in TIMES:
            watching = loop.run_in_executor(processes, probe, server.address, seconds)
            run = await open_loop(server, times * peak.goodput, seconds, times * 10**7)
            run.livez = await watching
            runs.append(run)
    return peak, runs


def measure(profile: str, seconds: float) -> tuple[Run, list[Run]]:
    """The closed-loop run and the open-loop ones."""
    with starter_server(KURZFASSUNG_PROFILE=profile) as (address, pid):
        return asyncio.run(_measure(Server(address, pid), seconds))


def report(seconds: float, profile: str = "starter") -> str:
    peak, runs = measure(profile, seconds)
    rows = [
        "| times | offered/s | good/s | of peak | p50, p95 of the good, s | refused (503) | longest, ms "
        "| Retry-After | late (504) | no answer | /livez p99, longest, ms | cores: service, clients |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(_row(name, run, peak) for name, run in zip(("peak", *TIMES), (peak, *runs), strict=True)),
    ]
    share = runs[-1].goodput / peak.goodput
    verdict = "reached" if share >= WANTED else "missed"
    return "\n".join(rows) + f"\n\nOf the peak at {TIMES[-1]} times the rate, {WANTED:.0%} wanted: {verdict}."


def _row(name: str | int, run: Run, peak: Run) -> str:
    again = f"{min(run.retry_after)} to {max(run.retry_after)}" if run.retry_after else "-"
    return (
        f"| {name} | {f'{run.rate:.1f}' if run.rate else '-'} | {run.goodput:.1f} "
        f"| {run.goodput / peak.goodput:.0%} | {_quantiles(run.good, (0.5, 0.95), 2)} | {run.statuses[503]} "
        f"| {1000 * max(run.refusals, default=0):.0f} | {again} | {run.statuses[504]} | {run.statuses[0]} "
        f"| {_quantiles(run.livez, (0.99, 1.0), 0)} | {run.cores:.2f}, {run.client_cores:.2f} |"
    )


def _quantiles(values: Sequence[float], shares: Sequence[float], digits: int) -> str:
    if not values:
        return "-"
    ordered = sorted(values)
    return ", ".join(f"{ordered[round(share * (len(ordered) - 1))]:.{digits}f}" for share in shares)


def main(seconds: float = 20.0, show: Callable[[str], None] = print) -> None:
    for profile in PROFILES:
        show(f"profile {profile}:\n{report(seconds, profile)}\n")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
