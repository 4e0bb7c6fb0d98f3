"""Jobs that are kept, in SQLite and in PostgreSQL."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from service.database.sqlite import SqliteDatabase
from service.errors import IdempotencyKeyReused, JobNotFound, JobQueueFull, StoreUnavailable
from service.jobs.documents import Documents
from service.jobs.job import Job, Outcome, Removed
from service.jobs.queue import JobQueue
from service.jobs.store import JobStore
from service.jobs.vault import Vault
from service.settings import Settings
from service.stores import open_job_store
from tests.postgresql import PostgresCluster
from tests.unit.jobs.conftest import OpenStore, new_job


def submitted(store: JobStore, text: str = "Guten Tag.", **fields: object) -> Job:
    return store.submit(new_job(text, **fields))[0]


def test_what_is_submitted_is_there_after_a_restart(open_store: OpenStore) -> None:
    first = open_store()
    job = submitted(first, "Der Rat tagt.", total=7)
    first.close()
    again = open_store()
    assert again.get(job.id, "anna") == job
    assert (job.status, job.done, job.total, job.characters, job.attempt) == ("queued", 0, 7, 13, 0)
    claim = JobQueue(again, lease_seconds=30).claim("one")
    assert claim is not None
    assert claim.id == job.id
    assert JobQueue(again, lease_seconds=30).request(claim) == b"Der Rat tagt."


def test_asking_an_empty_store_makes_no_file(data_dir: Path, store: JobStore) -> None:
    assert store.list(None, limit=10) == []
    assert store.counts() == {"queued": 0, "running": 0}
    assert not store.expire()
    assert JobQueue(store, lease_seconds=30).claim("one") is None
    with pytest.raises(JobNotFound):
        store.get("0" * 32, None)
    assert not (data_dir / "jobs.sqlite").exists()


def test_a_job_is_its_owners(store: JobStore) -> None:
    job = submitted(store)
    for act in (store.get, store.result, store.remove):
        with pytest.raises(JobNotFound):
            act(job.id, "bert")
    assert store.get(job.id, None) == job
    assert store.list("bert", limit=10) == []


def test_ids_cannot_be_guessed_from_one_another(store: JobStore) -> None:
    ids = [submitted(store).id for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(len(identity) == 32 and int(identity, 16) for identity in ids)
    assert len({identity[:6] for identity in ids}) == 20


def test_the_newest_come_first_page_by_page(store: JobStore) -> None:
    jobs = [submitted(store, str(number)) for number in range(7)]
    submitted(store, owner="bert")
    first = store.list("anna", limit=4)
    second = store.list("anna", limit=4, after=first[-1].id)
    assert [job.id for job in (*first, *second)] == [job.id for job in reversed(jobs)]
    assert len(store.list(None, limit=10)) == 8
    assert store.list("anna", limit=10, status="done") == []
    with pytest.raises(JobNotFound):
        store.list("anna", limit=4, after="0" * 32)


def test_the_same_key_and_request_again_give_the_same_job(store: JobStore) -> None:
    job, new = store.submit(new_job(idempotency_key="k1"))
    assert new
    assert store.submit(new_job(idempotency_key="k1")) == (job, False)
    assert store.submit(new_job(idempotency_key="k2"))[1]
    assert store.submit(new_job(idempotency_key="k1", owner="bert"))[1]
    assert len(store.list("anna", limit=10)) == 2


@pytest.mark.parametrize(
    "other", [{"text": "Anderes."}, {"kind": "translate"}, {"webhook_url": "https://a.example/"}]
)
def test_the_same_key_with_another_request_is_refused(store: JobStore, other: dict[str, str]) -> None:
    store.submit(new_job(idempotency_key="k1"))
    with pytest.raises(IdempotencyKeyReused):
        store.submit(new_job(**{**other, "idempotency_key": "k1"}))


def test_the_same_key_at_the_same_moment_makes_one_job(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(6)]
    stores[0].open()
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda each: each.submit(new_job(idempotency_key="k1")), stores))
    assert len({job.id for job, _ in made}) == 1
    assert [new for _, new in made].count(True) == 1


def test_a_key_is_free_again_when_its_job_has_expired(open_store: OpenStore) -> None:
    store = open_store(job_hours=0.2 / 3600)
    job, _ = store.submit(new_job(idempotency_key="k1"))
    queue = JobQueue(store, lease_seconds=30)
    claim = queue.claim("one")
    assert claim is not None
    assert queue.finish(claim, Outcome(b"{}"))
    time.sleep(0.3)
    assert store.submit(new_job("Anderes.", idempotency_key="k1"))[0].id != job.id


def test_no_more_jobs_wait_than_may(open_store: OpenStore) -> None:
    store = open_store(job_queue=2)
    first, _ = store.submit(new_job(idempotency_key="k1"))
    submitted(store)
    with pytest.raises(JobQueueFull) as refused:
        submitted(store)
    assert refused.value.retry_after >= 1
    assert store.submit(new_job(idempotency_key="k1")) == (first, False)
    store.remove(first.id, "anna")
    submitted(store)


def test_deleting_cancels_what_waits_and_forgets_what_has_ended(store: JobStore) -> None:
    job = submitted(store)
    removed = store.remove(job.id, "anna")
    cancelled, result = store.result(job.id, "anna")
    assert removed == Removed(cancelled, cancelled=True, refund=job.characters)
    assert (cancelled.status, result) == ("cancelled", None)
    assert cancelled.expires is not None
    assert JobQueue(store, lease_seconds=30).claim("one") is None
    store.remove(job.id, "anna")
    with pytest.raises(JobNotFound):
        store.get(job.id, "anna")


@pytest.mark.parametrize(("done", "refund"), [(0, 100), (1, 66), (2, 33), (3, 0), (5, 0)])
def test_what_a_cancelled_job_had_not_done_is_to_be_given_back_once(
    store: JobStore, done: int, refund: int
) -> None:
    job = submitted(store, "a" * 100)
    queue = JobQueue(store, lease_seconds=30)
    claim = queue.claim("one")
    assert claim is not None
    queue.renew(claim, done)
    removed = [store.remove(job.id, "anna") for _ in range(2)]
    assert [(each.cancelled, each.refund) for each in removed] == [(True, refund), (False, 0)]


def test_what_is_removed_after_its_end_was_delivered(store: JobStore) -> None:
    job = submitted(store)
    queue = JobQueue(store, lease_seconds=30)
    claim = queue.claim("one")
    assert claim is not None
    queue.finish(claim, Outcome(b"{}"))
    done = store.get(job.id, None)
    assert store.remove(job.id, None) == Removed(done, cancelled=False, refund=0)


def test_a_key_whose_job_was_cancelled_still_names_that_job(store: JobStore) -> None:
    job, _ = store.submit(new_job(idempotency_key="k1"))
    store.remove(job.id, "anna")
    again, new = store.submit(new_job(idempotency_key="k1"))
    assert (again.id, again.status, new) == (job.id, "cancelled", False)


def test_a_job_is_forgotten_when_its_time_has_come(open_store: OpenStore) -> None:
    store = open_store(job_hours=1.5 / 3600)
    queue = JobQueue(store, lease_seconds=30)
    job, waiting = submitted(store), submitted(store)
    claim = queue.claim("one")
    assert claim is not None
    queue.finish(claim, Outcome(b"{}"))
    assert store.result(job.id, "anna")[1] == b"{}"
    time.sleep(1.6)
    with pytest.raises(JobNotFound):
        store.result(job.id, "anna")
    assert [each.id for each in store.list("anna", limit=10)] == [waiting.id]
    assert len(store.expire()) == 1
    assert not store.expire()


def test_text_and_result_leave_the_files_when_they_are_deleted(tmp_path: Path) -> None:
    store = open_job_store(Settings(data_dir=tmp_path))
    queue = JobQueue(store, lease_seconds=30)

    def on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in tmp_path.glob("jobs.sqlite*"))

    planted = [submitted(store, "GEHEIM-TEXT " * 400).id for _ in range(3)]
    assert b"GEHEIM-TEXT" in on_disk()
    claim = queue.claim("one")
    assert claim is not None
    queue.finish(claim, Outcome(b"GEHEIM-ERGEBNIS " * 400))
    assert b"GEHEIM-ERGEBNIS" in on_disk()
    for identity in planted:
        store.remove(identity, "anna")
    assert b"GEHEIM" not in on_disk()
    store.close()


def test_the_text_is_gone_when_the_job_has_ended(tmp_path: Path) -> None:
    store = open_job_store(Settings(data_dir=tmp_path))
    queue = JobQueue(store, lease_seconds=30)
    for end in (lambda claim: queue.finish(claim, Outcome(b"{}")), lambda claim: queue.fail(claim, "x", "y")):
        submitted(store, "GEHEIM-TEXT " * 400)
        claim = queue.claim("one")
        assert claim is not None
        assert end(claim)
    store.expire()
    assert b"GEHEIM" not in b"".join(file.read_bytes() for file in tmp_path.glob("jobs.sqlite*"))
    store.close()


def test_the_files_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    store = open_job_store(Settings(data_dir=tmp_path))
    submitted(store)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("jobs.sqlite*")} == {0o600}
    store.close()


class Full(SqliteDatabase):
    """Of a disk that has room for a row and none for what `erase` does."""

    def erase(self) -> None:
        raise StoreUnavailable("full")


def test_what_is_to_be_given_back_is_told_also_where_the_text_cannot_leave_the_files_yet(
    tmp_path: Path,
) -> None:
    store = JobStore(Full(tmp_path / "jobs.sqlite", "jobs"), Vault())
    job, over = submitted(store), submitted(store, keep_seconds=0.0)
    assert store.remove(job.id, "anna").refund == job.characters
    assert [(gone.id, gone.characters) for gone in store.expire()] == [(over.id, over.characters)]
    documents = Documents(store, most_bytes=20_000, keep_seconds=60)
    handle = documents.keep("anna", Outcome(b"made", b"told"), 4)
    assert documents.take("anna", handle) == Outcome(b"made", b"told")
    store.close()


def test_whoever_reads_the_file_holds_nobody_up_and_the_text_leaves_it_afterwards(tmp_path: Path) -> None:
    store = open_job_store(Settings(data_dir=tmp_path))
    job, asked = submitted(store, "GEHEIM-TEXT " * 400), submitted(store)

    def on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in tmp_path.glob("jobs.sqlite*"))

    with closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as reader, ThreadPoolExecutor(1) as threads:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM jobs").fetchall()
        threads.submit(store.remove, job.id, "anna").result(5)  # others would be waited for as long
        assert store.get(asked.id, "anna") == asked
        assert b"GEHEIM" in on_disk()
    store.expire()
    assert b"GEHEIM" not in on_disk()
    store.close()


def test_a_store_that_was_replaced_after_it_failed_is_used_without_a_restart(
    open_store: OpenStore, database_url: str, data_dir: Path
) -> None:
    store = open_store()
    before = submitted(store, "Guten Tag. " * 500_000)  # more than SQLite remembers
    if database_url:
        import psycopg

        with psycopg.connect(database_url, autocommit=True) as database:
            database.execute("DROP TABLE jobs, jobs_meta")
    else:
        store.erase()  # all of it is in the file now
        file = data_dir / "jobs.sqlite"
        file.write_bytes(b"no database at all" * (file.stat().st_size // 18))
    with pytest.raises(StoreUnavailable):
        JobQueue(store, lease_seconds=30).claim("one")
    for file in data_dir.glob("jobs.sqlite*"):
        file.unlink()
    after = submitted(store)
    assert store.list("anna", limit=10) == [after]
    with pytest.raises(JobNotFound):
        store.get(before.id, "anna")


def test_a_file_that_was_taken_away_takes_no_jobs_in_that_would_be_lost(tmp_path: Path) -> None:
    store = open_job_store(Settings(data_dir=tmp_path))
    submitted(store)
    for file in tmp_path.glob("jobs.sqlite*"):
        file.unlink()
    with pytest.raises(StoreUnavailable):
        submitted(store)
    store.close()
    submitted(store)
    store.close()


def test_a_server_that_only_reads_is_left_for_one_that_writes(postgres_cluster: PostgresCluster) -> None:
    """As after a failover, by an address that leads to the new one."""
    import psycopg

    url = postgres_cluster.new_database()
    store = open_job_store(Settings(database_url=url))
    submitted(store)
    name = url.split("/")[3].partition("?")[0]
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with pytest.raises(StoreUnavailable):
            submitted(store)
        operator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    submitted(store)
    assert len(store.list("anna", limit=10)) == 2
    store.close()
