"""Time passes only when a test says so, and every piece of work ends when a test says so."""

import asyncio
import gc
import weakref
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.coalescing import GRACE_SECONDS, KEEP_SECONDS, Coalescing
from service.errors import GenerationFailed, ShuttingDown

SLOW_SECONDS = 5.0


@dataclass
class Alarm:
    due: float
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.alarms: list[Alarm] = []

    def later(self, seconds: float, call: Callable[[], None]) -> Alarm:
        self.alarms.append(Alarm(self.now + seconds, call))
        return self.alarms[-1]

    async def goes_on(self, seconds: float) -> None:
        self.now += seconds
        for alarm in sorted(self.alarms, key=lambda alarm: alarm.due):
            if alarm.due <= self.now and not alarm.cancelled:
                alarm.cancelled = True
                alarm.call()
                await settled()


async def settled() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


@dataclass
class Engine:
    """Work that waits for the test, and counts."""

    begun: Counter[str] = field(default_factory=Counter)
    running: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    most: int = 0
    gates: dict[str, asyncio.Future[bytes]] = field(default_factory=dict)

    def work(self, key: str = "a") -> Callable[[], Coroutine[None, None, bytes]]:
        async def work() -> bytes:
            self.begun[key] += 1
            self.running[key] += 1
            self.most = max(self.most, self.running[key])
            gate = self.gates[key] = asyncio.get_running_loop().create_future()
            try:
                return await gate
            except asyncio.CancelledError:
                for _ in range(5):  # an engine needs a moment to stop
                    await asyncio.sleep(0)
                self.stopped[key] += 1
                raise
            finally:
                self.running[key] -= 1

        return work

    async def finishes(self, answer: bytes = b"answer", key: str = "a") -> None:
        self.gates[key].set_result(answer)
        await settled()

    async def fails(self, key: str = "a") -> None:
        self.gates[key].set_exception(GenerationFailed("The planted fault."))
        await settled()


class House:
    def __init__(self, **bounds: int) -> None:
        self.clock, self.engine = Clock(), Engine()
        self.joined = 0
        self.coalescing = Coalescing(
            slow_seconds=SLOW_SECONDS, later=self.clock.later, on_joined=self._count, **bounds
        )

    def _count(self) -> None:
        self.joined += 1

    async def caller(self, key: str = "a", *, told: bool = False) -> "asyncio.Task[bytes]":
        async def ask() -> bytes:
            async with self.coalescing.joined(key, self.engine.work(key)) as run:
                await run.wait()
                run.told = told
                return run.outcome()

        task = asyncio.create_task(ask())
        await settled()
        return task

    async def leaves(self, caller: "asyncio.Task[bytes]") -> None:
        caller.cancel()
        await settled()


async def answer_of(caller: "asyncio.Task[bytes]") -> bytes:
    return await asyncio.wait_for(caller, 5)


async def test_callers_who_ask_the_same_share_one_run() -> None:
    house = House()
    callers = [await house.caller() for _ in range(5)]
    await house.engine.finishes()
    assert [await answer_of(caller) for caller in callers] == [b"answer"] * 5
    assert house.engine.begun["a"] == 1
    assert house.joined == 4


async def test_callers_who_ask_something_else_do_not() -> None:
    house = House()
    first, second = await house.caller("a"), await house.caller("b")
    await house.engine.finishes(b"one", "a")
    await house.engine.finishes(b"two", "b")
    assert (await answer_of(first), await answer_of(second)) == (b"one", b"two")


async def test_one_who_leaves_does_not_cost_the_others_their_answer() -> None:
    house = House()
    first, second = await house.caller(), await house.caller()
    await house.leaves(first)
    await house.clock.goes_on(GRACE_SECONDS * 10)
    await house.engine.finishes()
    assert await answer_of(second) == b"answer"


async def test_a_failure_is_everybodys() -> None:
    house = House()
    callers = [await house.caller() for _ in range(3)]
    await house.engine.fails()
    for caller in callers:
        with pytest.raises(GenerationFailed):
            await answer_of(caller)


async def test_a_retry_within_the_grace_joins_the_running_work() -> None:
    house = House()
    await house.leaves(await house.caller())
    await house.clock.goes_on(GRACE_SECONDS * 0.9)
    retry = await house.caller()
    await house.clock.goes_on(GRACE_SECONDS * 10)
    await house.engine.finishes()
    assert await answer_of(retry) == b"answer"
    assert house.engine.begun["a"] == 1


async def test_work_that_all_have_left_is_stopped_after_the_grace() -> None:
    house = House()
    first, second = await house.caller(), await house.caller()
    await house.leaves(first)
    await house.leaves(second)
    assert house.engine.stopped["a"] == 0
    await house.clock.goes_on(GRACE_SECONDS)
    assert house.engine.stopped["a"] == 1


