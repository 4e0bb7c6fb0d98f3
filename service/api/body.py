"""A request body read with a size limit, and turned into a validated object."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from email.message import Message
from typing import Any, NamedTuple, TypeVar, get_args
from urllib.parse import parse_qs

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from service.api.disconnect import CallerLeft
from service.api.multipart import MultipartForm, MultipartReader
from service.errors import InvalidText, MalformedBody, TextTooLong, UnsupportedMedia
from service.pipeline.off_loop import off_loop

Model = TypeVar("Model", bound=BaseModel)

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_CHARSET = re.compile(
    r"ascii|utf-(?:8|16|32)(?:-[bl]e)?|iso8859-\d+|cp125\d|koi8-[ru]|gb18030|gbk|big5|shift_jis|euc_(?:jp|kr)"
)
"""Charsets of texts and pages. Python knows more, and some of them (punycode) take quadratic time."""

_READ_AS = {"utf-8": "utf-8-sig", "ascii": "cp1252", "iso8859-1": "cp1252"}
"""As browsers do it (WHATWG Encoding): what calls itself Latin-1 is Windows' superset of it."""

_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)\b[^<>]*?\b(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_-]{2,40})""", re.I
)
_HEAD_BYTES = 1024
"""As far as browsers look for the declaration."""

_FORM_FIELDS = 1_000

_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


async def read_body(request: Request, limit: int) -> bytes:
    """At most `limit` bytes. Raises `TextTooLong` before reading where the length is announced."""
    body = bytearray()
    await _arriving(request, limit, body.extend)
    return bytes(body)


async def read_multipart(request: Request, limit: int) -> MultipartForm:
    """The form with its files, taken apart while it arrives. Raises what `read_body` raises, `MalformedBody`
    and `UnsupportedMedia`."""
    kind, _ = media_type(request)
    if kind != MULTIPART:
        raise UnsupportedMedia(f"Send {MULTIPART}.")
    reader = MultipartReader(request.headers["content-type"])
    await _arriving(request, limit, reader.feed)
    return reader.form()


def announced_bytes(request: Request, *, otherwise: int) -> int:
    """The length of the body as its sender tells it; `otherwise` where it is not told, as with chunks."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isdecimal() else otherwise


async def _arriving(request: Request, limit: int, take: Callable[[bytes], object]) -> None:
    too_long = TextTooLong(f"The request body is larger than the {limit:,} bytes accepted here.")
    if announced_bytes(request, otherwise=0) > limit:
        raise too_long
    length = 0
    try:
        async for chunk in request.stream():
            length += len(chunk)
            if length > limit:
                raise too_long
            take(chunk)
    except ClientDisconnect:
        raise CallerLeft from None


def media_type(request: Request) -> tuple[str, str | None]:
    """Content type in lower case without parameters, and the charset, None where none is named."""
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    if not request.headers.get("content-type"):
        return "", None
    return header.get_content_type(), header.get_content_charset()


def decode_text(body: bytes, charset: str | None, *, html: bool = False) -> str:
    """A body whose sender names no charset is UTF-8, unless a byte order mark or, in HTML, the page
    itself says otherwise. Raises `InvalidText`, `UnsupportedMedia` for a charset we do not read."""
    charset = charset or _own_charset(body, html=html)
    try:
        codec = codecs.lookup(charset).name
    except (LookupError, ValueError):  # the latter of a NUL in its name
        codec = ""
    if not _CHARSET.fullmatch(codec):
        raise UnsupportedMedia("The charset of the content type is not read here; send UTF-8.")
    try:
        return body.decode(_READ_AS.get(codec, codec))
    except (UnicodeDecodeError, ValueError):
        raise InvalidText(
            "The body is not text in the charset it claims; send UTF-8, or name the right charset "
            "in the content type."
        ) from None


def _own_charset(body: bytes, *, html: bool) -> str:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if html and (declared := _DECLARED.search(body[:_HEAD_BYTES])):
        charset = declared[1].decode("ascii").lower()
        # What could be read as far as the declaration cannot be UTF-16 (WHATWG Encoding).
        return "utf-8" if charset.startswith(("utf-16", "utf-32")) or _is_utf8(body) else charset
    return "utf-8"


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def parse_json(body: bytes) -> Any:
    """Raises `MalformedBody` with the line and column, never with the text."""
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not valid JSON: {error.msg.removesuffix(' at')} "
            f"at line {error.lineno}, column {error.colno}."
        ) from None
    except UnicodeDecodeError:
        raise MalformedBody("The body is not valid JSON: it is not UTF-8.") from None
    except RecursionError:
        raise MalformedBody("The body is not accepted: its JSON is nested too deeply.") from None
    except ValueError:  # a number of more digits than Python converts
        raise MalformedBody("The body is not accepted: a number in its JSON is too long.") from None


