"""A store of jobs in a file and in a real PostgreSQL: the same tests for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.jobs.job import NewJob
from service.jobs.store import JobStore
from service.settings import Settings
from service.stores import open_job_store

OpenStore = Callable[..., JobStore]


def new_job(text: str = "Guten Tag.", **fields: object) -> NewJob:
    given = {"owner": "anna", "kind": "digest", "request": text.encode(), "total": 3, "characters": len(text)}
    return NewJob(**{**given, **fields})  # type: ignore[arg-type]  # the fields of NewJob


@pytest.fixture
def open_store(database_url: str, data_dir: Path) -> Iterator[OpenStore]:
    """Opens the same store again and again, as processes do; takes settings."""
    opened: list[JobStore] = []

    def open_it(**settings: object) -> JobStore:
        opened.append(open_job_store(Settings(database_url=database_url, data_dir=data_dir, **settings)))  # type: ignore[arg-type]  # checked by Settings
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> JobStore:
    return open_store()