async def test_a_retry_after_the_stop_begins_anew_once_the_first_has_ended() -> None:
    house = House()
    await house.leaves(await house.caller())
    house.clock.now += GRACE_SECONDS
    for alarm in [alarm for alarm in house.clock.alarms if not alarm.cancelled]:
        alarm.call()  # stopped, and the retry comes before the engine has noticed
    retry = await house.caller()
    await house.engine.finishes()
    assert await answer_of(retry) == b"answer"
    assert (house.engine.begun["a"], house.engine.most) == (2, 1)


async def test_an_outcome_that_nobody_took_is_kept_for_the_retry() -> None:
    house = House()
    await house.leaves(await house.caller())
    await house.engine.finishes()
    await house.clock.goes_on(KEEP_SECONDS * 0.9)
    assert await answer_of(await house.caller()) == b"answer"
    assert house.engine.begun["a"] == 1


@pytest.mark.parametrize("fails", [False, True])
async def test_a_slow_outcome_is_kept_and_then_forgotten(fails: bool) -> None:
    house = House()
    callers = [await house.caller()]
    await house.clock.goes_on(SLOW_SECONDS)
    await (house.engine.fails() if fails else house.engine.finishes())
    callers.append(await house.caller())
    assert house.engine.begun["a"] == 1
    for caller in callers:
        if fails:
            with pytest.raises(GenerationFailed):
                await answer_of(caller)
        else:
            assert await answer_of(caller) == b"answer"
    await house.clock.goes_on(KEEP_SECONDS)
    last = await house.caller()
    assert house.engine.begun["a"] == 2
    await house.leaves(last)
    await house.coalescing.close()


@pytest.mark.parametrize("taken", [False, True])
async def test_an_outcome_ages_however_often_it_is_asked_for(taken: bool) -> None:
    house = House()
    first = await house.caller()
    await house.clock.goes_on(SLOW_SECONDS)
    if not taken:
        await house.leaves(first)
    await house.engine.finishes()
    for _ in range(3):
        await house.clock.goes_on(KEEP_SECONDS * 0.3)
        assert await answer_of(await house.caller()) == b"answer"
    assert house.engine.begun["a"] == 1
    await house.clock.goes_on(KEEP_SECONDS * 0.3)
    await house.leaves(await house.caller())
    assert house.engine.begun["a"] == 2
    await house.coalescing.close()


async def test_a_failure_is_forgotten_once_somebody_was_told() -> None:
    """Even while another, whose answer had begun, is still there."""
    house = House()
    patient, told = await house.caller(), asyncio.Event()

    async def silent() -> None:
        async with house.coalescing.joined("a", house.engine.work()) as run:
            await run.wait()
            await told.wait()

    waiting = asyncio.create_task(silent())
    await house.clock.goes_on(SLOW_SECONDS)
    await house.engine.fails()
    with pytest.raises(GenerationFailed):
        await answer_of(patient)
    with pytest.raises(GenerationFailed):
        await answer_of(await house.caller(told=True))
    assert house.engine.begun["a"] == 1
    later = await house.caller()
    assert house.engine.begun["a"] == 2
    told.set()
    await asyncio.wait_for(waiting, 5)
    await house.engine.finishes()
    assert await answer_of(later) == b"answer"


async def test_a_failure_that_is_being_told_takes_nothing_of_who_asks_meanwhile() -> None:
    house = House()
    patient, told = await house.caller(), asyncio.Event()

    async def teller() -> None:
        async with house.coalescing.joined("a", house.engine.work()) as run:
            await run.wait()
            run.told = True
            await told.wait()

    telling = asyncio.create_task(teller())
    await house.clock.goes_on(SLOW_SECONDS)
    await house.engine.fails()
    await asyncio.wait({patient}, timeout=5)
    later = await house.caller()
    assert house.engine.begun["a"] == 2
    told.set()
    await asyncio.wait_for(telling, 5)
    await house.clock.goes_on(KEEP_SECONDS)
    again = await house.caller()
    assert house.engine.begun["a"] == 2
    await house.engine.finishes()
    assert await answer_of(later) == await answer_of(again) == b"answer"


@pytest.mark.parametrize("fails", [False, True])
async def test_a_quick_outcome_is_forgotten_at_once(fails: bool) -> None:
    house = House()
    first = await house.caller()
    await (house.engine.fails() if fails else house.engine.finishes())
    await asyncio.wait({first}, timeout=5)
    assert first.exception() if fails else first.result()
    second = await house.caller()
    assert house.engine.begun["a"] == 2
    await house.engine.finishes(b"another")
    assert await answer_of(second) == b"another"


