"""An engine that hangs or fails: callers are told in time, readiness says so, it recovers or is given up."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from service.cli.serve import bind
from tests.integration.conftest import serving, stub_models, wait_until

TEXT = "Der Rat tagt am Montag. Danach spricht der Minister."
POISON = "Gift"


class Fault:
    """What befalls the engine, told from the test."""

    def __init__(self) -> None:
        self.hangs = threading.Event()
        self.fails = threading.Event()
        self.over = threading.Event()

    def __call__(self, sources: Sequence[str]) -> None:
        if self.hangs.is_set():
            assert self.over.wait(30)
        if self.fails.is_set() or any(POISON in source for source in sources):
            raise RuntimeError("planted")


def digest(client: httpx.Client, text: str = TEXT) -> httpx.Response:
    return client.post("/v1/digest", json={"text": text, "source": "de"})


def wait_for(client: httpx.Client, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
    deadline = time.monotonic() + 15
    while not holds(answer := client.get("/readyz")):
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.02)
    return answer


def engine(answer: httpx.Response) -> str:
    return str(answer.json()["engine"])


def test_an_engine_that_hangs_costs_its_callers_a_clear_error_and_nobody_else_waits_for_it() -> None:
    fault = Fault()
    with serving(stub_models(gate=fault), batch_seconds=0.3) as client, ThreadPoolExecutor() as callers:
        fault.hangs.set()
        first = callers.submit(digest, client)
        assert engine(wait_for(client, lambda answer: answer.status_code == 503)) == "hung"
        answer = first.result(10)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        refused = digest(client, "Am Abend wird es kalt.")
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert int(refused.headers["retry-after"]) >= 1
        assert client.get("/livez").status_code == 200
        fault.hangs.clear()
        fault.over.set()
        assert engine(wait_for(client, lambda answer: answer.status_code == 200)) == "ok"
        assert digest(client).json()["translation"]["text"] == TEXT.upper()


def test_a_stream_whose_engine_hangs_half_way_ends_with_an_error_event() -> None:
    over = threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if any("Minister" in source for source in sources):
            assert over.wait(30)

    with serving(stub_models(gate=gate), batch_seconds=0.3, batch_tokens=5) as client:
        body = {"text": TEXT, "source": "de"}
        answer = client.post("/v1/digest", json=body, headers={"accept": "text/event-stream"})
        over.set()
        assert answer.status_code == 200
        last = answer.text.strip().split("\n\n")[-1]
    assert last.startswith("event: error")
    assert '"code":"not_ready"' in last.replace(" ", "")


def test_an_engine_that_fails_on_everything_turns_readiness_red_until_the_canary_comes_through() -> None:
    fault = Fault()
    with serving(stub_models(gate=fault), cache_megabytes=1) as client:
        fault.fails.set()
        while engine(client.get("/readyz")) == "ok":
            answer = digest(client)
            assert (answer.status_code, answer.json()["code"]) in {
                (500, "generation_failed"),
                (502, "generation_failed"),
                (503, "generation_failed"),
            }
        assert engine(wait_for(client, lambda answer: answer.status_code == 503)) == "failing"
        assert "kurzfassung_ready 0" in client.get("/metrics").text
        fault.fails.clear()
        wait_for(client, lambda answer: answer.status_code == 200)
        assert digest(client).status_code == 200


def test_texts_that_break_the_engine_again_and_again_do_not_turn_readiness_red() -> None:
    fault = Fault()
    with serving(stub_models(gate=fault)) as client:
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert digest(client, f"{POISON} im Rat.").status_code >= 500
            assert client.get("/readyz").status_code == 200
        assert digest(client).status_code == 200


SERVICE = """
import sys, threading
from service.cli.serve import bind, serve
from service.settings import Settings
from tests.integration.conftest import stub_models

hangs = threading.Event()

def gate(sources):
    if {when!r} == "start" or any("Minister" in source for source in sources):
        if {fails!r} == "hangs":
            threading.Event().wait()
        hangs.set()
    if hangs.is_set():
        raise RuntimeError("planted")

settings = Settings(batch_seconds=0.5, patience_seconds=1, drain_seconds=1, port=0)
with bind("127.0.0.1", {port}) as bound:
    sys.exit(serve(settings, bound, models=stub_models(gate=gate)))
"""


def ends(fails: str, tmp_path: Path, *, when: str = "asked") -> tuple[int, int]:
    """The status with which a service ends whose engine does not recover, and that of its last answer."""
    with bind("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"KURZFASSUNG_DATA_DIR": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    script = [sys.executable, "-c", SERVICE.format(fails=fails, when=when, port=port)]
    with (
        subprocess.Popen(script, env=environment, stdout=subprocess.DEVNULL) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client,
    ):
        try:
            wait_until(client, "/livez")
            if when == "start":
                answer = client.get("/readyz")
                return process.wait(20), answer.status_code
            wait_until(client, "/readyz")
            answer = digest(client)
            while fails == "fails" and engine(client.get("/readyz")) == "ok":
                digest(client)
            return process.wait(20), answer.status_code
        finally:
            process.send_signal(signal.SIGKILL)


def test_a_service_whose_engine_hangs_for_good_ends_for_its_supervisor(tmp_path: Path) -> None:
    assert ends("hangs", tmp_path) == (1, 503)


def test_a_service_whose_engine_hangs_from_the_start_ends_for_its_supervisor(tmp_path: Path) -> None:
    assert ends("hangs", tmp_path, when="start")[0] == 1


def test_a_service_whose_engine_fails_for_good_ends_for_its_supervisor(tmp_path: Path) -> None:
    status, answer = ends("fails", tmp_path)
    assert status == 1
    assert answer >= 500
