"""Word files made and read by another library than ours."""

import io
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import docx
import pytest
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.text.paragraph import Paragraph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.documents.docx_package import Package
from service.documents.formats import read_document
from service.errors import DocumentInvalid
from tests.integration.documents.conftest import Translate

W = nsdecls("w")


def saved(document: Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def opened(content: bytes) -> Document:
    return docx.Document(io.BytesIO(content))


def archive(content: bytes, packed: int = zipfile.ZIP_DEFLATED, **changed: bytes) -> bytes:
    """The archive with some of its entries replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", packed) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, entry in changed.items():
            new.writestr(name, entry)
    return out.getvalue()


def entry(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        return old.read(name)


@pytest.fixture(scope="module")
def plain() -> bytes:
    document = docx.Document()
    document.add_paragraph("Ein Satz.")
    return saved(document)


def test_text_with_its_formatting_in_every_place(translate: Translate) -> None:
    document = docx.Document()
    document.add_heading("Die alte Brücke", 1)
    paragraph = document.add_paragraph("Der ")
    paragraph.add_run("Stadtrat").bold = True
    paragraph.add_run(" will die alte ")
    paragraph.add_run("Brücke").italic = True
    paragraph.add_run(" sanieren.")
    document.add_paragraph("Erster Punkt", style="List Bullet")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Die Kosten", "12,50"
    section = document.sections[0]
    section.header.paragraphs[0].text = "Kopfzeile der Zeitung"
    section.footer.paragraphs[0].text = "Fußzeile"
    made = opened(translate(saved(document), "a.docx").content)
    assert [each.text for each in made.paragraphs] == [
        "DIE ALTE BRÜCKE",
        "DER STADTRAT WILL DIE ALTE BRÜCKE SANIEREN.",
        "ERSTER PUNKT",
    ]
    assert [each.style.name for each in made.paragraphs] == ["Heading 1", "Normal", "List Bullet"]
    assert [(run.text, run.bold, run.italic) for run in made.paragraphs[1].runs] == [
        ("DER ", None, None),
        ("STADTRAT", True, None),
        (" WILL DIE ALTE ", None, None),
        ("BRÜCKE", None, True),
        (" SANIEREN.", None, None),
    ]
    assert [cell.text for cell in made.tables[0].rows[0].cells] == ["DIE KOSTEN", "12,50"]
    assert made.sections[0].header.paragraphs[0].text == "KOPFZEILE DER ZEITUNG"
    assert made.sections[0].footer.paragraphs[0].text == "FUSSZEILE"


def test_a_run_that_tells_its_language_tells_the_new_one(translate: Translate) -> None:
    document = docx.Document()
    run = '<w:r><w:rPr><w:b/><w:lang w:val="de-DE" w:eastAsia="ja-JP"/></w:rPr><w:t>Ein Satz.</w:t></w:r>'
    document.element.body.insert(0, parse_xml(f"<w:p {W}>{run}</w:p>"))
    written = entry(translate(saved(document), "a.docx").content, "word/document.xml").decode()
    assert '<w:b/><w:lang w:val="en" w:eastAsia="ja-JP"/>' in written


# A format that changes within a word is that of the whole word afterwards: words are what is aligned.
RUNS = st.lists(
    st.tuples(
        st.sampled_from(["Der Rat ", "tagt ", "heute ", "im Saal. ", "Es ", "regnet! ", "12,5 ", "ß & <b> "]),
        st.sampled_from([None, True]),
        st.sampled_from([None, True]),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@given(st.lists(RUNS, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_not_changed_by_the_model_comes_back_as_it_was(
    translate: Translate, paragraphs: list[list[tuple[str, bool | None, bool | None]]]
) -> None:
    document = docx.Document()
    for runs in paragraphs:
        paragraph = document.add_paragraph()
        for text, bold, italic in runs:
            run = paragraph.add_run(text)
            run.bold, run.italic = bold, italic
    made = translate(saved(document), "a.docx", decode=lambda source: source).content
    for before, after in zip(document.paragraphs, opened(made).paragraphs, strict=True):
        assert " ".join(after.text.split()) == " ".join(before.text.split())
        assert formats(after) == formats(before), paragraphs


def formats(paragraph: Paragraph) -> list[tuple[str, bool | None, bool | None]]:
    return [(sign, run.bold, run.italic) for run in paragraph.runs for sign in run.text if not sign.isspace()]


def test_a_sentence_is_read_whole_however_its_runs_are_cut(translate: Translate) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph()
    for part in ("Der St", "adtrat will ", "die Brü", "cke sanieren."):
        paragraph.add_run(part)
    seen: list[str] = []

    def decode(source: str) -> str:
        seen.append(source)
        return source.upper()

    translate(saved(document), "a.docx", decode=decode)
    assert "Der Stadtrat will die Brücke sanieren." in seen


@pytest.mark.parametrize(
    ("inside", "text", "kept"),
    [
        (
            '<w:hyperlink w:anchor="a"><w:r><w:rPr><w:u w:val="single"/></w:rPr><w:t>Ein Link</w:t></w:r>'
            "</w:hyperlink>"
            '<w:r><w:t xml:space="preserve"> im Satz.</w:t></w:r>',
            "EIN LINK IM SATZ.",
            ['w:anchor="a"', '<w:u w:val="single"/>'],
        ),
        (
            "<w:r><w:t>Name:</w:t></w:r><w:r><w:tab/><w:t>Wert</w:t><w:br/><w:t>Zeile</w:t></w:r>",
            "NAME:\tWERT\nZEILE",
            ["<w:tab/>", "<w:br/>"],
        ),
        (
            '<w:r><w:t xml:space="preserve">Seite </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            '<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
            '<w:r><w:t>eins</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
            '<w:r><w:t xml:space="preserve"> von zwei.</w:t></w:r>',
            "SEITE eins VON ZWEI.",
            ["PAGE"],
        ),
        (
            '<w:r><w:t xml:space="preserve">Hier </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            '<w:r><w:instrText> HYPERLINK "https://talbote.example"</w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>der Link</w:t></w:r>'
            '<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t>.</w:t></w:r>',
            "HIER DER LINK.",
            ['HYPERLINK "https://talbote.example"'],
        ),
        (
            '<w:r><w:t>Neu</w:t></w:r><w:del w:id="1"><w:r><w:delText>Alt</w:delText></w:r></w:del>'
            '<w:ins w:id="2"><w:r><w:t xml:space="preserve"> dazu</w:t></w:r></w:ins>'
            '<w:r><w:footnoteReference w:id="7"/></w:r>',
            "NEU",
            ["<w:delText>Alt</w:delText>", '<w:ins w:id="2">', "DAZU", '<w:footnoteReference w:id="7"/>'],
        ),
        (
            '<w:sdt><w:sdtPr><w:alias w:val="Feld"/></w:sdtPr><w:sdtContent><w:r><w:t>Inhalt</w:t></w:r>'
            '</w:sdtContent></w:sdt><w:bookmarkStart w:id="3" w:name="m"/><w:bookmarkEnd w:id="3"/>',
            "",
            ['<w:alias w:val="Feld"/>', "INHALT", 'w:name="m"'],
        ),
    ],
    ids=["link", "tab", "field", "link as a field", "changes", "control"],
)
def test_what_stands_between_the_words_stays(
    translate: Translate, inside: str, text: str, kept: list[str]
) -> None:
    document = docx.Document()
    document.element.body.insert(0, parse_xml(f"<w:p {W}>{inside}</w:p>"))
    content = translate(saved(document), "a.docx").content
    assert opened(content).paragraphs[0].text.strip() == text
    written = entry(content, "word/document.xml").decode()
    assert [each for each in kept if each not in written] == []
    if 'fldCharType="begin"' in inside:
        order = [written.index(f'fldCharType="{each}"') for each in ("begin", "separate", "end")]
        assert order == sorted(order)


def test_a_text_box_is_translated_where_it_is(translate: Translate) -> None:
    box = (
        f'<w:p {W}><w:r><w:t xml:space="preserve">Vor dem Kasten </w:t></w:r><w:r><w:pict><w:txbxContent>'
        "<w:p><w:r><w:t>Im Kasten</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
        "<w:r><w:t>danach.</w:t></w:r></w:p>"
    )
    document = docx.Document()
    document.element.body.insert(0, parse_xml(box))
    written = entry(translate(saved(document), "a.docx").content, "word/document.xml").decode()
    assert (
        '<w:txbxContent><w:p><w:r><w:t xml:space="preserve">IM KASTEN</w:t></w:r></w:p></w:txbxContent>'
        in written
    )
    assert written.index("VOR DEM KASTEN ") < written.index("IM KASTEN") < written.index("DANACH.")


def test_a_footnote_is_translated_and_its_mark_stays_where_it_belongs(translate: Translate) -> None:
    document = docx.Document()
    mark = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    text = "<w:r><w:t>Der Rat</w:t></w:r>" + mark + '<w:r><w:t xml:space="preserve"> tagt heute.</w:t></w:r>'
    document.element.body.insert(0, parse_xml(f"<w:p {W}>{text}</w:p>"))
    note = f'<w:footnotes {W}><w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r>'
    note += '<w:t xml:space="preserve"> Seit dem Jahr 1900.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    sent = saved(document)
    kind = (
        b'<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument'
    )
    kind += b'.wordprocessingml.footnotes+xml"/></Types>'
    types = entry(sent, "[Content_Types].xml").replace(b"</Types>", kind)
    sent = archive(sent, **{"word/footnotes.xml": note.encode(), "[Content_Types].xml": types})
    made = translate(sent, "a.docx").content
    assert "SEIT DEM JAHR 1900." in entry(made, "word/footnotes.xml").decode()
    assert "<w:footnoteRef/>" in entry(made, "word/footnotes.xml").decode()
    written = entry(made, "word/document.xml").decode()
    assert (
        written.index("DER RAT")
        < written.index('<w:footnoteReference w:id="2"/>')
        < written.index("TAGT HEUTE.")
    )


def test_pictures_and_unknown_parts_come_back_byte_for_byte(translate: Translate, plain: bytes) -> None:
    sent = archive(plain, **{"word/media/image1.png": bytes(range(256)), "docProps/custom.xml": b"<a/>"})
    made = translate(sent, "A.DOCX").content
    for name in ("word/media/image1.png", "docProps/custom.xml", "word/styles.xml"):
        assert entry(made, name) == entry(sent, name)


def test_the_number_of_the_paragraph_is_told(translate: Translate) -> None:
    document = docx.Document()
    document.add_paragraph("Der Zug fährt am Abend ab.")
    document.add_paragraph("Er hat 17 Wagen und 3 Lokomotiven.")
    made = translate(saved(document), "a.docx", decode=lambda s: s.upper().replace("17", "71"))
    assert (2,) in {remark.parts for remark in made.remarks if remark.code == "number_doubtful"}


def bomb(_: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", b"<Types/>")
        packed.writestr("word/document.xml", b" " * 50_000_000)
    assert len(out.getvalue()) < 60_000
    return out.getvalue()


def lying(_: bytes) -> bytes:
    """Its directory says that far less is packed than there is, with the checksum of that."""
    name, told = b"word/document.xml", 1_000
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name.decode(), b" " * 50_000_000)
    content = bytearray(out.getvalue())
    for start, at in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        place = content.index(start) + at
        content[place : place + 4] = zlib.crc32(b" " * told).to_bytes(4, "little")
        content[place + 8 : place + 12] = told.to_bytes(4, "little")
    return bytes(content)


def bzipped(plain: bytes) -> bytes:
    return archive(plain, zipfile.ZIP_BZIP2)


def fields_in_fields(plain: bytes) -> bytes:
    """They lie beside one another, as Word writes them."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    begin = (
        mark.format("begin")
        + '<w:r><w:instrText> HYPERLINK "a" </w:instrText></w:r>'
        + mark.format("separate")
    )
    inside = begin * 600 + "<w:r><w:t>a</w:t></w:r>" + mark.format("end") * 600
    document = f"<w:document {W}><w:body><w:p>{inside}</w:p></w:body></w:document>"
    return archive(plain, **{"word/document.xml": document.encode()})


