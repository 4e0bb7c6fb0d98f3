"""Nothing of a file, its name or its key gets into logs, metrics or refusals, whatever becomes of it."""

import logging
from collections.abc import Sequence

import pytest

from service.observability.logs import json_lines
from tests.integration.conftest import serving, stub_models

MARKER = "Geheimwort"
FORM = {"target_lang": "EN-US", "source_lang": "DE"}


def fail(sources: Sequence[str]) -> None:
    if any("Kaputt" in source for source in sources):
        raise ValueError(f"the engine broke on {sources}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"{MARKER}.txt", f"Ein {MARKER} im Text."),
        (f"{MARKER}.txt", f"Kaputt ist das {MARKER} im Text."),
        (f"{MARKER}.docx", MARKER),
        (f"{MARKER}.xlf", f"<{MARKER}>"),
        (f"{MARKER}.srt", MARKER),
        (f"{MARKER}.pdf", MARKER),
    ],
    ids=["well", "the engine fails", "docx", "xlf", "srt", "unknown"],
)
def test_a_file_leaves_no_trace(caplog: pytest.LogCaptureFixture, name: str, content: str) -> None:
    seen: list[str] = []
    with caplog.at_level(logging.DEBUG), serving(stub_models(gate=fail)) as service:
        sent = service.post("/v2/document", data=FORM, files={"file": (name, content)})
        if sent.status_code == 200:
            handle = sent.json()
            seen.append(
                service.post(
                    f"/v2/document/{handle['document_id']}", json={"document_key": handle["document_key"]}
                ).text
            )
        form = {"source": "de", "target": "en"}
        made = service.post("/translate_file", data=form, files={"file": (name, content)})
        tokens = [made.json().get("translatedFileUrl", "").rpartition("/")[2]]
        if tokens[0]:
            service.get(f"/download_file/{tokens[0]}")
        seen += [sent.text, made.text, service.get("/metrics").text]
        tokens += list(sent.json().values()) if sent.status_code == 200 else []
    written = json_lines()
    logged = [written.format(record) for record in caplog.records]
    assert any("/translate_file" in line for line in logged)
    assert not [text for text in seen + logged if MARKER.lower() in text.lower()]
    assert not [line for line in logged for token in tokens if token and token.lower() in line.lower()]
