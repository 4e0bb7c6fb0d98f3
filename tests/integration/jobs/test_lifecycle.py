"""From `Prefer: respond-async` to the result, with SQLite and with PostgreSQL."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from service.jobs.queue import MOST_ATTEMPTS, JobQueue
from service.keys.key import SCOPES, Limits
from service.settings import Settings
from service.stores import open_glossary_store, open_job_store
from service.terms.glossary import Dictionary, Term
from service.terms.store import GlossaryStore
from tests.integration.conftest import stub_models
from tests.integration.jobs.conftest import (
    LATER,
    SECONDS,
    SENTENCES,
    TEXT,
    Gate,
    Serve,
    ended,
    shown,
    submitted,
    until,
)
from tests.keys import key_store


def test_a_request_that_prefers_it_is_answered_later_with_the_same_answer(serve: Serve) -> None:
    with serve() as client:
        body = {"text": TEXT, "source": "de", "segments": True}
        taken = client.post("/v1/digest", json=body, headers=LATER)
        assert taken.status_code == 202
        assert taken.headers["preference-applied"] == "respond-async"
        assert taken.headers["retry-after"].isdecimal()
        assert taken.json()["status"] == "queued"
        status = taken.url.join(taken.json()["status_url"])
        assert status == taken.url.join(taken.headers["location"])
        job = ended(client, status.path)
        assert (job["status"], job["error"]) == ("done", None)
        assert job["progress"] == {"done": len(SENTENCES), "total": len(SENTENCES)}
        assert job["characters"] == len(TEXT)
        later = client.get(status.join(job["result_url"]))
        now = client.post("/v1/digest", json=body)
        assert later.status_code == 200
        assert later.headers["content-type"] == now.headers["content-type"]
        assert {**later.json(), "timing": 0} == {**now.json(), "timing": 0}


def test_a_body_that_was_refused_takes_no_room_from_jobs(serve: Serve) -> None:
    with serve() as client:
        refused = client.post("/v1/digest", content=b"x" * 2_100_000, headers={"Content-Type": "text/plain"})
        assert refused.status_code == 413
        assert ended(client, submitted(client))["status"] == "done"


def test_lists_of_texts_raw_bodies_and_summaries_can_be_jobs_too(serve: Serve) -> None:
    with serve() as client:
        body = {"text": SENTENCES, "source": "de"}
        listed = client.post("/v1/translate", json=body, headers=LATER)
        raw = client.post(
            "/v1/translate?source=de", content=TEXT, headers={**LATER, "Content-Type": "text/plain"}
        )
        summary = client.post("/v1/summarize", json={"text": TEXT, "source": "de"}, headers=LATER)
        results = []
        for answer in (listed, raw, summary):
            path = answer.url.join(answer.headers["location"]).path
            job = ended(client, path)
            assert job["status"] == "done", job
            assert job["progress"]["total"] == len(SENTENCES)
            results.append(client.get(f"{path}/result").json())
        texts, whole, short = results
        assert [each["text"] for each in texts["translations"]] == [each.upper() for each in SENTENCES]
        assert whole["translations"][0]["text"] == TEXT.upper()
        assert short["summary"]["text"]


def test_a_glossary_is_that_of_whoever_asked(serve: Serve, data_dir: Path) -> None:
    keys = key_store(data_dir)
    _, anna = keys.create("Anna", SCOPES, Limits())
    with serve() as client:
        bearer = {"Authorization": f"Bearer {anna}"}
        terms = {
            "name": "Bau",
            "source": "de",
            "target": "en",
            "terms": [{"source": "Brücke", "target": "Viadukt"}],
        }
        made = client.post("/v1/glossaries", json=terms, headers=bearer)
        assert made.status_code == 201, made.text
        body = {"text": TEXT, "source": "de", "glossary": made.json()["id"]}
        taken = client.post("/v1/translate", json=body, headers={**LATER, **bearer})
        path = taken.url.join(taken.headers["location"]).path
        assert ended(client, path, **bearer)["status"] == "done"
        assert "Viadukt" in client.get(f"{path}/result", headers=bearer).text


@pytest.fixture
def glossaries(data_dir: Path, database_url: str) -> Iterator[GlossaryStore]:
    with closing(open_glossary_store(Settings(data_dir=data_dir, database_url=database_url))) as store:
        yield store


def test_the_terms_of_a_stored_glossary_are_kept_with_the_job(
    serve: Serve, glossaries: GlossaryStore
) -> None:
    """It may be deleted before the job's turn comes, and another machine has never had it."""
    gate = Gate("Dienstag")
    with serve(stub_models(gate=gate), job_workers=1) as client:
        ahead = submitted(client)
        assert gate.reached.wait(SECONDS)
        terms = {
            "name": "Bau",
            "source": "de",
            "target": "en",
            "terms": [{"source": "Brücke", "target": "Viadukt"}],
        }
        glossary = client.post("/v1/glossaries", json=terms).json()["id"]
        body = {"text": SENTENCES[0], "source": "de", "glossary": glossary}
        taken = client.post("/v1/translate", json=body, headers={**LATER, "Idempotency-Key": "eins"})
        added = [Dictionary("de", "en", (Term("Rat", "Stadtrat"),))]
        glossaries.update(glossary, dictionaries=added)
        again = client.post("/v1/translate", json=body, headers={**LATER, "Idempotency-Key": "eins"})
        assert again.json()["id"] == taken.json()["id"]
        assert client.delete(f"/v1/glossaries/{glossary}").status_code == 204
        gate.opened.set()
        assert ended(client, ahead)["status"] == "done"
        path = taken.url.join(taken.headers["location"]).path
        assert ended(client, path)["status"] == "done"
        made = client.get(f"{path}/result").json()["translations"][0]
        assert made["text"] == "DER RAT WILL DIE VIADUKT SANIEREN."


