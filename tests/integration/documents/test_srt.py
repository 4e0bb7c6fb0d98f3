import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.documents.formats import read_document
from service.errors import DocumentInvalid
from tests.integration.documents.conftest import Translate

FILE = """1
00:00:01,000 --> 00:00:03,000
Der Stadtrat will die alte Brücke,

2
00:00:03,200 --> 00:00:05,000 X1:40 X2:600
die über den Fluss führt,
<i>im Mai</i> sanieren.

3
00:00:06,000 --> 00:00:08,000
- Was kostet das?
- Zwei Millionen & mehr.

4
00:00:20,000 --> 00:00:22,000
{\\an8}12:30
"""


def test_a_sentence_over_several_cues_is_read_whole_and_shared_out_again(translate: Translate) -> None:
    seen: list[str] = []

    def decode(source: str) -> str:
        seen.append(source)
        return source.upper()

    made = translate(FILE, "a.srt", decode=decode).content.decode()
    assert "Der Stadtrat will die alte Brücke, die über den Fluss führt, im Mai sanieren." in seen
    assert made == FILE.replace("führt,\n<i>", "führt, <i>").upper().replace("<I>", "<i>").replace(
        "</I>", "</i>"
    ).replace("AN8", "an8").replace("FÜHRT, <i>IM MAI</i> SANIEREN.", "FÜHRT,\n<i>IM MAI</i> SANIEREN.")


def test_windows_line_ends_stay_and_the_cue_is_told(translate: Translate) -> None:
    made = translate(
        FILE.replace("\n", "\r\n"), "a.srt", decode=lambda s: s.upper().replace("ZWEI", "DREI 3")
    )
    assert made.content.count(b"\n") == made.content.count(b"\r\n")
    assert {part for remark in made.remarks for part in remark.parts} == {3}


def test_no_line_gets_longer_than_a_screen(translate: Translate) -> None:
    text = "Ein sehr langer Satz, der auf zwei Zeilen\ngehört und dort auch stehen bleiben soll."
    made = translate(
        f"1\n00:00:01,000 --> 00:00:09,000\n{text}\n", "a.srt", decode=lambda s: s.replace("a", "aa")
    )
    lines = made.content.decode().splitlines()[2:]
    assert len(lines) == 2
    assert max(map(len, lines)) <= 50


def test_a_cue_that_the_model_left_empty_gets_its_share(translate: Translate) -> None:
    made = translate(FILE, "a.srt", decode=lambda s: "one two three four five six" if "Stadtrat" in s else s)
    cues = re.split(r"\n\n", made.content.decode())
    assert all(cue.strip().splitlines()[2:] for cue in cues[:2])


@pytest.mark.parametrize("content", ["", "Kein Untertitel", "1\n00:00 --> 00:01\nText"])
def test_what_holds_no_times_is_refused(content: str) -> None:
    with pytest.raises(DocumentInvalid, match="no subtitles"):
        read_document(content.encode(), "a.srt")


LINE = st.sampled_from(
    ["", "1", "00:00:01,000 --> 00:00:02,000", "00:00:09.5 --> 00:00:12.0", "Ein Satz ohne", "Ende.", "- Ja.",
     "<i>", "</i>kursiv", "{\\an8}", "12", "a < b & c"]
)  # fmt: skip


@given(st.lists(LINE, max_size=25).map(lambda lines: "\n".join(["00:00:00,000 --> 00:00:01,000", *lines])))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_times_and_tags_are_the_same_whatever_is_written(translate: Translate, text: str) -> None:
    try:
        made = translate(text, "a.srt").content.decode()
    except DocumentInvalid:
        return
    for kept in (r".*-->.*", r"</?i>", r"\{[^}]*\}", r"&", r"(?m)^- "):
        assert re.findall(kept, made) == re.findall(kept, text)


@pytest.mark.timeout(20)
def test_a_cue_of_many_speakers_takes_no_longer_than_their_number() -> None:
    content = b"1\n00:00:01,000 --> 00:00:02,000\n" + b"- Nein\n" * 100_000
    file = read_document(content, "a.srt")
    assert file.write(file.source, "en") == content
