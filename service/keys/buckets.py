"""The buckets of all callers: in this process, or shared by several through Redis."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal, Protocol

from service.errors import StoreUnavailable
from service.keys.bucket import WINDOW_SECONDS, Level, Taken, take

logger = logging.getLogger("kurzfassung")

MOST_BUCKETS = 100_000
"""About 20 MB. Callers without a key could otherwise fill the memory by their addresses alone."""

AGAIN_SECONDS = 5.0
"""After a failure Redis is left alone for so long: otherwise every request would wait for it."""


class Buckets(Protocol):
    async def take(self, caller: str, cost: int, needed: int, rate: int) -> Taken: ...

    async def close(self) -> None: ...


class OwnBuckets:
    """A bucket that is full again is as good as none, and what was not used for longest goes first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST_BUCKETS) -> None:
        self._clock = clock
        self._most = most
        self._levels: OrderedDict[str, Level] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    async def take(self, caller: str, cost: int, needed: int, rate: int) -> Taken:
        now = self._clock()
        level, outcome = take(self._levels.get(caller), cost=cost, needed=needed, rate=rate, now=now)
        self._levels[caller] = level
        self._levels.move_to_end(caller)
        while self._levels and (len(self._levels) > self._most or self._is_old(now)):
            self._levels.popitem(last=False)
        return outcome

    def _is_old(self, now: float) -> bool:
        """Full by now, whatever its rate; one that went below zero waits for the limit of their number."""
        oldest = next(iter(self._levels.values()))
        return oldest.tokens >= 0 and now - oldest.moment > WINDOW_SECONDS

    async def close(self) -> None:
        """Nothing is open."""


class FallingBack:
    """The shared buckets while they answer. While they do not, `open` lets every process count for itself and
    `closed` refuses with `StoreUnavailable`; the log says so once, and once when they answer again."""

    def __init__(
        self,
        shared: Buckets,
        down: Literal["open", "closed"],
        *,
        failures: tuple[type[Exception], ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared, self._own = shared, OwnBuckets(clock)
        self._down = down
        self._failures = failures
        self._clock = clock
        self._again: float | None = None

    async def take(self, caller: str, cost: int, needed: int, rate: int) -> Taken:
        if self._again is None or self._clock() >= self._again:
            try:
                outcome = await self._shared.take(caller, cost, needed, rate)
            except self._failures as error:
                if self._again is None:
                    facts = {"cause": type(error).__name__, "callers_are": self._down}
                    logger.error("the shared rate limits cannot be reached", extra={"facts": facts})
                self._again = self._clock() + AGAIN_SECONDS
            else:
                if self._again is not None:
                    logger.info("the shared rate limits are back")
                self._again = None
                return outcome
        if self._down == "closed":
            raise StoreUnavailable("The rate limits cannot be checked right now.", retry_after=5)
        return await self._own.take(caller, cost, needed, rate)

    async def close(self) -> None:
        await self._shared.close()
