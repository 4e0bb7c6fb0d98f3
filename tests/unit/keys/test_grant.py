"""What a caller may do at once."""

import asyncio
from pathlib import Path

from service.errors import TooManyAtOnce
from service.keys.bucket import Taken
from service.keys.following import FollowedFile
from service.keys.grant import Spending
from service.keys.key import SCOPES, Limits
from service.keys.ring import KeyRing
from tests.keys import key_store


class Slow:
    """Shared buckets, which are asked over the network."""

    async def take(self, caller: str, cost: int, needed: int, rate: int) -> Taken:
        await asyncio.sleep(0.01)
        return Taken(True, 7, 1.0, 0.0)

    async def close(self) -> None:
        """Nothing is open."""


async def test_requests_that_come_together_are_counted_before_their_rate_is_asked_for(tmp_path: Path) -> None:
    store = key_store(tmp_path)
    key, _ = store.create("Web", SCOPES, Limits(rate=1000, concurrency=1))
    spending = Spending(
        Slow(), KeyRing(store, FollowedFile(tmp_path / "keys.sqlite")), caller_rate=0, minimum=1
    )
    entering = [spending.enter("key:1", key, limited=True) for _ in range(10)]
    entered = await asyncio.wait_for(asyncio.gather(*entering, return_exceptions=True), 10)
    assert sum(isinstance(each, TooManyAtOnce) for each in entered) == 9
    await spending.close()
