"""A running service whose jobs are kept in a file and in a real PostgreSQL: the same tests for both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from service.pipeline.models import ModelSet
from tests.integration.conftest import serving

Serve = Callable[..., AbstractContextManager[httpx.Client]]

SECONDS = 20
LATER = {"Prefer": "respond-async"}
SENTENCES = [
    "Der Rat will die Brücke sanieren.",
    "Die Arbeiten beginnen im Mai.",
    "Das Geld kommt vom Land.",
    "Am Dienstag wird darüber beraten.",
]
TEXT = " ".join(SENTENCES)


class Gate:
    """Holds the engine at every source that contains `word`, until it is opened."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.reached, self.opened = Event(), Event()

    def __call__(self, sources: Sequence[str]) -> None:
        if any(self.word in source for source in sources):
            self.reached.set()
            assert self.opened.wait(SECONDS)


@pytest.fixture
def serve(database_url: str, data_dir: Path) -> Serve:
    """Starts the service, again and again with the same jobs; takes models and settings."""

    def start(models: ModelSet | None = None, **settings: object) -> AbstractContextManager[httpx.Client]:
        return serving(models, **{"database_url": database_url, "data_dir": data_dir, **settings})

    return start


def submitted(client: httpx.Client, text: str = TEXT, kind: str = "digest", **headers: str) -> str:
    """The path of a new job."""
    answer = client.post(f"/v1/{kind}", json={"text": text, "source": "de"}, headers={**LATER, **headers})
    assert answer.status_code == 202, answer.text
    return answer.url.join(answer.headers["location"]).path


def shown(client: httpx.Client, path: str, **headers: str) -> dict[str, Any]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def ended(client: httpx.Client, path: str, **headers: str) -> dict[str, Any]:
    until(lambda: shown(client, path, **headers)["status"] not in {"queued", "running"})
    return shown(client, path, **headers)
