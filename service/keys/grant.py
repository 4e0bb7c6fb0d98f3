"""What one request may still spend, and what it has spent."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass

from service.errors import RateLimited, ScopeMissing, TooManyAtOnce
from service.keys.bucket import WINDOW_SECONDS, Taken
from service.keys.buckets import Buckets
from service.keys.key import Key, key_of
from service.keys.ring import KeyRing

_ALWAYS = -(10**15)
"""Needed by what gives back: a bucket is never so far below zero."""

_POLICY = "characters"


@dataclass(frozen=True, slots=True)
class Quota:
    """In characters; `limit` 0 is none."""

    used: int
    limit: int


class Spending:
    """How much all callers use of what they may; one per process. `caller_rate` is for those without a key,
    `minimum` the least that a request costs, both in characters."""

    def __init__(self, buckets: Buckets, ring: KeyRing, *, caller_rate: int, minimum: int) -> None:
        self.buckets = buckets
        self.ring = ring
        self.caller_rate = caller_rate
        self.minimum = minimum
        self.running: Counter[str] = Counter()

    async def close(self) -> None:
        self.ring.close()
        await self.buckets.close()

    async def enter(self, caller: str, key: Key | None, *, limited: bool) -> Grant:
        """To be left again. Raises `RateLimited`, `TooManyAtOnce` and `StoreUnavailable`. Where it is not
        `limited`, neither the rate nor the requests at once count."""
        rate = (key.limits.rate if key else self.caller_rate) if limited else 0
        grant = Grant(self, caller, key, rate)
        most = key.limits.concurrency if key and limited else 0
        if most and self.running[caller] >= most:
            raise TooManyAtOnce(f"The key allows {most} requests at once.", retry_after=1)
        if most:
            grant.counted = True
            self.running[caller] += 1
        try:
            if rate:
                await grant.take(self.minimum)
        except BaseException:
            grant.leave()
            raise
        return grant

    def resumed(self, caller: str) -> Grant:
        """For work whose request paid the minimum and was answered before. Raises `StoreUnavailable`."""
        identity = key_of(caller)
        key = self.ring.of(identity) if identity else None
        rate = key.limits.rate if key else self.caller_rate
        return Grant(self, caller, key, rate, paid=self.minimum if rate else 0)

    def refund(self, caller: str, characters: int, charged: float) -> None:
        """Of a key's month, for work that was not done after its request was answered; `charged` are seconds
        since 1970."""
        if key := key_of(caller):
            self.ring.give_back(key, characters, charged)


class Grant:
    """Of one request. It has paid the minimum when it is made; the rest is charged when its text is known."""

    def __init__(self, spending: Spending, caller: str, key: Key | None, rate: int, *, paid: int = 0) -> None:
        self._spending = spending
        self._caller = caller
        self._key = key
        self._rate = rate
        self._paid = paid
        self._charged = 0
        self._last: Taken | None = None
        self.counted = False

    async def charge(self, characters: int) -> None:
        """Before the work. Raises `QuotaExceeded` and `RateLimited`, and then nothing is charged, and
        `StoreUnavailable`."""
        if self._key is not None:
            self._spending.ring.spend(self._key, characters)
        try:
            await self.take(self._charged + characters - self._paid)
        except BaseException:
            if self._key is not None:
                self._spending.ring.spend(self._key, -characters)
            raise
        self._charged += characters

    async def give_back(self) -> None:
        """All of it: the work failed on our side. Raises `StoreUnavailable`."""
        if self._key is not None and self._charged:
            self._spending.ring.spend(self._key, -self._charged)
        if self._rate and self._paid:
            await self._spending.buckets.take(self._caller, -self._paid, _ALWAYS, self._rate)
        self._charged = self._paid = 0

    def require(self, scope: str) -> None:
        """Besides what the route needs. Raises `ScopeMissing`."""
        if self._key is not None and scope not in self._key.scopes:
            raise ScopeMissing(f"The key is not for this; it lacks {scope}.")

    def quota(self) -> Quota | None:
        """Of the key's month; None without a key. Raises `StoreUnavailable`."""
        if self._key is None:
            return None
        return Quota(self._spending.ring.used(self._key), self._key.limits.quota)

    def leave(self) -> None:
        if self.counted:
            self.counted = False
            self._spending.running[self._caller] -= 1
            if not self._spending.running[self._caller]:
                del self._spending.running[self._caller]

    def headers(self, retry_after: int | None = None) -> dict[str, str]:
        """What is left of the rate (IETF draft ietf-httpapi-ratelimit-headers-10); none without a limit.
        `retry_after` is told instead of the time until the bucket is full."""
        if self._last is None:
            return {}
        reset = retry_after or max(1, math.ceil(self._last.full_in))
        return {
            "RateLimit-Policy": f'"{_POLICY}";q={self._rate};w={WINDOW_SECONDS}',
            "RateLimit": f'"{_POLICY}";r={self._last.remains};t={reset}',
        }

    async def take(self, cost: int) -> None:
        """`cost` more than was paid. Raises `RateLimited` and `StoreUnavailable`."""
        if not self._rate or cost <= 0:
            return
        needed = min(self._paid + cost, self._rate) - self._paid
        self._last = await self._spending.buckets.take(self._caller, cost, needed, self._rate)
        if not self._last.allowed:
            raise Exhausted(self, self._rate, self._last.wait)
        self._paid += cost


class Exhausted(RateLimited):
    """Knows the headers that its answer gets."""

    def __init__(self, grant: Grant, rate: int, wait: float) -> None:
        # Everybody who was refused in the same second must not come back in the same second.
        seconds = max(1, math.ceil(wait * random.uniform(1.0, 1.1)))  # noqa: S311 -- no secret
        super().__init__(
            f"The rate of {rate:,} characters a minute is used up; try again in {seconds} s.",
            retry_after=seconds,
        )
        self.headers = grant.headers(seconds)
