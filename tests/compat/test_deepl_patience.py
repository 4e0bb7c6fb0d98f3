"""The official DeepL client and a slow engine: it hears nothing for 10 s, gives up and asks again.

Here its patience is 1 s: the timeout of a first attempt is never shorter than its first back-off.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import deepl
import httpx
import pytest
from deepl import http_client

from service.errors import GenerationFailed
from tests.integration.conftest import serving, stub_models

SENTENCE = "Der Zug nach Hamburg fährt am Abend ohne Halt ab."
SWALLOWED = 60.0
"""A heartbeat so slow that it is as if a proxy kept it back."""


class Engine:
    """Works on our sentence only when it is let, and counts how often."""

    def __init__(self) -> None:
        self.begun, self.allowed = threading.Event(), threading.Event()
        self.runs = 0
        self.broken = False

    def gate(self, sources: Sequence[str]) -> None:
        if any(SENTENCE in source for source in sources):
            self.runs += 1
            self.begun.set()
            assert self.allowed.wait(20)
            if self.broken:
                raise GenerationFailed("The planted fault.")

    def needs(self, seconds: float) -> None:
        assert self.begun.wait(10)
        time.sleep(seconds)
        self.allowed.set()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def callers(engine: Engine) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads
        engine.allowed.set()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "min_connection_timeout", 0.5)


def client_of(service: httpx.Client, key: str = "any key", text: str = SENTENCE) -> Callable[[], str]:
    def ask() -> str:
        client = deepl.DeepLClient(key, server_url=str(service.base_url))
        result = client.translate_text(text, target_lang="EN-US")
        assert isinstance(result, deepl.TextResult)
        return result.text

    return ask


def joined(service: httpx.Client) -> float:
    """How many requests found theirs under way or done."""
    lines = service.get("/metrics").text.splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith("kurzfassung_coalesced_requests_total")]
    return float(value)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def test_23_an_answer_that_takes_longer_than_the_clients_timeout_comes_at_the_first_attempt(
    engine: Engine, callers: ThreadPoolExecutor
) -> None:
    with serving(stub_models(gate=engine.gate), heartbeat_seconds=0.2) as service:
        answer = callers.submit(client_of(service))
        engine.needs(seconds=1.4)
        assert answer.result(timeout=10) == SENTENCE.upper()
        assert (engine.runs, joined(service)) == (1, 0)


def test_23_a_retry_joins_the_running_work(engine: Engine, callers: ThreadPoolExecutor) -> None:
    with serving(stub_models(gate=engine.gate), heartbeat_seconds=SWALLOWED) as service:
        answer = callers.submit(client_of(service))
        until(lambda: joined(service) == 1)
        engine.allowed.set()
        assert answer.result(timeout=10) == SENTENCE.upper()
        assert engine.runs == 1


def test_23_clients_who_ask_the_same_at_once_share_the_answer_and_those_with_another_key_only_its_decoding(
    engine: Engine, callers: ThreadPoolExecutor
) -> None:
    with serving(stub_models(gate=engine.gate), heartbeat_seconds=0.2) as service:
        answers: list[Future[str]] = [callers.submit(client_of(service)) for _ in range(4)]
        until(lambda: joined(service) == 3)
        answers.append(callers.submit(client_of(service, "another key")))
        until(lambda: 'kurzfassung_segments_total{way="joined"} 1.0' in service.get("/metrics").text)
        engine.needs(seconds=0)
        assert [answer.result(timeout=10) for answer in answers] == [SENTENCE.upper()] * 5
        assert (engine.runs, joined(service)) == (1, 3)


def test_a_failure_after_the_heartbeat_began_reaches_the_client_with_its_status_and_costs_one_run(
    engine: Engine, callers: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "max_network_retries", 1)
    engine.broken = True
    with serving(stub_models(gate=engine.gate), heartbeat_seconds=0.2) as service:
        answer = callers.submit(client_of(service))
        engine.needs(seconds=0.6)
        with pytest.raises(deepl.DeepLException, match="generation_failed") as failed:
            answer.result(timeout=15)
    assert failed.value.http_status_code == 500
    assert engine.runs == 1


def test_an_early_failure_keeps_its_status_and_is_not_remembered(
    engine: Engine, callers: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "max_network_retries", 1)
    engine.allowed.set()
    engine.broken = True
    with serving(stub_models(gate=engine.gate)) as service:
        with pytest.raises(deepl.DeepLException) as failed:
            client_of(service)()
        assert failed.value.http_status_code == 500
        assert engine.runs == 2
        engine.broken = False
        assert client_of(service)() == SENTENCE.upper()


def test_an_overloaded_service_says_so_at_once(
    engine: Engine, callers: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "max_network_retries", 0)
    other = "Am Abend fährt kein Zug mehr nach Hamburg."
    with serving(stub_models(gate=engine.gate), heartbeat_seconds=0.2, queue_tokens=1) as service:
        answers = [callers.submit(client_of(service))]
        assert engine.begun.wait(10)
        answers.append(callers.submit(client_of(service, text=other)))
        until(lambda: service.get("/readyz").json()["queue_tokens"] > 0)
        with pytest.raises(deepl.DeepLException, match=r"Service unavailable.*Too much work") as refused:
            client_of(service, text="Am Morgen fährt wieder einer.")()
        assert refused.value.http_status_code == 503
        engine.allowed.set()
        assert [answer.result(timeout=10) for answer in answers] == [SENTENCE.upper(), other.upper()]


def test_on_the_wire_the_heartbeat_is_white_space_before_the_json(
    engine: Engine, callers: ThreadPoolExecutor
) -> None:
    body = {"text": [SENTENCE], "target_lang": "EN"}
    with (
        serving(stub_models(gate=engine.gate), heartbeat_seconds=0.05) as service,
        service.stream("POST", "/v2/translate", json=body) as response,
    ):
        chunks = response.iter_bytes()
        assert [next(chunks), next(chunks)] == [b" ", b" "]
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["content-type"] == "application/json"
        engine.allowed.set()
        answer = b"".join(chunks)
    assert json.loads(b" " + answer)["translations"][0]["text"] == SENTENCE.upper()


def test_a_caller_who_drops_the_connection_costs_the_other_nothing(
    engine: Engine, callers: ThreadPoolExecutor
) -> None:
    body = {"text": [SENTENCE], "target_lang": "EN-US", "show_billed_characters": True}
    with serving(stub_models(gate=engine.gate), heartbeat_seconds=0.05) as service:
        headers = {"Authorization": "DeepL-Auth-Key any key"}
        with service.stream("POST", "/v2/translate", json=body, headers=headers) as dropped:
            next(dropped.iter_bytes())
            answer = callers.submit(client_of(service))
            until(lambda: joined(service) == 1)
        engine.allowed.set()
        assert answer.result(timeout=10) == SENTENCE.upper()
        assert engine.runs == 1
