"""What may stand in front of the service and refuse: in the service's own words, a set number of times."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.dialect import NATIVE
from service.api.problem import new_problem


class Doorkeeper:
    """Answers the paths that begin with `path` with these statuses, one after the other, then lets through.
    With `key` it answers 401 to whoever does not bring it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        path: str = "/v1/digest",
        statuses: tuple[int, ...] = (),
        code: str = "rate_limited",
        retry_after: int | None = None,
        key: str | None = None,
    ) -> None:
        self._app = app
        self._path = path
        self._statuses: Iterator[int] = iter(statuses)
        self._code = code
        self._headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self._key = key
        self.keys_seen: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self._path):
            status, code = self._refusal(scope)
            if status:
                detail = f"Refused with {status}."
                problem = new_problem(
                    status=status, title="Refused", code=code, detail=detail, request_id="a1b2c3"
                )
                await NATIVE.response(problem, self._headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int | None, str]:
        brought = dict(scope["headers"]).get(b"authorization", b"").decode()
        self.keys_seen.append(brought)
        if self._key is not None and brought != f"Bearer {self._key}":
            return 401, "key_invalid" if brought else "key_missing"
        return next(self._statuses, None), self._code
