import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from service.backends.protocol import Batching, GenerationOptions, Hypothesis
from service.batching.batcher import Batcher
from service.batching.ticket import Ticket, holding
from service.errors import DeadlineExceeded, GenerationFailed, Overloaded, ShuttingDown

OPTIONS = GenerationOptions()


class Backend:
    """Upper-cases. `gate` holds every batch until the test lets it go; sources that contain
    "poison" break the whole batch they are in."""

    name = "upper"
    max_source_tokens = 100
    device = "cpu"

    def __init__(self, batching: Batching = Batching()) -> None:  # noqa: B008 -- frozen
        self.batching = batching
        self.gate = threading.Semaphore(10**6)
        self.entered = threading.Semaphore(0)
        self.batches: list[list[str]] = []
        self.threads: set[int] = set()
        self.inside = threading.Lock()
        self.at_once = self.most_at_once = 0

    def close_gate(self) -> None:
        self.gate = threading.Semaphore(0)

    def count_tokens(self, source: str) -> int:
        return len(source.split())

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        self.threads.add(threading.get_ident())
        with self.inside:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._generate(sources)
        finally:
            with self.inside:
                self.at_once -= 1

    def _generate(self, sources: Sequence[str]) -> list[Hypothesis]:
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


async def test_the_log_names_what_the_engine_failed_with_and_no_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backend = Backend()
    async with running() as batcher:
        for source in ("poison", "short"):
            with pytest.raises(GenerationFailed):
                await asyncio.wait_for(batcher.generate(backend, [source], OPTIONS), 10)
    told = [vars(record)["facts"] for record in caplog.records]
    assert [(facts["model"], facts["segments"]) for facts in told] == [("upper", 1), ("upper", 1)]
    assert told[0]["cause"] == "ValueError"
    assert not any(text in str(vars(record)) for record in caplog.records for text in ("secret", "poison"))


async def test_the_order_of_answers_is_the_order_of_sources() -> None:
    backend = Backend()
    sources = [f"wort {i} " + "x " * (i % 7) for i in range(60)]
    async with running(batch=20) as batcher:
        hypotheses = await asyncio.wait_for(batcher.generate(backend, sources, OPTIONS), 10)
    assert targets(hypotheses) == [source.upper() for source in sources]
    assert len(backend.batches) > 5


async def test_no_engine_is_entered_more_often_at_once_than_it_says() -> None:
    backend = Backend()
    async with running(batch=4) as batcher:
        calls = [batcher.generate(backend, [f"a{i}", f"b{i}"], OPTIONS) for i in range(20)]
        await asyncio.wait_for(asyncio.gather(*calls), 10)
    assert backend.most_at_once == 1
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


async def test_as_many_batches_run_at_once_as_suit_the_engine_each_a_part_of_the_work() -> None:
    backend = Backend(Batching(at_once=3))
    backend.close_gate()
    async with running() as batcher:
        made = asyncio.create_task(batcher.generate(backend, ["a", "b", "c", "d", "e", "f"], OPTIONS))
        for _ in range(3):
            await entered(backend)
        assert sorted(map(len, backend.batches)) == [2, 2, 2]
        backend.gate.release(100)
        assert targets(await asyncio.wait_for(made, 10)) == ["A", "B", "C", "D", "E", "F"]


async def test_a_short_request_passes_a_long_one_that_is_in_the_engine() -> None:
    backend = Backend(Batching(at_once=1, tokens=4, lets_pass=True))
    backend.close_gate()
    long = [f"lang {i}" for i in range(100)]
    async with running(capacity=10_000) as batcher:
        with holding(Ticket("one")):
            article = asyncio.create_task(batcher.generate(backend, long, OPTIONS))
        await entered(backend)
        with holding(Ticket("other")):
            line = asyncio.create_task(batcher.generate(backend, ["kurz"], OPTIONS))
        await entered(backend)
        assert backend.batches[1] == ["kurz"]
        with holding(Ticket("third")):
            lines = asyncio.create_task(batcher.generate(backend, ["wieder kurz"], OPTIONS))
        await asyncio.sleep(0)
        backend.gate.release(10_000)
        assert targets(await asyncio.wait_for(line, 10)) == ["KURZ"]
        assert targets(await asyncio.wait_for(lines, 10)) == ["WIEDER KURZ"]
        assert len(await asyncio.wait_for(article, 10)) == 100
    assert backend.most_at_once == 2