def test_a_stored_glossary_without_terms_is_kept_with_the_job_too(
    serve: Serve, glossaries: GlossaryStore
) -> None:
    gate = Gate("Dienstag")
    with serve(stub_models(gate=gate), job_workers=1) as client:
        ahead = submitted(client)
        assert gate.reached.wait(SECONDS)
        glossary = glossaries.add("Bau", [Dictionary("de", "en", (Term("Brücke", "Viadukt"),))]).id
        glossaries.remove_dictionary(glossary, "de", "en")
        body = {"text": SENTENCES[0], "source": "de", "glossary": glossary}
        taken = client.post("/v1/translate", json=body, headers=LATER)
        glossaries.remove(glossary)
        gate.opened.set()
        assert ended(client, ahead)["status"] == "done"
        path = taken.url.join(taken.headers["location"]).path
        assert ended(client, path)["status"] == "done"


@pytest.mark.parametrize(
    ("kind", "body", "headers", "status", "code"),
    [
        ("digest", {"text": "  "}, {}, 422, "empty_text"),
        ("digest", {"text": TEXT, "source": "xx"}, {}, 422, "unsupported_language"),
        ("translate", {"text": []}, {}, 422, "empty_text"),
        ("digest", {"text": TEXT}, {"Accept": "text/event-stream"}, 400, "not_offered"),
        ("digest", {"text": TEXT}, {"Idempotency-Key": "x" * 256}, 400, "malformed_body"),
        ("digest", {"text": TEXT}, {"Webhook-URL": "https://hooks.example.com/"}, 422, "webhook_refused"),
    ],
)
def test_what_can_be_refused_is_refused_at_once(
    serve: Serve,
    data_dir: Path,
    kind: str,
    body: dict[str, object],
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    with serve() as client:
        answer = client.post(f"/v1/{kind}", json=body, headers={**LATER, **headers})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not (data_dir / "jobs.sqlite").exists()


def test_a_text_that_is_no_unicode_is_refused_at_once(serve: Serve) -> None:
    content = b'{"text": "Hallo \\ud800 Welt", "source": "de"}'
    with serve() as client:
        kind = {"Content-Type": "application/json"}
        answer = client.post("/v1/digest", content=content, headers={**LATER, **kind})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_text")


def test_the_same_idempotency_key_and_request_join_and_another_request_is_refused(serve: Serve) -> None:
    with serve() as client:
        key = {**LATER, "Idempotency-Key": "artikel 7"}
        first = client.post("/v1/digest", json={"text": TEXT, "source": "de"}, headers=key)
        again = client.post("/v1/digest", json={"source": "de", "text": TEXT}, headers=key)
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json()["id"] == again.json()["id"]
        ended(client, first.url.join(first.headers["location"]).path)
        assert client.post("/v1/digest", json={"text": TEXT, "source": "de"}, headers=key).json()[
            "status"
        ] == ("done")
        for kind, body in (
            ("digest", {"text": TEXT + " Mehr.", "source": "de"}),
            ("translate", {"text": TEXT, "source": "de"}),
        ):
            other = client.post(f"/v1/{kind}", json=body, headers=key)
            assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_the_same_key_from_many_at_once_makes_one_job_that_is_paid_once(serve: Serve, data_dir: Path) -> None:
    _, anna = key_store(data_dir).create("Anna", SCOPES, Limits(quota=10_000))
    with serve() as client:
        headers = {**LATER, "Idempotency-Key": "k", "Authorization": f"Bearer {anna}"}

        def post(_: int) -> httpx.Response:
            return client.post("/v1/digest", json={"text": TEXT, "source": "de"}, headers=headers)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(post, range(24)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["id"] for answer in answers}) == 1
        usage = client.get("/v2/usage", headers={"Authorization": f"DeepL-Auth-Key {anna}"}).json()
        assert usage["character_count"] == len(TEXT)


