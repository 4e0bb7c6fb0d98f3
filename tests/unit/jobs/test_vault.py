"""Text at rest."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from service.errors import SettingInvalid, StoreKeyInvalid
from service.jobs.job import Outcome
from service.jobs.outbox import Outbox
from service.jobs.queue import JobQueue
from service.settings import Settings
from service.stores import open_job_store
from tests.unit.jobs.conftest import OpenStore, new_job

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_with_a_key_neither_text_nor_result_nor_address_can_be_read_from_the_files(tmp_path: Path) -> None:
    store = open_job_store(Settings(data_dir=tmp_path, store_key=OLD))
    job, _ = store.submit(new_job("GEHEIM", webhook_url="https://a.example/GEHEIM", idempotency_key="GEHEIM"))
    queue = JobQueue(store, lease_seconds=30)
    claim = queue.claim("one")
    assert claim is not None
    assert queue.request(claim) == b"GEHEIM"
    queue.finish(claim, Outcome(b"GEHEIM"))
    assert store.result(job.id, "anna")[1] == b"GEHEIM"
    delivery = Outbox(store).next()
    assert delivery is not None
    assert delivery.url == "https://a.example/GEHEIM"
    assert b"GEHEIM" not in b"".join(file.read_bytes() for file in tmp_path.glob("*"))
    store.close()


@pytest.mark.parametrize("key", [NEW, ""], ids=["another", "none"])
def test_the_wrong_key_is_noticed_when_the_store_is_opened(open_store: OpenStore, key: str) -> None:
    open_store(store_key=OLD).submit(new_job())
    wrong = open_store(store_key=key)
    with pytest.raises(StoreKeyInvalid, match="KURZFASSUNG_STORE_KEY"):
        wrong.open()
    with pytest.raises(StoreKeyInvalid):
        wrong.submit(new_job())
    assert len(open_store(store_key=OLD).list(None, limit=10)) == 1


def test_keys_change_one_after_the_other(open_store: OpenStore) -> None:
    old = open_store(store_key=OLD)
    first, _ = old.submit(new_job("alt"))
    both = open_store(store_key=f"{NEW},{OLD}")
    both.submit(new_job("neu"))
    queue = JobQueue(both, lease_seconds=30)
    for text in (b"alt", b"neu"):
        claim = queue.claim("one")
        assert claim is not None
        assert queue.request(claim) == text
        queue.finish(claim, Outcome(text))
    both.remove(first.id, None)
    new = open_store(store_key=NEW)
    new.open()
    assert [new.result(job.id, None)[1] for job in new.list(None, limit=10)] == [b"neu"]


def test_jobs_from_before_there_was_a_key_are_read_on(open_store: OpenStore) -> None:
    job, _ = open_store().submit(new_job("offen"))
    queue = JobQueue(open_store(store_key=OLD), lease_seconds=30)
    claim = queue.claim("one")
    assert claim is not None
    assert (claim.id, queue.request(claim)) == (job.id, b"offen")


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{NEW}\n{OLD}\n")
    data = tmp_path / "data"
    open_job_store(Settings(data_dir=data, store_key=NEW)).submit(new_job())
    open_job_store(Settings(data_dir=data, store_key_file=file)).open()


@pytest.mark.parametrize("key", ["kurz", "ä" * 44, "a" * 43])
def test_what_is_no_key_is_refused_at_the_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        open_job_store(Settings(data_dir=tmp_path, store_key=key))
    assert key not in refused.value.message


def test_a_key_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="KURZFASSUNG_STORE_KEY_FILE"):
        open_job_store(Settings(data_dir=tmp_path, store_key_file=tmp_path / "none"))