async def test_the_same_segment_under_way_is_decoded_once() -> None:
    backend = Backend()
    backend.close_gate()
    async with running() as batcher:
        first = asyncio.create_task(batcher.generate(backend, ["gleich", "anders", "gleich"], OPTIONS))
        await entered(backend)
        second = asyncio.create_task(batcher.generate(backend, ["gleich"], OPTIONS))
        other = asyncio.create_task(batcher.generate(backend, ["gleich"], GenerationOptions(beam_size=1)))
        await asyncio.sleep(0)
        backend.gate.release(100)
        assert targets(await asyncio.wait_for(first, 10)) == ["GLEICH", "ANDERS", "GLEICH"]
        assert targets(await asyncio.wait_for(second, 10)) == ["GLEICH"]
        assert targets(await asyncio.wait_for(other, 10)) == ["GLEICH"]
        again = await asyncio.wait_for(batcher.generate(backend, ["gleich"], OPTIONS), 10)
        assert targets(again) == ["GLEICH"]
    assert backend.batches == [["gleich", "anders"], ["gleich"], ["gleich"]]


async def test_who_leaves_a_segment_that_another_waits_for_does_not_cost_it() -> None:
    backend = Backend()
    backend.close_gate()
    async with running() as batcher:
        busy = asyncio.create_task(batcher.generate(backend, ["läuft"], OPTIONS))
        await entered(backend)
        first = asyncio.create_task(batcher.generate(backend, ["gleich"], OPTIONS))
        await asyncio.sleep(0)
        second = asyncio.create_task(batcher.generate(backend, ["gleich"], OPTIONS))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first], timeout=10)
        backend.gate.release(100)
        assert targets(await asyncio.wait_for(second, 10)) == ["GLEICH"]
        await asyncio.wait_for(busy, 10)
        assert batcher.waiting_tokens == 0
    assert backend.batches == [["läuft"], ["gleich"]]


async def test_a_segment_that_stands_far_back_in_a_long_call_comes_at_the_turn_of_who_is_first() -> None:
    backend = Backend(Batching(tokens=1))
    backend.close_gate()
    async with running() as batcher:
        with holding(Ticket("long")):
            article = asyncio.create_task(batcher.generate(backend, [f"s{i}" for i in range(90)], OPTIONS))
        await entered(backend)
        with holding(Ticket("short")):
            line = asyncio.create_task(batcher.generate(backend, ["s80"], OPTIONS))
        await asyncio.sleep(0)
        backend.gate.release(3)
        assert targets(await asyncio.wait_for(line, 10)) == ["S80"]
        backend.gate.release(1000)
        assert len(await asyncio.wait_for(article, 10)) == 90
    assert backend.batches.count(["s80"]) == 1


async def test_the_other_place_of_a_segment_that_was_decoded_takes_no_room() -> None:
    backend = Backend(Batching(tokens=1))
    backend.close_gate()
    async with running() as batcher:
        with holding(Ticket("long")):
            article = asyncio.create_task(batcher.generate(backend, [f"s{i}" for i in range(90)], OPTIONS))
        await entered(backend)
        with holding(Ticket("other")):
            other = asyncio.create_task(batcher.generate(backend, ["s80", "t " * 100], OPTIONS))
        await asyncio.sleep(0)
        for _ in range(3):
            backend.gate.release()
            await entered(backend)
        assert backend.batches == [["s0"], ["s1"], ["s80"], ["s2"]]
        assert batcher.waiting_tokens == 90 - 4 + 100
        backend.gate.release(1000)
        await asyncio.wait_for(asyncio.gather(article, other), 10)


