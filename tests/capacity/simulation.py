"""A model of the service in time: articles arrive, a gateway gives each to the replica with the fewest, each
replica forms its batches with the service's own `SegmentQueue`, and an autoscaler adds replicas. Seconds are
simulated; nothing sleeps."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from service.batching.call import Call, Entry
from service.batching.queue import SegmentQueue, Space
from service.errors import Overloaded


@dataclass(frozen=True)
class Cost:
    """Seconds: of the engine for a batch, for each of its segments and each source token; and of the rest of
    the service for an article (reading, checking, summarising, HTTP), which is one thread."""

    batch: float
    segment: float
    token: float
    article: float

    def of(self, tokens: Sequence[int]) -> float:
        return self.batch + self.segment * len(tokens) + self.token * sum(tokens)

    def slowed(self, times: float) -> Cost:
        """With an engine that is so much slower."""
        return Cost(self.batch * times, self.segment * times, self.token * times, self.article)


@dataclass(frozen=True)
class Article:
    """When it arrives, and the source tokens of the segments that go to the engine together; more than one
    group where segments are decoded again after a check."""

    arrival: float
    calls: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Limits:
    """The service's `queue_tokens`, the most padded tokens of a batch, and how many batches an engine works
    on at once, each as fast as it would be alone."""

    queue_tokens: int = 400_000
    batch_tokens: int = 512
    at_once: int = 1


@dataclass(frozen=True)
class Autoscaler:
    """Every `period` seconds: as many replicas as keep `in_flight` articles each. One more takes `start`
    seconds until it works; one less leaves only after the need was lower for `patience` seconds. It adds at
    most as many as there are, or four: what waits at busy replicas cannot move to new ones, and would
    otherwise call for ever more of them. These are Kubernetes' defaults."""

    in_flight: float
    least: int = 1
    most: int = 1000
    period: float = 15.0
    start: float = 15.0
    patience: float = 300.0


_AT_LEAST_ADDED = 4


@dataclass
class Outcome:
    """`latencies` of the answered articles, in seconds; `replicas` holds (second, count) for each change."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    replicas: list[tuple[float, int]] = field(default_factory=list)
    replica_seconds: float = 0.0
    busy_seconds: float = 0.0
    ended: float = 0.0

    def within(self, share: float) -> float:
        """The latency that this share of the answers stays within."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]

    @property
    def mean(self) -> float:
        return sum(self.latencies) / len(self.latencies)


@dataclass(eq=False)
class _Work:
    """An article on its way: the calls it still has to make, the segments the present one still waits for."""

    arrival: float
    calls: deque[tuple[int, ...]]
    waiting: int = 0
    admitted: bool = False


class _Replica:
    def __init__(self, simulation: _Simulation) -> None:
        limits = simulation.limits
        self._simulation = simulation
        self._queue: SegmentQueue[_Work] = SegmentQueue(
            capacity_tokens=limits.queue_tokens, abandoned=lambda _: False
        )
        self._running = 0
        self._thread_free = 0.0
        self.in_flight = 0

    def take(self, article: Article) -> None:
        self.in_flight += 1
        work = _Work(article.arrival, deque(article.calls))
        self._on_thread(self._simulation.cost.article / 2, lambda: self._submit(work))

    def _on_thread(self, seconds: float, then: Callable[[], None]) -> None:
        """One after the other, as on the event loop."""
        self._thread_free = max(self._thread_free, self._simulation.now) + seconds
        self._simulation.at(self._thread_free, then)

    def _submit(self, work: _Work) -> None:
        tokens = work.calls.popleft()
        try:
            entries = deque(Entry("", count, work) for count in tokens)
            self._queue.add(Call("lane", entries), admitted=work.admitted)
        except Overloaded:
            self.in_flight -= 1
            self._simulation.outcome.refused += 1
            return
        work.admitted = True
        work.waiting = len(tokens)
        self._begin()

    def _room(self, _lane: object, waiting: int) -> Space | None:
        limits = self._simulation.limits
        free = limits.at_once - self._running
        return Space.part(limits.batch_tokens, waiting=waiting, threads=free) if free else None

    def _begin(self) -> None:
        while picked := self._queue.next_batch(self._room):
            self._running += 1
            batch = picked[1]
            seconds = self._simulation.cost.of([entry.tokens for entry in batch])
            self._simulation.outcome.busy_seconds += seconds
            self._simulation.at(self._simulation.now + seconds, partial(self._answer, batch))

    def _answer(self, batch: Iterable[Entry[_Work]]) -> None:
        for entry in batch:
            work = entry.payload
            work.waiting -= 1
            if work.waiting == 0 and work.calls:
                self._submit(work)
            elif work.waiting == 0:
                self._on_thread(self._simulation.cost.article / 2, partial(self._finish, work))
        self._running -= 1
        self._begin()

    def _finish(self, work: _Work) -> None:
        self.in_flight -= 1
        self._simulation.outcome.latencies.append(self._simulation.now - work.arrival)


