"""LibreTranslate's files and the multipart variants of its routes, against the running service."""

import io
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import docx
import httpx
import pytest
from libretranslatepy import LibreTranslateAPI

from tests.integration.conftest import serving, stub_models

SENTENCE = "Der Zug nach Hamburg fährt am Abend ohne Halt ab."


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with serving() as service:
        yield service


def sent(service: httpx.Client, name: str, content: bytes, **fields: str) -> httpx.Response:
    return service.post(
        "/translate_file", data={"source": "de", "target": "en", **fields}, files={"file": (name, content)}
    )


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("Zug.txt", SENTENCE.encode(), SENTENCE.upper().encode()),
        ("a.md", f"# {SENTENCE}\n".encode(), f"# {SENTENCE.upper()}\n".encode()),
        ("a.html", f"<p>{SENTENCE}</p>".encode(), f"<p>{SENTENCE.upper()}</p>".encode()),
    ],
)
def test_a_file_is_translated_and_fetched_from_the_address_told(
    service: httpx.Client, name: str, content: bytes, wanted: bytes
) -> None:
    answer = sent(service, name, content)
    assert answer.status_code == 200, answer.text
    url = answer.json()["translatedFileUrl"]
    assert url.startswith(f"{service.base_url}/download_file/")
    for _ in range(2):
        with urlopen(url, timeout=10) as file:  # noqa: S310 -- our own service
            assert file.read() == wanted
            assert file.headers["content-disposition"].startswith("attachment;")
            assert file.headers["x-content-type-options"] == "nosniff"


def test_the_language_is_told_where_it_was_looked_for_and_warnings_are_told_always(
    service: httpx.Client,
) -> None:
    answer = sent(service, "a.txt", (SENTENCE * 3).encode(), source="auto").json()
    assert answer["detectedLanguage"]["language"] == "de"
    assert {"code", "message", "parts"} <= answer["warnings"][0].keys()
    assert "detectedLanguage" not in sent(service, "a.txt", SENTENCE.encode()).json()


def test_a_word_file(service: httpx.Client) -> None:
    document = docx.Document()
    document.add_heading(SENTENCE, 1)
    out = io.BytesIO()
    document.save(out)
    url = sent(service, "a.docx", out.getvalue()).json()["translatedFileUrl"]
    made = docx.Document(io.BytesIO(service.get(url).content))
    assert made.paragraphs[0].text == SENTENCE.upper()


@pytest.mark.parametrize(
    ("fields", "file", "status", "message"),
    [
        ({"source": "de", "target": "en"}, None, 400, "missing file parameter"),
        ({"target": "en"}, "a.txt", 400, "missing source parameter"),
        ({"source": "de"}, "a.txt", 400, "missing target parameter"),
        ({"source": "de", "target": "xx"}, "a.txt", 400, "xx is not supported"),
        ({"source": "de", "target": "en"}, "a.pdf", 400, "file format not supported"),
        ({"source": "de", "target": "en"}, "a.docx", 400, "damaged"),
        ({"source": "de", "target": "en"}, "a.xlf", 400, "XML cannot be read"),
    ],
)
def test_every_failure_is_an_error_in_words(
    service: httpx.Client, fields: dict[str, str], file: str | None, status: int, message: str
) -> None:
    files = {"file": (file, SENTENCE)} if file else {"other": ("a.txt", "")}
    answer = service.post("/translate_file", data=fields, files=files)
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "code", "request_id"}
    assert message in answer.json()["error"]


def test_what_is_no_multipart_form_is_refused(service: httpx.Client) -> None:
    assert service.post("/translate_file", json={}).status_code == 415
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert service.post("/translate_file", content=b"--x\r\n", headers=kind).status_code == 400
    large = b"--x\r\n" + b"a" * 11_000_000
    assert service.post("/translate_file", content=large, headers=kind).status_code == 413


@pytest.mark.parametrize("name", ["0" * 96 + ".txt", "a", "..%2F..%2Fetc%2Fpasswd", "ä.txt", "." * 300])
def test_another_address_holds_no_file(service: httpx.Client, name: str) -> None:
    answer = service.get(f"/download_file/{name}")
    assert answer.status_code == 404
    if "%2F" not in name:
        assert answer.json().keys() == {"error", "code", "request_id"}


def test_another_ending_holds_no_file(service: httpx.Client) -> None:
    url = sent(service, "a.txt", SENTENCE.encode()).json()["translatedFileUrl"]
    assert service.get(url.replace(".txt", ".html")).status_code == 404


