"""How the tables of an earlier version become today's."""

from __future__ import annotations

from collections.abc import Mapping

from service.database.protocol import Transaction
from service.errors import StoreUnavailable


def migrate(transaction: Transaction, keeps: str, version: int, steps: Mapping[int, str]) -> None:
    """Make the tables of `version`, or those of an earlier one into them, once: `steps` has the statements by
    the version they start from, 0 for none. Those of a later version are not touched: raises
    `StoreUnavailable`."""
    if transaction.version() == version:
        return
    transaction.lock_schema()
    found = transaction.version()  # another process may have been faster
    if found > version:
        raise StoreUnavailable(f"The store of {keeps} was written by a later version of this service.")
    for statement in filter(None, map(str.strip, steps.get(found, "").split(";"))):
        transaction.execute(statement)
    transaction.set_version(version)
