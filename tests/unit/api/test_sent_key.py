"""The key in the field of a body."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from service.api.sent_key import key_of_body

HEAD = b'Content-Disposition: form-data; name="api_key"'


def request(body: bytes, kind: str = "multipart/form-data; boundary=x") -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "headers": [(b"content-type", kind.encode())]}, receive)


async def key_in(body: bytes) -> str | None:
    key, _ = await key_of_body(request(body), "api_key", 10_000_000)
    return key


async def test_a_field_of_a_multipart_form_is_the_key_and_a_file_is_none() -> None:
    assert await key_in(b"--x\r\n" + HEAD + b"\r\n\r\ngeheim\r\n--x--\r\n") == "geheim"
    file = HEAD + b'; filename="a.txt"'
    assert await key_in(b"--x\r\n" + file + b"\r\n\r\ngeheim\r\n--x--\r\n") is None


@pytest.mark.timeout(10)
@pytest.mark.parametrize("line", [b"Content-Disposition:", b"Content-Disposition: ;name=api_key\r\n"])
async def test_a_hostile_body_takes_no_longer_than_its_length(line: bytes) -> None:
    """It took the square of it: two megabytes some twenty minutes."""
    assert await key_in(line * (2_000_000 // len(line))) is None
