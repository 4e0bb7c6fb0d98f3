"""What the OpenAPI document says of keys and of failures: how keys are sent, and with which statuses and
bodies each route fails. Every body is made as the answer itself would be, of an example of the error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from service import errors
from service.api.access import Access, Need
from service.api.dialect import Dialect, dialect_of
from service.api.problem import internal_problem, problem_of
from service.errors import ServiceError

Kind = type[ServiceError]

_ID = "4f7b2a9c0d1e"

EXAMPLES: dict[Kind, ServiceError] = {
    type(each): each
    for each in (
        errors.EmptyText(
            "The text is empty or only white space. Send the text of an article.", pointer="#/text"
        ),
        errors.TextTooLong("The request body is larger than the 2,000,000 bytes accepted here."),
        errors.TooManyTexts("At most 100 texts in one call.", pointer="#/text"),
        errors.SentenceTooLong("A sentence has 700 tokens; the model takes 512.", pointer="#/text"),
        errors.InvalidText("The text has NUL characters.", pointer="#/text"),
        errors.UnsupportedMedia("Send application/json."),
        errors.MalformedBody("#/text: Field required.", pointer="#/text"),
        errors.HeaderInvalid("X-Request-Timeout is a positive number of seconds, like 30 or 2.5."),
        errors.BodyTooSlow("The request's body did not arrive in time."),
        errors.UnsupportedLanguage("No model here translates from 'ja' to 'en'.", pointer="#/source"),
        errors.AmbiguousLanguage((("da", 0.52), ("no", 0.45))),
        errors.UrlNotFetched(
            "This is a URL; the service never fetches anything. Send the text.", pointer="#/text"
        ),
        errors.GlossaryInvalid("Term 2: its source stands in the glossary before.", pointer="#/glossary"),
        errors.GlossaryNotFound("There is no glossary of that id here.", pointer="#/glossary"),
        errors.DocumentInvalid("The file is no Word document.", pointer="#/file"),
        errors.DocumentNotFound("There is no such document, or no longer."),
        errors.LanguagesEqual("Source and target language are the same; there is nothing to translate."),
        errors.JobNotFound("There is no such job, or no longer."),
        errors.JobNotDone("The job is not done yet: 12 of 40 segments.", retry_after=1),
        errors.JobsNotListed(
            "Without a key everybody is the same caller; jobs are reached by their ids only."
        ),
        errors.IdempotencyKeyReused("The Idempotency-Key came with another request before."),
        errors.WebhookRefused("Webhook-URL: its host is none of those that are allowed here."),
        errors.KeyInUrl("A key is not read from the URL, where every log on the way keeps it."),
        errors.NotOffered("This is not offered here; /frontend/settings says so."),
        errors.KeyMissing("A key is needed here."),
        errors.KeyInvalid("The key is not valid here."),
        errors.ScopeMissing("The key is not for this; it lacks translate."),
        errors.QuotaExceeded("The key's quota of 100,000 characters a month is used up."),
        errors.RateLimited(
            "The rate of 60,000 characters a minute is used up; try again in 12 s.", retry_after=12
        ),
        errors.TooManyAtOnce("The key allows 4 requests at once.", retry_after=1),
        errors.Overloaded("Too much work is waiting; try again shortly.", retry_after=3),
        errors.DocumentNotReady("The document is not ready yet.", retry_after=5),
        errors.JobQueueFull("As many jobs wait as may; try again later.", retry_after=30),
        errors.StoreUnavailable("The store of keys cannot be used right now.", retry_after=5),
        errors.NotReady("The models are still loading.", retry_after=2),
        errors.ShuttingDown("The service is shutting down.", retry_after=5),
        errors.DeadlineExceeded("The answer was not ready within the time this request may take."),
        errors.GenerationFailed("The model failed on a segment of this text."),
        errors.ModelNotInstalled(""),
    )
}
"""One of everything that a client may be told."""

LOADED: tuple[Kind, ...] = (errors.NotReady, errors.ShuttingDown)
"""Where the models have to be there."""

WORK: tuple[Kind, ...] = (
    *LOADED,
    errors.Overloaded,
    errors.DeadlineExceeded,
    errors.GenerationFailed,
    errors.EmptyText,
    errors.InvalidText,
    errors.TextTooLong,
    errors.UnsupportedLanguage,
    errors.AmbiguousLanguage,
)
"""Where the engine works on a text."""

GLOSSARY: tuple[Kind, ...] = (errors.GlossaryInvalid, errors.GlossaryNotFound, errors.StoreUnavailable)
"""Where a stored glossary is named."""

LATER: tuple[Kind, ...] = (
    errors.JobQueueFull,
    errors.IdempotencyKeyReused,
    errors.WebhookRefused,
    errors.NotOffered,
    errors.StoreUnavailable,
)
"""Where a request may be made a job."""

_ALWAYS: tuple[Kind, ...] = (errors.HeaderInvalid,)
_OF_BODIES: tuple[Kind, ...] = (
    errors.MalformedBody,
    errors.BodyTooSlow,
    errors.TextTooLong,
    errors.UnsupportedMedia,
)

_FIELD = "x-errors"

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `kurzfassung keys create`"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "deepl": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`DeepL-Auth-Key` and the key",
    },
}

_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}, {"deepl": []}, {}]
"""Any of them; none where the operator made no key."""

_DESCRIPTIONS = {
    400: "The request is malformed; `code` says how",
    401: "A key is needed, or the one sent is not valid",
    403: "Not for this caller",
    404: "There is none of this id",
    409: "It has no result, or not yet",
    408: "The body did not arrive in time",
    413: "The text or the body is too long",
    415: "A content type that is not read",
    422: "Empty, binary, a URL, a language without a model or not clear, terms that cannot be used",
    429: "Too much in a short time, or too many requests at once; see Retry-After",
    456: "The key's characters of this month are used up",
    500: "The model or the service failed",
    503: "Too much work waits, or the service is starting, ending or without a store; see Retry-After",
    504: "Not ready within the time the request may take",
}


def may_raise(*kinds: Kind) -> dict[str, Any]:
    """For `openapi_extra`: what a route raises besides that which can be told of it from the document."""
    return {_FIELD: [kind.__name__ for kind in kinds]}


def document_failures(document: dict[str, Any], dialects: Sequence[Dialect]) -> None:
    """Adds to the document; the schemas of the dialects' bodies are to be among its components."""
    document["components"]["securitySchemes"] = _SCHEMES
    access = Access()
    for path, operations in document["paths"].items():
        dialect = dialect_of(path, dialects)
        for method, operation in operations.items():
            need = access.need(method.upper(), path)
            if not need.open:
                operation["security"] = _SECURITY
            kinds = [*operation.pop(_FIELD, []), *(kind.__name__ for kind in _told(operation, path, need))]
            for name in dict.fromkeys(kinds):
                _add(operation["responses"], EXAMPLES[getattr(errors, name)], dialect)
            _add_internal(operation["responses"], dialect)


