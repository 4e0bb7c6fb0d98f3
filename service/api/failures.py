"""Every way a request can fail, routing included, ends in an answer in the words of its route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from service.api.dialect import Dialect
from service.api.problem import (
    Problem,
    new_problem,
    problem_of,
    problem_response,
    request_id,
    retry_headers,
)
from service.errors import ServiceError

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
        problem = problem_of(error, request_id(request))
        if (dialect := self.dialect(request)) and (status := dialect.status_of(error)):
            problem = problem.model_copy(update={"status": status})
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
        return self._answer(request, problem, error.headers or {})

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
        problem = new_problem(
            status=500,
            title="Internal error",
            code="internal",
            detail="Something broke on our side; the log has it under this request id.",
            request_id=request_id(request),
        )
        return self._answer(request, problem)

    def _answer(self, request: Request, problem: Problem, headers: Mapping[str, str] = {}) -> JSONResponse:
        if problem.status == HTTPStatus.UNAUTHORIZED:
            headers = {**headers, "WWW-Authenticate": "Bearer"}
        if dialect := self.dialect(request):
            return dialect.response(problem, headers)
        return problem_response(problem, dict(headers))

    def dialect(self, request: Request) -> Dialect | None:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        return next((each for each in self.dialects if path.startswith(each.paths)), None)


def install_failure_handlers(app: FastAPI, dialects: Sequence[Dialect]) -> Failures:
    failures = Failures(dialects)
    app.add_exception_handler(ServiceError, failures.service_error)
    app.add_exception_handler(HTTPException, failures.http_error)
    app.add_exception_handler(RequestValidationError, failures.validation_error)
    app.add_exception_handler(Exception, failures.unexpected)
    return failures
