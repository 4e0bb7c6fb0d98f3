"""Calls on a real Ray cluster."""

from __future__ import annotations

import io
import os
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import docx
import httpx
import pytest

from tests.cluster.cluster import ROOT
from tests.cluster.conftest import Served, wait_ready

pytestmark = pytest.mark.timeout(300)

ARTICLE = (ROOT / "tests/articles/agenturmeldung.txt").read_text(encoding="utf-8")
SHORT = "Der Stadtrat will die alte Brücke sanieren. Die Arbeiten beginnen im Mai und dauern drei Monate."
CLIENTS = 16
REQUESTS = 500


def test_an_article_is_digested_as_it_is_without_ray(served: Served) -> None:
    _, client, _ = served
    answer = client.post("/v1/digest", json={"text": ARTICLE}, headers={"X-Request-ID": "mine-1"})
    assert answer.status_code == 200
    assert answer.json()["summary"]["sentences"]
    assert answer.headers.get_list("x-request-id") == ["mine-1"]
    assert [client.get(path).status_code for path in ("/", "/docs", "/openapi.json", "/v1/models")] == [
        200
    ] * 4


def test_a_stream_comes_segment_by_segment(served: Served) -> None:
    _, client, _ = served
    headers = {"Accept": "text/event-stream"}
    with client.stream("POST", "/v1/digest", json={"text": ARTICLE}, headers=headers) as answer:
        assert answer.status_code == 200
        events = [line for line in answer.iter_lines() if line.startswith("event:")]
    assert events.count("event: segment") > 3
    assert events[-1] == "event: done"


