"""How the routes that speak another service's language word their failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse

from service.api.problem import Problem
from service.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Dialect:
    """Speaks on every path that begins with one of `paths`. `statuses` differ from ours, the nearest
    class counts; `body` and `headers` are made of our own words for the failure. `key_field` of a request's
    body holds the caller's key, where the dialect puts it there."""

    paths: tuple[str, ...]
    statuses: Mapping[type[ServiceError], int]
    body: Callable[[Problem], dict[str, Any]]
    headers: Callable[[Problem], dict[str, str]] = lambda _: {}
    key_field: str = ""

    def status_of(self, error: ServiceError) -> int | None:
        """None where ours is right."""
        return next((self.statuses[kind] for kind in type(error).__mro__ if kind in self.statuses), None)

    def response(self, problem: Problem, headers: Mapping[str, str]) -> JSONResponse:
        return JSONResponse(
            self.body(problem), status_code=problem.status, headers={**headers, **self.headers(problem)}
        )
