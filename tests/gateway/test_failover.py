"""Two replicas behind each gateway: one dies or is stopped under load, and no request fails."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.gateway.conftest import PREFIX, Gateway
from tests.gateway.replica import SLOW
from tests.gateway.test_gateways import a_problem

CLIENTS = 16
REQUESTS = int(os.environ.get("FAILOVER_REQUESTS", "160"))
"""160 keep a run short; the figures in docs/gateways.md are of 500."""

pytestmark = pytest.mark.parametrize("replicas", ["stripping"], indirect=True)
"""What dies is told the same way whether the prefix is taken off or not."""

ARTICLE = f"Der Stadtrat berät {SLOW} über die alte Brücke. Die Arbeiten dauern drei Monate."
# More than a packet or two, so that there is something to send again, and within haproxy's buffer.
LONG = "\n\n".join([ARTICLE] * 100)


class Load:
    """Clients that ask until told to stop. `failed` are the answers that were not 200."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self.stopped = threading.Event()
        self.done = 0
        self.failed: list[object] = []
        self.flying: dict[int, float] = {}

    def work(self, number: int) -> None:
        """Each second client sends a long article."""
        text = LONG if number % 2 else ARTICLE
        with self._gateway.new_client(seconds=60) as client:
            while not self.stopped.is_set():
                self.flying[number] = time.monotonic()
                try:
                    answer = client.post("v1/translate", json={"text": text, "source": "de"})
                    whole = (
                        answer.status_code == 200 and answer.json()["translations"][0]["text"] == text.upper()
                    )
                    outcome = "whole" if whole else f"{answer.status_code} {answer.text[:200]}"
                except httpx.TransportError as error:
                    outcome = repr(error)
                del self.flying[number]
                with self._lock:
                    self.done += 1
                    if outcome != "whole":
                        self.failed.append(outcome)

    def until(self, count: int) -> None:
        deadline = time.monotonic() + 300
        while self.done < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self.done >= count


@pytest.fixture
def load(gateway: Gateway) -> Iterator[Load]:
    load = Load(gateway)
    with ThreadPoolExecutor(CLIENTS) as threads:
        working = [threads.submit(load.work, number) for number in range(CLIENTS)]
        try:
            yield load
        finally:
            load.stopped.set()
            for each in working:
                each.result(120)


@pytest.fixture(autouse=True)
def both_run_afterwards(gateway: Gateway) -> Iterator[None]:
    yield
    for replica in gateway.replicas:
        if not replica.runs:
            replica.start()
            replica.wait_until_ready()


@pytest.mark.timeout(600)
def test_no_request_fails_when_replicas_are_killed_and_stopped_under_load(
    gateway: Gateway, load: Load
) -> None:
    in_flight: list[int] = []
    first, second = gateway.replicas
    for position, (replica, number) in enumerate([(first, signal.SIGKILL), (second, signal.SIGTERM)]):
        load.until(REQUESTS * (2 * position + 1) // 5)
        while len(load.flying) < CLIENTS // 2:
            time.sleep(0.001)
        in_flight.append(len(load.flying))
        code = replica.send(number)
        assert code == (-number if number == signal.SIGKILL else 0)
        load.until(load.done + CLIENTS)
        replica.start()
        replica.wait_until_ready()
        deadline = time.monotonic() + 60
        while not replica.answered() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert replica.answered(), "the gateway has not noticed that the replica is back"
    load.until(REQUESTS)
    load.stopped.set()
    print(
        json.dumps({"gateway": gateway.proxy, "requests": load.done, "in flight": in_flight}), load.failed[:5]
    )
    assert load.failed == []


def test_a_gateway_without_replicas_says_so_in_the_words_of_the_service(gateway: Gateway) -> None:
    for replica in gateway.replicas:
        replica.send(signal.SIGKILL)
    answer = gateway.client.get("v1/languages", headers={"X-Request-ID": "alone"})
    assert answer.status_code in {502, 503}  # refused by the last one, or none left to ask
    a_problem(answer, answer.status_code, "no_replica", "alone")
    assert int(answer.headers["retry-after"]) > 0
    assert gateway.client.get(gateway.origin + PREFIX + "/").status_code in {502, 503}