def parse_form(body: bytes) -> dict[str, list[str]]:
    """The fields of `application/x-www-form-urlencoded`, each with all its values. Raises
    `MalformedBody`."""
    try:
        return parse_qs(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_FORM_FIELDS
        )
    except ValueError:  # of it are the errors of decoding
        raise MalformedBody(
            f"The body is not accepted: it is not a form of at most {_FORM_FIELDS} fields in UTF-8."
        ) from None


async def read_fields(
    request: Request, limit: int, of_form: Callable[[dict[str, list[str]]], dict[str, Any]]
) -> dict[str, Any]:
    """The fields of a JSON object, where null is a field left out, or of a form of either kind, as `of_form`
    reads them; the files of a form are not among them.
    An empty body has no fields, whatever it is called. Raises `MalformedBody` and `UnsupportedMedia`."""
    kind, _ = media_type(request)
    if kind == MULTIPART:
        return of_form((await read_multipart(request, limit)).fields)
    body = await read_body(request, limit)
    if kind == FORM or not body:
        return of_form(await off_loop(len(body), lambda: parse_form(body)))
    if kind != JSON:
        raise UnsupportedMedia(f"Send {JSON}, {FORM} or {MULTIPART}.")
    data = parse_json(body)
    if not isinstance(data, dict):
        raise MalformedBody("The body must be a JSON object.")
    return {name: value for name, value in data.items() if value is not None}


def validate(model: type[Model], data: Any, *, strict: bool = True) -> Model:
    """Raises `MalformedBody` with a pointer and what is expected there; for an unknown field with
    the allowed ones. The caller's values are never repeated."""
    if not isinstance(data, dict):
        raise MalformedBody("The body must be a JSON object.", pointer="#")
    try:
        return model.model_validate(data, strict=strict)
    except ValidationError as error:
        fault = _fault(error, data)
        pointer = "#/" + "/".join(_shown(part) for part in fault.location)
        if fault.kind == "extra_forbidden":
            allowed = ", ".join(sorted(_fields_at(model, fault.location[:-1])))
            raise MalformedBody(
                f"Unknown field {_shown(fault.location[-1])}; allowed here: {allowed}.", pointer=pointer
            ) from None
        raise MalformedBody(f"{pointer}: {fault.message}.", pointer=pointer) from None


class _Fault(NamedTuple):
    location: tuple[int | str, ...]
    kind: str
    message: str


def _fault(error: ValidationError, data: Any) -> _Fault:
    """The first; where a value may be of several types, what is wrong with it as one of the type it has."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    faults = [
        _Fault(_within(data, each["loc"], missing=each["type"] == "missing"), each["type"], each["msg"])
        for each in found
    ]
    fault = faults[0]
    if len(fault.location) < len(found[0]["loc"]):
        of_the_value = [each for each in faults if each.location[:1] == fault.location[:1]]
        fault = max(of_the_value, key=lambda each: (len(each.location), not each.kind.endswith("_type")))
        if fault.location == faults[0].location and fault.kind.endswith("_type"):
            message = " or ".join(dict.fromkeys(each.message for each in of_the_value))
            fault = fault._replace(message=message.replace(" or Input should be ", " or "))
    return fault


def _within(data: Any, location: tuple[int | str, ...], *, missing: bool) -> tuple[int | str, ...]:
    """The location without what pydantic puts between: the names of the types that a value may have."""
    parts: list[int | str] = []
    for number, part in enumerate(location, 1):
        if isinstance(data, list) and isinstance(part, int):
            data = data[part]
        elif isinstance(data, dict) and (part in data or (missing and number == len(location))):
            data = data.get(part)
        else:
            continue
        parts.append(part)
    return tuple(parts)


def _shown(part: int | str) -> str:
    """A field name that may be repeated: a short identifier. Anything else could be article text."""
    if isinstance(part, int) or _FIELD_NAME.fullmatch(part):
        return str(part)
    return "(unnamed)"


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    for part in location:
        field = model.model_fields.get(str(part))
        model = (_model_in(field.annotation) if field else None) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Also that of a list's items."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
