"""Documents with the official DeepL client, as it is installed, against the running service."""

import io
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import deepl
import docx
import httpx
import pytest

from tests.compat.test_deepl import client_of
from tests.integration.conftest import serving, stub_models

SENTENCE = "Die Brücke über den Fluss wird im Mai saniert."


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(data_dir=tmp_path_factory.mktemp("data")) as service:
        yield service


@pytest.fixture(scope="module")
def client(service: httpx.Client) -> deepl.DeepLClient:
    return client_of(service)


def word() -> bytes:
    out = io.BytesIO()
    document = docx.Document()
    document.add_heading("Die alte Brücke", 1)
    document.add_paragraph(SENTENCE)
    document.save(out)
    return out.getvalue()


FILES = {
    "artikel.txt": (SENTENCE.encode(), SENTENCE.upper().encode()),
    "Übung 1.md": (
        f"# Titel\n\n**{SENTENCE}** `x`\n".encode(),
        f"# TITEL\n\n**{SENTENCE.upper()}** `x`\n".encode(),
    ),
    "seite.HTML": (f"<p>{SENTENCE}</p>".encode(), f"<p>{SENTENCE.upper()}</p>".encode()),
    "film.srt": (
        f"1\n00:00:01,000 --> 00:00:03,000\n{SENTENCE}\n".encode(),
        f"1\n00:00:01,000 --> 00:00:03,000\n{SENTENCE.upper()}\n".encode(),
    ),
    "texte.xlf": (
        b'<?xml version="1.0"?><xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2"><file '
        b'source-language="de"><body><trans-unit id="1"><source>Ein Satz.</source></trans-unit>'
        b"</body></file></xliff>",
        b"<target state=\"needs-review-translation\" state-qualifier=\"mt-suggestion\">EIN SATZ.</target>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_back_translated(client: deepl.DeepLClient, tmp_path: Path, name: str) -> None:
    sent, wanted = FILES[name]
    (tmp_path / name).write_bytes(sent)
    target = tmp_path / f"out{Path(name).suffix}"
    status = client.translate_document_from_filepath(
        tmp_path / name, target, source_lang="DE", target_lang="EN-US"
    )
    assert status.done
    assert status.billed_characters
    assert wanted in target.read_bytes()


def test_a_word_file_comes_back_with_its_style(client: deepl.DeepLClient, tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(word())
    client.translate_document_from_filepath(tmp_path / "a.docx", tmp_path / "b.docx", target_lang="EN-GB")
    made = docx.Document(str(tmp_path / "b.docx"))
    assert [(p.text, p.style.name) for p in made.paragraphs] == [
        ("DIE ALTE BRÜCKE", "Heading 1"),
        (SENTENCE.upper(), "Normal"),
    ]


def test_content_without_a_file(client: deepl.DeepLClient) -> None:
    handle = client.translate_document_upload(SENTENCE, filename="a.txt", target_lang="EN-US")
    assert re.fullmatch("[0-9A-F]{32}", handle.document_id)
    assert re.fullmatch("[0-9A-F]{64}", handle.document_key)
    assert client.translate_document_wait_until_done(handle).done
    out = io.BytesIO()
    client.translate_document_download(handle, out)
    assert out.getvalue().decode() == SENTENCE.upper()


def test_a_result_is_given_once_and_to_who_has_the_key(
    client: deepl.DeepLClient, service: httpx.Client
) -> None:
    handle = client.translate_document_upload(SENTENCE, filename="a.txt", target_lang="EN-US")
    client.translate_document_wait_until_done(handle)
    for other in (
        deepl.DocumentHandle(handle.document_id, "0" * 64),
        deepl.DocumentHandle("0" * 32, handle.document_key),
        deepl.DocumentHandle(handle.document_id, "ä"),
    ):
        with pytest.raises(deepl.DeepLException, match="Not found"):
            client.translate_document_download(other, io.BytesIO())
        with pytest.raises(deepl.DeepLException, match="no such document"):
            client.translate_document_get_status(other)
    form = {"document_key": handle.document_key.lower()}
    answer = service.post(f"/v2/document/{handle.document_id}/result", data=form)
    assert answer.text == SENTENCE.upper()
    assert answer.headers["content-disposition"] == 'attachment; filename="translated.txt"'
    assert "sandbox" in answer.headers["content-security-policy"]
    with pytest.raises(deepl.DeepLException, match="Not found"):
        client.translate_document_download(handle, io.BytesIO())
    with pytest.raises(deepl.DeepLException, match="no such document"):
        client.translate_document_get_status(handle)


def test_a_glossary_is_applied_and_the_status_says_so(
    client: deepl.DeepLClient, service: httpx.Client
) -> None:
    glossary = client.create_glossary("Bau", "DE", "EN", {"Brücke": "footbridge"})
    handle = client.translate_document_upload(
        SENTENCE, filename="a.txt", source_lang="DE", target_lang="EN-US", glossary=glossary
    )
    client.translate_document_wait_until_done(handle)
    told = service.post(
        f"/v2/document/{handle.document_id}", json={"document_key": handle.document_key}
    ).json()
    assert [term["target"] for term in told["terms"]["applied"] + told["terms"]["missed"]] == ["footbridge"]
    assert told["detected_source_language"] == "DE"
    with pytest.raises(deepl.DeepLException, match=r"no dictionary|glossary"):
        client.translate_document_upload(
            SENTENCE, filename="a.txt", source_lang="DE", target_lang="EN-US", glossary="0" * 32
        )


def test_what_is_doubtful_is_told_with_the_part_it_is_about() -> None:
    text = "# Der Zug\n\nEr hat 17 Wagen und 3 Lokomotiven.\n"
    decode = {"decode": lambda source: source.upper().replace("17", "71")}
    with serving(stub_models(**decode)) as service:  # type: ignore[arg-type]  # one of its options
        client = client_of(service)
        handle = client.translate_document_upload(
            text, filename="a.md", source_lang="DE", target_lang="EN-US"
        )
        client.translate_document_wait_until_done(handle)
        told = service.post(
            f"/v2/document/{handle.document_id}", json={"document_key": handle.document_key}
        ).json()
    warned = {warning["code"]: warning for warning in told["warnings"]}
    assert warned["number_doubtful"]["parts"] == [2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filename": "a.pdf"}, "Bad request, message: Invalid file data.*kind"),
        ({"filename": "a"}, "Invalid file data"),
        ({"output_format": "pdf"}, "'output_format' has to be that of the file, txt"),
        ({"output_format": "docx"}, "'output_format' has to be that of the file"),
        ({"target_lang": "XX"}, "target_lang.*not supported"),
        ({"source_lang": "XX"}, "source_lang.*not supported"),
        ({"formality": "more"}, "Target language.*formality"),
        ({"style_rule": "a"}, "'style_id' is not supported"),
    ],
    ids=str,
)
def test_what_is_not_supported_is_refused_when_it_is_sent(
    client: deepl.DeepLClient, options: dict[str, str], message: str
) -> None:
    asked = {"filename": "a.txt", "target_lang": "EN-US", **options}
    with pytest.raises(deepl.DeepLException, match=message):
        client.translate_document_upload(SENTENCE, **asked)  # type: ignore[arg-type]  # of several kinds


def test_the_output_format_of_the_file_is_no_conversion(client: deepl.DeepLClient) -> None:
    client.translate_document_upload("# A", filename="a.md", target_lang="EN-US", output_format="markdown")


def test_a_conversion_asked_for_by_its_name_is_refused(client: deepl.DeepLClient, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE)
    with pytest.raises(deepl.DeepLException, match="output_format"):
        client.translate_document_from_filepath(tmp_path / "a.txt", tmp_path / "a.pdf", target_lang="EN-US")


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", b"<Types/>")
        packed.writestr("word/document.xml", b" " * 50_000_000)
    return out.getvalue()


LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    b'<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2">&b;</xliff>'
)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.docx", bomb(), "packed too tightly"),
        ("a.docx", b"no archive", "damaged"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(500), "encrypted"),
        ("a.xlf", LAUGHS, "document type"),
        ("a.xlf", b"<a>" * 10_000 + b"</a>" * 10_000, "nested"),
        ("a.srt", b"no times", "no subtitles"),
        ("a.txt", word(), "archive"),
        ("a.txt", b"a" * 1_000_001, "500,000 characters"),
        ("a.md", b"Wort " * 180_000, "characters"),
    ],
    ids=[
        "bomb",
        "no archive",
        "encrypted",
        "entities",
        "deep",
        "no times",
        "wrong kind",
        "long",
        "long text",
    ],
)
def test_a_file_that_cannot_be_read_ends_as_an_error_that_says_why(
    client: deepl.DeepLClient, name: str, content: bytes, message: str
) -> None:
    handle = client.translate_document_upload(content, filename=name, target_lang="EN-US")
    status = client.translate_document_wait_until_done(handle)
    assert not status.ok
    assert re.search(message, str(status.error_message))
    with pytest.raises(deepl.DeepLException, match="Not found"):
        client.translate_document_download(handle, io.BytesIO())
    with pytest.raises(deepl.DocumentTranslationException, match=message):
        client.translate_document(content, io.BytesIO(), target_lang="EN-US", filename=name)