def _told(operation: dict[str, Any], path: str, need: Need) -> Iterator[Kind]:
    """What can be told from the document itself."""
    yield from _ALWAYS
    if "requestBody" in operation:
        yield from _OF_BODIES
    if "{" in path or any(each["in"] == "query" for each in operation.get("parameters", [])):
        yield errors.MalformedBody
    if need.open:
        return
    yield from (errors.KeyMissing, errors.KeyInvalid, errors.KeyInUrl, errors.StoreUnavailable)
    if need.scopes:
        yield errors.ScopeMissing
    if need.limited:
        yield from (errors.QuotaExceeded, errors.RateLimited, errors.TooManyAtOnce)


def _add(responses: dict[str, Any], error: ServiceError, dialect: Dialect) -> None:
    status = dialect.status_of(error)
    problem = problem_of(error, _ID).model_copy(update={"status": status})
    _examples(responses, status, dialect)[error.code] = {"value": dialect.shown(problem)}


def _add_internal(responses: dict[str, Any], dialect: Dialect) -> None:
    problem = internal_problem(_ID)
    _examples(responses, problem.status, dialect)[problem.code] = {"value": dialect.shown(problem)}


def _examples(responses: dict[str, Any], status: int, dialect: Dialect) -> dict[str, Any]:
    response = responses.setdefault(str(status), {"description": _DESCRIPTIONS[status]})
    schema = {"$ref": f"#/components/schemas/{dialect.model.__name__}"}
    content = response.setdefault("content", {}).setdefault(dialect.media_type, {"schema": schema})
    examples: dict[str, Any] = content.setdefault("examples", {})
    return examples