def test_no_more_is_unpacked_than_the_archive_announces(plain: bytes) -> None:
    content = lying(plain)
    tracemalloc.start()
    try:
        assert len(Package(content).read("word/document.xml")) == 1_000
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


LAUGHS = (
    '<!DOCTYPE w [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)


def one_paragraph(text: str) -> str:
    return f"<w:document {W}><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"


def laughing(plain: bytes, encoding: str = "utf-8") -> bytes:
    document = f'<?xml version="1.0"?>{LAUGHS}{one_paragraph("&j;")}'
    return archive(plain, **{"word/document.xml": document.encode(encoding)})


def nested(plain: bytes, depth: int = 10_000) -> bytes:
    inside = "<w:sdtContent>" * depth + "<w:r><w:t>a</w:t></w:r>" + "</w:sdtContent>" * depth
    document = f"<w:document {W}><w:body><w:p>{inside}</w:p></w:body></w:document>"
    return archive(plain, **{"word/document.xml": document.encode()})


def crowded(plain: bytes, elements: int) -> bytes:
    """Not packed, because packed it would be taken for a bomb."""
    document = f"<w:document {W}>{'<p/>' * elements}</w:document>".encode()
    return archive(plain, zipfile.ZIP_STORED, **{"word/document.xml": document})


def fetching(plain: bytes) -> bytes:
    document = f'<!DOCTYPE w SYSTEM "http://127.0.0.1:9/a.dtd"><w:document {W}/>'
    return archive(plain, **{"word/document.xml": document.encode()})


def reading(plain: bytes) -> bytes:
    document = f'<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]>{one_paragraph("&a;")}'
    return archive(plain, **{"word/document.xml": document.encode()})


def encrypted(plain: bytes) -> bytes:
    """Its directory says so of the first entry."""
    content = bytearray(plain)
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "1:1000 packed": (bomb, "packed too tightly"),
    "a billion laughs": (laughing, "document type|damaged"),
    "a billion laughs in UTF-16": (lambda plain: laughing(plain, "utf-16"), "document type|damaged"),
    "packed with bzip2": (bzipped, "packed in a way"),
    "600 fields in one another": (fields_in_fields, "fields within"),
    "10,000 deep": (nested, "nested"),
    "many elements": (lambda plain: crowded(plain, 300_001), "300,000 elements"),
    "much XML": (lambda plain: crowded(plain, 3_000_000), "10,000,000 bytes"),
    "2,000 deep": (lambda plain: nested(plain, 2_000), "nested"),
    "a document type elsewhere": (fetching, "document type"),
    "a file of the server": (reading, "document type"),
    "an encrypted entry": (encrypted, "encrypted"),
    "macros": (lambda plain: archive(plain, **{"word/vbaProject.bin": b"x"}), "macros"),
    "a path out": (lambda plain: archive(plain, **{"../../etc/passwd": b"x"}), "leads out"),
    "many entries": (lambda plain: archive(plain, **{f"a{n}": b"" for n in range(2_001)}), "2,000 entries"),
    "much": (lambda plain: archive(plain, **{f"a{n}": bytes(900_000) for n in range(120)}), "100,000,000"),
    "no document": (lambda plain: archive(plain, **{"[Content_Types].xml": b"<Types/>"}), "no Word document"),
    "no archive": (lambda _: b"no archive", "damaged"),
    "an old file": (lambda _: b"\xd0\xcf\x11\xe0" + bytes(500), "old or an encrypted"),
    "cut": (lambda plain: plain[:-200], "damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(20)
def test_a_hostile_file_is_refused_in_words(plain: bytes, name: str) -> None:
    make, message = HOSTILE[name]
    with pytest.raises(DocumentInvalid, match=message):
        read_document(make(plain), "a.docx")


@pytest.mark.timeout(30)
def test_paragraphs_within_one_another_take_no_longer_than_their_number(plain: bytes) -> None:
    inside = "<w:p>" * 90 + "<w:r><w:t>Rat</w:t></w:r>" + "</w:p>" * 90
    document = f"<w:document {W}><w:body>{inside * 2_500}</w:body></w:document>".encode()
    content = archive(plain, zipfile.ZIP_STORED, **{"word/document.xml": document})
    assert read_document(content, "a.docx").characters == 3 * 2_500
