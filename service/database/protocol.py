"""What the stores ask of a database. They write one SQL for all; what differs is spelled by each database:
`:now` (the store's clock, in seconds since 1970), `:blob`, `:real`, `:integer` (of 64 bits), `:serial`,
`:greatest` (of its arguments), `:for_update`, `:skip_locked`.
In tables `:rowid` (SQLite's own, by which rows are in the order of their insertion) and, at their end,
`:strict` or `:clustered` (the rows lie in the order of their primary key and have no `rowid`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

Rows = list[tuple[Any, ...]]


class Transaction(Protocol):
    def execute(self, sql: str, *parameters: object) -> Rows:
        """One statement, with `?` for each parameter; the rows it returns."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """The same statement for each of the rows of parameters."""
        ...

    def lock_schema(self) -> None:
        """Nobody else changes the tables until the transaction ends."""
        ...

    def version(self) -> int:
        """That was set last; 0 where none was. The store of jobs, which is older, keeps its own."""
        ...

    def set_version(self, number: int) -> None: ...

    def has_table(self, name: str) -> bool: ...


TakeIn = Callable[[Transaction, Transaction], None]
"""Copies what the first holds into the second, but for what is there already."""


class Database(Protocol):
    """May be used from any thread. Its methods raise `StoreUnavailable`, and `OperatorError` where it is set
    up wrongly."""

    def exists(self) -> bool:
        """Whether anything can have been stored: reading makes no file."""
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """All of it or nothing."""
        ...

    def erase(self) -> None:
        """What was deleted leaves the files too, as far as that is in our hands."""
        ...

    def backup(self, target: Path) -> None:
        """Raises `OperatorError` where the database has a tool of its own for that."""
        ...

    def close(self) -> None: ...
