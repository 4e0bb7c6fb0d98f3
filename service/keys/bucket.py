"""How much may be spent now: a bucket of tokens that fills again with time.

The arithmetic is here, pure; `shared.py` does the same in Redis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Level:
    """`tokens` there were at `moment` (seconds of any steady clock); below 0 where one request was worth more
    than a whole bucket."""

    tokens: float
    moment: float


@dataclass(frozen=True, slots=True)
class Taken:
    """`allowed` or not, what `remains`, the seconds until the bucket is full (`full_in`), and until what was
    refused will be there (`wait`, 0 where it was allowed)."""

    allowed: bool
    remains: int
    full_in: float
    wait: float


def take(level: Level | None, *, cost: float, needed: float, rate: int, now: float) -> tuple[Level, Taken]:
    """`rate` tokens fit into the bucket and come back in a minute; None is a full one. `cost` are taken where
    `needed` are there. What costs more than fits, a long article with a small key, needs a full bucket and is
    paid off before the next. So in any time t at most `rate` x (1 + t / 60) + the longest request are spent.
    A negative cost gives back."""
    tokens = float(rate)
    if level is not None:
        now = max(now, level.moment)
        tokens = min(tokens, level.tokens + (now - level.moment) * rate / WINDOW_SECONDS)
    # A difference of rounding must not refuse what the caller was told to wait for.
    allowed = tokens >= needed - 1e-6
    if allowed:
        tokens = min(float(rate), tokens - cost)
    return Level(tokens, now), taken(allowed, tokens, needed, rate)


def taken(allowed: bool, tokens: float, needed: float, rate: int) -> Taken:
    speed = rate / WINDOW_SECONDS
    return Taken(
        allowed=allowed,
        remains=max(0, math.floor(tokens + 1e-6)),
        full_in=(rate - tokens) / speed,
        wait=0.0 if allowed else (needed - tokens) / speed,
    )
