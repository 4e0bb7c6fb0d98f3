"""One segment that many wait for."""

from __future__ import annotations

import asyncio

from service.backends.protocol import Hypothesis
from service.batching.decoding import Decoding

_ASKED = 2_000


class _Counted(asyncio.Future[Hypothesis]):
    looks = 0

    def done(self) -> bool:
        type(self).looks += 1
        return super().done()


async def test_the_end_of_a_decoding_costs_each_of_those_who_wait_a_few_looks() -> None:
    ended: list[None] = []
    loop = asyncio.get_running_loop()
    decoding = Decoding(lambda: ended.append(None), promised=False)
    loop.create_future = lambda: _Counted(loop=loop)  # type: ignore[method-assign]  # to count what is asked of them
    futures = [decoding.join() for _ in range(_ASKED)]
    decoding.answer(Hypothesis("Yes.", -0.1, 2, True))
    async with asyncio.timeout(20):
        await asyncio.sleep(0)
        await asyncio.gather(*futures)
    assert ended == [None]
    assert _Counted.looks < 10 * _ASKED


async def test_it_is_abandoned_when_the_last_has_left_in_whatever_order() -> None:
    for order in (range(3), range(2, -1, -1), (1, 2, 0)):
        decoding = Decoding(lambda: None, promised=False)
        futures = [decoding.join() for _ in range(3)]
        left = []
        for number in order:
            futures[number].cancel()
            left.append(decoding.abandoned)
        assert left == [False, False, True]
        assert decoding.leaves_places
