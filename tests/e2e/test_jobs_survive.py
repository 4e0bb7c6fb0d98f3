"""The service is killed with hundreds of jobs waiting. None is lost, none is there twice, and no text of
theirs is in what it wrote meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from service.keys.key import SCOPES, Limits
from service.settings import Settings
from service.stores import open_job_store
from tests.gateway.conftest import free_ports
from tests.keys import key_store

JOBS = 500
SECONDS = 120
MARKER = "Planknottenpfiff"


@contextmanager
def service(
    data_dir: Path, log: Path, database_url: str, key: str, *, workers: int
) -> Iterator[tuple[httpx.Client, Callable[[], None]]]:
    """A client of a running service, and what kills it; at the end it is killed anyway."""
    [port] = free_ports(1)
    with log.open("ab") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve", "--port", str(port)],
            stdout=written,
            stderr=written,
            env={
                **os.environ,
                "KURZFASSUNG_PROFILE": "stub",
                "KURZFASSUNG_DATA_DIR": str(data_dir),
                "KURZFASSUNG_DATABASE_URL": database_url,
                "KURZFASSUNG_JOB_WORKERS": str(workers),
                "KURZFASSUNG_JOB_LEASE_SECONDS": "3",
            },
        )
    try:
        url, bearer = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=url, headers=bearer, timeout=30, trust_env=False) as client:
            _wait_until_ready(client)
            yield client, process.kill
    finally:
        process.kill()
        process.wait(SECONDS)


def _wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _article(number: int) -> str:
    sentences = (f"Der {MARKER} Nummer {number} steht in Absatz {each} des Berichts." for each in range(20))
    return " ".join(sentences)


def _post(client: httpx.Client, number: int) -> str:
    """The id of the job."""
    headers = {"Prefer": "respond-async", "Idempotency-Key": f"artikel-{number}"}
    body = {"text": _article(number), "source": "de"}
    answer = client.post("/v1/translate", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _every(client: httpx.Client) -> list[dict[str, str]]:
    """All jobs of the caller, page by page."""
    found: list[dict[str, str]] = []
    url = httpx.URL("/v1/jobs?limit=100")
    while True:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        found += answer.json()["jobs"]
        if answer.json()["next_url"] is None:
            return found
        url = answer.url.join(answer.json()["next_url"])


@pytest.mark.timeout(300)
def test_a_service_that_is_killed_twice_loses_no_job_and_does_none_twice(
    tmp_path: Path, database_url: str
) -> None:
    _, key = key_store(tmp_path).create("Anna", SCOPES, Limits())
    store = open_job_store(Settings(data_dir=tmp_path, database_url=database_url))
    log = tmp_path / "log"
    with service(tmp_path, log, database_url, key, workers=0) as (client, kill):
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda number: _post(client, number), range(JOBS)))
        kill()
    assert store.counts() == {"queued": JOBS, "running": 0}

    with service(tmp_path, log, database_url, key, workers=8) as (client, kill):
        while sum(store.counts().values()) > JOBS * 0.8:
            time.sleep(0.01)
        kill()
    counts = store.counts()
    assert 0 < sum(counts.values()) < JOBS, "it was killed too early or too late to show anything"
    before = {job.id: job for job in store.list(None, limit=JOBS, status="done")}

    with service(tmp_path, log, database_url, key, workers=8) as (client, _):
        with ThreadPoolExecutor(8) as pool:  # who got no answer asks again
            assert list(pool.map(lambda number: _post(client, number), range(JOBS))) == taken
        deadline = time.monotonic() + SECONDS
        while sum(store.counts().values()) > 0:
            assert time.monotonic() < deadline, store.counts()
            time.sleep(0.2)
        jobs = _every(client)
        assert sorted(job["id"] for job in jobs) == sorted(taken)
        assert {job["status"] for job in jobs} == {"done"}
        for number, identity in enumerate(taken):
            answer = client.get(f"/v1/jobs/{identity}/result").json()
            assert answer["translations"][0]["text"] == _article(number).upper()
        metrics = client.get("/metrics").text
    after = {job.id: job for job in store.list(None, limit=JOBS)}
    assert {identity: after[identity] for identity in before} == before  # no job is done again
    store.close()

    written = log.read_text(encoding="utf-8") + metrics
    assert written.count("/v1/translate") >= JOBS, "the log says nothing at all"
    assert MARKER not in written
    assert MARKER.upper() not in written
    print(f"{JOBS} of {JOBS} done; {len(before)} were when it was killed, and {counts} were not")
