"""Tables of earlier versions become ours; those of later ones are left alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import StoreUnavailable
from service.jobs.documents import Documents
from service.jobs.job import Outcome
from service.jobs.queue import JobQueue
from service.jobs.schema import MIGRATIONS, prepare
from service.jobs.store import JobStore
from service.jobs.vault import Vault
from tests.unit.jobs.conftest import OpenStore, new_job


def earlier(store: JobStore, version: int, *, jobs: int) -> list[str]:
    """Tables as that version made them, with jobs that wait; their ids."""
    ids = [f"{number:032x}" for number in range(jobs)]
    with store.database.transaction() as transaction:
        prepare(transaction, up_to=version)
        Vault().check(transaction)
        for identity in ids:
            transaction.execute(
                "INSERT INTO jobs (id, owner, kind, status, created, request, done, total, characters, "
                "attempt, run_after) VALUES (?, 'anna', 'digest', 'queued', :now, ?, 0, 3, 10, 0, :now)",
                identity,
                Vault().seal(b"Guten Tag."),
            )
    return ids


def test_jobs_of_version_1_are_done(open_store: OpenStore) -> None:
    ids = earlier(open_store(), 1, jobs=3)
    store = open_store()
    assert [job.id for job in store.list("anna", limit=10)] == ids[::-1]
    queue = JobQueue(store, lease_seconds=30)
    for identity in ids:
        claim = queue.claim("one")
        assert claim is not None
        assert (claim.id, queue.request(claim)) == (identity, b"Guten Tag.")
        assert queue.finish(claim, Outcome(b"{}"))
        assert store.get(identity, "anna").webhook is None
    assert store.submit(new_job(webhook_url="https://a.example/"))[0].webhook == "waiting"


def test_a_store_from_before_there_were_documents_takes_them(open_store: OpenStore) -> None:
    before = open_store()
    with before.database.transaction() as transaction:
        prepare(transaction, up_to=3)
        Vault().check(transaction)
        transaction.execute(
            "INSERT INTO jobs (id, owner, kind, status, created, request, done, total, characters, attempt, "
            "run_after, turn) VALUES (?, 'anna', 'digest', 'queued', :now, ?, 0, 3, 10, 0, :now, 0)",
            "0" * 32,
            Vault().seal(b"Guten Tag."),
        )
    store = open_store()
    documents = Documents(store, most_bytes=100_000, keep_seconds=60)
    handle = documents.submit("anna", b"{}", size=2)
    queue = JobQueue(store, lease_seconds=30)
    kinds = []
    while (claim := queue.claim("one")) is not None:
        kinds.append(claim.kind)
        assert queue.finish(claim, Outcome(b"made", b"told"))
    assert kinds == ["digest", "document"]
    assert documents.standing("anna", handle)[1] == b"told"
    assert documents.take("anna", handle) == Outcome(b"made", b"told")
    assert [each.kind for each in store.list(None, limit=10)] == ["digest"]


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_many_may_find_an_earlier_version_at_once(open_store: OpenStore, version: int) -> None:
    ids = earlier(open_store(), version, jobs=60)
    stores = [open_store() for _ in range(6)]

    def work(store: JobStore) -> list[str]:
        queue, done = JobQueue(store, lease_seconds=30), []
        while (claim := queue.claim("one")) is not None:
            assert queue.finish(claim, Outcome(queue.request(claim)))
            done.append(claim.id)
        return done

    with ThreadPoolExecutor(6) as threads:
        done = [identity for part in threads.map(work, stores) for identity in part]
    assert sorted(done) == ids
    assert {stores[0].result(identity, "anna")[1] for identity in ids} == {b"Guten Tag."}


def test_many_may_make_the_tables_at_once(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda store: store.submit(new_job()), stores))
    assert len(stores[0].list(None, limit=10)) == 6


def test_tables_of_a_later_version_are_not_touched(open_store: OpenStore) -> None:
    first = open_store()
    first.submit(new_job())
    with first.transaction() as transaction:
        later = b"%d" % (len(MIGRATIONS) + 1)
        transaction.execute("UPDATE jobs_meta SET value = ? WHERE name = 'version'", later)
    with pytest.raises(StoreUnavailable, match="later version"):
        open_store().submit(new_job())
