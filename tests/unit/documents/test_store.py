"""The store of files without HTTP; the work is given, and so is the time."""

import asyncio
from collections.abc import Callable

import pytest

from service.batching.ticket import Ticket, current_ticket, holding
from service.documents.store import DocumentStore, Handle, Work
from service.documents.translation import AT_ONCE, TranslatedDocument
from service.errors import DocumentInvalid, DocumentNotFound, GenerationFailed, Overloaded, ShuttingDown
from service.pipeline.result import DetectedLanguage

SECONDS = 5.0


def made(content: bytes = b"made") -> TranslatedDocument:
    return TranslatedDocument(
        content, "text/plain", ".txt", "de", DetectedLanguage("de", 1.0), len(content), (), None
    )


class Clock:
    """What is to happen later, and when."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, call: Callable[[], None]) -> "Clock.Alarm":
        alarm = (seconds, call)
        self.due.append(alarm)
        return Clock.Alarm(self, alarm)

    class Alarm:
        def __init__(self, clock: "Clock", alarm: tuple[float, Callable[[], None]]) -> None:
            self._clock, self._alarm = clock, alarm

        def cancel(self) -> None:
            if self._alarm in self._clock.due:
                self._clock.due.remove(self._alarm)

    def ring(self) -> None:
        for _, call in list(self.due):
            call()


class Gate:
    """Work that goes on when it is let; it counts what runs."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.begun: list[str] = []
        self.stopped = 0

    def work(self, name: str) -> Work:
        async def work() -> TranslatedDocument:
            self.begun.append(name)
            try:
                await self.open.wait()
            except asyncio.CancelledError:
                self.stopped += 1
                raise
            return made(name.encode())

        return work


def store(clock: Clock, most_bytes: int = 1_000_000) -> DocumentStore:
    return DocumentStore(most_bytes=most_bytes, keep_seconds=60, later=clock.later)


async def turn() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_file_is_found_by_its_owner_with_its_key_only() -> None:
    documents, gate = store(Clock()), Gate()
    handle = documents.submit("one", 10, gate.work("a"))
    await turn()
    assert documents.standing("one", handle).state == "translating"
    for owner, wrong in (
        ("two", handle),
        ("one", Handle(handle.id, "0" * 64)),
        ("one", Handle("0" * 32, handle.key)),
        ("one", Handle(handle.id, "ä")),
        ("one", Handle(handle.id, "")),
    ):
        with pytest.raises(DocumentNotFound):
            documents.standing(owner, wrong)
        with pytest.raises(DocumentNotFound):
            documents.discard(owner, wrong)
    gate.open.set()
    standing = await asyncio.wait_for(documents.finished("one", handle), SECONDS)
    assert standing.document is not None
    assert standing.document.content == b"a"
    documents.discard("one", handle)
    with pytest.raises(DocumentNotFound):
        documents.standing("one", handle)


async def test_who_has_many_files_does_not_keep_others_waiting() -> None:
    documents, gate = store(Clock()), Gate()
    many = [documents.submit("many", 10, gate.work(f"many {n}")) for n in range(AT_ONCE + 3)]
    documents.submit("few", 10, gate.work("few"))
    await turn()
    assert gate.begun == [f"many {n}" for n in range(AT_ONCE)]
    assert documents.standing("many", many[-1]).state == "queued"
    documents.discard("many", many[0])
    await turn()
    assert gate.begun[-1] == "few"
    gate.open.set()
    for handle in many[1:]:
        assert (await asyncio.wait_for(documents.finished("many", handle), SECONDS)).state == "done"
    assert gate.stopped == 1


async def test_what_does_not_fit_is_refused_and_what_is_let_go_makes_room() -> None:
    documents, gate = store(Clock(), most_bytes=20_000), Gate()
    first = documents.submit("", 15_000, gate.work("a"))
    with pytest.raises(Overloaded) as refused:
        documents.submit("", 15_000, gate.work("b"))
    assert refused.value.retry_after >= 1
    gate.open.set()
    await asyncio.wait_for(documents.finished("", first), SECONDS)
    assert documents.bytes < 5_000
    documents.submit("", 15_000, gate.work("b"))