def test_a_document_in_the_language_it_is_to_be_translated_into_is_an_error(
    client: deepl.DeepLClient,
) -> None:
    text = "The city council wants to restore the old bridge over the river in the spring of next year."
    handle = client.translate_document_upload(text * 3, filename="a.txt", target_lang="EN-US")
    status = client.translate_document_wait_until_done(handle)
    assert not status.ok
    assert "Source and target language" in str(status.error_message)


def test_a_document_that_is_not_ready_is_said_to_be_so() -> None:
    allowed = threading.Event()
    started = threading.Event()

    def gate(_: Sequence[str]) -> None:
        if started.is_set():
            assert allowed.wait(20)

    with serving(stub_models(gate=gate)) as service:
        started.set()
        handle = client_of(service).translate_document_upload(SENTENCE, filename="a.txt", target_lang="EN-US")
        key = {"document_key": handle.document_key}
        told = service.post(f"/v2/document/{handle.document_id}", json=key).json()
        assert told["status"] == "translating"
        answer = service.post(f"/v2/document/{handle.document_id}/result", json=key)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.json()["code"] == "document_not_ready"
        allowed.set()
        assert client_of(service).translate_document_wait_until_done(handle).done


def test_too_many_files_are_refused_and_there_is_room_again_when_one_is_fetched() -> None:
    with serving(document_store_bytes=10_000) as service:
        client = client_of(service)
        handles = [
            client.translate_document_upload(SENTENCE, filename="a.txt", target_lang="EN-US")
            for _ in range(2)
        ]
        form = {"target_lang": "EN-US"}
        sent = {"file": ("a.txt", SENTENCE)}
        refused = service.post("/v2/document", data=form, files=sent)
        assert refused.status_code == 503
        assert refused.json()["code"] == "overloaded"
        client.translate_document_wait_until_done(handles[0])
        client.translate_document_download(handles[0], io.BytesIO())
        assert service.post("/v2/document", data=form, files=sent).status_code == 200


