"""Any failure as `application/problem+json` (RFC 9457), in one body that the clients we know of can
read: `detail` for problem readers, `message` and `error` as plain strings for the others."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from service.errors import (
    AmbiguousLanguage,
    BodyTooSlow,
    DeadlineExceeded,
    DocumentInvalid,
    DocumentNotFound,
    EmptyText,
    GenerationFailed,
    GlossaryInvalid,
    GlossaryNotFound,
    IdempotencyKeyReused,
    InvalidInput,
    InvalidText,
    JobNotDone,
    JobNotFound,
    JobsNotListed,
    KeyInvalid,
    KeyMissing,
    LanguagesEqual,
    LimitReached,
    OperatorError,
    Refused,
    SentenceTooLong,
    ServiceError,
    TextTooLong,
    TooManyTexts,
    Unavailable,
    UnsupportedLanguage,
    UnsupportedMedia,
    UrlNotFetched,
    WebhookRefused,
)

_STATUS: list[tuple[type[ServiceError], int]] = [
    (TextTooLong, 413),
    (TooManyTexts, 413),
    (SentenceTooLong, 413),
    (UnsupportedMedia, 415),
    (EmptyText, 422),
    (InvalidText, 422),
    (UnsupportedLanguage, 422),
    (AmbiguousLanguage, 422),
    (UrlNotFetched, 422),
    (GlossaryInvalid, 422),
    (GlossaryNotFound, 404),
    (DocumentInvalid, 422),
    (LanguagesEqual, 422),
    (DocumentNotFound, 404),
    (BodyTooSlow, 408),
    (JobNotFound, 404),
    (JobNotDone, 409),
    (JobsNotListed, 403),
    (IdempotencyKeyReused, 422),
    (WebhookRefused, 422),
    (InvalidInput, 400),
    (KeyMissing, 401),
    (KeyInvalid, 401),
    (LimitReached, 429),
    (Refused, 403),
    (Unavailable, 503),
    (DeadlineExceeded, 504),
    (GenerationFailed, 500),
    (OperatorError, 500),
    (ServiceError, 500),
]


_AMBIGUOUS_DETAIL = "The text's language is not clear; it may be da (52%), no (45%). Name it as the source."
_AMBIGUOUS: dict[str, Any] = {
    "type": "about:blank",
    "title": "Language not clear",
    "status": 422,
    "detail": _AMBIGUOUS_DETAIL,
    "code": "ambiguous_language",
    "request_id": "4f7b2a9c0d1e",
    "errors": [{"pointer": "#/source", "detail": _AMBIGUOUS_DETAIL}],
    "candidates": [{"code": "da", "confidence": 0.52}, {"code": "no", "confidence": 0.45}],
    "message": _AMBIGUOUS_DETAIL,
    "error": _AMBIGUOUS_DETAIL,
}


class FieldError(BaseModel):
    """`pointer` is a JSON pointer into the request."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"pointer": "#/text", "detail": "The text is empty."}]}
    )

    pointer: str
    detail: str


class CandidateLanguage(BaseModel):
    """`confidence` is between 0 and 1."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "da", "confidence": 0.52}]})

    code: str
    confidence: float


class Problem(BaseModel):
    """What went wrong. `code` is stable; `detail`, `message` and `error` are the same sentence.
    `candidates` come with `ambiguous_language` only, best first: name one of them as `source`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Nothing to work on",
                    "status": 422,
                    "detail": "The text is empty.",
                    "code": "empty_text",
                    "request_id": "4f7b2a9c0d1e",
                    "errors": [{"pointer": "#/text", "detail": "The text is empty."}],
                    "candidates": [],
                    "message": "The text is empty.",
                    "error": "The text is empty.",
                },
                _AMBIGUOUS,
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] = Field(default_factory=list)
    candidates: list[CandidateLanguage] = Field(default_factory=list)
    message: str
    error: str


def status_of(error: ServiceError) -> int:
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def problem_of(error: ServiceError, request_id: str) -> Problem:
    """What a client may be told: nothing but our own words, and of operator errors only that
    there is one."""
    detail = error.message
    if isinstance(error, OperatorError):
        detail = "The service is not set up for this; its operator finds the reason in the log."
    pointer = error.pointer if isinstance(error, InvalidInput) else None
    problem = new_problem(
        status=status_of(error),
        title=error.title,
        code=error.code,
        detail=detail,
        request_id=request_id,
        errors=[FieldError(pointer=pointer, detail=detail)] if pointer else [],
    )
    if isinstance(error, AmbiguousLanguage):
        problem.candidates = [
            CandidateLanguage(code=code, confidence=share) for code, share in error.candidates
        ]
    return problem


def retry_headers(error: ServiceError) -> dict[str, str]:
    if isinstance(error, BodyTooSlow):
        return {"Connection": "close"}  # what is still to come of it nobody reads
    seconds = error.retry_after if isinstance(error, Unavailable | LimitReached | JobNotDone) else None
    return {} if seconds is None else {"Retry-After": str(seconds)}


def request_id(request: Request) -> str:
    """The id the middleware gave this request."""
    return str(request.scope.get("request_id", ""))


def new_problem(
    *,
    status: int,
    title: str,
    code: str,
    detail: str,
    request_id: str,
    errors: list[FieldError] | None = None,
) -> Problem:
    return Problem(
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id,
        errors=errors or [],
        message=detail,
        error=detail,
    )


def internal_problem(request_id: str) -> Problem:
    """Of what nobody foresaw."""
    return new_problem(
        status=500,
        title="Internal error",
        code="internal",
        detail="Something broke on our side; the log has it under this request id.",
        request_id=request_id,
    )