class _Simulation:
    def __init__(self, cost: Cost, limits: Limits, replicas: int) -> None:
        self.cost, self.limits = cost, limits
        self.now = 0.0
        self.outcome = Outcome()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._replicas = [_Replica(self) for _ in range(replicas)]
        self._starting = 0
        self._needed_since = 0.0
        self._counted_at = 0.0
        self.outcome.replicas.append((0.0, replicas))

    def at(self, second: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (second, next(self._order), event))

    def run(self, articles: Iterable[Article], autoscaler: Autoscaler | None) -> Outcome:
        arrivals = iter(articles)
        self._await(arrivals)
        if autoscaler:
            self.at(autoscaler.period, lambda: self._scale(autoscaler))
        while self._events:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self._count()
        self.outcome.ended = self.now
        return self.outcome

    def _await(self, arrivals: Any) -> None:
        article = next(arrivals, None)
        if article is None:
            self._over = True
            return
        self._over = False

        def arrive() -> None:
            min(self._replicas, key=lambda replica: replica.in_flight).take(article)
            self._await(arrivals)

        self.at(article.arrival, arrive)

    def _scale(self, autoscaler: Autoscaler) -> None:
        there = len(self._replicas) + self._starting
        in_flight = sum(replica.in_flight for replica in self._replicas)
        needed = math.ceil(in_flight / autoscaler.in_flight)
        needed = min(max(needed, autoscaler.least), autoscaler.most)
        if needed >= len(self._replicas):
            self._needed_since = self.now
        for _ in range(min(needed - there, max(_AT_LEAST_ADDED, there))):
            self._starting += 1
            self.at(self.now + autoscaler.start, self._started)
        if self.now - self._needed_since >= autoscaler.patience and not self._starting:
            self._remove(len(self._replicas) - needed)
        if not self._over or in_flight:
            self.at(self.now + autoscaler.period, lambda: self._scale(autoscaler))

    def _started(self) -> None:
        self._starting -= 1
        self._count()
        self._replicas.append(_Replica(self))
        self.outcome.replicas.append((self.now, len(self._replicas)))

    def _remove(self, count: int) -> None:
        """They finish what they have, which costs its time and no further replica seconds here."""
        self._count()
        idle_first = sorted(self._replicas, key=lambda replica: replica.in_flight)
        gone = set(map(id, idle_first[:count]))
        self._replicas = [replica for replica in self._replicas if id(replica) not in gone]
        self.outcome.replicas.append((self.now, len(self._replicas)))

    def _count(self) -> None:
        """A replica that starts costs, too."""
        there = len(self._replicas) + self._starting
        self.outcome.replica_seconds += there * (self.now - self._counted_at)
        self._counted_at = self.now


def simulate(
    articles: Iterable[Article],
    cost: Cost,
    *,
    limits: Limits = Limits(),
    replicas: int = 1,
    autoscaler: Autoscaler | None = None,
) -> Outcome:
    """Until the last article, in order of arrival, is answered or refused."""
    return _Simulation(cost, limits, replicas).run(articles, autoscaler)
