"""Where callers reach the service, for the one answer that must hold an absolute address."""

from __future__ import annotations

import re

from fastapi import Request

from service.api.proxies import Peers

_SCHEME = re.compile(r"https?")
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")


class PublicAddress:
    """What the operator has `written`, or else what a proxy among `peers` that is trusted says with
    `X-Forwarded-Proto`, `-Host` and `-Prefix`, or else what the caller called."""

    def __init__(self, written: str, peers: Peers) -> None:
        self._written = written.rstrip("/")
        self._peers = peers

    def of(self, request: Request) -> str:
        """Scheme, host and prefix, without a slash at the end."""
        if self._written:
            return self._written
        here = request.base_url
        if not self._peers.trusts(request.scope):
            return str(here).rstrip("/")
        scheme = _said(request, "x-forwarded-proto", _SCHEME) or here.scheme
        host = _said(request, "x-forwarded-host", _HOST) or here.netloc
        prefix = _said(request, "x-forwarded-prefix", _PREFIX) or here.path.rstrip("/")
        return f"{scheme}://{host}{prefix}"


def _said(request: Request, header: str, form: re.Pattern[str]) -> str | None:
    """Two headers, or two values in one, say nothing: one of them may be the caller's own."""
    values = request.headers.getlist(header)
    return values[0] if len(values) == 1 and form.fullmatch(values[0]) else None
