"""Every way a request can fail, routing included, ends in an answer in the words of its route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from service.api.dialect import Dialect, dialect_of
from service.api.problem import (
    Problem,
    internal_problem,
    new_problem,
    problem_of,
    request_id,
    retry_headers,
)
from service.errors import ServiceError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_ROUTING_HINTS = {
    404: "There is nothing at this path; the documentation (docs) lists what there is.",
    405: "This path does not answer to this method; the documentation (docs) lists what there is.",
}


@dataclass(frozen=True, slots=True)
class Failures:
    """Also for what stands before the routes."""

    dialects: Sequence[Dialect]

    async def service_error(self, request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ServiceError)  # noqa: S101 -- registered for this class below
        status = self.dialect(request).status_of(error)
        problem = problem_of(error, request_id(request)).model_copy(update={"status": status})
        return self._answer(request, problem, retry_headers(error))

    async def http_error(self, request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class below
        phrase = HTTPStatus(error.status_code).phrase
        problem = new_problem(
            status=error.status_code,
            title=phrase,
            code=phrase.lower().replace(" ", "_"),
            detail=_ROUTING_HINTS.get(error.status_code, phrase + "."),
            request_id=request_id(request),
        )
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_allowed(request))
        return self._answer(request, problem, headers)

    async def validation_error(self, request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 -- registered for this class below
        first = error.errors()[0]  # its `input` is the caller's text and stays out
        problem = new_problem(
            status=400,
            title="Malformed request",
            code="malformed_body",
            detail=f"{first['loc'][-1]}: {first['msg']}.",
            request_id=request_id(request),
        )
        return self._answer(request, problem)

    async def unexpected(self, request: Request, _: Exception) -> JSONResponse:
        return self._answer(request, internal_problem(request_id(request)))

    def _answer(self, request: Request, problem: Problem, headers: Mapping[str, str] = {}) -> JSONResponse:
        if problem.status == HTTPStatus.UNAUTHORIZED:
            headers = {**headers, "WWW-Authenticate": "Bearer"}
        return self.dialect(request).response(problem, headers)

    def dialect(self, request: Request) -> Dialect:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        return dialect_of(path, self.dialects)


def _allowed(request: Request) -> list[str]:
    """Of all routes at this path; Starlette names the methods of the first."""
    routes = request.app.router.routes
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def install_failure_handlers(app: FastAPI, dialects: Sequence[Dialect]) -> Failures:
    failures = Failures(dialects)
    app.add_exception_handler(ServiceError, failures.service_error)
    app.add_exception_handler(HTTPException, failures.http_error)
    app.add_exception_handler(RequestValidationError, failures.validation_error)
    app.add_exception_handler(Exception, failures.unexpected)
    return failures
