"""Many replicas behind one gateway, at ten, a hundred and a thousand times the work."""

from __future__ import annotations

import math

from tests.capacity.simulation import Article, Autoscaler, Cost, Limits, Outcome, simulate
from tests.capacity.workload import TEXTS, Calls, poisson

A_DAY = 10_000
"""Articles, at once the load."""

PEAK = 3.0
"""Times the day's mean, in the middle third of what is simulated."""

_PHASE_SECONDS = 600.0
_TARGET_IN_FLIGHT = 4.0
_START_SECONDS = 15.0
_SHARE = 0.6
"""Of its capacity that a replica is used at the mean, without an autoscaler's help."""


def node(core_seconds: float, outside: float, tokens: float) -> Cost:
    """A replica's cost from the core seconds of an article, those outside the engine among them, and its
    source tokens."""
    return Cost(batch=0.0, segment=0.0, token=(core_seconds - outside) / tokens, article=outside)


def run(scale: int, cost: Cost, calls: list[Calls], limits: Limits, *, scaled: bool) -> tuple[int, Outcome]:
    """Replicas to begin with, and what happened: `scaled` with as many as the mean needs and an autoscaler,
    otherwise with as many as the peak needs."""
    mean = A_DAY * scale / 86_400
    each = sum(sum(map(cost.of, one)) for one in calls) / len(calls)
    replicas = max(2, math.ceil(mean * each / limits.at_once / _SHARE * (1 if scaled else PEAK)))
    # At a thousand times, a third of the time: enough to see it, little enough to compute.
    phase = _PHASE_SECONDS / (3 if scale >= 1000 else 1)

    def rate(second: float) -> float:
        return mean * (PEAK if phase <= second < 2 * phase else 1.0)

    arrivals = poisson(rate, mean * PEAK, 3 * phase, seed=scale)
    articles = (Article(at, calls[number % len(TEXTS)]) for number, at in enumerate(arrivals))
    scaler = Autoscaler(in_flight=_TARGET_IN_FLIGHT, least=replicas, start=_START_SECONDS)
    return replicas, simulate(
        articles, cost, limits=limits, replicas=replicas, autoscaler=scaler if scaled else None
    )


def report(cost: Cost, calls: list[Calls], limits: Limits) -> str:
    rows = [
        "| scale | articles a day | at the peak, a second | autoscaled: replicas | 95 % within, s | "
        "for the peak: replicas | 95 % within, s | refused |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for scale in (1, 10, 100, 1000):
        least, scaled = run(scale, cost, calls, limits, scaled=True)
        fixed, kept = run(scale, cost, calls, limits, scaled=False)
        most = max(count for _, count in scaled.replicas)
        rows.append(
            f"| {scale}x | {A_DAY * scale:,} | {A_DAY * scale / 86_400 * PEAK:.1f} | {least} to {most} | "
            f"{scaled.within(0.95):.1f} | {fixed} | {kept.within(0.95):.1f} | "
            f"{scaled.refused + kept.refused} |"
        )
    return "\n".join(rows)