async def test_one_owner_leaves_room_for_others() -> None:
    documents, gate = store(Clock(), most_bytes=20_000), Gate()
    documents.submit("one", 9_000, gate.work("a"))
    with pytest.raises(Overloaded, match="of yours"):
        documents.submit("one", 9_000, gate.work("b"))
    documents.submit("two", 9_000, gate.work("c"))


async def test_a_file_is_forgotten_in_time_whether_it_is_done_or_not() -> None:
    clock, gate = Clock(), Gate()
    documents = store(clock)
    handle = documents.submit("one", 10, gate.work("a"))
    waiting = asyncio.create_task(documents.finished("one", handle))
    await turn()
    assert [seconds for seconds, _ in clock.due] == [60]
    clock.ring()
    await turn()
    assert gate.stopped == 1
    with pytest.raises(DocumentNotFound):
        await asyncio.wait_for(waiting, SECONDS)
    assert documents.bytes == 0
    assert clock.due == []
    gate.open.set()
    done = documents.submit("one", 10, gate.work("b"))
    await asyncio.wait_for(documents.finished("one", done), SECONDS)
    await turn()
    assert len(clock.due) == 1
    clock.ring()
    with pytest.raises(DocumentNotFound):
        documents.standing("one", done)


async def test_a_file_that_was_fetched_is_forgotten_soon() -> None:
    clock, gate = Clock(), Gate()
    documents = DocumentStore(most_bytes=1_000_000, keep_seconds=3_600, later=clock.later)
    gate.open.set()
    handle = documents.submit("one", 10, gate.work("a"))
    await asyncio.wait_for(documents.finished("one", handle), SECONDS)
    documents.forget_soon("one", handle)
    documents.forget_soon("one", handle)
    assert documents.standing("one", handle).state == "done"
    assert [seconds for seconds, _ in clock.due] == [60]


async def test_a_failure_is_kept_in_our_words_and_costs_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    documents = store(Clock())

    async def invalid() -> TranslatedDocument:
        raise DocumentInvalid("The file is damaged.")

    async def broken() -> TranslatedDocument:
        raise ValueError("a secret of the text")

    gate = Gate()
    gate.open.set()
    one, two = documents.submit("a", 10, invalid), documents.submit("a", 10, broken)
    three = documents.submit("a", 10, gate.work("c"))
    first = await asyncio.wait_for(documents.finished("a", one), SECONDS)
    assert isinstance(first.error, DocumentInvalid)
    assert first.error.__traceback__ is None
    second = await asyncio.wait_for(documents.finished("a", two), SECONDS)
    assert isinstance(second.error, GenerationFailed)
    assert "secret" not in second.error.message
    assert (await asyncio.wait_for(documents.finished("a", three), SECONDS)).state == "done"
    assert [record.msg for record in caplog.records] == ["a file could not be translated"]


async def test_the_work_is_done_for_who_sent_it_and_outlives_the_request() -> None:
    documents = store(Clock())
    seen: list[Ticket] = []

    async def work() -> TranslatedDocument:
        seen.append(current_ticket())
        return made()

    request = Ticket("key:1", deadline=0.0)
    with holding(request):
        handle = documents.submit("a", 10, work)
    request.over = True
    await asyncio.wait_for(documents.finished("a", handle), SECONDS)
    assert (seen[0].caller, seen[0].deadline) == ("key:1", None)
    assert seen[0] is not request


async def test_at_the_end_everything_stops_and_nothing_new_begins() -> None:
    documents, gate = store(Clock()), Gate()
    handles = [documents.submit("a", 10, gate.work(str(n))) for n in range(AT_ONCE + 2)]
    waiting = asyncio.create_task(documents.finished("a", handles[0]))
    await turn()
    await asyncio.wait_for(documents.close(), SECONDS)
    assert gate.stopped == AT_ONCE
    assert len(gate.begun) == AT_ONCE
    with pytest.raises(ShuttingDown):
        await asyncio.wait_for(waiting, SECONDS)
    with pytest.raises(ShuttingDown):
        documents.submit("a", 10, gate.work("late"))
    assert documents.bytes == 0