def test_a_file_is_forgotten_when_its_time_is_over() -> None:
    with serving(document_minutes=0.5 / 60) as service:
        handle = client_of(service).translate_document_upload(SENTENCE, filename="a.txt", target_lang="EN-US")
        key = {"document_key": handle.document_key}
        for _ in range(200):
            answer = service.post(f"/v2/document/{handle.document_id}", json=key)
            if answer.status_code == 404:
                return
            threading.Event().wait(0.05)
    raise AssertionError("it is still there")


def test_a_file_larger_than_allowed_is_refused(service: httpx.Client) -> None:
    for length in (10_000_001 + 20_000, 20_000_000):
        answer = service.post(
            "/v2/document", data={"target_lang": "EN-US"}, files={"file": ("a.txt", b"a" * length)}
        )
        assert answer.status_code == 413
        assert "larger" in answer.json()["message"]


def test_the_command_line_of_the_client(service: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "artikel.txt").write_text(SENTENCE, encoding="utf-8")
    command = [sys.executable, "-m", "deepl", "--server-url", str(service.base_url), "--auth-key", "any"]
    made = subprocess.run(
        [*command, "document", "--to", "EN-US", str(tmp_path / "artikel.txt"), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "out" / "artikel.txt").read_text(encoding="utf-8") == SENTENCE.upper()
