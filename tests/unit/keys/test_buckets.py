"""The buckets of many callers."""

import logging

import pytest

from service.errors import StoreUnavailable
from service.keys.bucket import Taken
from service.keys.buckets import AGAIN_SECONDS, FallingBack, OwnBuckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Unsteady:
    """Shared buckets that can be taken away."""

    def __init__(self) -> None:
        self.down = False
        self.asked = 0

    async def take(self, caller: str, cost: int, needed: int, rate: int) -> Taken:
        self.asked += 1
        if self.down:
            raise ConnectionError
        return Taken(True, 7, 1.0, 0.0)

    async def close(self) -> None:
        """Nothing is open."""


async def test_callers_have_buckets_of_their_own() -> None:
    buckets = OwnBuckets(Clock())
    assert (await buckets.take("a", 100, 100, 100)).allowed
    assert not (await buckets.take("a", 1, 1, 100)).allowed
    assert (await buckets.take("b", 100, 100, 100)).allowed


async def test_buckets_that_are_full_again_take_no_memory() -> None:
    clock = Clock()
    buckets = OwnBuckets(clock, most=50)
    for number in range(200):
        await buckets.take(f"address:{number}", 1, 1, 100)
    assert len(buckets) == 50
    clock.now = 120.0
    await buckets.take("another", 1, 1, 100)
    assert len(buckets) == 1


async def test_without_redis_an_open_service_limits_for_itself_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "kurzfassung")
    clock, shared = Clock(), Unsteady()
    buckets = FallingBack(shared, "open", failures=(OSError,), clock=clock)
    assert (await buckets.take("a", 1, 1, 100)).remains == 7
    shared.down = True
    assert (await buckets.take("a", 100, 100, 100)).allowed
    assert not (await buckets.take("a", 100, 100, 100)).allowed
    assert shared.asked == 2  # it is left alone for a while
    clock.now += AGAIN_SECONDS
    await buckets.take("a", 1, 1, 100)
    assert shared.asked == 3
    assert caplog.messages == ["the shared rate limits cannot be reached"]
    shared.down = False
    clock.now += AGAIN_SECONDS
    assert (await buckets.take("a", 100, 100, 100)).remains == 7
    assert caplog.messages == ["the shared rate limits cannot be reached", "the shared rate limits are back"]


async def test_without_redis_a_closed_service_refuses() -> None:
    shared = Unsteady()
    shared.down = True
    buckets = FallingBack(shared, "closed", failures=(OSError,), clock=Clock())
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await buckets.take("a", 1, 1, 100)
    assert shared.asked == 1
