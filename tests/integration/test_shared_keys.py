"""Keys of several machines that share one PostgreSQL: each has a data folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.keys.key import Limits
from tests.integration.conftest import serving
from tests.integration.jobs.conftest import until
from tests.keys import key_store
from tests.postgresql import PostgresCluster

TEXT = "Der Rat will die Brücke sanieren."
BODY = {"text": TEXT, "source": "de"}


@pytest.fixture
def url(postgres_cluster: PostgresCluster) -> str:
    return postgres_cluster.new_database()


@pytest.fixture
def machines(url: str) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    with serving(database_url=url) as one, serving(database_url=url) as other:
        yield one, other


def keys(url: str, folder: Path, *arguments: str) -> str:
    """What the command line says, on a third machine."""
    done = subprocess.run(
        [sys.executable, "-m", "service", "keys", *arguments],
        env={**os.environ, "KURZFASSUNG_DATA_DIR": str(folder), "KURZFASSUNG_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    return done.stdout.strip()


def translated(machine: httpx.Client, key: str = "") -> int:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return machine.post("/v1/translate", json=BODY, headers=headers).status_code


def test_a_key_opens_every_machine_and_closes_every_one_to_those_without(
    machines: tuple[httpx.Client, httpx.Client], url: str, tmp_path: Path
) -> None:
    assert [translated(machine) for machine in machines] == [200, 200]
    first = keys(url, tmp_path, "create", "Web")
    for machine in machines:
        until(lambda machine=machine: translated(machine) == 401)
        assert translated(machine, first) == 200
    second = keys(url, tmp_path, "rotate", "Web")
    for machine in machines:
        until(lambda machine=machine: translated(machine, first) == 401)
        assert translated(machine, second) == 200
    keys(url, tmp_path, "revoke", "Web")
    for machine in machines:
        until(lambda machine=machine: translated(machine, second) == 401)
    assert "revoked" in keys(url, tmp_path, "list")


def test_machines_share_a_quota(
    machines: tuple[httpx.Client, httpx.Client], url: str, tmp_path: Path
) -> None:
    key = keys(url, tmp_path, "create", "Web", "--quota", str(3 * len(TEXT)))
    one, other = machines
    for machine in machines:
        until(lambda machine=machine: translated(machine) == 401)
    assert translated(one, key) == 200
    until(lambda: f" {len(TEXT)} " in keys(url, tmp_path, "list"))
    bearer = {"Authorization": f"Bearer {key}"}
    until(lambda: other.get("/v2/usage", headers=bearer).json()["character_count"] == len(TEXT))
    assert [translated(other, key) for _ in range(3)] == [200, 200, 403]
    until(lambda: translated(one, key) == 403)


def test_keys_of_a_file_close_the_service_from_the_first_moment_on(url: str, tmp_path: Path) -> None:
    _, key = key_store(tmp_path).create("Web", ["translate"], Limits())
    with serving(database_url=url, data_dir=tmp_path, ready=False) as machine:
        told: list[int] = []
        while told[-1:] != [401]:
            told.append(translated(machine))
            assert told[-1] in {401, 503}
        until(lambda: translated(machine, key) == 200)
    assert not (tmp_path / "keys.sqlite").exists()


def test_a_start_without_the_database_opens_nothing_and_needs_no_other(
    postgres_cluster: PostgresCluster, tmp_path: Path
) -> None:
    url = postgres_cluster.new_database()
    with_key = key_store(tmp_path, url)
    _, key = with_key.create("Web", ["translate"], Limits())
    with_key.close()
    postgres_cluster.stop()
    try:
        with serving(database_url=url, ready=False) as machine:
            until(lambda: machine.get("/startupz").status_code == 200)
            assert (translated(machine), translated(machine, key)) == (503, 503)
            assert machine.get("/readyz").status_code == 503
            assert machine.get("/livez").status_code == 200
            postgres_cluster.start()
            until(lambda: translated(machine, key) == 200)
            assert translated(machine) == 401
            assert machine.get("/readyz").status_code == 200
    finally:
        if postgres_cluster.process is None:
            postgres_cluster.start()
