import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.api.multipart import MultipartForm, MultipartReader
from service.errors import MalformedBody

KIND = "multipart/form-data; boundary=x"


def parse_multipart(body: bytes, kind: str, size: int = 65_536) -> MultipartForm:
    """As it arrives in chunks of this size."""
    reader = MultipartReader(kind)
    for at in range(0, len(body), size):
        reader.feed(body[at : at + size])
    return reader.form()


def form(*parts: bytes) -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_fields_and_files_are_told_apart(size: int) -> None:
    read = parse_multipart(
        form(
            b'Content-Disposition: form-data; name="source"\r\n\r\nde',
            b'content-disposition: form-data; name="q"\r\n\r\n\xc3\x84pfel\r\n\r\nBirnen',
            b'Content-Disposition: form-data; name="q"\r\n\r\n',
            b'Content-Disposition: form-data; name="file"; filename="a b.txt"\r\n'
            b"Content-Type: text/plain\r\n\r\n\xff\x00\r\n--y",
        ),
        KIND,
        size,
    )
    assert read.fields == {"source": ["de"], "q": ["Äpfel\r\n\r\nBirnen", ""]}
    file = read.file("file")
    assert file is not None
    assert (file.name, file.content) == ("a b.txt", b"\xff\x00\r\n--y")
    assert read.file("q") is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (form(b'Content-Disposition: form-data; name="a"\r\n\r\nb'), "multipart/form-data"),
        (form(b'Content-Disposition: form-data; name="a"\r\n\r\nb'), KIND.replace("=x", "=" + "y" * 500)),
        (form(b'Content-Disposition: form-data; name="a"\r\n\r\nb')[:-6], KIND),
        (form(b"\r\n\r\nb"), KIND),
        (form(b'Content-Disposition: form-data; name="a"\r\n\r\n\xff'), KIND),
        (form(b'Content-Disposition: form-data; name="a"; x="' + b"y" * 10_000 + b'"\r\n\r\nb'), KIND),
        (form(*[b'Content-Disposition: form-data; name="a"\r\n\r\nb'] * 1_001), KIND),
        (b"no form", KIND),
    ],
)
def test_what_is_no_such_form_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(MalformedBody):
        parse_multipart(body, kind)


@given(st.binary(max_size=200), st.sampled_from([KIND, 'multipart/form-data; boundary=""', ""]))
@example(b"--x\r\n\r\n\r\n--x--", KIND)
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    with contextlib.suppress(MalformedBody):
        parse_multipart(b"--x\r\n" + body, kind)
