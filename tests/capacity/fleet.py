"""Many replicas behind one gateway, at ten, a hundred and a thousand times the work."""

from __future__ import annotations

import math

from tests.capacity.simulation import Article, Autoscaler, Cost, Outcome, simulate
from tests.capacity.workload import TEXTS, Calls, poisson

A_DAY = 10_000
"""Articles, at once the load."""

PEAK = 3.0
"""Times the day's mean, in the middle third of what is simulated."""

CORES = 2
"""Of a replica; taken to be busy together."""

_PHASE_SECONDS = 600.0
_TARGET_IN_FLIGHT = 4.0
_START_SECONDS = 15.0
_SHARE = 0.6
"""Of its capacity that a replica is used at the mean, without an autoscaler's help."""


def node(core_seconds: float, outside: float, tokens: float) -> Cost:
    """A replica's cost from the core seconds of an article, those outside the engine among them, and its
    source tokens."""
    return Cost(batch=0.0, segment=0.0, token=(core_seconds - outside) / tokens / CORES, article=outside)


def run(scale: int, cost: Cost, calls: list[Calls]) -> tuple[int, float, Outcome]:
    """Replicas to begin with, articles a second at the peak, and what happened."""
    mean = A_DAY * scale / 86_400
    each = sum(sum(map(cost.of, one)) for one in calls) / len(calls)
    least = max(2, math.ceil(mean * each / _SHARE))
    # At a thousand times, a third of the time: enough to see it, little enough to compute.
    phase = _PHASE_SECONDS / (3 if scale >= 1000 else 1)

    def rate(second: float) -> float:
        return mean * (PEAK if phase <= second < 2 * phase else 1.0)

    arrivals = poisson(rate, mean * PEAK, 3 * phase, seed=scale)
    articles = (Article(at, calls[number % len(TEXTS)]) for number, at in enumerate(arrivals))
    scaler = Autoscaler(in_flight=_TARGET_IN_FLIGHT, least=least, start=_START_SECONDS)
    return least, mean * PEAK, simulate(articles, cost, replicas=least, autoscaler=scaler)


def report(cost: Cost, calls: list[Calls]) -> str:
    rows = [
        "| scale | articles a day | at the peak, a second | replicas, at first / at most | half within, s | "
        "95 % within, s | refused |",
        "|---|---|---|---|---|---|---|",
    ]
    for scale in (1, 10, 100, 1000):
        least, peak, made = run(scale, cost, calls)
        most = max(count for _, count in made.replicas)
        rows.append(
            f"| {scale}x | {A_DAY * scale:,} | {peak:.1f} | {least} / {most} | {made.within(0.5):.2f} | "
            f"{made.within(0.95):.2f} | {made.refused} |"
        )
    return "\n".join(rows)
