"""What else the service is held to, each a ratio or a time measured in one run on the starter's weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks import health, overhead, short_lines, sixteen, stream
from tests.benchmarks.articles import SEGMENTS, article
from tests.benchmarks.server import starter_server


@dataclass(frozen=True)
class Target:
    """`found` should be at most (`most`) or at least `wanted`."""

    name: str
    found: float
    wanted: float
    most: bool
    detail: str

    @property
    def reached(self) -> bool:
        return self.found <= self.wanted if self.most else self.found >= self.wanted


def measure(*, seconds: float, progress: Callable[[str], None] = lambda _: None) -> list[Target]:
    """`seconds` of overload."""
    found = []
    for target in _targets(seconds):
        progress(f"{target.name}: {target.found:.2f}")
        found.append(target)
    return found


def _targets(seconds: float) -> Iterator[Target]:
    one_call, *_, sequential = sorted(sixteen.measure(rounds=5).values())
    yield Target(
        f"{sixteen.COUNT} one-sentence texts: one call, times as fast as calls one after the other",
        sequential / one_call,
        3.0,
        False,
        f"{1000 * one_call:.0f} ms and {1000 * sequential:.0f} ms",
    )
    lines = short_lines.measure(40)
    idle, busy = short_lines.p95(lines.idle), short_lines.p95(lines.busy)
    yield Target(
        f"one-line requests beside an article of {short_lines.SEGMENTS} segments: p95, times that when idle",
        lines.ratio,
        3.0,
        True,
        f"{1000 * busy:.0f} ms and {1000 * idle:.0f} ms",
    )
    streamed = stream.measure(starter_server(), rounds=5)
    yield Target(
        f"first segment of a streamed digest of {SEGMENTS} segments, share of its total time",
        streamed.first / streamed.total,
        0.2,
        True,
        f"{1000 * streamed.first:.0f} ms of {1000 * streamed.total:.0f} ms",
    )
    outside = overhead.measure("starter", article(1))["outside_engine_ms"]
    yield Target(
        f"a digest of {SEGMENTS} segments, ms outside the engine",
        outside,
        5.0,
        True,
        "one article after the other, without HTTP",
    )
    took, statuses = health.measure(seconds)
    livez = took["/livez"]
    yield Target(
        "liveness under overload, slowest answer in ms",
        max(livez),
        100.0,
        True,
        f"{len(livez)} times asked, {statuses[200]} articles answered and {statuses[503]} refused meanwhile",
    )


def table(targets: list[Target]) -> str:
    rows = ["| what | found | wanted | |", "|---|---|---|---|"]
    for each in targets:
        goal = f"at {'most' if each.most else 'least'} {each.wanted:g}"
        verdict = "reached" if each.reached else "missed"
        rows.append(f"| {each.name} | {each.found:.2f} ({each.detail}) | {goal} | {verdict} |")
    return "\n".join(rows)
