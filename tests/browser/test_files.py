"""Files that a reader brings to the page and takes away from it."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.conftest import TEXT, open_page, translate
from tests.integration.conftest import ARTICLES, serving, stub_models

try:
    import docx
    from playwright.sync_api import expect
except ImportError:  # the fixture `browser` says what is missing
    expect = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def word_document(*paragraphs: str) -> bytes:
    made = docx.Document()
    for each in paragraphs:
        made.add_paragraph(each)
    return saved(made)


def saved(document: Any) -> bytes:
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def with_main_part(xml: bytes, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("word/document.xml", xml)
    return held.getvalue()


def give(page: Any, name: str, content: bytes, kind: str = "") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": content})


def drop(page: Any, name: str, content: bytes) -> None:
    """As a browser does it: a file in a DataTransfer."""
    page.evaluate(
        """([name, held]) => {
          const bytes = Uint8Array.from(atob(held), (each) => each.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], name));
          for (const kind of ["dragover", "drop"]) {
            const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
            document.getElementById("text").dispatchEvent(event);
          }
        }""",
        [name, base64.b64encode(content).decode()],
    )


def test_a_file_and_the_example_fill_the_box(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    page.set_input_files("#file", ARTICLES / "seite.html")
    expect(page.locator("#text")).to_have_value(re.compile("<h1"))
    assert page.input_value("#format") == "page"
    page.click("#go")
    page.wait_for_selector("#warnings li[data-code=html_extracted]")
    assert "<p>" not in page.text_content("#source-text")
    assert page.locator("#source-text .segment").count() == page.locator("#target-text .segment").count() > 5
    page.click("#example")
    assert page.input_value("#format") == "text"
    page.click("#go")
    expect(page.locator("#target-text")).to_contain_text("DIE ALTE BRÜCKE IN TALHEIM WIRD REPARIERT 🌉")
    page.click("#empty")
    assert page.input_value("#text") == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("artikel.txt", "Die Brücke ist alt.".encode()),
        ("artikel.txt", "Die Brücke ist alt.".encode("cp1252")),
        ("artikel.txt", "Die Brücke ist alt.".encode("utf-16")),
        ("seite.HTML", "<p>Die Brücke ist alt.</p>".encode()),
        ("seite.htm", '<meta charset="iso-8859-2"><p>Die Brücke ist alt.</p>'.encode("iso-8859-2")),
    ],
)
def test_a_dropped_file_is_read_in_its_encoding(
    page: Any, client: httpx.Client, name: str, content: bytes
) -> None:
    open_page(page, client)
    drop(page, name, content)
    expect(page.locator("#text")).to_have_value(re.compile("Die Brücke ist alt."))
    expect(page.locator("#status")).to_have_text(f"{name} is open.")
    assert page.input_value("#format") == ("text" if name.endswith("txt") else "page")


def test_a_dropped_word_document_is_read_here_paragraph_by_paragraph(page: Any, client: httpx.Client) -> None:
    document = docx.Document()
    document.add_heading("Brücke 🌉 wird saniert")
    paragraph = document.add_paragraph("Der Stadtrat ")
    paragraph.add_run("hat").bold = True
    paragraph.add_run(" entschieden & gut.\tJa.\nNeue Zeile.")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ("Jahr", "Kosten", "1931", "2 Mio."), strict=True
    ):
        cell.text = text
    document.sections[0].header.paragraphs[0].text = "Kopfzeile"
    open_page(page, client)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    drop(page, "artikel.docx", saved(document))
    expect(page.locator("#text")).to_have_value(
        "Brücke 🌉 wird saniert\n\nDer Stadtrat hat entschieden & gut.\tJa.\nNeue Zeile.\n\n"
        "Jahr\tKosten\n1931\t2 Mio."
    )
    assert asked == []  # nothing was sent for it


def test_deleted_text_and_second_drawings_are_no_text_of_a_word_document(
    page: Any, client: httpx.Client
) -> None:
    names = (
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    )
    box = "<w:txbxContent><w:p><w:r><w:t>Kasten</w:t></w:r></w:p></w:txbxContent>"
    xml = (
        f"<w:document {names}><w:body><w:p><w:r><w:t>Neu</w:t></w:r><w:del><w:r><w:t>Alt</w:t></w:r></w:del>"
        f"<w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r><w:ins><w:r><w:t>er</w:t></w:r></w:ins></w:p></w:body></w:document>"
    )
    open_page(page, client)
    drop(page, "b.docx", with_main_part(xml.encode(), method=zipfile.ZIP_STORED))
    expect(page.locator("#text")).to_have_value("Neuer\n\nKasten")


XML_BROKEN = "Applying inline style"
"""Chromium's own report of XML that is broken has a style in it, which the page's policy blocks."""

_GOOD = "<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body/>"
_ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.docx", b"no zip at all", "cannot be read"),
        ("a.docx", b"", "cannot be read"),
        ("a.docx", b"PK\x05\x06" + b"\xff" * 18, "cannot be read"),
        ("a.docx", with_main_part(b"<not-word/>"), "cannot be read"),
        ("a.docx", with_main_part(b"<broken"), "cannot be read"),
        ("a.docx", with_main_part(_ENTITIES), "cannot be read"),
        ("a.docx", with_main_part(_GOOD.encode() + b" " * 30_000_000), "is too large"),
        ("a.docx", with_main_part(b" " * 2_000)[:-40], "cannot be read"),
        ("bild.png", b"\x89PNG", "is not a .txt, .html or .docx file"),
    ],
    ids=["text", "empty", "end only", "no word", "broken", "entities", "bomb", "cut", "picture"],
)
def test_a_hostile_or_foreign_file_is_refused_and_the_text_before_stays(
    page: Any, client: httpx.Client, tolerated: list[str], name: str, content: bytes, said: str
) -> None:
    tolerated.append(XML_BROKEN)
    open_page(page, client)
    page.fill("#text", TEXT)
    drop(page, name, content)
    expect(page.locator("#status")).to_contain_text(f"{name} {said}")
    assert page.input_value("#text") == TEXT


def test_damaged_word_documents_are_refused_or_read_but_break_nothing(
    page: Any, client: httpx.Client, tolerated: list[str]
) -> None:
    tolerated.append(XML_BROKEN)
    whole = word_document("Die Brücke ist alt.", "Sie wird saniert.")
    open_page(page, client)
    for at in range(0, len(whole), len(whole) // 40):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        page.evaluate("document.getElementById('status').textContent = ''")
        drop(page, "a.docx", bytes(damaged))
        expect(page.locator("#status")).to_have_text(re.compile("is open|cannot be read|is too large"))


def test_a_page_in_an_old_charset_keeps_its_umlauts_and_stays_a_page_when_it_is_edited(
    page: Any, client: httpx.Client
) -> None:
    open_page(page, client)
    old = f"<html><body><p>{TEXT.replace('🌉', '')}</p></body></html>".encode("cp1252")
    give(page, "alt.html", old, "text/html")
    expect(page.locator("#text")).to_have_value(re.compile("Brücke"))
    page.locator("#text").press("End")
    page.locator("#text").type(" ")
    page.click("#go")
    page.wait_for_selector("#warnings li[data-code=html_extracted]")
    assert "BRÜCKE" in page.text_content("#target-text")
    assert "<P>" not in page.text_content("#target-text")


def taken(page: Any, kind: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.click(f"[data-save={kind}]")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_the_answer_can_be_taken_away_as_text_markdown_and_json(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    text = "Alte Brücke\n\n" + TEXT + "\n# Kein Titel, sagte *er* und ging.\n"
    translate(page, text)
    name, content = taken(page, "txt")
    assert name.endswith(".txt")
    assert text.strip().upper() in content.decode()
    assert "* stub is a small demonstration model" in content.decode()
    name, content = taken(page, "md")
    lines = content.decode().splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "# ALTE BRÜCKE",
        "## Summary",
        "## Translation",
        "## What to know about this answer",
    ]
    assert "\\# KEIN TITEL, SAGTE \\*ER\\* UND GING." in lines
    assert name == "alte-brucke.md"
    _, content = taken(page, "json")
    same = client.post("/v1/digest", json={"text": text, "summary": {"length": "medium"}, "segments": True})
    ours, theirs = json.loads(content), same.json()
    for changing in ("timing",):
        assert ours.pop(changing).keys() == theirs.pop(changing).keys()
    assert ours == theirs


def test_the_word_document_opens_in_a_reader_of_such_files(page: Any, client: httpx.Client) -> None:
    open_page(page, client)
    text = "Alte Brücke\n\n" + TEXT + "\nEr sagte: <nichts> & „alles“ 🌉.\nZweite Zeile.\n"
    translate(page, text)
    name, content = taken(page, "docx")
    assert name == "alte-brucke.docx"
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    document = docx.Document(io.BytesIO(content))
    styled = [(each.style.name, each.text) for each in document.paragraphs]
    assert styled[0] == ("Title", "ALTE BRÜCKE")
    assert [text for style, text in styled if style == "Heading 1"] == [
        "Summary",
        "Translation",
        "What to know about this answer",
    ]
    assert ("Normal", "ER SAGTE: <NICHTS> & „ALLES“ 🌉.\nZWEITE ZEILE.") in styled
    # And in ours.
    drop(page, "back.docx", content)
    expect(page.locator("#text")).to_have_value(re.compile("ER SAGTE: <NICHTS> & „ALLES“ 🌉."))


def test_characters_that_xml_forbids_do_not_spoil_the_word_document(page: Any) -> None:
    with serving(stub_models(decode=lambda text: text.upper() + "\x0b\x01")) as client:
        open_page(page, client)
        translate(page, TEXT)
        _, content = taken(page, "docx")
        assert "STADTRAT" in "".join(each.text for each in docx.Document(io.BytesIO(content)).paragraphs)


def test_what_was_stopped_can_be_taken_away_and_says_that_it_is_not_all(page: Any) -> None:
    import threading

    held = threading.Event()

    def gate(sources: Any) -> None:
        if any("beginnen" in source for source in sources):
            held.wait(20)

    with serving(stub_models(gate=gate), batch_tokens=12) as client:
        open_page(page, client)
        page.fill("#text", TEXT)
        page.click("#go")
        page.wait_for_selector("#target-text .segment")
        page.click("#stop")
        held.set()
        _, content = taken(page, "json")
        assert json.loads(content)["incomplete"] is True
