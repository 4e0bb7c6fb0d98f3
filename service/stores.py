"""The stores, opened as the settings say."""

from __future__ import annotations

from service.database.protocol import Database, TakeIn
from service.database.sqlite import SqliteDatabase
from service.errors import SettingInvalid
from service.jobs.store import JobStore
from service.jobs.vault import Vault
from service.keys import store as keys
from service.keys.following import FollowedDatabase, FollowedFile
from service.keys.ring import KeyRing
from service.keys.store import KeyStore
from service.settings import Settings
from service.terms import store as terms
from service.terms.store import GlossaryStore


def open_database(settings: Settings, keeps: str, *, stays_open: bool = True) -> Database:
    """`stays_open` is for a file. Raises `OperatorError` and its kin where the settings cannot be used."""
    if settings.database_url:
        from service.database.postgres import PostgresDatabase

        return PostgresDatabase(settings.database_url, keeps)
    return SqliteDatabase(settings.data_dir / f"{keeps}.sqlite", keeps, stays_open=stays_open)


def open_glossary_store(settings: Settings) -> GlossaryStore:
    """As `open_job_store`. What was kept in a file before there was a database goes there at the first
    use."""
    return GlossaryStore(_open_with_file(settings, "glossaries", terms.take_in))


def open_key_store(settings: Settings) -> KeyStore:
    """As `open_glossary_store`."""
    return KeyStore(_open_with_file(settings, "keys", keys.take_in))


def open_key_ring(settings: Settings) -> KeyRing:
    store = open_key_store(settings)
    if settings.database_url:
        return KeyRing(store, FollowedDatabase(store))
    return KeyRing(store, FollowedFile(settings.data_dir / "keys.sqlite"))


def _open_with_file(settings: Settings, keeps: str, take_in: TakeIn) -> Database:
    database = open_database(settings, keeps, stays_open=False)
    if not settings.database_url:
        return database
    from service.database.moving import MovedInto

    return MovedInto(database, settings.data_dir / f"{keeps}.sqlite", keeps, take_in)


def open_job_store(settings: Settings) -> JobStore:
    """Raises `OperatorError` and its kin where the settings cannot be used; whether the store itself can is
    seen at the first use."""
    written = settings.store_key
    if settings.store_key_file is not None:
        try:
            written = settings.store_key_file.read_text(encoding="ascii").replace("\n", ",")
        except (OSError, UnicodeError) as error:
            raise SettingInvalid(
                f"KURZFASSUNG_STORE_KEY_FILE: cannot be read: {type(error).__name__}"
            ) from error
    vault = Vault([key.strip() for key in written.split(",") if key.strip()])
    return JobStore(
        open_database(settings, "jobs"),
        vault,
        most_unfinished=settings.job_queue,
        keep_seconds=settings.job_hours * 3600,
    )
