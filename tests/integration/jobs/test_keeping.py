"""How jobs lie on the disk: nothing is left of what was deleted, nothing is readable that is encrypted, and a
disk that is full says so."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from service.keys.key import SCOPES, Limits, month_of
from tests.integration.conftest import serving, stub_models
from tests.integration.jobs.conftest import LATER, TEXT, Gate, Serve, ended, shown, submitted, until
from tests.keys import key_store
from tests.postgresql import PostgresCluster

MARKER = "Geheimsache"
LONG = f"Die {MARKER} liegt beim Rat und bleibt dort noch lange liegen. " * 200


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def kurzfassung(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", "jobs", *arguments],
        env={**os.environ, "KURZFASSUNG_DATA_DIR": str(data_dir), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_delete_takes_text_and_result_off_the_disk_at_once_while_the_service_runs(data_dir: Path) -> None:
    gate = Gate("Dienstag")
    with serving(stub_models(gate=gate), data_dir=data_dir, job_workers=1) as client:
        done = submitted(client, LONG)
        ended(client, done)
        running, waits = submitted(client, LONG + "Bis Dienstag."), submitted(client, LONG)
        assert gate.reached.wait(20)
        found = on_disk(data_dir)
        assert MARKER.encode() in found  # the text of those that wait
        assert MARKER.upper().encode() in found  # the result
        for path in (done, running, waits):
            assert client.delete(path).status_code == 204
        found = on_disk(data_dir)
        assert MARKER.encode() not in found
        assert MARKER.upper().encode() not in found
        gate.opened.set()
        ended(client, submitted(client))  # the one that was cancelled while it ran writes nothing more
        assert MARKER.upper().encode() not in on_disk(data_dir)


def test_in_postgresql_no_row_has_text_or_result_after_delete(postgres_cluster: PostgresCluster) -> None:
    import psycopg

    url = postgres_cluster.new_database()
    with serving(database_url=url) as client, psycopg.connect(url, autocommit=True) as database:
        path = submitted(client, LONG)
        ended(client, path)
        [(result,)] = database.execute("SELECT result FROM jobs").fetchall()
        assert MARKER.upper().encode() in bytes(result)
        assert client.delete(path).status_code == 204
        assert database.execute("SELECT * FROM jobs").fetchall() == []


def test_with_a_key_the_disk_has_neither_text_nor_result_and_a_restart_reads_them(
    serve: Serve, data_dir: Path, database_url: str
) -> None:
    key = Fernet.generate_key().decode()
    with serve(store_key=key, job_workers=0) as client:
        path = submitted(client, LONG)
    with serve(store_key=key) as client:
        ended(client, path)
        assert MARKER.upper() in client.get(f"{path}/result").text
    if database_url:
        import psycopg

        with psycopg.connect(database_url) as database:
            found = b"".join(bytes(row[0]) for row in database.execute("SELECT result FROM jobs"))
    else:
        found = on_disk(data_dir)
    assert len(found) > 0
    assert MARKER.encode() not in found
    assert MARKER.upper().encode() not in found


def test_the_wrong_key_stops_the_start_with_what_to_do(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(store_key=Fernet.generate_key().decode()) as client:
        submitted(client)
    with serve(ready=False, store_key=Fernet.generate_key().decode()) as client:
        until(lambda: client.get("/startupz").status_code == 500 or "start-up failed" in caplog.text)
        assert client.get("/readyz").status_code == 503


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        timeout=20,
        check=False,
    )
    if made.returncode != 0:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=20)


def fill(ballast: Path) -> None:
    """Raises `OSError` when the disk is full."""
    with ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


def test_a_full_disk_is_said_and_everything_else_goes_on(small_disk: Path) -> None:
    gate = Gate("Dienstag")
    ballast = small_disk / "ballast"
    with serving(stub_models(gate=gate), data_dir=small_disk) as client:
        path = submitted(client, "Der Rat berät am Dienstag.")
        assert gate.reached.wait(20)
        with pytest.raises(OSError, match="No space"):
            fill(ballast)
        refused = client.post("/v1/digest", json={"text": LONG, "source": "de"}, headers=LATER)
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert refused.json()["detail"] == "The disk that keeps the jobs is full."
        assert refused.headers["retry-after"].isdecimal()
        gate.opened.set()
        assert client.post("/v1/digest", json={"text": TEXT, "source": "de"}).status_code == 200
        assert client.post("/v2/translate", json={"text": [TEXT], "target_lang": "EN"}).status_code == 200
        assert shown(client, path)["status"] == "running"
        assert client.get("/readyz").status_code == 200
        ballast.unlink()
        assert ended(client, path)["status"] == "done"  # the work was not lost meanwhile
        assert ended(client, submitted(client))["status"] == "done"


def test_a_backup_that_does_not_fit_leaves_nothing_that_looks_like_one(
    data_dir: Path, small_disk: Path
) -> None:
    with serving(data_dir=data_dir, job_workers=0) as client:
        for _ in range(4):
            submitted(client, LONG * 30)
        failed = kurzfassung(data_dir, "backup", str(small_disk / "copy.sqlite"))
    assert failed.returncode != 0
    assert "full" in failed.stderr
    assert list(small_disk.iterdir()) == []


def test_a_server_that_is_away_costs_jobs_only_and_comes_back(postgres_cluster: PostgresCluster) -> None:
    gate = Gate("Dienstag")
    url = postgres_cluster.new_database()
    with serving(stub_models(gate=gate), database_url=url) as client:
        path = submitted(client, "Der Rat berät am Dienstag.")
        assert gate.reached.wait(20)
        postgres_cluster.stop()
        try:
            refused = client.post("/v1/digest", json={"text": TEXT, "source": "de"}, headers=LATER)
            assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
            assert client.get(path).status_code == 503
            gate.opened.set()
            assert client.post("/v1/digest", json={"text": TEXT, "source": "de"}).status_code == 200
            assert client.get("/metrics").status_code == 200
        finally:
            postgres_cluster.start()
        until(lambda: client.get(path).status_code == 200)
        assert ended(client, path)["status"] == "done"


def test_a_server_that_never_answers_holds_up_nobody_but_who_needs_it(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://kurz@127.0.0.1:{silent.getsockname()[1]}/jobs"
        with (
            serving(database_url=url, data_dir=data_dir, auth="off") as client,
            ThreadPoolExecutor(12) as pool,
        ):

            def submit(_: int) -> httpx.Response:
                return client.post("/v1/digest", json={"text": TEXT, "source": "de"}, headers=LATER)

            jobs = [pool.submit(submit, number) for number in range(12)]
            for _ in range(5):
                assert client.post("/v1/digest", json={"text": LONG, "source": "de"}).status_code == 200
            assert "kurzfassung_ready 1.0" in client.get("/metrics").text
            answers = [job.result(20) for job in jobs]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
            (503, "store_unavailable")
        }


def test_a_damaged_file_costs_jobs_only(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"no database at all " * 500)
    with serving(data_dir=tmp_path) as client:
        refused = client.post("/v1/digest", json={"text": TEXT, "source": "de"}, headers=LATER)
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert str(tmp_path) not in refused.text
        assert client.post("/v1/digest", json={"text": TEXT, "source": "de"}).status_code == 200


def test_the_operator_lists_shows_cancels_and_backs_up_while_the_service_runs(
    serve: Serve, data_dir: Path, database_url: str, tmp_path: Path
) -> None:
    settings = {"KURZFASSUNG_DATABASE_URL": database_url}
    _, anna = key_store(data_dir).create("Anna", SCOPES, Limits())
    bearer = {"Authorization": f"Bearer {anna}"}
    gate = Gate("Dienstag")
    with serve(stub_models(gate=gate), job_workers=1) as client:
        first = submitted(client, LONG, **bearer)
        ended(client, first, **bearer)
        second = submitted(client, LONG + "Bis Dienstag.", **bearer)
        assert gate.reached.wait(20)
        done, running = (path.rpartition("/")[2] for path in (first, second))

        listed = kurzfassung(data_dir, "list", **settings)
        assert listed.returncode == 0, listed.stderr
        head, *rows = listed.stdout.splitlines()
        assert head.split()[:4] == ["ID", "KIND", "STATUS", "SEGMENTS"]
        assert [row.split()[:3] for row in rows] == [
            [running, "digest", "running"],
            [done, "digest", "done"],
        ]
        asked = kurzfassung(data_dir, "show", done, **settings)
        assert f'"id": "{done}"' in asked.stdout
        assert kurzfassung(data_dir, "list", "--status", "done", "--json", **settings).stdout.count("\n") == 1
        saved = kurzfassung(data_dir, "backup", str(tmp_path / "copy.sqlite"), **settings)
        cancelled = kurzfassung(data_dir, "cancel", running, **settings)
        assert cancelled.stdout == f"{running} cancelled\n"
        gate.opened.set()
        assert ended(client, second, **bearer)["status"] == "cancelled"
        unknown = kurzfassung(data_dir, "show", "0" * 32, **settings)
        assert unknown.returncode == 2
        assert "There is no job of this id" in unknown.stderr
        assert MARKER not in listed.stdout + asked.stdout + saved.stdout + unknown.stderr
    if database_url:
        assert saved.returncode != 0
        assert "pg_dump" in saved.stderr
        return
    assert saved.returncode == 0, saved.stderr
    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o777 == 0o600
    copy = sqlite3.connect(tmp_path / "copy.sqlite")
    assert copy.execute("SELECT id FROM jobs ORDER BY number").fetchall() == [(done,), (running,)]
    copy.close()
    assert kurzfassung(data_dir, "backup", str(tmp_path / "copy.sqlite")).returncode != 0


def test_what_the_operator_cancels_is_given_back(serve: Serve, data_dir: Path, database_url: str) -> None:
    with closing(key_store(data_dir, database_url)) as keys, serve(job_workers=0) as client:
        key, anna = keys.create("Anna", SCOPES, Limits(quota=10_000))
        bearer = {"Authorization": f"Bearer {anna}"}
        until(lambda: client.get("/v2/usage").status_code == 403)
        _, cancelled = submitted(client, **bearer), submitted(client, **bearer)
        usage = "/v2/usage"
        assert client.get(usage, headers=bearer).json()["character_count"] == 2 * len(TEXT)
        until(lambda: keys.used(month_of(datetime.now(UTC))) == {key.id: 2 * len(TEXT)})
        done = kurzfassung(
            data_dir, "cancel", cancelled.rpartition("/")[2], KURZFASSUNG_DATABASE_URL=database_url
        )
        assert done.returncode == 0, done.stderr
        until(lambda: client.get(usage, headers=bearer).json()["character_count"] == len(TEXT))


def test_a_backup_is_a_store_that_goes_on(data_dir: Path, tmp_path: Path) -> None:
    with serving(data_dir=data_dir, job_workers=0) as client:
        path = submitted(client)
        restored = tmp_path / "restored"
        restored.mkdir()
        assert kurzfassung(data_dir, "backup", str(restored / "jobs.sqlite")).returncode == 0
    with serving(data_dir=restored) as client:
        assert ended(client, path)["status"] == "done"