def test_of_requests_that_come_at_once_under_one_key_only_the_one_that_is_taken_in_is_paid(
    serve: Serve, data_dir: Path
) -> None:
    _, anna = key_store(data_dir).create("Anna", SCOPES, Limits(quota=100_000))
    with serve(job_workers=0) as client:
        headers = {**LATER, "Idempotency-Key": "k", "Authorization": f"Bearer {anna}"}

        def post(number: int) -> httpx.Response:
            body = {"text": TEXT + "!" * number, "source": "de"}
            return client.post("/v1/digest", json=body, headers=headers)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(post, range(24)))
        [taken] = [answer.json() for answer in answers if answer.status_code == 202]
        refused = [answer.json()["code"] for answer in answers if answer.status_code != 202]
        assert refused == ["idempotency_key_reused"] * 23
        usage = client.get("/v2/usage", headers={"Authorization": f"DeepL-Auth-Key {anna}"}).json()
        assert usage["character_count"] == taken["characters"]


def test_progress_is_seen_in_segments(serve: Serve) -> None:
    gate = Gate("Dienstag")
    with serve(stub_models(gate=gate), batch_tokens=6) as client:
        path = submitted(client)
        until(lambda: shown(client, path)["progress"] == {"done": 3, "total": 4})
        running = shown(client, path)
        assert running["status"] == "running"
        assert running["started"] is not None
        assert running["result_url"] is None
        early = client.get(f"{path}/result")
        assert (early.status_code, early.json()["code"]) == (409, "job_not_done")
        assert early.headers["retry-after"].isdecimal()
        gate.opened.set()
        assert ended(client, path)["progress"] == {"done": 4, "total": 4}


def test_the_time_that_a_request_may_take_is_no_deadline_for_its_job(serve: Serve) -> None:
    gate = Gate("Dienstag")
    with serve(stub_models(gate=gate)) as client:
        headers = {"Prefer": "respond-async, wait=1", "X-Request-Timeout": "1"}
        taken = client.post("/v1/digest", json={"text": TEXT, "source": "de"}, headers=headers)
        assert taken.status_code == 202
        assert gate.reached.wait(20)
        time.sleep(1.1)  # both are over
        gate.opened.set()
        assert ended(client, taken.url.join(taken.headers["location"]).path)["status"] == "done"


def test_a_running_job_is_cancelled_and_the_engine_is_free_for_others(serve: Serve) -> None:
    gate = Gate("Dienstag")
    with serve(stub_models(gate=gate), job_workers=1, batch_tokens=6) as client:
        path, waits = submitted(client), submitted(client, "Das ist ein anderer Text.")
        assert gate.reached.wait(20)
        assert client.delete(path).status_code == 204
        gone = shown(client, path)
        assert (gone["status"], gone["result_url"]) == ("cancelled", None)
        assert client.get(f"{path}/result").json()["code"] == "job_not_done"
        gate.opened.set()
        assert ended(client, waits)["status"] == "done"
        assert shown(client, path)["status"] == "cancelled"
        assert client.delete(path).status_code == 204
        assert client.get(path).status_code == 404


def test_a_job_that_waits_can_be_cancelled_and_is_never_begun(serve: Serve) -> None:
    with serve(job_workers=0) as client:
        path = submitted(client)
        assert client.delete(path).status_code == 204
    with serve() as client:
        assert ended(client, submitted(client))["status"] == "done"
        cancelled = shown(client, path)
        assert (cancelled["status"], cancelled["started"]) == ("cancelled", None)


