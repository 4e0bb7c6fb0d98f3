"""What the OpenAPI document says of keys: how they are sent, and how each route refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.api.access import Access, Need
from service.api.dialect import Dialect
from service.api.problem import problem_of
from service.errors import KeyInvalid, KeyMissing, QuotaExceeded, RateLimited, ScopeMissing, ServiceError

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

_MISSING = KeyMissing("A key is needed here.")
_INVALID = KeyInvalid("The key is not valid here.")
_SCOPE = ScopeMissing("The key is not for this; it lacks translate.")
_QUOTA = QuotaExceeded("The key's quota of 100,000 characters a month is used up.")
_RATE = RateLimited("The rate of 60,000 characters a minute is used up; try again in 12 s.", retry_after=12)

_DESCRIPTIONS = {
    400: "The request is malformed, or a key is missing where one is needed",
    401: "A key is needed, or the one sent is not valid",
    403: "The key is not for this, not valid or, on routes without a status of their own for it, used up",
    429: "Too much in a short time, or too many requests at once; see Retry-After",
    456: "The key's characters of this month are used up",
}


def document_keys(document: dict[str, Any], dialects: Sequence[Dialect]) -> None:
    """Adds to the document."""
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    access = Access()
    for path, operations in document["paths"].items():
        dialect = next((each for each in dialects if path.startswith(each.paths)), None)
        for method, operation in operations.items():
            need = access.need(method.upper(), path)
            if need.open:
                continue
            operation["security"] = _SECURITY
            for error in _refusals(need):
                _add(operation.setdefault("responses", {}), error, dialect)


def _refusals(need: Need) -> list[ServiceError]:
    errors: list[ServiceError] = [_MISSING, _INVALID]
    if need.scopes:
        errors.append(_SCOPE)
    if need.limited:
        errors += [_QUOTA, _RATE]
    return errors


def _add(responses: dict[str, Any], error: ServiceError, dialect: Dialect | None) -> None:
    problem = problem_of(error, "4f7b2a9c0d1e")
    if dialect is not None and (status := dialect.status_of(error)):
        problem = problem.model_copy(update={"status": status})
    body = dialect.body(problem) if dialect else problem.model_dump()
    if dialect:
        schema: dict[str, Any] = {
            "type": "object",
            "required": list(body),
            "properties": {name: {"type": "string"} for name in body},
        }
    else:
        schema = {"$ref": "#/components/schemas/Problem"}
    media = "application/json" if dialect else "application/problem+json"
    response = responses.setdefault(str(problem.status), {"description": _DESCRIPTIONS[problem.status]})
    content = response.setdefault("content", {}).setdefault(media, {"schema": schema})
    content.setdefault("examples", {})[error.code] = {"value": body}
