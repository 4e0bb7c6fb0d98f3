"""The service under a prefix, whether the proxy in front takes the prefix off or passes it on.

Nothing that is sent names a scheme, a host or the prefix, every link is relative, but for one answer of
LibreTranslate's that has to (`public_address.py`). So a proxy that takes the prefix off needs no setting
here.
"""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """Routes `/prefix/v1/digest` as `/v1/digest`; a path without the prefix as it is, for probes that come
    past the proxy. `/prefix` itself is sent to `/prefix/`, where the page's relative links hold."""

    def __init__(self, app: ASGIApp, *, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._root_path:
            scope["root_path"] = self._root_path
            if scope["path"] == self._root_path and scope["method"] in {"GET", "HEAD"}:
                inside = self._root_path.rpartition("/")[2] + "/"
                await RedirectResponse(inside, status_code=308)(scope, receive, send)
                return
        await self._app(scope, receive, send)