async def test_who_left_makes_room_for_who_was_refused_for_it() -> None:
    backend = Backend()
    backend.close_gate()
    async with running(capacity=100) as batcher:
        busy = asyncio.create_task(batcher.generate(backend, ["läuft"], OPTIONS))
        await entered(backend)
        leaver = asyncio.create_task(batcher.generate(backend, ["a " * 90], OPTIONS))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            batcher.submit(backend, ["b " * 90], OPTIONS)
        leaver.cancel()
        await asyncio.wait([leaver], timeout=10)
        waiting = batcher.submit(backend, ["b " * 90], OPTIONS)
        backend.gate.release(10)
        await asyncio.wait_for(asyncio.gather(busy, *waiting), 10)


async def test_what_waits_past_its_deadline_is_told_so_and_never_decoded() -> None:
    backend = Backend()
    backend.close_gate()
    async with running() as batcher:
        busy = asyncio.create_task(batcher.generate(backend, ["läuft"], OPTIONS))
        await entered(backend)
        with holding(Ticket("", time.monotonic() + 0.05)):
            late = asyncio.create_task(batcher.generate(backend, ["a", "b"], OPTIONS))
        with pytest.raises(DeadlineExceeded):
            await asyncio.wait_for(late, 10)
        assert batcher.waiting_tokens == 0
        backend.gate.release(100)
        await asyncio.wait_for(busy, 10)
    assert backend.batches == [["läuft"]]


async def test_who_would_wait_longer_than_its_deadline_is_refused_at_once() -> None:
    backend = Backend()
    async with running(capacity=1_000_000, batch=10) as batcher:
        backend.close_gate()
        measured = asyncio.create_task(batcher.generate(backend, ["x " * 1000], OPTIONS))
        await entered(backend)
        await asyncio.sleep(0.2)  # so many tokens take so long, as far as the batcher knows
        backend.gate.release()
        await asyncio.wait_for(measured, 10)
        sources = [f"{'y ' * 999}{i}" for i in range(50)]
        busy = asyncio.create_task(batcher.generate(backend, sources, OPTIONS))
        await entered(backend)
        with holding(Ticket("", time.monotonic() + 1)), pytest.raises(Overloaded) as refusal:
            batcher.submit(backend, ["z " * 10_000], OPTIONS)
        assert "longer than this request may" in refusal.value.message
        assert refusal.value.retry_after >= 1
        backend.gate.release(1000)
        assert len(await asyncio.wait_for(busy, 10)) == 50


async def test_who_announced_little_and_brings_much_is_asked_again() -> None:
    """Nobody knows the length of a body that comes in chunks."""
    backend = Backend()
    backend.close_gate()
    async with running(capacity=1000) as batcher:
        busy = asyncio.create_task(batcher.generate(backend, ["a " * 900], OPTIONS))
        await entered(backend)
        waiting = batcher.submit(backend, ["b " * 800], OPTIONS)
        with holding(Ticket("chunks")):
            batcher.promise_room(1)
            with pytest.raises(Overloaded):
                batcher.submit(backend, ["c " * 800], OPTIONS)
        backend.gate.release(10)
        await asyncio.wait_for(asyncio.gather(busy, *waiting), 10)


async def test_what_is_promised_counts_until_it_is_submitted_or_its_ticket_is_over() -> None:
    backend = Backend()
    async with running(capacity=100) as batcher:
        mine, other = Ticket("mine"), Ticket("other")
        with holding(mine):
            batcher.promise_room(90)
        with holding(other), pytest.raises(Overloaded):
            batcher.promise_room(30)
        with holding(mine):
            made = batcher.submit(backend, ["a " * 90], OPTIONS)
        assert len(await asyncio.wait_for(asyncio.gather(*made), 10)) == 1
        with holding(leaver := Ticket("leaver")):
            batcher.promise_room(90)
        leaver.over = True
        with holding(other):
            batcher.promise_room(30)
        with holding(refused := Ticket("refused")):
            batcher.promise_room(60)
        refused.over = True
        other.over = True
        unannounced = batcher.submit(backend, ["b " * 90], OPTIONS)  # a job
        assert len(await asyncio.wait_for(asyncio.gather(*unannounced), 10)) == 1