async def test_a_quick_outcome_on_its_way_to_its_caller_is_nobody_elses() -> None:
    """Else whether asking again costs anything would depend on how fast one asks."""
    house, arrived = House(), asyncio.Event()

    async def slow_reader() -> bytes:
        async with house.coalescing.joined("a", house.engine.work()) as run:
            await run.wait()
            await arrived.wait()
            return run.outcome()

    first = asyncio.create_task(slow_reader())
    await settled()
    await house.engine.finishes(b"first")
    assert "a" not in house.coalescing
    second = await house.caller()
    arrived.set()
    assert await answer_of(first) == b"first"
    assert "a" in house.coalescing
    await house.engine.finishes(b"second")
    assert await answer_of(second) == b"second"
    assert (house.engine.begun["a"], house.joined) == (2, 0)


async def test_of_what_nobody_waits_for_the_oldest_goes_first() -> None:
    house = House(most_idle=2)
    for key in "abc":
        await house.leaves(await house.caller(key))
    assert house.engine.stopped == Counter("a")
    await house.coalescing.close()
    assert house.engine.stopped == Counter("abc")


async def test_kept_outcomes_have_a_bound_in_bytes() -> None:
    house = House(most_idle_bytes=100)
    for key in "abc":
        await house.leaves(await house.caller(key))
        await house.engine.finishes(bytes(40), key)
    for key in "bc":
        assert await answer_of(await house.caller(key)) == bytes(40)
    again = await house.caller("a")
    assert house.engine.begun == Counter("aabc")
    await house.leaves(again)
    await house.coalescing.close()


async def test_an_outcome_over_the_bound_is_not_kept() -> None:
    house = House(most_idle_bytes=100)
    await house.leaves(await house.caller())
    await house.engine.finishes(bytes(101))
    await house.leaves(await house.caller())
    assert house.engine.begun["a"] == 2
    await house.coalescing.close()


async def test_closing_tells_who_waits_and_leaves_nothing_running() -> None:
    house = House()
    waiting, gone = await house.caller("a"), await house.caller("b")
    await house.leaves(gone)
    await asyncio.wait_for(house.coalescing.close(), 5)
    with pytest.raises(ShuttingDown):
        await answer_of(waiting)
    assert house.engine.running == Counter(a=0, b=0)


async def test_a_kept_failure_holds_nothing_of_its_request() -> None:
    class Text:
        pass

    alive: list[object] = []
    house = House()

    async def work() -> bytes:
        text = Text()
        alive.append(weakref.ref(text))
        await asyncio.sleep(0)
        raise GenerationFailed("The planted fault.")

    async with house.coalescing.joined("a", work) as run:
        await run.wait()
        gc.collect()
        assert alive[0]() is None  # type: ignore[operator]  # a weak reference
        with pytest.raises(GenerationFailed):
            run.outcome()


STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "leave", "finish", "fail", "time"]), st.sampled_from("ab")),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_nothing_runs_twice_and_everybody_who_stays_is_answered(
    steps: list[tuple[str, str]],
) -> None:
    async def play() -> None:
        house = House(most_idle=1)
        callers: dict[str, list[asyncio.Task[bytes]]] = {"a": [], "b": []}
        for step, key in steps:
            present = [caller for caller in callers[key] if not caller.done()]
            stopped = house.engine.stopped[key]
            if step == "join":
                callers[key].append(await house.caller(key))
            elif step == "leave" and present:
                await house.leaves(present[0])
                assert house.engine.stopped[key] == stopped or len(present) == 1
            elif step == "finish" and house.engine.running[key]:
                await house.engine.finishes(key.encode(), key)
                assert [caller.result() for caller in present] == [key.encode()] * len(present)
            elif step == "fail" and house.engine.running[key]:
                await house.engine.fails(key)
                assert all(isinstance(caller.exception(), GenerationFailed) for caller in present)
            elif step == "time":
                await house.clock.goes_on(GRACE_SECONDS)
                assert house.engine.stopped[key] == stopped or not present
            waiting = {key for key, them in callers.items() if not all(caller.done() for caller in them)}
            assert all(house.engine.running[key] == 1 for key in waiting)
            assert len(+house.engine.running) - len(waiting) <= 1
        await asyncio.wait_for(house.coalescing.close(), 5)
        assert not +house.engine.running
        assert house.engine.most <= 1
        for caller in callers["a"] + callers["b"]:
            await asyncio.wait({caller}, timeout=5)
            assert caller.cancelled() or caller.exception() or caller.result()

    asyncio.run(play())
