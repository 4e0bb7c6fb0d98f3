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


def version_1(store: JobStore, *, jobs: int) -> list[str]:
    """Tables as version 1 made them, with jobs that wait; their ids."""
    ids = [f"{number:032x}" for number in range(jobs)]
    with store.database.transaction() as transaction:
        prepare(transaction, up_to=1)
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
    ids = version_1(open_store(), jobs=3)
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


def test_many_may_find_version_1_at_once(open_store: OpenStore) -> None:
    ids = version_1(open_store(), jobs=2)
    stores = [open_store() for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda store: len(store.list(None, limit=10)), stores))
    assert found == [len(ids)] * 6


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
