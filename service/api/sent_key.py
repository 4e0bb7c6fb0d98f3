"""The key that a request brings. It is read from headers, or from the field of the body that a
dialect has for it; never from the URL, which every log on the way keeps."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from service.api.body import FORM, JSON, media_type, parse_form, parse_json, read_body
from service.api.multipart import MultipartReader
from service.errors import InvalidInput, KeyInUrl
from service.pipeline.off_loop import off_loop

_SCHEMES = frozenset({"bearer", "deepl-auth-key"})
_IN_URL = frozenset({"api_key", "apikey", "auth_key", "access_token", "key", "token"})
"""What other services call it there."""


def key_of_headers(headers: Headers) -> str | None:
    """`X-API-Key` before `Authorization`, which a gateway may have used for itself."""
    if key := headers.get("x-api-key", "").strip():
        return key
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    return (key.strip() or None) if scheme.lower() in _SCHEMES else None


def refuse_key_in_url(scope: Scope) -> None:
    """Raises `KeyInUrl`."""
    query = scope.get("query_string", b"").decode("latin-1")
    if any(name.lower() in _IN_URL for name, _ in parse_qsl(query, keep_blank_values=True)):
        raise KeyInUrl(
            "A key is not read from the URL, where every log on the way keeps it. Send it in the header "
            "Authorization: Bearer or X-API-Key, and have this one replaced."
        )


async def key_of_body(request: Request, field: str, limit: int) -> tuple[str | None, Receive]:
    """The field's value in JSON, in a form or in its multipart variant, and what the route then reads the
    same body from. Raises what `read_body` raises."""
    body = await read_body(request, limit)
    kind, _ = media_type(request)
    content_type = request.headers.get("content-type", "")
    key = await off_loop(len(body), lambda: _in_body(body, kind, content_type, field))
    return key, _replayed(body, request.receive)


def _in_body(body: bytes, kind: str, content_type: str, field: str) -> str | None:
    value: object = None
    try:
        if kind == JSON:
            fields = parse_json(body)
            value = fields.get(field) if isinstance(fields, dict) else None
        elif kind == FORM:
            value = parse_form(body).get(field, [None])[-1]
        elif kind == "multipart/form-data":
            value = _in_multipart(body, content_type, field)
    except InvalidInput:
        return None  # the route would say what is wrong with it, but only to who has a key
    return value.strip() or None if isinstance(value, str) else None


def _in_multipart(body: bytes, content_type: str, field: str) -> str | None:
    """Raises `MalformedBody`."""
    reader = MultipartReader(content_type)
    reader.feed(body)
    return reader.form().fields.get(field, [None])[-1]


def _replayed(body: bytes, receive: Receive) -> Receive:
    unread = True

    async def again() -> Message:
        nonlocal unread
        if unread:
            unread = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
