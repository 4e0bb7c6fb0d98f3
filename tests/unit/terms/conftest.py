"""A store of glossaries in a file and in a real PostgreSQL: the same tests for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.settings import Settings
from service.stores import open_glossary_store
from service.terms.store import GlossaryStore

OpenStore = Callable[[], GlossaryStore]


@pytest.fixture
def open_store(database_url: str, data_dir: Path) -> Iterator[OpenStore]:
    """Opens the same store again and again, as processes do."""
    opened: list[GlossaryStore] = []

    def open_it() -> GlossaryStore:
        opened.append(open_glossary_store(Settings(database_url=database_url, data_dir=data_dir)))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> GlossaryStore:
    return open_store()
