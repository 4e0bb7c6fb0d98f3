"""How the routes word their failures: ours, and those that speak another service's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api.problem import Problem, status_of
from service.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Dialect:
    """Speaks on every path that begins with one of `paths`. `statuses` differ from ours, the nearest
    class counts; `body` and `headers` are made of our own words for the failure, and `model` is what `body`
    makes. `key_field` of a request's body holds the caller's key, where the dialect puts it there."""

    paths: tuple[str, ...]
    statuses: Mapping[type[ServiceError], int]
    model: type[BaseModel]
    body: Callable[[Problem], BaseModel]
    headers: Callable[[Problem], dict[str, str]] = lambda _: {}
    key_field: str = ""
    media_type: str = "application/json"

    def status_of(self, error: ServiceError) -> int:
        known = (self.statuses[kind] for kind in type(error).__mro__ if kind in self.statuses)
        return next(known, status_of(error))

    def shown(self, problem: Problem) -> dict[str, Any]:
        return self.body(problem).model_dump()

    def response(self, problem: Problem, headers: Mapping[str, str]) -> JSONResponse:
        return JSONResponse(
            self.shown(problem),
            status_code=problem.status,
            media_type=self.media_type,
            headers={**headers, **self.headers(problem)},
        )


NATIVE = Dialect(
    paths=("/",),
    statuses={},
    model=Problem,
    body=lambda problem: problem,
    media_type="application/problem+json",
)


def dialect_of(path: str, dialects: Sequence[Dialect]) -> Dialect:
    """Ours where no other speaks."""
    return next((each for each in dialects if path.startswith(each.paths)), NATIVE)