def test_the_operator_says_where_the_service_is() -> None:
    with serving(public_url="https://news.example/kurzfassung/") as service:
        url = sent(service, "a.txt", SENTENCE.encode()).json()["translatedFileUrl"]
        assert url.startswith("https://news.example/kurzfassung/download_file/")


def test_work_on_a_file_stops_when_its_sender_leaves() -> None:
    allowed, started = threading.Event(), threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if any("Hamburg" in source for source in sources):
            started.set()
            assert allowed.wait(20)

    article = "\n\n".join([SENTENCE] + [f"Der Zug {n} nach Bremen fährt am Morgen ab." for n in range(600)])
    with serving(stub_models(gate=gate), document_store_bytes=56_000, batch_tokens=16) as service:
        request = service.build_request(
            "POST",
            "/translate_file",
            data={"source": "de", "target": "en"},
            files={"file": ("a.txt", article)},
        )
        head = f"POST /translate_file HTTP/1.1\r\nHost: {request.url.netloc.decode()}\r\n"
        head += f"Content-Type: {request.headers['content-type']}\r\n"
        head += f"Content-Length: {request.headers['content-length']}\r\n\r\n"
        with socket.create_connection((request.url.host, request.url.port or 80), timeout=20) as connection:
            connection.sendall(head.encode() + request.read())
            assert started.wait(20)
        allowed.set()
        # There is room for another file of that size only when the first was let go.
        for _ in range(200):
            answer = sent(service, "a.txt", b"Ein Satz. " * 3_500)
            if answer.status_code != 503:
                break
            threading.Event().wait(0.05)
        assert answer.status_code == 200


def test_a_form_of_several_parts_is_read_like_any_other(service: httpx.Client) -> None:
    def multipart(path: str, **fields: str) -> object:
        parts = {name: (None, value) for name, value in fields.items()}
        answer = service.post(path, files=parts)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert multipart("/translate", q=f"{SENTENCE}\r\n\r\nBirnen", source="de", target="en") == {
        "translatedText": f"{SENTENCE}\n\nBirnen".upper()
    }
    assert multipart("/translate", q="<b>Äpfel</b>", source="de", target="en", format="html") == {
        "translatedText": "<b>ÄPFEL</b>"
    }
    assert multipart("/translate", q="Äpfel", source="de", target="en", alternatives="3") == {
        "translatedText": "ÄPFEL",
        "alternatives": ["äpfel"],
    }
    detected = multipart("/detect", q=SENTENCE * 3)
    assert isinstance(detected, list)
    assert detected[0]["language"] == "de"


def test_suggestions_are_refused_as_the_settings_say(service: httpx.Client) -> None:
    settings = service.get("/frontend/settings").json()
    assert settings["suggestions"] is False
    assert settings["filesTranslation"] is True
    assert {".txt", ".md", ".html", ".docx", ".srt", ".xlf", ".xliff"} <= set(
        settings["supportedFilesFormat"]
    )
    for body in ({"json": {"q": "a", "s": "b"}}, {"data": {"q": "a"}}, {"files": {"q": (None, "a")}}):
        answer = service.post("/suggest", **body)  # type: ignore[arg-type]  # of several kinds
        assert answer.status_code == 403
        assert answer.json().keys() == {"error", "code", "request_id"}


def test_the_specification_tells_the_fields_that_work(service: httpx.Client) -> None:
    document = service.get("/spec").json()
    assert document["swagger"] == "2.0"
    known = {"q": SENTENCE, "source": "de", "target": "en", "format": "text", "alternatives": "0"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            fields = {each["name"]: known.get(each["name"], "") for each in operation["parameters"]}
            files = {"file": ("a.txt", SENTENCE)} if fields.pop("file", None) is not None else None
            data = {"data": fields} if method == "post" else {}
            answer = service.request(method, path, files=files, **data)  # type: ignore[arg-type]  # as above
            assert answer.status_code == 200, (path, answer.text)


def test_the_official_client_beside_files(service: httpx.Client) -> None:
    """It knows no files; what it does know goes on while one is translated."""
    client = LibreTranslateAPI(str(service.base_url))
    url = sent(service, "a.txt", SENTENCE.encode()).json()["translatedFileUrl"]
    assert client.translate(SENTENCE, source="de", target="en", timeout=10) == SENTENCE.upper()
    request = Request(url.replace("/download_file/", "/download_file/0"))  # noqa: S310 -- our own service
    with pytest.raises(HTTPError) as refused:
        urlopen(request, timeout=10)  # noqa: S310 -- our own service
    assert "no such" in json.loads(refused.value.read())["error"]
    refused.value.close()
