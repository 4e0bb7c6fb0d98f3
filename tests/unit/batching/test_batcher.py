import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from service.backends.protocol import GenerationOptions, Hypothesis
from service.batching.batcher import Batcher
from service.errors import GenerationFailed, Overloaded, ShuttingDown

OPTIONS = GenerationOptions()


class Backend:
    """Upper-cases. `gate` holds every batch until the test lets it go; sources that contain
    "poison" break the whole batch they are in."""

    name = "upper"
    max_source_tokens = 100
    device = "cpu"

    def __init__(self) -> None:
        self.gate = threading.Semaphore(10**6)
        self.entered = threading.Semaphore(0)
        self.batches: list[list[str]] = []
        self.threads: set[int] = set()

    def close_gate(self) -> None:
        self.gate = threading.Semaphore(0)

    def count_tokens(self, source: str) -> int:
        return len(source.split())

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        self.threads.add(threading.get_ident())
        self.batches.append(list(sources))
        self.entered.release()
        assert self.gate.acquire(timeout=10)
        if any("poison" in source for source in sources):
            raise ValueError("secret text of a neighbour")
        if any("short" in source for source in sources):
            return []
        return [Hypothesis(source.upper(), -0.5, 1, True) for source in sources]

    def close(self) -> None: ...


@asynccontextmanager
async def running(capacity: int = 1000, batch: int = 100) -> AsyncIterator[Batcher]:
    batcher = Batcher(capacity_tokens=capacity, batch_tokens=batch)
    batcher.start()
    try:
        yield batcher
    finally:
        await asyncio.wait_for(batcher.stop(), 10)


async def entered(backend: Backend) -> None:
    assert await asyncio.to_thread(backend.entered.acquire, timeout=10)


def targets(hypotheses: Sequence[Hypothesis]) -> list[str]:
    return [hypothesis.target for hypothesis in hypotheses]


async def test_a_caller_who_leaves_mid_batch_costs_the_neighbours_nothing() -> None:
    backend = Backend()
    backend.close_gate()
    async with running() as batcher:
        leaver = asyncio.create_task(batcher.generate(backend, ["eins"], OPTIONS))
        stayer = asyncio.create_task(batcher.generate(backend, ["zwei"], OPTIONS))
        await entered(backend)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(leaver, 10)
        backend.gate.release(100)
        assert targets(await asyncio.wait_for(stayer, 10)) == ["ZWEI"]
    assert backend.batches == [["eins", "zwei"]]


async def test_a_batch_that_fails_is_answered_and_the_loop_survives() -> None:
    backend = Backend()
    async with running() as batcher:
        good = asyncio.create_task(batcher.generate(backend, ["eins", "zwei"], OPTIONS))
        bad = asyncio.create_task(batcher.generate(backend, ["drei", "poison"], OPTIONS))
        assert targets(await asyncio.wait_for(good, 10)) == ["EINS", "ZWEI"]
        with pytest.raises(GenerationFailed) as failure:
            await asyncio.wait_for(bad, 10)
        assert "secret" not in str(failure.value)
        assert batcher.alive
        later = await asyncio.wait_for(batcher.generate(backend, ["vier"], OPTIONS), 10)
        assert targets(later) == ["VIER"]


async def test_an_engine_that_returns_too_few_answers_is_a_failure_not_a_shift() -> None:
    backend = Backend()
    async with running() as batcher:
        with pytest.raises(GenerationFailed):
            await asyncio.wait_for(batcher.generate(backend, ["eins", "short"], OPTIONS), 10)


async def test_the_order_of_answers_is_the_order_of_sources() -> None:
    backend = Backend()
    sources = [f"wort {i} " + "x " * (i % 7) for i in range(60)]
    async with running(batch=20) as batcher:
        hypotheses = await asyncio.wait_for(batcher.generate(backend, sources, OPTIONS), 10)
    assert targets(hypotheses) == [source.upper() for source in sources]
    assert len(backend.batches) > 5


async def test_only_one_thread_ever_enters_the_engine() -> None:
    backend = Backend()
    async with running(batch=4) as batcher:
        calls = [batcher.generate(backend, [f"a{i}", f"b{i}"], OPTIONS) for i in range(20)]
        await asyncio.wait_for(asyncio.gather(*calls), 10)
    assert len(backend.threads) == 1
    assert threading.get_ident() not in backend.threads


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back() -> None:
    backend = Backend()
    backend.close_gate()
    async with running(capacity=3) as batcher:
        first = asyncio.create_task(batcher.generate(backend, ["läuft"], OPTIONS))
        await entered(backend)
        waiting = asyncio.create_task(batcher.generate(backend, ["a", "b", "c"], OPTIONS))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refusal:
            batcher.submit(backend, ["d"], OPTIONS)
        assert refusal.value.retry_after >= 1
        backend.gate.release(100)
        assert targets(await asyncio.wait_for(first, 10)) == ["LÄUFT"]
        assert targets(await asyncio.wait_for(waiting, 10)) == ["A", "B", "C"]


async def test_segments_whose_caller_left_never_reach_the_engine() -> None:
    backend = Backend()
    backend.close_gate()
    async with running() as batcher:
        first = asyncio.create_task(batcher.generate(backend, ["läuft"], OPTIONS))
        await entered(backend)
        leaver = asyncio.create_task(batcher.generate(backend, ["nie gesehen"], OPTIONS))
        stayer = asyncio.create_task(batcher.generate(backend, ["doch"], OPTIONS))
        await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.wait([leaver], timeout=10)
        backend.gate.release(100)
        await asyncio.wait_for(asyncio.gather(first, stayer), 10)
    assert backend.batches == [["läuft"], ["doch"]]


async def test_a_ramped_call_has_its_first_answer_before_the_second_segment_is_decoded() -> None:
    backend = Backend()
    backend.close_gate()
    async with running() as batcher:
        futures = batcher.submit(backend, ["eins", "zwei", "drei"], OPTIONS, ramp=True)
        await entered(backend)
        assert backend.batches == [["eins"]]
        backend.gate.release()
        assert (await asyncio.wait_for(futures[0], 10)).target == "EINS"
        assert not futures[1].done()
        backend.gate.release(100)
        assert targets(await asyncio.wait_for(asyncio.gather(*futures[1:]), 10)) == ["ZWEI", "DREI"]
    assert backend.batches == [["eins"], ["zwei", "drei"]]


async def test_stopping_answers_whoever_still_waits() -> None:
    backend = Backend()
    backend.close_gate()
    batcher = Batcher(capacity_tokens=100, batch_tokens=1)
    batcher.start()
    futures = batcher.submit(backend, ["läuft", "wartet"], OPTIONS)
    await entered(backend)
    stopping = asyncio.create_task(batcher.stop())
    await asyncio.sleep(0)
    backend.gate.release(100)
    await asyncio.wait_for(stopping, 10)
    assert (await futures[0]).target == "LÄUFT"
    with pytest.raises(ShuttingDown):
        await futures[1]
    with pytest.raises(ShuttingDown):
        batcher.submit(backend, ["zu spät"], OPTIONS)


async def test_nothing_to_generate_is_answered_with_nothing() -> None:
    async with running() as batcher:
        assert await asyncio.wait_for(batcher.generate(Backend(), [], OPTIONS), 10) == []
