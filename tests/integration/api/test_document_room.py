"""Files in memory have a bound, also those that are only arriving."""

import socket
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from service.keys.key import Limits
from tests.integration.conftest import serving
from tests.keys import key_store

FORM = {"target_lang": "EN-US", "source": "de", "target": "en"}
HALF = {"file": ("a.txt", "Guten Tag. " * 4_000)}
ROOM = {"document_store_bytes": 100_000}
"""For two of them."""


def stalled(service: httpx.Client, path: str, **headers: str) -> socket.socket:
    """An upload whose last byte does not come. The service says that it may go on when it has let it in: a
    request that is sent meanwhile would take its room."""
    request = service.build_request("POST", path, data=FORM, files=HALF, headers=headers)
    body = b"".join(request.stream)  # type: ignore[arg-type]  # of a synchronous client
    head = f"POST {path} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in request.headers.items()
    )
    connection = socket.create_connection((service.base_url.host, service.base_url.port or 80), timeout=20)
    connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
    told = b""
    while not told.endswith(b"\r\n\r\n"):
        more = connection.recv(100)
        assert more, told
        told += more
    assert told.startswith(b"HTTP/1.1 100")
    connection.sendall(body[:-1])
    return connection


def until(service: httpx.Client, path: str, status: int, **headers: str) -> httpx.Response:
    """What a file of a kind that is not read is told at last: 503 while there is no room to look at it."""
    other = {"file": ("a.pdf", HALF["file"][1])}
    for _ in range(200):
        answer = service.post(path, data=FORM, files=other, headers=headers)
        if answer.status_code == status:
            return answer
    raise AssertionError(answer.text)


@pytest.mark.parametrize("path", ["/v2/document", "/translate_file"])
def test_what_arrives_slowly_takes_its_room_at_once_and_lets_go_of_it(path: str) -> None:
    with serving(**ROOM) as service, ExitStack() as slow:
        uploads = [slow.enter_context(closing(stalled(service, path))) for _ in range(2)]
        refused = until(service, path, 503)
        assert refused.json()["code"] == "overloaded"
        assert refused.headers["retry-after"] == "30"
        uploads[0].sendall(b"\n")
        assert uploads[0].recv(12) == b"HTTP/1.1 200"
        until(service, path, 400)
        slow.enter_context(closing(stalled(service, path)))
        until(service, path, 503)
        uploads[1].close()  # who leaves lets go of it too
        until(service, path, 400)


def test_whoever_has_no_key_yet_takes_no_room_of_those_who_have_one(tmp_path: Path) -> None:
    _, key = key_store(tmp_path).create("one", ["documents"], Limits())
    path = "/translate_file"
    with serving(data_dir=tmp_path, **ROOM) as service, ExitStack() as slow:
        for address in ("192.0.2.1", "192.0.2.2"):
            slow.enter_context(closing(stalled(service, path, **{"X-Forwarded-For": address})))
        assert until(service, path, 503).json()["code"] == "overloaded"
        bearer = {"Authorization": f"Bearer {key}"}
        assert service.post(path, data=FORM, files=HALF, headers=bearer).status_code == 200


def test_one_address_without_a_key_leaves_half_of_the_room_to_others(tmp_path: Path) -> None:
    key_store(tmp_path).create("one", ["documents"], Limits())
    path = "/translate_file"
    one, other = ({"X-Forwarded-For": address} for address in ("192.0.2.1", "192.0.2.2"))
    with serving(data_dir=tmp_path, **ROOM) as service, closing(stalled(service, path, **one)):
        assert until(service, path, 503, **one).json()["code"] == "overloaded"
        looked_at = until(service, path, 400, **other)  # its file was looked at for the key that is not in it
        assert looked_at.json()["code"] == "key_missing"
