"""Markup cut into pieces: nothing is lost, whatever the text holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.tags import Dialect, Kind, scan

_SHARDS = st.sampled_from(
    ["<b>", "</b>", "<p class='x>'>", "<br/>", "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE x [", "]>", "<?",
     "?>", "<script>", "</script>", '<a href="', "'", '"', "<", ">", "a < b", "Text ", "&amp;", "\n"]
)  # fmt: skip


_DIALECTS: list[Dialect] = ["html", "xml"]


@given(st.lists(_SHARDS).map("".join), st.sampled_from(_DIALECTS))
def test_the_pieces_joined_are_the_text(text: str, dialect: Dialect) -> None:
    pieces = list(scan(text, dialect))
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert all(piece.end > piece.start for piece in pieces)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a < b und b > c", [Kind.TEXT]),
        ("5 <6 und <b", [Kind.TEXT]),
        ('<a title="x > y">z</a>', [Kind.OPEN, Kind.TEXT, Kind.CLOSE]),
        ("<br><img src=x><hr/>", [Kind.VOID] * 3),
        ("<script>if (a < b) {}</script>", [Kind.OPAQUE]),
        ("<!-- <b> -->", [Kind.OPAQUE]),
        ("<!doctype html>", [Kind.OPAQUE]),
        ("<my-name>x</my-name>", [Kind.OPEN, Kind.TEXT, Kind.CLOSE]),
    ],
)
def test_what_is_a_tag_in_html(text: str, kinds: list[Kind]) -> None:
    assert [piece.kind for piece in scan(text, "html")] == kinds


def test_in_xml_names_keep_their_case_and_cdata_is_text() -> None:
    pieces = list(scan("<A><br>x</br><![CDATA[a < b]]></A>", "xml"))
    assert [(piece.kind, piece.name) for piece in pieces] == [
        (Kind.OPEN, "A"),
        (Kind.OPEN, "br"),
        (Kind.TEXT, ""),
        (Kind.CLOSE, "br"),
        (Kind.OPEN, "<![CDATA["),
        (Kind.LITERAL, ""),
        (Kind.CLOSE, "<![CDATA["),
        (Kind.CLOSE, "A"),
    ]


@pytest.mark.parametrize(
    "shard", ["<", '<a "', "<!--", "<!DOCTYPE ", "<!DOCTYPE[", "<a '\"", "<![CDATA[", "<?", "<script>"]
)
def test_a_hostile_text_takes_no_longer_than_its_length(shard: str) -> None:
    text = shard * (200_000 // len(shard))
    assert sum(piece.end - piece.start for piece in scan(text, "html")) == len(text)