def test_errors_are_the_services_own_and_hold_nothing_of_ray(served: Served) -> None:
    _, client, _ = served
    asked: list[tuple[int, str, dict[str, Any]]] = [
        (422, "empty_text", {"json": {"text": ""}}),
        (400, "malformed_body", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        (413, "text_too_long", {"content": b"x" * 2_100_000, "headers": {"Content-Type": "text/plain"}}),
    ]
    for status, code, request in asked:
        answer = client.post("/v1/digest", **request)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert not {"ray", "traceback"} & set(answer.text.lower().replace('"', " ").split())


def word(media_bytes: int) -> bytes:
    """A short text with a picture that cannot be made smaller."""
    document, file = docx.Document(), io.BytesIO()
    document.add_paragraph(SHORT)
    document.save(file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("word/media/image1.png", os.urandom(media_bytes))
    return file.getvalue()


def test_a_file_larger_than_other_bodies_may_be_comes_back_translated(served: Served) -> None:
    """Asked for until the replica that has it is asked."""
    _, client, _ = served
    sent = word(media_bytes=2_500_000)
    file = {"file": ("artikel.docx", sent)}
    made = client.post("/v2/document", data={"target_lang": "EN"}, files=file)
    assert made.status_code == 200, made.text

    def found(path: str) -> httpx.Response:
        asked = {"document_key": made.json()["document_key"]}
        for _ in range(100):
            answer = client.post(f"/v2/document/{made.json()['document_id']}{path}", json=asked)
            if answer.status_code == 200:
                return answer
            assert answer.status_code in {404, 503}, answer.text  # another replica, or not done yet
            time.sleep(0.1)
        raise AssertionError(answer.text)

    deadline = time.monotonic() + 60
    while (standing := found("").json())["status"] != "done":
        assert standing["status"] in {"queued", "translating"}
        assert time.monotonic() < deadline, standing
    received = found("/result").content
    assert len(received) > 2_500_000
    [paragraph] = docx.Document(io.BytesIO(received)).paragraphs
    assert paragraph.text not in {"", SHORT}


@pytest.mark.parametrize(
    "given", ["a" * 300, '<script>alert("1")</script>', "mine 1", "a;b", "", "ü".encode()]
)
def test_a_harmful_id_of_a_request_is_replaced_before_the_proxy_repeats_it(
    served: Served, given: str | bytes
) -> None:
    _, client, _ = served
    for path in ("/livez", "/nothing", "/-/routes"):  # of the service, its error, of Ray's proxy
        answer = client.get(path, headers={"X-Request-ID": given})
        [told] = answer.headers.get_list("x-request-id")
        assert re.fullmatch("[0-9a-f]{32}", told), path
        if path == "/nothing":
            assert answer.json()["request_id"] == told


class Callers:
    """Sixteen of them, one request after the other each, until `stop` is set and all `count` are answered."""

    def __init__(self, address: httpx.URL, count: int) -> None:
        self.answered = self.in_flight = 0
        self.longest = 0.0
        self.failed: list[str] = []
        self.stop = threading.Event()
        self._address, self._count = address, count
        self._lock = threading.Lock()
        self._asked = 0

    @contextmanager
    def calling(self) -> Iterator[None]:
        with ThreadPoolExecutor(CLIENTS) as threads:
            running = [threads.submit(self._call) for _ in range(CLIENTS)]
            try:
                yield
            finally:
                self.stop.set()
                for each in running:
                    each.result(240)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def _call(self) -> None:
        with httpx.Client(base_url=self._address, timeout=120, trust_env=False) as http:
            while True:
                with self._lock:
                    if self.stop.is_set() and self._asked >= self._count:
                        return
                    self._asked += 1
                    self.in_flight += 1
                    text = f"{SHORT} Nummer {self._asked}."
                started = time.monotonic()
                try:
                    answer = http.post("/v1/digest", json={"text": text, "source": "de"})
                    problem = "" if answer.status_code == 200 else f"{answer.status_code} {answer.text[:300]}"
                except httpx.HTTPError as error:
                    problem = repr(error)
                with self._lock:
                    self.in_flight -= 1
                    self.answered += 1
                    self.longest = max(self.longest, time.monotonic() - started)
                    if problem:
                        self.failed.append(problem)


def test_the_work_of_callers_who_left_is_given_up(served: Served) -> None:
    _, client, _ = served
    # No sentence twice: what is already worked on would be joined.
    sentences = (f"Der Stadtrat will die alte Brücke Nummer {number} sanieren." for number in range(8_000))
    long = {"text": " ".join(sentences), "source": "de"}
    for _ in range(4):
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/digest", json=long, timeout=3)
    deadline = time.monotonic() + 30  # the four of them together would take the engines minutes
    while any(client.get("/readyz").json()["queue_tokens"] for _ in range(20)):
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_replicas_are_added_for_what_is_in_flight(served: Served) -> None:
    cluster, client, _ = served
    assert len(cluster.replicas("Service")) == 2
    callers = Callers(client.base_url, 0)
    with callers.calling():
        callers.wait_for(lambda: len(cluster.replicas("Service")) == 3)
    assert callers.failed == []


def test_none_of_500_requests_fails_when_a_worker_node_dies(served: Served) -> None:
    cluster, client, _ = served
    callers = Callers(client.base_url, REQUESTS)
    with callers.calling():
        callers.wait_for(lambda: callers.answered >= 150)
        at_the_kill = callers.in_flight
        dead = cluster.take_worker()
        dead.host.power_off()
    cluster.add_worker(dead.cores)
    print(f"{callers.answered} answered, {len(callers.failed)} failed, {at_the_kill} in flight at the kill")
    assert callers.failed == []
    assert callers.answered >= REQUESTS
    assert at_the_kill >= 8


def test_requests_outlast_a_worker_node_whose_cable_is_drawn(served: Served) -> None:
    """Its connections do not break: what it was given waits until Ray believes it dead, and is done again."""
    cluster, client, _ = served
    lost = cluster.take_worker()
    callers = Callers(client.base_url, REQUESTS)
    with callers.calling():
        callers.wait_for(lambda: callers.answered >= 150 and lost.host.address in cluster.replicas("Service"))
        at_the_cut = callers.in_flight
        lost.host.cut_off()
    lost.host.power_off()
    print(
        f"{callers.answered} answered, {len(callers.failed)} failed, {at_the_cut} in flight at the cut, "
        f"the longest took {callers.longest:.0f} s"
    )
    cluster.add_worker(lost.cores)
    assert callers.failed == []
    assert callers.answered >= REQUESTS
    assert at_the_cut >= 8


def test_what_finds_no_room_is_refused_by_us_and_told_when_to_come_again(served: Served) -> None:
    cluster, client, deploy = served
    deploy(max_ongoing_requests=1, max_queued_requests=2)
    wait_ready(cluster, client)
    refusals: list[httpx.Response] = []
    deadline = time.monotonic() + 120
    with ThreadPoolExecutor(CLIENTS) as threads:
        while not refusals:  # until the limits have come into force
            assert time.monotonic() < deadline
            answers = list(threads.map(lambda _: client.post("/v1/digest", json={"text": SHORT}), range(32)))
            assert {answer.status_code for answer in answers} <= {200, 503}
            refusals = [answer for answer in answers if answer.status_code == 503]
    for refused in refusals:
        assert refused.json()["code"] == "overloaded"
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) >= 1
