import re
import threading
from typing import Any

import httpx
import pytest

from service.backends.stub import Decode, StubBackend
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet
from tests.integration.conftest import serving, stub_models

TEXT = "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren."

TASKS = ("translation", "summarization")


def test_health_routes_answer_get_and_head(client: httpx.Client) -> None:
    for path in ("/livez", "/startupz", "/readyz"):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    ready = client.get("/readyz").json()
    assert ready["models"] == ["stub"]
    assert ready["engine"] == "ok"


def test_ready_only_after_a_canary_digest_went_through() -> None:
    canary = threading.Event()
    entered = threading.Event()

    def gate(_: Any) -> None:
        entered.set()
        assert canary.wait(10)

    with serving(stub_models(gate=gate), ready=False) as client:
        assert entered.wait(10)
        assert client.get("/livez").status_code == 200
        assert client.get("/startupz").status_code == 200
        assert client.get("/readyz").status_code == 503
        early = client.post("/v1/digest", json={"text": TEXT})
        assert early.status_code == 503
        assert early.json()["code"] == "not_ready"
        assert int(early.headers["retry-after"]) >= 1
        canary.set()
        from tests.integration.conftest import wait_until

        wait_until(client, "/readyz")
        assert client.post("/v1/digest", json={"text": TEXT}).status_code == 200


def broken(_: str) -> str:
    raise RuntimeError("broken weights")


def silent(_: str) -> str:
    return ""


def stub(name: str, source: str = "de", target: str = "en", decode: Decode | None = None) -> LoadedModel:
    languages = {"source_languages": (source,), "target_languages": (target,)}
    config = Catalogue.read().model(name).model_copy(update=languages)
    return LoadedModel(config, StubBackend(config, decode=decode), "0")


@pytest.mark.parametrize(
    "models",
    [
        [stub("stub", decode=broken)],
        [stub("stub", decode=silent)],
        [stub("stub"), stub("stub", decode=silent)],
        [stub("stub"), stub("stub", "de", "de", decode=silent)],
        [stub("stub"), stub("stub-summarizer", "de", "de", decode=silent)],
    ],
    ids=["breaks", "writes nothing", "second of its pair", "of one language", "summarizer"],
)
def test_a_service_whose_model_fails_the_canary_never_turns_ready(models: list[LoadedModel]) -> None:
    by_task = {task: [each for each in models if each.config.task == task] for task in TASKS}
    chosen = ModelSet(
        profile="stub", translators=by_task["translation"], summarizers=by_task["summarization"]
    )
    with serving(chosen, ready=False) as client:
        for _ in range(50):
            phase = client.get("/readyz").json()["phase"]
            if phase == "failed":
                break
            threading.Event().wait(0.05)
        assert phase == "failed"
        assert client.get("/livez").status_code == 200


def test_a_model_of_one_language_beside_others_does_not_stop_the_start() -> None:
    chosen = ModelSet(profile="stub", translators=[stub("stub", "de", "de"), stub("stub")])
    with serving(chosen) as client:
        assert client.post("/v1/digest", json={"text": TEXT}).status_code == 200


def test_metrics_count_requests_batches_and_warnings_without_text(client: httpx.Client) -> None:
    client.post("/v1/digest", json={"text": TEXT})
    text = client.get("/metrics").text
    assert 'kurzfassung_requests_total{method="POST",route="/v1/digest",status="2xx"}' in text
    assert 'kurzfassung_batch_segments_count{model="stub"}' in text
    assert 'kurzfassung_warnings_total{code="demonstration_model"}' in text
    assert "kurzfassung_ready 1.0" in text
    assert "Stadtrat" not in text


def test_a_harmless_request_id_is_kept_and_any_other_replaced(client: httpx.Client) -> None:
    assert client.get("/livez", headers={"X-Request-ID": "abc-1.2_3"}).headers["x-request-id"] == "abc-1.2_3"
    made = client.get("/livez", headers={"X-Request-ID": "a b\tc" * 50}).headers["x-request-id"]
    assert made
    assert "a b" not in made


def test_unknown_paths_share_one_metric_label(client: httpx.Client) -> None:
    for number in range(3):
        client.get(f"/zufall-{number}")
    text = client.get("/metrics").text
    assert "zufall" not in text
    assert 'route="(none)"' in text


def test_work_of_a_caller_who_left_is_dropped() -> None:
    held = threading.Event()
    entered = threading.Event()
    batches: list[list[str]] = []

    def gate(sources: Any) -> None:
        batches.append(list(sources))
        if any("lange" in source for source in sources):
            entered.set()
            assert held.wait(10)

    with serving(stub_models(gate=gate)) as client:
        first = threading.Thread(
            target=client.post,
            args=("/v1/translate",),
            kwargs={"json": {"text": "Eine lange Arbeit.", "source": "de"}},
        )
        first.start()
        assert entered.wait(10)
        try:
            client.post(
                "/v1/translate", json={"text": "Niemand liest das mehr.", "source": "de"}, timeout=0.5
            )
        except httpx.ReadTimeout:
            pass
        else:
            raise AssertionError("the second request was answered past the first")
        threading.Event().wait(0.3)  # the server sees the connection close
        held.set()
        first.join(10)
        client.post("/v1/translate", json={"text": "Danach.", "source": "de"})
    assert not any("Niemand" in source for batch in batches for source in batch)


def test_the_documentation_page_needs_no_other_host_and_no_inline_script(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert "://" not in page
    assert "<script>" not in page
    for link in re.findall(r'(?:src|href)="([^"]+)"', page):
        file = client.get(f"/{link}")
        assert file.status_code == 200
        assert len(file.content) > 100
    assert client.get("/docs/geheim.js").status_code == 404


def test_health_answers_are_documented_with_examples(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/livez", "/startupz", "/readyz"):
        answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        name = answer["schema"]["$ref"].rsplit("/", 1)[-1]
        [example] = document["components"]["schemas"][name]["examples"]
        given = client.get(path).json()
        assert example.keys() == given.keys()
        assert example.get("limits", {}).keys() == given.get("limits", {}).keys()


def test_the_page_is_small_self_contained_and_allows_nothing_foreign(client: httpx.Client) -> None:
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    files = re.findall(r'(?:src|href)="(page/[^"]+)"', page.text)
    assert len(files) == 2
    total = len(page.content)
    for name in files:
        file = client.get(f"/{name}")
        assert file.status_code == 200
        assert "://" not in file.text
        total += len(file.content)
    assert total < 60_000
    assert not re.search(r'(?:src|href)="(?:/|https?:)', page.text)
    assert client.get("/page/routes.py").status_code == 404
