"""Text at rest: as it is, or encrypted with the operator's key."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from service.database.protocol import Transaction
from service.errors import OperatorError, SettingInvalid, StoreKeyInvalid

logger = logging.getLogger("kurzfassung")

_PLAIN, _SEALED = b"\x00", b"\x01"
_CHECK = b"kurzfassung"


class Vault:
    """`keys` are Fernet's (AES-128-CBC and HMAC-SHA256): the first encrypts, all decrypt, none means that
    nothing is encrypted. Raises `SettingInvalid` for what is no key."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._fernet = self._first = None
        if keys:
            try:
                from cryptography.fernet import Fernet, MultiFernet
            except ImportError as error:
                raise OperatorError(
                    "KURZFASSUNG_STORE_KEY needs a library: pip install 'kurzfassung[encryption]'"
                ) from error
            try:
                fernets = [Fernet(key) for key in keys]
            except ValueError:
                raise SettingInvalid(
                    "KURZFASSUNG_STORE_KEY: expected 32 bytes in URL-safe base64, several keys with commas "
                    "between; `openssl rand -base64 32 | tr +/ -_` makes one"
                ) from None
            self._first, self._fernet = fernets[0], MultiFernet(fernets)

    def seal(self, content: bytes) -> bytes:
        return _PLAIN + content if self._fernet is None else _SEALED + self._fernet.encrypt(content)

    def unseal(self, sealed: bytes) -> bytes:
        """Raises `StoreKeyInvalid`, which the log has then."""
        kind, content = bytes(sealed[:1]), bytes(sealed[1:])
        if kind == _PLAIN:
            return content
        if self._fernet is None:
            raise _refused("The store of jobs is encrypted: set KURZFASSUNG_STORE_KEY to its key.")
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(content)
        except InvalidToken:
            raise _refused(
                "KURZFASSUNG_STORE_KEY is not the key that the store of jobs was encrypted with. When keys "
                "change, the old one stays behind the new one, with a comma, until the last job made with it "
                "has expired."
            ) from None

    def check(self, transaction: Transaction) -> None:
        """That these are the keys of the store; the first one becomes its key. Nothing is written where it is
        already, for a disk may be full. Raises `StoreKeyInvalid`."""
        found = transaction.execute("SELECT value FROM jobs_meta WHERE name = 'key'")
        if found:
            self.unseal(found[0][0])
        if not found or not self._is_of_the_first(bytes(found[0][0])):
            transaction.execute("DELETE FROM jobs_meta WHERE name = 'key'")
            transaction.execute("INSERT INTO jobs_meta (name, value) VALUES ('key', ?)", self.seal(_CHECK))

    def _is_of_the_first(self, sealed: bytes) -> bool:
        if self._first is None:
            return True
        from cryptography.fernet import InvalidToken

        try:
            return sealed[:1] == _SEALED and bool(self._first.decrypt(sealed[1:]))
        except InvalidToken:
            return False


def _refused(reason: str) -> StoreKeyInvalid:
    logger.error("the store of jobs cannot be decrypted", extra={"facts": {"reason": reason}})
    return StoreKeyInvalid(reason)
