"""One segment to decode, for everybody who asked for the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from service.backends.protocol import Hypothesis


class Decoding:
    """Its futures are those of all who wait; one of them leaving does not touch the others. It may stand
    in the queue more than once, for callers whose turns come at different times: who is first has it
    begun, and the others' places are given up. `promised` is what follows from work that was let in: a
    repair. `on_end` is called once, when it is answered or left."""

    def __init__(self, on_end: Callable[[], object], *, promised: bool) -> None:
        self.begun = False
        self.promised = promised
        self._answer: Hypothesis | None = None
        self._futures: list[asyncio.Future[Hypothesis]] = []
        self._joined = 0
        self._on_end: Callable[[], object] | None = on_end

    def join(self) -> asyncio.Future[Hypothesis]:
        future: asyncio.Future[Hypothesis] = asyncio.get_running_loop().create_future()
        if self._answer is not None:
            future.set_result(self._answer)
            return future
        self._futures.append(future)
        self._joined += 1
        future.add_done_callback(self._left)
        return future

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for it. Those that are done are taken off the end, lest each of thousands that
        end together looks through all of them."""
        while self._futures and self._futures[-1].done():
            self._futures.pop()
        return not self._futures

    @property
    def needs_no_place(self) -> bool:
        return self.begun or self.abandoned

    @property
    def leaves_places(self) -> bool:
        """Whether there may be some in the queue when it ends: nobody began it, or several wanted it."""
        return not self.begun or self._joined > 1

    def answer(self, hypothesis: Hypothesis) -> None:
        self.begun, self._answer = True, hypothesis
        for future in list(self._futures):
            if not future.done():
                future.set_result(hypothesis)
        self._end()

    def fail(self, error: Exception) -> None:
        for future in list(self._futures):
            if not future.done():
                future.set_exception(error)
        self._end()

    def _left(self, _: asyncio.Future[Hypothesis]) -> None:
        if self.abandoned:
            self._end()

    def _end(self) -> None:
        if self._on_end is not None:
            self._on_end()
            self._on_end = None
