"""Whatever bytes are sent as a form or a file: an answer in words, never a 5xx, and the service lives on."""

import io
import zipfile

import docx
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.documents.formats import FORMATS

KIND = "multipart/form-data; boundary=x"
PIECES = [
    b"--x\r\n", b"--x--", b"\r\n", b"\r\n\r\n", b"--", b"\x00", b"\xff", b"a" * 300, b"de", b"en", b"EN-US",
    b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n',
    b'Content-Disposition: form-data; name="file"; filename="a.docx"\r\n\r\n',
    b"Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''%ff.md\r\n\r\n",
    b'Content-Disposition: form-data; name="target"\r\n\r\n',
    b'content-disposition: form-data; name=""\r\n\r\n',
    b'Content-Disposition: form-data; name="target_lang"\r\n\r\n', b"Content-Disposition: ;;;=\r\n\r\n",
    b'Content-Disposition: form-data; name="source"\r\n\r\n', b"Content-Transfer-Encoding: base64\r\n",
]  # fmt: skip
BODY = st.lists(st.sampled_from(PIECES) | st.binary(max_size=40), max_size=15).map(b"".join)
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@given(BODY, st.sampled_from(["/v2/document", "/translate_file", "/translate", "/detect", "/v2/translate"]))
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
def test_any_form_is_read_or_refused(client: httpx.Client, body: bytes, path: str) -> None:
    answer = client.post(path, content=body, headers={"Content-Type": KIND})
    assert answer.status_code in {200, 400, 413, 415}
    assert isinstance(answer.json(), dict | list)


@given(st.binary(max_size=60), st.sampled_from(["", "multipart/form-data", "multipart/form-data; boundary="]))
@settings(max_examples=50, deadline=None, suppress_health_check=SLOW)
def test_a_form_without_a_boundary_is_refused(client: httpx.Client, body: bytes, kind: str) -> None:
    for path in ("/v2/document", "/translate_file"):
        answer = client.post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code in {400, 415}


def word() -> bytes:
    out = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Der Zug fährt ab.")
    document.save(out)
    return out.getvalue()


WORD = word()


def with_document_xml(xml: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORD)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, xml if name == "word/document.xml" else old.read(name))
    return out.getvalue()


def damaged(at: float, byte: int) -> bytes:
    content = bytearray(WORD)
    content[int(at * (len(content) - 1))] = byte
    return bytes(content)


TAGS = """<w:p> </w:p> <w:r> </w:r> <w:t> </w:t> <w:tab/> <w:br/> <w:hyperlink> </w:hyperlink>
<w:sdt> </w:sdt> <w:tbl> </w:tbl> <source> </source>
<trans-unit> </trans-unit> <g> </g> <!----> &#65; &x; <segment> </segment>
<unit> </unit> </pc>""".split()
TAGS += ["Ein Satz.", "<?a b?>", '<pc id="1">', '<ph id="2"/>', '<bpt id="1"/>', "<w:rPr><w:b/></w:rPr>"]
TAGS += [f'<w:r><w:fldChar w:fldCharType="{mark}"/></w:r>' for mark in ("begin", "separate", "end")]
WHOLE = [
    "<w:p><w:r><w:t>Ein Satz.</w:t></w:r></w:p>",
    "<trans-unit><source>Ein <g>Satz</g>.</source></trans-unit>",
]
XML = st.lists(st.sampled_from(WHOLE), max_size=4) | st.lists(st.sampled_from(TAGS + WHOLE), max_size=20)
XML = XML.map("".join)
NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
WORD_XML = XML.map(lambda inside: f'<w:document xmlns:w="{NAMESPACE}"><w:body>{inside}</w:body></w:document>')
XLIFF = st.tuples(XML, st.sampled_from(["1.2", "2.0", "2.1"])).map(
    lambda made: (
        f'<xliff xmlns="urn:oasis:names:tc:xliff:document:{made[1]}" srcLang="de">'
        f"<file>{made[0]}</file></xliff>"
    )
)
TEXT = st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
SENT = st.one_of(
    st.tuples(st.sampled_from(sorted(FORMATS)), st.binary(max_size=200) | TEXT),
    st.tuples(st.just(".docx"), st.builds(damaged, st.floats(0, 1), st.integers(0, 255))),
    st.tuples(st.just(".docx"), WORD_XML.map(str.encode).map(with_document_xml)),
    st.tuples(st.just(".xlf"), XLIFF.map(str.encode)),
)


@given(SENT)
@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
def test_any_file_is_translated_or_refused(client: httpx.Client, sent: tuple[str, bytes]) -> None:
    extension, content = sent
    form = {"source": "de", "target": "en"}
    answer = client.post("/translate_file", data=form, files={"file": (f"a{extension}", content)})
    assert answer.status_code in {200, 400, 413}, answer.text
    if answer.status_code == 200:
        made = client.get(answer.json()["translatedFileUrl"])
        assert made.status_code == 200
        if extension == ".docx":
            docx.Document(io.BytesIO(made.content))


@pytest.fixture(scope="module", autouse=True)
def _lives_on(client: httpx.Client) -> object:
    yield
    assert client.get("/readyz").status_code == 200
