"""Keys for the tests, made as the command line makes them."""

from __future__ import annotations

from pathlib import Path

from service.keys.store import KeyStore
from service.settings import Settings
from service.stores import open_key_store


def key_store(folder: Path, database_url: str = "") -> KeyStore:
    """That of the service whose data folder it is. On PostgreSQL it is to be closed."""
    return open_key_store(Settings(data_dir=folder, database_url=database_url))
