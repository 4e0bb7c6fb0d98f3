"""Markup in text fields, over HTTP: what goes in comes out, at the words it belonged to."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.integration.conftest import serving, stub_models

PAGE = (
    '<article data-x="1"><h1>Die <em>alte</em> Brücke</h1>\n<!-- Anfang -->\n'
    '<p class="lead">Der <b>Stadtrat</b> hat am Montag <a href="/x?a=1&amp;b=2" title="Mehr > hier">'
    "beschlossen, die <i>Brücke</i></a> zu sanieren.<br>Die Arbeiten beginnen im Mai.</p>"
    "<ul><li>Die Stadt &amp; der Bund zahlen.</li><li><code>f(x) &lt; y</code></li></ul></article>"
)


class Outline(HTMLParser):
    """Every tag, comment and attribute with the elements around it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: Counter[Any] = Counter()
        self._around: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tuple(self._around), tag, tuple(attrs)] += 1
        if tag != "br":
            self._around.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._around:
            self._around.pop()

    def handle_comment(self, data: str) -> None:
        self.seen[tuple(self._around), "comment", data] += 1


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as client:
        yield client


def translate(client: httpx.Client, text: str, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/translate", json={"text": text, "source": "de", "segments": True, **fields})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()["translations"][0]
    return answer


def told(answer: dict[str, Any]) -> list[str]:
    """What the answer warns of, besides the model."""
    return [each["code"] for each in answer["warnings"] if each["code"] != "demonstration_model"]


def test_tags_attributes_comments_and_nesting_come_out_as_they_went_in(client: httpx.Client) -> None:
    answer = translate(client, PAGE, format="html")
    assert Outline(answer["text"]).seen == Outline(PAGE).seen
    assert "DIE <em>ALTE</em> BRÜCKE" in answer["text"]
    assert "DIE STADT &amp; DER BUND ZAHLEN." in answer["text"]
    assert "<code>f(x) &lt; y</code>" in answer["text"]
    assert told(answer) == []


def test_spans_point_into_the_text_with_its_tags(client: httpx.Client) -> None:
    answer = translate(client, PAGE, format="html")
    first = answer["segments"][0]
    source, target = first["source"], first["target"]
    assert PAGE[source["start"] : source["end"]] == "Die <em>alte</em> Brücke"
    assert answer["text"][target["start"] : target["end"]] == "DIE <em>ALTE</em> BRÜCKE"


def test_xml_comes_back_with_its_declarations_and_empty_elements(client: httpx.Client) -> None:
    text = '<?xml version="1.0"?>\n<doc><seg id="1">Ein <x n="1"/>kleiner <g>Fehler</g> ist da.</seg></doc>'
    assert translate(client, text, format="xml")["text"] == (
        '<?xml version="1.0"?>\n<doc><seg id="1">EIN <x n="1"/>KLEINER <g>FEHLER</g> IST DA.</seg></doc>'
    )


def test_the_summary_of_a_text_with_markup_has_none(client: httpx.Client) -> None:
    response = client.post("/v1/digest", json={"text": PAGE, "source": "de", "format": "html"})
    answer = response.json()
    assert "<b>STADTRAT</b>" in answer["translation"]["text"]
    assert answer["title"] == "DIE ALTE BRÜCKE"
    assert not re.search("[<>]", answer["summary"]["text"])
    assert "STADTRAT" in answer["summary"]["text"]


def test_the_streamed_shares_joined_are_the_whole(client: httpx.Client) -> None:
    body = {"text": PAGE, "source": "de", "format": "html"}
    whole = client.post("/v1/digest", json=body).json()["translation"]["text"]
    streamed = client.post("/v1/digest", json=body, headers={"Accept": "text/event-stream"}).text
    shares = re.findall(r"event: segment\ndata: (.*)", streamed)
    assert "".join(httpx.Response(200, content=share).json()["text"] for share in shares) == whole


def test_where_no_alignment_tells_the_parts_are_translated_alone_and_that_is_said() -> None:
    def two_words_for_one(source: str) -> str:
        return source.replace("Brücke", "old bridge").upper()

    with serving(stub_models(decode=two_words_for_one)) as client:
        answer = translate(client, "<p>Die <b>Brücke</b> steht &amp; hält.</p>", format="html")
    assert answer["text"] == "<p>DIE <b>OLD BRIDGE</b> STEHT &amp; HÄLT.</p>"
    assert told(answer) == ["markup_doubtful"]


def test_text_that_is_already_in_the_target_language_keeps_its_markup(client: httpx.Client) -> None:
    text = "<p>The <b>old</b> bridge over the river will be renovated in May, the council says.</p>"
    response = client.post("/v1/translate", json={"text": text, "source": "en", "format": "html"})
    assert response.json()["translations"][0]["text"] == text


def test_markup_without_words_is_nothing_to_translate(client: httpx.Client) -> None:
    response = client.post("/v1/translate", json={"text": "<p><br></p><!-- Hallo -->", "format": "html"})
    assert (response.status_code, response.json()["code"]) == (422, "empty_text")


_PARTS = st.sampled_from(
    ["<b>", "</b>", "<p>", "</p>", "<br>", "<a href='x'>", "</a>", "<!-- c -->", "<code>f()</code>", "<", "&",
     "Der Rat ", "tagt. ", "Die Brücke ", "&amp;", ". ", "\n\n", "<x:y z>", "<![CDATA[", "]]>", "{{a}} "]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(_PARTS, min_size=1, max_size=20).map("".join), st.sampled_from(["text", "html", "xml"]))
@example("<Der Rat ]]>", "text")
@example("<Der Rat ]]>", "html")
@example("<Der Rat ]]>", "xml")
@example("<</b>Der Rat ]]>", "text")
@example("<</b>Der Rat ]]>", "html")
def test_any_markup_is_answered_and_no_tag_lost(client: httpx.Client, text: str, media: str) -> None:
    text = f"Haus <b>alt</b> {text}"
    body = {"text": text, "source": "de", "format": media}
    answer = client.post("/v1/translate", json=body)
    assert answer.status_code == 200, answer.text
    # In plain text `<Der Rat ]]>` is none: it may come from a bracket alone and words that a tag parted.
    names = r"(?:b|p|br|a|code|x:y)\b" if media == "text" else "[a-z]"
    tags = re.compile(rf"</?{names}[^<>]*>|<!-- c -->")
    out = answer.json()["translations"][0]["text"]
    # In lower case: what looks like tags within CDATA is translated, here into capitals.
    assert Counter(tags.findall(out.lower())) == Counter(tags.findall(text.lower()))


@pytest.mark.parametrize("tag", ["<b>", "</b>", "<br>", "<b>x", "</i>x", "<!-- c -->", "<code>x</code>"])
def test_thousands_of_tags_in_one_sentence_are_kept(client: httpx.Client, tag: str) -> None:
    text = f"Die Brücke {tag * 3000} steht."
    answer = translate(client, text, format="html")
    assert answer["text"].casefold().count(tag.rstrip("x")) == 3000
