"""Documents with the official DeepL client against two instances that share a store, in a file and in a real
PostgreSQL."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from pathlib import Path

import deepl
import httpx
import pytest
from cryptography.fernet import Fernet

from service.errors import DocumentNotFound
from service.jobs.documents import Documents, Handle
from service.jobs.queue import JobQueue
from service.keys.key import SCOPES, Limits
from service.settings import Settings
from service.stores import open_job_store
from tests.compat.test_deepl import client_of
from tests.e2e.test_jobs_survive import service as process
from tests.integration.conftest import serving
from tests.keys import key_store

SENTENCE = "Die Geheimsache liegt beim Rat und bleibt dort liegen."
DONE = SENTENCE.upper().encode()

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture
def serve(database_url: str, data_dir: Path) -> Serve:
    """Starts an instance, one beside the other."""

    def start(**settings: object) -> AbstractContextManager[httpx.Client]:
        return serving(database_url=database_url, data_dir=data_dir, **settings)

    return start


def uploaded(client: deepl.DeepLClient) -> deepl.DocumentHandle:
    return client.translate_document_upload(SENTENCE, filename="a.txt", target_lang="EN-US", source_lang="DE")


def fetched(client: deepl.DeepLClient, handle: deepl.DocumentHandle) -> bytes:
    out = io.BytesIO()
    client.translate_document_download(handle, out)
    return out.getvalue()


def test_another_instance_translates_a_document_and_hands_it_out(serve: Serve) -> None:
    with serve(job_workers=0) as first, serve() as second:
        one, other = client_of(first), client_of(second)
        handle = uploaded(one)
        status = other.translate_document_wait_until_done(handle)
        assert (status.done, status.billed_characters) == (True, len(SENTENCE))
        assert one.translate_document_get_status(handle).billed_characters == len(SENTENCE)
        assert fetched(other, handle) == DONE
        for client in (one, other):
            with pytest.raises(deepl.DeepLException, match="Not found"):
                fetched(client, handle)
            with pytest.raises(deepl.DeepLException, match="no such document"):
                client.translate_document_get_status(handle)


def test_of_many_who_fetch_it_at_once_from_both_one_gets_it(serve: Serve) -> None:
    with serve() as first, serve() as second:
        handle = uploaded(client_of(first))
        client_of(second).translate_document_wait_until_done(handle)

        def fetch(number: int) -> int:
            url = f"/v2/document/{handle.document_id}/result"
            answer = (first, second)[number % 2].post(url, data={"document_key": handle.document_key})
            return answer.status_code

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(fetch, range(16))) == [200] + [404] * 15


def test_a_file_of_libretranslate_is_fetched_from_another_instance(serve: Serve) -> None:
    with serve() as first, serve() as second:
        form, file = {"source": "de", "target": "en"}, {"file": ("a.txt", SENTENCE)}
        url = httpx.URL(first.post("/translate_file", data=form, files=file).json()["translatedFileUrl"])
        for _ in range(2):
            assert second.get(url.path).content == DONE


def test_a_document_outlives_the_process_that_took_it(
    data_dir: Path, database_url: str, tmp_path: Path
) -> None:
    _, key = key_store(data_dir).create("Anna", SCOPES, Limits())
    log = tmp_path / "log"
    with process(data_dir, log, database_url, key, workers=0) as (client, kill):
        handle = uploaded(deepl.DeepLClient(key, server_url=str(client.base_url)))
        kill()
    with process(data_dir, log, database_url, key, workers=1) as (client, _):
        again = deepl.DeepLClient(key, server_url=str(client.base_url))
        assert again.translate_document_wait_until_done(handle).done
        assert fetched(again, handle) == DONE
    assert b"Geheimsache" not in log.read_bytes()


def test_whoever_takes_a_document_over_does_not_charge_it_again(
    serve: Serve, data_dir: Path, database_url: str
) -> None:
    _, key = key_store(data_dir).create("Anna", SCOPES, Limits(quota=10_000))
    with serve(job_workers=0) as client:
        handle = uploaded(deepl.DeepLClient(key, server_url=str(client.base_url)))
        with closing(open_job_store(Settings(data_dir=data_dir, database_url=database_url))) as store:
            queue = JobQueue(store, lease_seconds=0.1)
            claim = queue.claim("a process that dies")
            assert claim is not None
            assert queue.charged(claim, 7)
            time.sleep(0.15)
    with serve() as client:
        again = deepl.DeepLClient(key, server_url=str(client.base_url))
        assert again.translate_document_wait_until_done(handle).done
        assert again.get_usage().character.count == 0  # the process that died wrote nothing of it


def test_a_document_is_forgotten_by_all_when_its_time_is_over(
    serve: Serve, data_dir: Path, database_url: str
) -> None:
    with serve(job_workers=0, document_minutes=1 / 60) as first, serve(job_workers=0) as second:
        handle = uploaded(client_of(first))
        time.sleep(1.1)
        for service in (first, second):
            with pytest.raises(deepl.DeepLException, match="no such document"):
                client_of(service).translate_document_get_status(handle)
        with closing(open_job_store(Settings(data_dir=data_dir, database_url=database_url))) as store:
            assert JobQueue(store, lease_seconds=30).claim("late") is None
            assert [(each.kind, each.has_ended) for each in store.expire()] == [("document", False)]


def test_documents_are_not_among_a_callers_jobs_but_among_the_operators(
    serve: Serve, data_dir: Path, database_url: str
) -> None:
    _, key = key_store(data_dir).create("Anna", SCOPES, Limits())
    bearer = {"Authorization": f"Bearer {key}"}
    with serve() as client:
        deepls = deepl.DeepLClient(key, server_url=str(client.base_url))
        handle = uploaded(deepls)
        deepls.translate_document_wait_until_done(handle)
        assert client.get("/v1/jobs", headers=bearer).json()["jobs"] == []
        job = f"/v1/jobs/{handle.document_id.lower()}"
        assert client.get(job, headers=bearer).status_code == 404
        assert client.get(f"{job}/result", headers=bearer).status_code == 404
        assert client.delete(job, headers=bearer).status_code == 404
        with closing(open_job_store(Settings(data_dir=data_dir, database_url=database_url))) as store:
            [seen] = store.list(None, limit=10)
        assert (seen.id, seen.kind, seen.characters) == (
            handle.document_id.lower(),
            "document",
            len(SENTENCE),
        )


def test_neither_text_nor_key_of_a_document_can_be_read_from_the_store(
    data_dir: Path, database_url: str
) -> None:
    settings: dict[str, object] = {"data_dir": data_dir, "database_url": database_url}
    settings["store_key"] = Fernet.generate_key().decode()
    with serving(job_workers=0, **settings) as client:
        waiting = uploaded(client_of(client))
        before = kept(data_dir, database_url)
    with serving(**settings) as client:
        assert client_of(client).translate_document_wait_until_done(waiting).done
        after = kept(data_dir, database_url)
        assert fetched(client_of(client), waiting) == DONE
        gone = kept(data_dir, database_url)
    for found in (before, after):
        assert waiting.document_id.lower().encode() in found
        for planted in (b"Geheimsache", b"GEHEIMSACHE", waiting.document_key.lower().encode()):
            assert planted not in found
    assert waiting.document_id.lower().encode() not in gone


def kept(data_dir: Path, database_url: str) -> bytes:
    if not database_url:
        return b"".join(file.read_bytes() for file in data_dir.glob("jobs.sqlite*"))
    import psycopg

    with psycopg.connect(database_url) as database:
        rows = database.execute("SELECT id, request, result, about, secret FROM jobs").fetchall()
    return b"".join(
        each.encode() if isinstance(each, str) else bytes(each) for row in rows for each in row if each
    )


def test_a_key_that_is_not_the_documents_opens_nothing(data_dir: Path, database_url: str) -> None:
    with closing(open_job_store(Settings(data_dir=data_dir, database_url=database_url))) as store:
        documents = Documents(store, most_bytes=100_000, keep_seconds=60)
        handle = documents.submit("anna", b"{}\nGuten Tag.", size=10)
        assert documents.standing("anna", handle)[0].status == "queued"
        for owner, other in (("anna", Handle(handle.id, "0" * 64)), ("otto", handle), ("", handle)):
            for ask in (documents.standing, documents.take, documents.show):
                with pytest.raises(DocumentNotFound):
                    ask(owner, other)
