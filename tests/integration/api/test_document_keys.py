"""Files belong to the key that sent them, and count for its quota."""

import threading
from pathlib import Path

import httpx

from service.keys.key import Limits
from tests.integration.conftest import serving
from tests.keys import key_store
from tests.postgresql import PostgresCluster

TEXT = "Der Rat will die Brücke sanieren."
FORM = {"target_lang": "EN-US", "source_lang": "DE"}
FILE = {"file": ("a.txt", TEXT)}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_document_is_found_by_its_owner_only(tmp_path: Path) -> None:
    store = key_store(tmp_path)
    one, other = (bearer(store.create(name, ["documents"], Limits())[1]) for name in ("one", "other"))
    with serving(data_dir=tmp_path) as service:
        handle = service.post("/v2/document", data=FORM, files=FILE, headers=one).json()
        key = {"document_key": handle["document_key"]}
        for path in ("", "/result"):
            url = f"/v2/document/{handle['document_id']}{path}"
            assert service.post(url, json=key, headers=other).status_code == 404
            assert service.post(url, json=key).status_code == 403
        assert service.post(f"/v2/document/{handle['document_id']}", json=key, headers=one).status_code == 200


def test_a_file_of_libretranslate_may_bring_its_key_in_the_form(tmp_path: Path) -> None:
    store = key_store(tmp_path)
    one, other = (store.create(name, ["documents"], Limits())[1] for name in ("one", "other"))
    form = {"source": "de", "target": "en", "api_key": one}
    # Larger than another body may be: the key is found in it all the same.
    large = {"file": ("a.docx", b"x" * 60_000)}
    with serving(data_dir=tmp_path, max_body_bytes=50_000) as service:
        assert "damaged" in service.post("/translate_file", data=form, files=large).json()["error"]
        answer = service.post("/translate_file", data=form, files=FILE)
        url = answer.json()["translatedFileUrl"]
        assert service.get(url).status_code == 400
        assert service.get(url, headers=bearer(other)).status_code == 404
        assert service.get(url, headers=bearer(one)).text == TEXT.upper()


def test_characters_of_a_document_count_and_none_is_worked_on_beyond_the_quota(tmp_path: Path) -> None:
    store = key_store(tmp_path)
    _, secret = store.create("one", ["documents"], Limits(quota=len(TEXT) + 5))
    with serving(data_dir=tmp_path) as service:
        assert finished(service, secret)["status"] == "done"
        used = service.get("/v2/usage", headers=bearer(secret)).json()
        assert used["character_count"] == len(TEXT)
        refused = finished(service, secret)
        assert refused["status"] == "error"
        assert "quota" in refused["error_message"]
        assert service.get("/v2/usage", headers=bearer(secret)).json() == used


def finished(service: httpx.Client, secret: str, file: dict[str, tuple[str, str]] = FILE) -> dict[str, str]:
    handle = service.post("/v2/document", data=FORM, files=file, headers=bearer(secret)).json()
    key = {"document_key": handle["document_key"]}
    answer: dict[str, str] = service.post(
        f"/v2/document/{handle['document_id']}", json=key, headers=bearer(secret)
    ).json()
    return answer


def test_a_document_that_is_being_charged_when_the_service_stops_is_charged_once(
    tmp_path: Path, postgres_cluster: PostgresCluster
) -> None:
    import psycopg

    _, secret = key_store(tmp_path).create("one", ["documents"], Limits(quota=1000))
    url = postgres_cluster.new_database()

    def used(service: httpx.Client) -> int:
        count: int = service.get("/v2/usage", headers=bearer(secret)).json()["character_count"]
        return count

    with serving(data_dir=tmp_path, database_url=url, job_workers=0) as service:
        handle = service.post("/v2/document", data=FORM, files=FILE, headers=bearer(secret)).json()
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_sleep(1.5); RETURN NEW; END'"
        )
        database.execute(
            "CREATE TRIGGER late BEFORE UPDATE OF characters ON jobs FOR EACH ROW EXECUTE FUNCTION late()"
        )
        with serving(data_dir=tmp_path, database_url=url) as service:
            for _ in range(1000):
                if used(service):
                    break
                threading.Event().wait(0.02)
        database.execute("DROP TRIGGER late ON jobs")
    with serving(data_dir=tmp_path, database_url=url) as service:
        path, key = f"/v2/document/{handle['document_id']}", {"document_key": handle["document_key"]}
        for _ in range(20):
            if service.post(path, json=key, headers=bearer(secret)).json()["status"] == "done":
                break
        assert service.post(f"{path}/result", json=key, headers=bearer(secret)).text == TEXT.upper()
        assert used(service) == len(TEXT)


def test_a_document_waits_for_the_rate_and_a_file_is_refused(tmp_path: Path) -> None:
    store = key_store(tmp_path)
    _, secret = store.create("one", ["documents"], Limits(rate=6_000))
    long = {"file": ("a.txt", "Ein Satz mit Wörtern. " * 270)}
    with serving(data_dir=tmp_path) as service:
        assert finished(service, secret, long)["status"] == "done"
        handle = service.post("/v2/document", data=FORM, files=FILE, headers=bearer(secret))
        refused = service.post(
            "/translate_file", data={"source": "de", "target": "en"}, files=long, headers=bearer(secret)
        )
        assert refused.status_code == 429
        assert refused.json()["error"].startswith("Slowdown:")
        # A hundred characters come back in a second, which is what either request costs at least.
        for _ in range(100):
            if handle.status_code == 200:
                break
            threading.Event().wait(0.1)
            handle = service.post("/v2/document", data=FORM, files=FILE, headers=bearer(secret))
        key = {"document_key": handle.json()["document_key"]}
        for _ in range(20):
            told = service.post(
                f"/v2/document/{handle.json()['document_id']}", json=key, headers=bearer(secret)
            ).json()
            if told["status"] == "done":
                break
        assert told["status"] == "done"
