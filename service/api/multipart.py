"""A `multipart/form-data` body taken apart while it arrives: fields and files, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import MalformedBody

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MOST_PARTS = 1_000
_NOT_A_FORM = "The body is not accepted: it is not the multipart form that its content type announces."


@dataclass(frozen=True, slots=True)
class SentFile:
    """`name` is what the sender calls it; nothing here is ever opened or written under it."""

    name: str
    content: bytes


@dataclass(slots=True)
class MultipartForm:
    """Each field and each file with all its values."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[SentFile]] = field(default_factory=dict)

    def file(self, name: str) -> SentFile | None:
        found = self.files.get(name)
        return found[0] if found else None


class MultipartReader:
    """Takes the body as it arrives; who feeds it bounds it. Raises `MalformedBody`, at once for a content
    type without a boundary."""

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise MalformedBody("The content type names no boundary.")
        self._form = MultipartForm()
        self._ended = False
        self._parts = 0
        self._begin()
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError:
            raise MalformedBody(_NOT_A_FORM) from None

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except (FormParserError, UnicodeDecodeError):
            raise MalformedBody(_NOT_A_FORM) from None

    def form(self) -> MultipartForm:
        """Once everything was fed."""
        try:
            self._parser.finalize()
        except FormParserError:
            raise MalformedBody(_NOT_A_FORM) from None
        if not self._ended:
            raise MalformedBody(_NOT_A_FORM)
        return self._form

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finished,
        }

    def _begin(self) -> None:
        self._name, self._value, self._content = bytearray(), bytearray(), bytearray()
        self._disposition = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def _end(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise MalformedBody(f"The form has more than {_MOST_PARTS} parts.")
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise MalformedBody(_NOT_A_FORM)
        name = options[b"name"].decode("utf-8")
        if b"filename" in options:
            file = SentFile(options[b"filename"].decode("utf-8", "replace"), bytes(self._content))
            self._form.files.setdefault(name, []).append(file)
        else:
            self._form.fields.setdefault(name, []).append(self._content.decode("utf-8"))
        self._content = bytearray()

    def _finished(self) -> None:
        self._ended = True
