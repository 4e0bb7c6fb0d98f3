"""Keys, rates and quotas on a running service."""

import json
import logging
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.errors import SettingInvalid
from service.keys.key import SCOPES, Limits, month_of
from service.keys.store import KeyStore
from service.observability.logs import json_lines
from tests.integration.conftest import serving, stub_models, wait_until
from tests.keys import key_store

TEXT = "Der Rat will die Brücke sanieren."


def store_in(folder: Path) -> KeyStore:
    return key_store(folder)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def translate(
    service: httpx.Client, headers: dict[str, str] | None = None, text: str = TEXT
) -> httpx.Response:
    return service.post("/v1/translate", json={"text": text, "source": "de"}, headers=headers)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


def test_the_first_key_closes_a_running_service_and_the_last_one_revoked_does_not_open_it(data: Path) -> None:
    store = store_in(data)
    with serving(data_dir=data) as service:
        assert translate(service).status_code == 200
        assert translate(service, bearer("any key")).status_code == 200
        assert service.get("/frontend/settings").json()["keyRequired"] is False
        _, key = store.create("Web", SCOPES, Limits())
        refused = translate(service)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "key_missing"
        assert refused.json()["request_id"] == refused.headers["x-request-id"]
        settings = service.get("/frontend/settings").json()
        assert settings["keyRequired"] is settings["apiKeys"] is True
        assert translate(service, bearer(key)).status_code == 200
        _, newer = store.rotate("Web")
        assert translate(service, bearer(key)).json()["code"] == "key_invalid"
        assert translate(service, bearer(newer)).status_code == 200
        store.revoke("Web")
        assert translate(service, bearer(newer)).status_code == 401
        assert translate(service).status_code == 401


def test_an_operator_may_close_the_service_before_the_first_key_or_leave_it_to_the_gateway(
    data: Path,
) -> None:
    with serving(data_dir=data / "none", auth="required") as service:
        assert translate(service).status_code == 401
        assert service.get("/livez").status_code == 200
    _, key = store_in(data).create("Web", ["translate"], Limits())
    with serving(data_dir=data, auth="off") as service:
        assert translate(service).status_code == 200
        assert translate(service, bearer(key[:-1])).status_code == 200


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str, str]]:
    """A closed service, a key for everything and its id."""
    folder = tmp_path_factory.mktemp("data")
    key, secret = store_in(folder).create("all", SCOPES, Limits())
    with serving(data_dir=folder) as service:
        yield service, secret, key.id


@pytest.mark.parametrize(
    "header", ["Authorization: Bearer", "Authorization: bearer", "Authorization: DeepL-Auth-Key"]
)
@pytest.mark.parametrize("path", ["/v1/translate", "/v2/usage", "/detect"])
def test_a_key_is_taken_from_the_headers_on_every_route(
    keyed: tuple[httpx.Client, str, str], header: str, path: str
) -> None:
    service, key, _ = keyed
    name, _, scheme = header.partition(": ")
    for headers in (
        {name: f"{scheme} {key}"},
        {"X-API-Key": key},
        {"Authorization": "Basic eDp5", "X-API-Key": key},
    ):
        body = {"text": TEXT, "q": TEXT} if path == "/detect" else {"text": TEXT}
        assert service.post(path, json=body, headers=headers).status_code == 200
    assert (
        service.post(path, json=body, headers={"X-API-Key": "x", name: f"{scheme} {key}"}).status_code >= 400
    )


