"""Files that are kept as jobs."""

from __future__ import annotations

import time

import pytest
from cryptography.fernet import Fernet

from service.errors import DocumentNotFound, JobQueueFull, Overloaded, StoreKeyInvalid
from service.jobs.documents import Documents, Handle
from service.jobs.job import Outcome
from service.jobs.queue import JobQueue
from service.jobs.store import JobStore
from tests.unit.jobs.conftest import OpenStore, new_job

MADE = Outcome(b"made", b"told")


def documents(store: JobStore, keep_seconds: float = 60) -> Documents:
    return Documents(store, most_bytes=20_000, keep_seconds=keep_seconds)


def test_the_room_is_for_all_half_of_it_for_one_and_free_again_when_one_is_fetched(store: JobStore) -> None:
    kept = documents(store)
    first = kept.keep("anna", MADE, 4)
    kept.submit("anna", b"x" * 5_000, size=5_000)
    with pytest.raises(Overloaded, match="yours"):
        kept.submit("anna", b"x" * 2_000, size=2_000)
    kept.submit("", b"x" * 8_000, size=8_000)
    with pytest.raises(Overloaded, match="kept here"):
        kept.keep("otto", MADE, 4)
    assert kept.take("anna", first) == MADE
    kept.keep("otto", MADE, 4)


def test_what_is_shown_may_be_seen_again_and_what_is_taken_may_not(store: JobStore) -> None:
    kept = documents(store)
    handle = kept.keep("anna", MADE, 4)
    assert [kept.show("anna", handle) for _ in range(2)] == [MADE, MADE]
    expires = kept.standing("anna", handle)[0].expires
    assert expires is not None
    assert expires <= time.time() + 61
    assert kept.take("anna", handle) == MADE
    for ask in (kept.show, kept.take, kept.standing):
        with pytest.raises(DocumentNotFound):
            ask("anna", handle)


def test_neither_is_handed_out_before_it_is_done_nor_when_it_failed(store: JobStore) -> None:
    kept = documents(store)
    handle = kept.submit("anna", b"{}", size=2)
    queue = JobQueue(store, lease_seconds=30)
    claim = queue.claim("one")
    assert claim is not None
    assert queue.charged(claim, 12)
    with pytest.raises(DocumentNotFound):
        kept.take("anna", handle)
    failed = queue.fail(claim, "invalid_document", "It is damaged.")
    assert failed is not None
    assert failed.characters == 12
    job, about = kept.standing("anna", handle)
    assert (job.status, job.error_detail, about) == ("failed", "It is damaged.", None)
    with pytest.raises(DocumentNotFound):
        kept.take("anna", handle)


def test_a_document_is_charged_as_it_is_begun_and_any_other_job_as_it_comes(store: JobStore) -> None:
    documents(store).submit("anna", b"{}", size=2)
    store.submit(new_job(owner="otto"))
    queue = JobQueue(store, lease_seconds=30)
    time.sleep(0.01)
    while queue.claim("one") is not None:
        pass
    other, document = store.list(None, limit=2)
    assert document.created < document.charged == document.started
    assert other.charged == other.created


def test_one_that_nobody_got_to_in_time_is_forgotten_while_it_is_worked_on(store: JobStore) -> None:
    kept = documents(store, keep_seconds=0.5)
    handle = kept.submit("anna", b"{}", size=2)
    queue = JobQueue(store, lease_seconds=30)
    claim = queue.claim("one")
    assert claim is not None
    assert queue.charged(claim, 12)
    time.sleep(0.6)
    with pytest.raises(DocumentNotFound):
        kept.standing("anna", handle)
    assert [(gone.id, gone.status, gone.characters) for gone in store.expire()] == [
        (handle.id, "running", 12)
    ]
    assert not queue.renew(claim, 0)
    assert not queue.finish(claim, MADE)


def test_where_as_many_wait_as_may_no_file_is_taken_in_but_a_translated_one_is_kept(store: JobStore) -> None:
    full = documents(JobStore(store.database, store.vault, most_unfinished=1))
    full.submit("anna", b"{}", size=2)
    with pytest.raises(JobQueueFull):
        full.submit("otto", b"{}", size=2)
    assert full.take("otto", full.keep("otto", MADE, 4)) == MADE


@pytest.mark.parametrize(
    ("identity", "key"),
    [("\0", "0" * 64), ("0" * 32, "\0"), ("0" * 32, "\ud800"), ("ä" * 32, "0" * 64), ("", "")],
    ids=["NUL", "NUL in the key", "half a character", "other letters", "nothing"],
)
def test_what_can_be_no_handle_is_not_found(store: JobStore, identity: str, key: str) -> None:
    kept = documents(store)
    kept.keep("anna", MADE, 4)
    for ask in (kept.show, kept.take, kept.standing):
        with pytest.raises(DocumentNotFound):
            ask("anna", Handle(identity, key))


def test_a_translation_that_cannot_be_decrypted_here_is_not_taken_away(open_store: OpenStore) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    behind = open_store(store_key=old)
    documents(behind).keep("anna", MADE, 4)
    ahead = documents(open_store(store_key=f"{new},{old}"))
    handle = ahead.keep("anna", MADE, 4)
    for ask in (documents(behind).show, documents(behind).take, documents(behind).standing):
        with pytest.raises(StoreKeyInvalid):
            ask("anna", handle)
    assert ahead.take("anna", handle) == MADE
