import codecs
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.documents.encoding import decode
from service.documents.formats import FORMATS, read_document
from service.errors import DocumentInvalid, UnsupportedMedia
from tests.integration.documents.conftest import Translate

TEXT = "Die Brücke über den Fluß kostet 5 €.\r\n\r\n- „Schön“, sagt der Bürgermeister.\n"


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (b"", "cp1252"),
    ],
    ids=str,
)
def test_a_text_comes_back_in_its_encoding(translate: Translate, mark: bytes, codec: str) -> None:
    made = translate(mark + TEXT.encode(codec), "a.txt").content
    assert made == mark + TEXT.upper().encode(codec)


def test_latin_1_is_read_as_what_it_is(translate: Translate) -> None:
    text = "Die Brücke über den Fluß. Schöne Grüße!"
    assert translate(text.encode("latin-1"), "a.txt").content == text.upper().encode("latin-1")


def test_other_charsets_are_guessed() -> None:
    text = "Příliš žluťoučký kůň úpěl ďábelské ódy. Všechno je v pořádku, řekl starosta města Brna."
    assert decode(text.encode("cp1250"))[0] == text
    text = "Мэр города сказал, что старый мост через реку будет отремонтирован в мае этого года."
    assert decode(text.encode("cp1251"))[0] == text


def test_what_the_encoding_has_no_room_for_makes_it_utf_8(translate: Translate) -> None:
    made = translate("Fünf Brücken.".encode("cp1252"), "a.txt", decode=lambda _: "Five → bridges.")
    assert made.content.decode("utf-8") == "Five → bridges."


@given(st.text(max_size=200))
def test_a_text_is_read_and_written_as_it_was(text: str) -> None:
    read, encoding = decode(text.encode("utf-8", "replace"))
    assert encoding.encode(read) == text.encode("utf-8", "replace")


@given(st.binary(max_size=300), st.sampled_from(sorted(FORMATS)))
def test_any_bytes_are_read_or_refused(content: bytes, extension: str) -> None:
    with contextlib.suppress(DocumentInvalid):
        read_document(content, "a" + extension)


def test_a_page_keeps_its_markup_its_charset_and_tells_its_language(translate: Translate) -> None:
    page = (
        '<!DOCTYPE html><html lang="de"><head><meta charset="iso-8859-1"><title>Die Brücke</title></head>'
        '<body><p class="x">Der <b>Stadtrat</b> tagt.</p><script>var a = "bleibt";</script></body></html>'
    )
    made = translate(page.encode("latin-1"), "a.html", decode=lambda s: s.upper() + "→").content.decode(
        "latin-1"
    )
    assert made.startswith('<!DOCTYPE html><html lang="en"><head><meta charset="iso-8859-1">')
    assert '<p class="x">DER <b>STADTRAT</b> TAGT.' in made
    assert '<script>var a = "bleibt";</script>' in made
    assert "&#8594;" in made


@pytest.mark.parametrize("content", [b"", b"12,50", b"https://talbote.example/a", b" \n\n"])
def test_a_file_without_words_comes_back_as_it_is(translate: Translate, content: bytes) -> None:
    made = translate(content, "a.txt")
    assert made.content == content
    assert [remark.code for remark in made.remarks] == ["nothing_to_translate"]


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.docx.exe", ".docx", "a.docm", "", "a.DOC"])
def test_other_kinds_are_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UnsupportedMedia, match=r"send \.txt, \.md"):
        read_document(b"", name)


@pytest.mark.parametrize("extension", [".txt", ".md", ".html", ".srt", ".xlf"])
def test_an_archive_by_another_name_is_refused(extension: str) -> None:
    with pytest.raises(DocumentInvalid):
        read_document(b"PK\x03\x04 and so on", "a" + extension)
