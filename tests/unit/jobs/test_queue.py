"""Leases: who works on a job, and whose word about it counts."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from service.jobs.job import Claim, Outcome
from service.jobs.queue import MOST_ATTEMPTS, JobQueue
from service.jobs.store import JobStore
from tests.unit.jobs.conftest import OpenStore, new_job

SHORT = 0.2


def claimed(queue: JobQueue, worker: str = "one") -> Claim:
    claim = queue.claim(worker)
    assert claim is not None
    return claim


def test_the_oldest_job_comes_first(store: JobStore) -> None:
    jobs = [store.submit(new_job(str(number)))[0].id for number in range(3)]
    queue = JobQueue(store, lease_seconds=30)
    assert [claimed(queue).id for _ in jobs] == jobs
    assert queue.claim("two") is None


def test_owners_take_turns_however_many_jobs_each_has(store: JobStore) -> None:
    queue = JobQueue(store, lease_seconds=30)
    owners = {}
    for owner, jobs in (("anna", 6), ("otto", 2)):
        for _ in range(jobs):
            owners[store.submit(new_job(owner=owner))[0].id] = owner

    def served() -> str:
        claim = queue.claim("one")
        assert claim is not None
        queue.finish(claim, Outcome(b"{}"))
        return owners[claim.id]

    order = [served() for _ in range(3)]
    owners[store.submit(new_job(owner="uta"))[0].id] = "uta"
    order += [served() for _ in range(6)]
    assert order == ["anna", "otto", "anna", "otto", "uta", "anna", "anna", "anna", "anna"]


def test_many_workers_at_once_get_every_job_once(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(8)]
    expected = {stores[0].submit(new_job(str(number)))[0].id for number in range(80)}

    def work(store: JobStore) -> list[str]:
        queue, done = JobQueue(store, lease_seconds=30), []
        while (claim := queue.claim(str(id(store)))) is not None:
            assert queue.finish(claim, Outcome(b"{}"))
            done.append(claim.id)
        return done

    with ThreadPoolExecutor(8) as threads:
        done = Counter(identity for part in threads.map(work, stores) for identity in part)
    assert set(done) == expected
    assert set(done.values()) == {1}


def test_a_job_whose_lease_ran_out_is_taken_over_and_the_late_worker_is_not_heard(store: JobStore) -> None:
    job, _ = store.submit(new_job())
    queue = JobQueue(store, lease_seconds=1.5)
    late = claimed(queue, "late")
    assert queue.claim("other") is None
    time.sleep(1.6)
    other = claimed(JobQueue(store, lease_seconds=30), "other")
    assert (other.id, other.attempt) == (job.id, 2)
    assert not queue.renew(late, 1)
    assert not queue.finish(late, Outcome(b"late"))
    assert not queue.fail(late, "late", "late")
    assert not queue.release(late, 0)
    assert queue.finish(other, Outcome(b"in time"))
    assert not queue.finish(other, Outcome(b"twice"))
    assert store.result(job.id, "anna")[1] == b"in time"


def test_the_same_worker_is_not_heard_either_after_it_lost_the_lease_to_itself(store: JobStore) -> None:
    store.submit(new_job())
    queue = JobQueue(store, lease_seconds=SHORT)
    first = claimed(queue)
    time.sleep(SHORT * 1.5)
    second = claimed(queue)
    assert not queue.finish(first, Outcome(b"first"))
    assert queue.finish(second, Outcome(b"second"))


def test_a_renewed_lease_lasts_and_shows_progress(store: JobStore) -> None:
    job, _ = store.submit(new_job())
    queue = JobQueue(store, lease_seconds=2.0)
    claim = claimed(queue)
    for done in (1, 2, 3):
        time.sleep(0.8)
        assert queue.renew(claim, done)
        assert store.get(job.id, "anna").done == done
        assert queue.claim("other") is None


def test_a_job_that_kills_its_workers_is_given_up_and_told_of_once(store: JobStore) -> None:
    job, _ = store.submit(new_job())
    behind, _ = store.submit(new_job("Der nächste."))
    queue = JobQueue(store, lease_seconds=SHORT)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        claim = claimed(queue)
        assert (claim.id, claim.attempt) == (job.id, attempt)
        time.sleep(SHORT * 1.5)
    assert claimed(queue, "other").id == behind.id
    assert [each.id for each in queue.abandon()] == [job.id]
    assert queue.abandon() == []
    given_up = store.get(job.id, "anna")
    assert (given_up.status, given_up.error_code) == ("failed", "job_abandoned")


def test_what_is_given_back_waits_its_time_and_has_its_attempts_left(store: JobStore) -> None:
    job, _ = store.submit(new_job())
    queue = JobQueue(store, lease_seconds=30)
    for _ in range(MOST_ATTEMPTS + 1):
        claim = claimed(queue)
        assert claim.attempt == 1
        assert queue.release(claim, 0)
        assert store.get(job.id, "anna").status == "queued"
    assert queue.release(claimed(queue), 1.5)
    assert queue.claim("other") is None
    time.sleep(1.6)
    assert claimed(queue).attempt == 1


def test_a_cancelled_job_is_not_held_any_more(store: JobStore) -> None:
    job, _ = store.submit(new_job())
    queue = JobQueue(store, lease_seconds=30)
    claim = claimed(queue)
    store.remove(job.id, "anna")
    assert not queue.renew(claim, 1)
    assert not queue.finish(claim, Outcome(b"{}"))
    assert store.get(job.id, "anna").status == "cancelled"