def test_a_result_is_kept_as_long_as_is_said_and_no_longer(serve: Serve) -> None:
    with serve(job_hours=2 / 3600) as client:
        path = submitted(client)
        job = ended(client, path)
        assert job["expires"] > job["finished"]
        until(lambda: client.get(path).status_code == 404)
        gone = client.get(f"{path}/result")
        assert (gone.status_code, gone.json()["code"]) == (404, "job_not_found")


def test_an_engine_that_fails_fails_the_job_in_our_words_only(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    def decode(source: str) -> str:
        if "Geheimsache" in source:
            raise RuntimeError(f"the engine choked on {source}")
        return source.upper()

    with serve(stub_models(decode=decode)) as client:
        path = submitted(client, "Die Geheimsache bleibt heute liegen.")
        job = ended(client, path)
        assert (job["status"], job["error"]["code"]) == ("failed", "generation_failed")
        refused = client.get(f"{path}/result")
        assert (refused.status_code, refused.json()["code"]) == (409, "job_not_done")
        told = client.get(path).text + refused.text + client.get("/metrics").text
    assert "Geheimsache" not in told + caplog.text


def test_characters_of_a_job_that_the_engine_failed_on_are_given_back(serve: Serve, data_dir: Path) -> None:
    def decode(source: str) -> str:
        if "Geheimsache" in source:
            raise RuntimeError
        return source.upper()

    _, anna = key_store(data_dir).create("Anna", SCOPES, Limits(quota=10_000))
    bearer = {"Authorization": f"Bearer {anna}"}
    with serve(stub_models(decode=decode)) as client:
        ended(client, submitted(client, **bearer), **bearer)
        failed = submitted(client, "Die Geheimsache bleibt heute liegen.", **bearer)
        assert ended(client, failed, **bearer)["status"] == "failed"
        until(lambda: client.get("/v2/usage", headers=bearer).json()["character_count"] == len(TEXT))


def test_characters_of_a_job_that_was_cancelled_before_it_began_are_given_back(
    serve: Serve, data_dir: Path
) -> None:
    _, anna = key_store(data_dir).create("Anna", SCOPES, Limits(quota=10_000))
    bearer = {"Authorization": f"Bearer {anna}"}
    with serve(job_workers=0) as client:
        kept, cancelled = submitted(client, **bearer), submitted(client, **bearer)
        assert client.get("/v2/usage", headers=bearer).json()["character_count"] == 2 * len(TEXT)
        assert client.delete(cancelled, headers=bearer).status_code == 204
        assert client.get("/v2/usage", headers=bearer).json()["character_count"] == len(TEXT)
        assert client.delete(cancelled, headers=bearer).status_code == 204  # forgets it
        assert client.get("/v2/usage", headers=bearer).json()["character_count"] == len(TEXT)
        assert 'kurzfassung_jobs_ended_total{status="cancelled"} 1.0' in metrics(client, bearer)
        assert shown(client, kept, **bearer)["status"] == "queued"


def test_a_job_that_is_cancelled_in_the_middle_costs_what_was_decoded(serve: Serve, data_dir: Path) -> None:
    _, anna = key_store(data_dir).create("Anna", SCOPES, Limits(quota=10_000))
    bearer = {"Authorization": f"Bearer {anna}"}
    gate = Gate("Dienstag")
    with serve(stub_models(gate=gate), batch_tokens=6) as client:
        path = submitted(client, **bearer)
        until(lambda: shown(client, path, **bearer)["progress"] == {"done": 3, "total": 4})
        assert client.delete(path, headers=bearer).status_code == 204
        gate.opened.set()
        used = client.get("/v2/usage", headers=bearer).json()["character_count"]
        assert used == math.ceil(len(TEXT) * 3 / 4)
        assert 'kurzfassung_jobs_ended_total{status="cancelled"} 1.0' in metrics(client, bearer)


def test_characters_of_a_job_that_was_given_up_are_given_back(
    serve: Serve, data_dir: Path, database_url: str
) -> None:
    _, anna = key_store(data_dir).create("Anna", SCOPES, Limits(quota=10_000))
    bearer = {"Authorization": f"Bearer {anna}"}
    with serve(job_workers=0) as client:
        path = submitted(client, **bearer)
    with closing(open_job_store(Settings(data_dir=data_dir, database_url=database_url))) as store:
        queue = JobQueue(store, lease_seconds=0.1)
        for _ in range(MOST_ATTEMPTS):
            assert queue.claim("a process that dies") is not None
            time.sleep(0.15)
    with serve() as client:
        job = ended(client, path, **bearer)
        assert (job["status"], job["error"]["code"]) == ("failed", "job_abandoned")
        until(lambda: client.get("/v2/usage", headers=bearer).json()["character_count"] == 0)
        assert 'kurzfassung_jobs_ended_total{status="failed"} 1.0' in metrics(client, bearer)


def metrics(client: httpx.Client, headers: dict[str, str]) -> str:
    return client.get("/metrics", headers=headers).text


def test_jobs_are_their_owners(serve: Serve, data_dir: Path) -> None:
    keys = key_store(data_dir)
    anna, otto, narrow = (
        {"Authorization": f"Bearer {keys.create(name, scopes, Limits())[1]}"}
        for name, scopes in (("Anna", SCOPES), ("Otto", SCOPES), ("Eng", ["translate", "summarize"]))
    )
    with serve() as client:
        mine = [submitted(client, **anna), submitted(client, **anna)]
        his = submitted(client, **otto)
        for path in mine:
            ended(client, path, **anna)
            for answer in (
                client.get(path, headers=otto),
                client.get(f"{path}/result", headers=otto),
                client.delete(path, headers=otto),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
        assert [f"/v1/jobs/{job['id']}" for job in client.get("/v1/jobs", headers=otto).json()["jobs"]] == [
            his
        ]
        first = client.get("/v1/jobs?limit=1&status=done", headers=anna)
        assert [f"/v1/jobs/{job['id']}" for job in first.json()["jobs"]] == [mine[1]]
        second = client.get(first.url.join(first.json()["next_url"]), headers=anna)
        assert [f"/v1/jobs/{job['id']}" for job in second.json()["jobs"]] == [mine[0]]
        assert second.json()["next_url"] is None
        refused = client.post("/v1/translate", json={"text": TEXT}, headers={**LATER, **narrow})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        assert client.post("/v1/translate", json={"text": TEXT}, headers=narrow).status_code == 200


def test_without_keys_a_job_is_reached_by_its_id_and_none_are_listed(serve: Serve) -> None:
    with serve() as client:
        assert ended(client, submitted(client))["status"] == "done"
        refused = client.get("/v1/jobs")
        assert (refused.status_code, refused.json()["code"]) == (403, "jobs_not_listed")


def test_jobs_that_wait_and_those_under_way_are_done_after_a_restart(serve: Serve) -> None:
    gate = Gate("Dienstag")
    with serve(stub_models(gate=gate), job_workers=1, batch_tokens=6) as client:
        under_way, waits = submitted(client), submitted(client, "Das ist ein anderer Text.")
        assert gate.reached.wait(20)
        gate.opened.set()
        gate.reached.clear()
        gate.opened.clear()
    with serve() as client:
        for path in (under_way, waits):
            assert ended(client, path)["status"] == "done"


def test_several_services_share_the_jobs_and_each_is_done_by_one_of_them(serve: Serve) -> None:
    decoded: list[str] = []

    def decode(source: str) -> str:
        decoded.append(source)
        return source.upper()

    texts = [f"Der Rat berät heute über Antrag {number} der Gemeinde." for number in range(30)]
    with (
        serve(stub_models(decode=decode)) as first,
        serve(stub_models(decode=decode)) as second,
        ThreadPoolExecutor(4) as pool,
    ):
        paths = list(
            pool.map(lambda each: submitted((first, second)[each % 2], texts[each], "translate"), range(30))
        )
        for path in paths:
            assert ended(first, path)["status"] == "done"
            assert second.get(f"{path}/result").status_code == 200
    assert sorted(source for source in decoded if "Antrag" in source) == sorted(texts)


def test_more_jobs_than_may_wait_are_refused_and_cost_nothing(serve: Serve, data_dir: Path) -> None:
    _, anna = key_store(data_dir).create("Anna", SCOPES, Limits(quota=10_000))
    bearer = {"Authorization": f"Bearer {anna}"}
    with serve(job_workers=0, job_queue=2) as client:
        submitted(client, **bearer)
        submitted(client, **bearer)
        refused = client.post("/v1/digest", json={"text": TEXT}, headers={**LATER, **bearer})
        assert (refused.status_code, refused.json()["code"]) == (503, "job_queue_full")
        assert refused.headers["retry-after"].isdecimal()
        assert client.get("/v2/usage", headers=bearer).json()["character_count"] == 2 * len(TEXT)
        assert client.post("/v1/digest", json={"text": TEXT}, headers=bearer).status_code == 200
