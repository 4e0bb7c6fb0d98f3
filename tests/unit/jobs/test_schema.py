"""Tables of earlier versions become ours; those of later ones are left alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import StoreUnavailable
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
        assert queue.finish(claim, b"{}")
        assert store.get(identity, "anna").webhook is None
    assert store.submit(new_job(webhook_url="https://a.example/"))[0].webhook == "waiting"


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
