"""Which route needs what of a key. What is not in the table needs a key: a new route is closed by default."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.errors import SettingInvalid


@dataclass(frozen=True, slots=True)
class Need:
    """`scopes`: all of them. `limited`: it counts for the rate and the requests at once. `openable`: the name
    by which the operator may open it. `file`: its body is a file, as large as those may be."""

    scopes: frozenset[str] = frozenset()
    open: bool = False
    limited: bool = False
    openable: str = ""
    file: bool = False


OPEN = Need(open=True)
A_KEY = Need()
"""Whatever it is for."""


def _work(*scopes: str) -> Need:
    return Need(frozenset(scopes), limited=True)


TABLE: dict[str, Need] = {
    "/": OPEN,
    "/page/*": OPEN,
    "/livez": OPEN,
    "/startupz": OPEN,
    "/readyz": OPEN,
    "/health": OPEN,
    "/languages": OPEN,
    "/frontend/settings": OPEN,
    "/v1/languages": OPEN,
    "/metrics": Need(frozenset({"metrics"}), openable="metrics"),
    "/docs": Need(openable="docs"),
    "/docs/*": Need(openable="docs"),
    "/openapi.json": Need(openable="openapi"),
    "/spec": Need(openable="openapi"),
    "/v1/digest": _work("translate", "summarize"),
    "/v1/translate": _work("translate"),
    "/v1/summarize": _work("summarize"),
    "/v1/detect": _work(),
    "/v1/models": A_KEY,
    "/v1/glossaries": _work("glossaries"),
    "/v1/glossaries/*": _work("glossaries"),
    "/v1/jobs": _work("jobs"),
    "/v1/jobs/*": _work("jobs"),
    "/v2/translate": _work("translate"),
    "/v2/document": _work("documents"),
    "/v2/document/*": Need(frozenset({"documents"})),
    "/v2/languages": A_KEY,
    "/v2/usage": A_KEY,
    "/v2/glossary-language-pairs": A_KEY,
    "/v2/glossaries": _work("glossaries"),
    "/v2/glossaries/*": _work("glossaries"),
    "/v3/glossaries": _work("glossaries"),
    "/v3/glossaries/*": _work("glossaries"),
    "/translate": _work("translate"),
    "/detect": _work(),
    "/translate_file": Need(frozenset({"documents"}), limited=True, file=True),
    "/download_file/*": Need(frozenset({"documents"})),
    "/suggest": _work("translate"),
    "/hf/translation": _work("translate"),
    "/hf/summarization": _work("summarize"),
}
"""By path. `/*` stands for whatever follows. Reading (GET, HEAD) and deleting are never limited."""

_OPENABLE = sorted({need.openable for need in TABLE.values() if need.openable})
_UNLIMITED = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


class Access:
    """The table with what the operator opened. Raises `SettingInvalid` for what cannot be opened."""

    def __init__(self, opened: Iterable[str] = ()) -> None:
        self._opened = frozenset(opened)
        if unknown := self._opened - set(_OPENABLE):
            raise SettingInvalid(
                f"KURZFASSUNG_OPEN_ROUTES: {', '.join(sorted(unknown))}: only {', '.join(_OPENABLE)} can be"
            )

    def need(self, method: str, path: str) -> Need:
        """`path` as the routes see it, without a prefix."""
        need = listed(path) or A_KEY
        if need.open or need.openable in self._opened:
            return OPEN
        if method in _UNLIMITED:
            return Need(need.scopes)
        return need


def listed(path: str) -> Need | None:
    """None for a path that is not in the table."""
    if path in TABLE:
        return TABLE[path]
    while "/" in path:
        path = path.rpartition("/")[0]
        if path + "/*" in TABLE:
            return TABLE[path + "/*"]
    return None