@pytest.mark.parametrize("kind", ["json", "form", "multipart"])
def test_the_field_of_the_body_is_read_on_libretranslates_routes_only(
    keyed: tuple[httpx.Client, str, str], kind: str
) -> None:
    service, key, _ = keyed
    fields = {"q": TEXT, "source": "de", "target": "en", "text": TEXT}

    def sent(path: str, key: str | None) -> httpx.Response:
        body = {**fields, "api_key": key} if key else fields
        if kind == "json":
            return service.post(path, json=body)
        if kind == "form":
            return service.post(path, data=body)
        return service.post(path, files={name: (None, value) for name, value in body.items()})

    refused = sent("/translate", None)
    assert refused.status_code == 400
    assert "API key" in refused.json()["error"]
    assert sent("/translate", "wrong").status_code == 403
    accepted = sent("/translate", key)
    assert accepted.status_code == (200 if kind != "multipart" else accepted.status_code)
    assert "API key" not in accepted.text
    assert "key is not valid" not in accepted.text
    assert sent("/v1/translate", key).status_code == 401
    assert sent("/v2/translate", key).status_code == 403


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"api_key": 5}', b'{"api_key": null}', b"\xff\xfe", b"[" * 5000]
)
def test_a_body_without_a_key_is_only_told_that_one_is_needed(
    keyed: tuple[httpx.Client, str, str], body: bytes
) -> None:
    service, _, _ = keyed
    answer = service.post("/translate", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "API key" in answer.json()["error"]


@pytest.mark.parametrize("name", ["api_key", "auth_key", "access_token", "API_KEY"])
def test_a_key_in_the_url_is_refused_even_if_it_is_right(
    keyed: tuple[httpx.Client, str, str], name: str
) -> None:
    service, key, _ = keyed
    for path, headers in (
        ("/v1/models", {}),
        ("/v1/models", bearer(key)),
        ("/translate", {}),
        ("/v2/usage", {}),
    ):
        answer = service.post(path, params={name: key}, headers=headers)
        assert answer.status_code == 400, path
        assert "not read from the URL" in answer.text
        assert key not in answer.text


def test_what_is_open_by_setting(data: Path) -> None:
    store_in(data).create("Web", ["translate"], Limits())
    with serving(data_dir=data, open_routes="docs, metrics,openapi") as service:
        for path in ("/docs", "/docs/start.js", "/metrics", "/openapi.json"):
            assert service.get(path).status_code == 200
        assert translate(service).status_code == 401
    with pytest.raises(SettingInvalid, match="OPEN_ROUTES"), serving(open_routes="everything"):
        pass


def test_glossaries_belong_to_the_key_that_made_them(data: Path) -> None:
    body = {"name": "Bau", "source": "de", "target": "en", "terms": [{"source": "Rat", "target": "council"}]}
    store = store_in(data)
    with serving(data_dir=data) as service:
        shared = service.post("/v1/glossaries", json=body).json()["id"]
        one, other = (bearer(store.create(name, SCOPES, Limits())[1]) for name in ("one", "other"))
        own = service.post("/v1/glossaries", json=body, headers=one).json()["id"]

        def listed(headers: dict[str, str]) -> set[str]:
            return {
                each["id"] for each in service.get("/v1/glossaries", headers=headers).json()["glossaries"]
            }

        assert listed(one) == {shared, own}
        assert listed(other) == {shared}
        wanted = {"text": TEXT, "source": "de", "glossary": own}
        assert service.post("/v1/translate", json=wanted, headers=one).status_code == 200
        for answer in (
            service.post("/v1/translate", json=wanted, headers=other),
            service.get(f"/v1/glossaries/{own}", headers=other),
            service.delete(f"/v1/glossaries/{own}", headers=other),
            service.get(f"/v2/glossaries/{own}/entries", headers=other),
            service.patch(f"/v3/glossaries/{own}", json={"name": "mine"}, headers=other),
            service.delete(f"/v3/glossaries/{own}/dictionaries?source_lang=de&target_lang=en", headers=other),
        ):
            assert answer.status_code == 404, answer.request.url
        replaced = {"source_lang": "de", "target_lang": "en", "entries": "a\tb", "entries_format": "tsv"}
        answer = service.put(f"/v3/glossaries/{own}/dictionaries", json=replaced, headers=other)
        assert answer.status_code == 404
        assert listed(one) == {shared, own}
        assert service.delete(f"/v1/glossaries/{own}", headers=one).status_code == 204
    with serving(data_dir=data, auth="off") as service:
        assert [each["id"] for each in service.get("/v1/glossaries").json()["glossaries"]] == [shared]


def test_a_rate_is_told_on_every_answer_and_429_says_when_to_come_back(data: Path) -> None:
    _, secret = store_in(data).create("Web", ["translate"], Limits(rate=1000))
    key = bearer(secret)
    with serving(data_dir=data) as service:
        first = translate(service, key, text=TEXT * 10)
        assert first.headers["ratelimit-policy"] == '"characters";q=1000;w=60'
        assert first.headers["ratelimit"] == '"characters";r=670;t=20'
        broken = service.post("/v1/translate", json={}, headers=key)
        assert broken.status_code == 400
        assert remaining(broken) in {570, 571, 572}  # the least that a request costs
        assert "ratelimit" not in service.get("/v1/models", headers=key).headers
        refused = translate(service, key, text=TEXT * 25)
        assert refused.status_code == 429
        assert refused.json()["code"] == "rate_limited"
        wait = int(refused.headers["retry-after"])
        assert 15 <= wait <= 30
        assert re.fullmatch(rf'"characters";r=\d+;t={wait}', refused.headers["ratelimit"])
        assert (
            translate(service, key, text=TEXT * 3).status_code == 200
        )  # what is refused costs only the least
        assert (
            service.post("/translate", json={"q": TEXT * 30, "source": "de", "target": "en"}, headers=key)
            .json()["error"]
            .startswith("Slowdown:")
        )
        while translate(service, key).status_code == 200:
            pass
        assert "ratelimit" in translate(service, key).headers
        assert service.get("/v2/usage", headers=key).status_code == 200
    with serving(data_dir=data, rate_headers=False) as service:
        assert "ratelimit" not in translate(service, key).headers


def remaining(answer: httpx.Response) -> int:
    found = re.fullmatch(r'"characters";r=(\d+);t=\d+', answer.headers["ratelimit"])
    assert found is not None
    return int(found[1])


def test_an_article_longer_than_the_rate_is_worked_on_and_paid_off(data: Path) -> None:
    _, secret = store_in(data).create("Web", ["translate"], Limits(rate=500))
    with serving(data_dir=data) as service:
        assert translate(service, bearer(secret), text=TEXT * 50).status_code == 200
        refused = translate(service, bearer(secret))
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 60


def test_callers_without_a_key_are_limited_by_their_address(data: Path) -> None:
    with serving(data_dir=data, caller_rate=1000) as service:

        def come(address: str) -> int:
            return translate(service, {"X-Forwarded-For": f"6.6.6.6, {address}"}, text=TEXT * 20).status_code

        assert [come("192.0.2.1"), come("192.0.2.1"), come("192.0.2.2:4711")] == [200, 429, 200]
        assert [come("[2001:db8::1]:1"), come("2001:db8::2")] == [200, 429]
        assert service.get("/v1/languages").status_code == 200


def test_used_up_a_quota_is_told_in_each_dialect_and_failed_work_costs_nothing(data: Path) -> None:
    store = store_in(data)
    key, secret = store.create("Web", SCOPES, Limits(quota=1000))
    headers = bearer(secret)
    faults: list[Exception] = []

    def gate(_: Sequence[str]) -> None:
        if faults:
            raise faults[0]

    with serving(stub_models(gate=gate), data_dir=data) as service:

        def used() -> Any:
            return service.get("/v2/usage", headers=headers).json()

        assert used() == {"character_count": 0, "character_limit": 1000}
        assert translate(service, headers, text=TEXT).status_code == 200
        assert used() == {"character_count": len(TEXT), "character_limit": 1000}
        faults.append(RuntimeError("planted"))
        assert translate(service, headers, text=TEXT).status_code == 500
        faults.clear()
        assert used()["character_count"] == len(TEXT)
        texts = {"text": [TEXT * 30], "target_lang": "EN-US", "source_lang": "DE"}
        assert service.post("/v2/translate", json=texts, headers=headers).status_code == 456
        refused = translate(service, headers, text=TEXT * 30)
        assert (refused.status_code, refused.json()["code"]) == (403, "quota_exceeded")
        assert "retry-after" not in refused.headers
        answer = service.post(
            "/translate", json={"q": TEXT * 30, "source": "de", "target": "en"}, headers=headers
        )
        assert answer.status_code == 403
        for path in ("/v1/digest", "/v1/summarize", "/v1/detect"):
            assert service.post(path, json={"text": TEXT * 30}, headers=headers).status_code == 403
        assert used()["character_count"] == len(TEXT)
    assert store.used(month_of(datetime.now(UTC))) == {key.id: len(TEXT)}


@pytest.mark.parametrize(
    ("path", "body", "more"),
    [
        ("/v2/translate", {"text": [TEXT], "target_lang": "EN", "source_lang": "DE"}, {}),
        ("/v1/digest", {"text": f"Das geht. {TEXT}", "source": "de"}, {"Accept": "text/event-stream"}),
    ],
)
def test_work_that_fails_after_its_answer_has_begun_costs_nothing(
    data: Path, path: str, body: dict[str, object], more: dict[str, str]
) -> None:
    _, secret = store_in(data).create("Web", SCOPES, Limits(quota=1000))
    begun = threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if any(TEXT in source for source in sources):
            assert begun.wait(20)
            raise RuntimeError("planted")

    headers = bearer(secret)
    with serving(stub_models(gate=gate), data_dir=data, heartbeat_seconds=0.05) as service:
        with service.stream("POST", path, json=body, headers={**headers, **more}) as answer:
            assert answer.status_code == 200
            chunks = answer.iter_raw()
            assert next(chunks)
            used = service.get("/v2/usage", headers=headers).json()
            assert used["character_count"] >= len(TEXT)
            begun.set()
            for _ in range(200):
                used = service.get("/v2/usage", headers=headers).json()
                if used["character_count"] == 0:
                    break
                time.sleep(0.05)
        assert used["character_count"] == 0


def test_who_gives_the_work_little_time_pays_for_it_all_the_same(data: Path) -> None:
    _, secret = store_in(data).create("Web", SCOPES, Limits(quota=1000))
    headers = bearer(secret)
    hold = threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if any(TEXT in source for source in sources):
            assert hold.wait(20)

    with serving(stub_models(gate=gate), data_dir=data) as service:
        asked = {"text": [TEXT], "target_lang": "EN-US", "source_lang": "DE"}
        hurried = {**headers, "X-Request-Timeout": "0.3"}
        assert service.post("/v2/translate", json=asked, headers=hurried).status_code == 504
        hold.set()
        assert service.get("/v2/usage", headers=headers).json()["character_count"] == len(TEXT)


def test_what_is_being_counted_when_the_service_stops_is_counted_once(data: Path) -> None:
    store = store_in(data)
    key, secret = store.create("Web", SCOPES, Limits())
    with closing(
        sqlite3.connect(data / "keys.sqlite", isolation_level=None, check_same_thread=False)
    ) as other:
        with serving(data_dir=data) as service:
            translate(service, bearer(secret))
            other.execute("BEGIN IMMEDIATE")  # whoever writes has to wait
            time.sleep(2.5)  # that begins every two seconds
            release = threading.Timer(1, other.execute, ["COMMIT"])
            release.start()
        release.join(10)
    assert store.used(month_of(datetime.now(UTC))) == {key.id: len(TEXT)}


def test_more_requests_at_once_than_the_key_allows_are_refused(data: Path) -> None:
    _, secret = store_in(data).create("Web", ["translate"], Limits(concurrency=1))
    busy, go_on = threading.Event(), threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if any("Zeppelin" in each for each in sources):
            busy.set()
            assert go_on.wait(20)

    with serving(stub_models(gate=gate), data_dir=data) as service:
        answers: list[httpx.Response] = []
        slow = lambda: answers.append(translate(service, bearer(secret), text="Der Zeppelin landet."))  # noqa: E731
        running = threading.Thread(target=slow)
        running.start()
        assert busy.wait(20)
        refused = translate(service, bearer(secret), text="Guten Morgen.")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_at_once")
        assert refused.headers["retry-after"] == "1"
        go_on.set()
        running.join(20)
        assert answers[0].status_code == 200
        assert translate(service, bearer(secret), text="Guten Morgen.").status_code == 200


def test_a_gateways_consumer_needs_no_key_and_nobody_else_can_say_that_he_is_one(data: Path) -> None:
    store_in(data).create("Web", ["translate"], Limits())
    named = {"X-Consumer-Username": "redaktion"}
    body = {"name": "Bau", "source": "de", "target": "en", "terms": [{"source": "Rat", "target": "council"}]}
    with serving(data_dir=data, consumer_header="X-Consumer-Username", caller_rate=1000) as service:
        assert translate(service, named, text=TEXT * 20).status_code == 200
        assert translate(service, named, text=TEXT * 20).status_code == 429
        assert translate(service, {"X-Consumer-Username": "sport"}, text=TEXT * 20).status_code == 200
        assert translate(service).status_code == 401
        made = service.post("/v1/glossaries", json=body, headers={"X-Consumer-Username": "a"}).json()["id"]
        other = {"X-Consumer-Username": "b"}
        assert service.get(f"/v1/glossaries/{made}", headers=other).status_code == 404
    with serving(
        data_dir=data, consumer_header="X-Consumer-Username", trusted_proxies="10.0.0.0/8"
    ) as service:
        assert translate(service, named).status_code == 401
    with serving(data_dir=data) as service:
        assert translate(service, named).status_code == 401


def test_no_page_of_another_origin_may_call_unless_it_is_named(data: Path) -> None:
    _, secret = store_in(data).create("Web", ["translate"], Limits(rate=1000))
    asking = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    with serving(data_dir=data) as service:
        assert "access-control-allow-origin" not in service.options("/v1/translate", headers=asking).headers
        answer = translate(service, {**bearer(secret), "Origin": "https://app.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
    with serving(data_dir=data, cors_origins="https://app.example") as service:
        asked = service.options(
            "/v1/translate",
            headers={**asking, "Access-Control-Request-Headers": "authorization,content-type"},
        )
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == "https://app.example"
        assert "authorization" in asked.headers["access-control-allow-headers"].lower()
        assert translate(service, {"Origin": "https://app.example"}).headers["access-control-allow-origin"]
        answer = translate(service, {**bearer(secret), "Origin": "https://app.example"})
        assert "RateLimit" in answer.headers["access-control-expose-headers"]
        stranger = service.options("/v1/translate", headers={**asking, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers
    with serving(data_dir=data, cors_origins="*") as service:
        answer = translate(service, {**bearer(secret), "Origin": "https://evil.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_the_page_and_its_calls_work_with_a_key(keyed: tuple[httpx.Client, str, str]) -> None:
    service, key, _ = keyed
    for path in ("/", "/page/page.js", "/page/page.css", "/v1/languages"):
        assert service.get(path).status_code == 200
    streaming = {"Accept": "text/event-stream"}
    assert service.post("/v1/digest", json={"text": TEXT}, headers=streaming).status_code == 401
    answer = service.post("/v1/digest", json={"text": TEXT}, headers={**streaming, **bearer(key)})
    assert "event: done" in answer.text


def test_under_a_prefix_the_same_routes_are_closed(data: Path) -> None:
    _, secret = store_in(data).create("Web", ["translate"], Limits())
    with serving(data_dir=data, root_path="/kurz") as service:
        assert service.get("/kurz/livez").status_code == 200
        assert service.get("/kurz/").status_code == 200
        for path in ("/kurz/v1/models", "/v1/models", "/kurz/kurz/livez", "/kurzlivez"):
            assert service.get(path).status_code == 401, path
        assert service.get("/kurz/v1/models", headers=bearer(secret)).status_code == 200
        assert service.get("/kurz/v2/usage").status_code == 403


def test_a_store_of_keys_that_cannot_be_read_lets_nobody_in(data: Path) -> None:
    (data / "keys.sqlite").write_bytes(b"no database" * 100)
    with serving(data_dir=data, ready=False) as service:
        wait_until(service, "/startupz")
        for answer in (translate(service), translate(service, bearer("any"))):
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        ready = service.get("/readyz")
        assert (ready.status_code, ready.json()["keys"]) == (503, "unreadable")
        (data / "keys.sqlite").unlink()
        _, key = store_in(data).create("Web", SCOPES, Limits())
        wait_until(service, "/readyz")
        assert translate(service, bearer(key)).status_code == 200
    with serving(data_dir=data, auth="off") as service:
        assert service.get("/readyz").json()["keys"] == "ok"


def test_the_log_has_the_id_of_a_key_and_nothing_has_the_key(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_in(data)
    key, secret = store.create("Web", [*SCOPES], Limits(rate=100))
    own = secret.rpartition("_")[2]
    written = json_lines()
    seen: list[str] = []
    with caplog.at_level(logging.DEBUG), serving(data_dir=data) as service:
        for sent in (secret, secret[:-4] + "zzzz"):
            for headers in (bearer(sent), {"X-API-Key": sent}, {"Authorization": f"DeepL-Auth-Key {sent}"}):
                for path in ("/v1/translate", "/v2/translate", "/v1/none", "/metrics"):
                    seen.append(service.post(path, json={"text": TEXT}, headers=headers).text)
            seen.append(service.post("/translate", json={"api_key": sent}).text)
            seen.append(service.get("/v1/models", params={"api_key": sent}).text)
        seen.append(service.get("/metrics", headers=bearer(secret)).text)
        assert 'kurzfassung_refused_requests_total{code="key_invalid"}' in seen[-1]
        seen += [written.format(record) for record in caplog.records]
    assert not [text for text in seen if own[:-8] in text]
    lines = [
        json.loads(written.format(record)) for record in caplog.records if record.getMessage() == "request"
    ]
    assert key.id in {line.get("key") for line in lines}
    refused = [line for line in lines if line["status"] == 401]
    assert refused
    assert not any("key" in line for line in refused)
