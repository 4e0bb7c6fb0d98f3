"""A text with tags read as plain text, and cut into segments that hold their tags."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.article import read_article
from service.text.frame import join_pieces
from service.text.marked_text import Markup
from service.text.markup import holds_markup, read_markup
from service.text.placement import place
from service.text.segment import Segment, join_segments
from service.text.segmentation import segment_article
from service.text.tags import NO_RULES, TagRules

_TAG = re.compile(r"<[^<>]*>")


def segments_of(raw: str, markup: Markup = "html", rules: TagRules = NO_RULES) -> list[Segment]:
    marked = read_markup(raw, markup, rules)
    plain = segment_article(
        read_article(marked.plain), language="de", count_tokens=lambda text: len(text.split()), max_tokens=100
    )
    return marked.segments(plain)


def shouted(raw: str, markup: Markup = "html") -> str:
    """The text "translated" word for word into capitals, as the pipeline puts it together."""
    out = []
    for segment in segments_of(raw, markup):
        target = segment.source
        if segment.translatable:
            assert segment.frame is not None
            words = segment.model_source.split()
            same = [(number, number) for number in range(len(words))]
            kept = set(segment.frame.kept)
            shown = " ".join(
                word if word.strip(".,") in kept or word == "&firma;" else word.upper() for word in words
            )
            written = place(segment.frame, shown, same, source_words=len(words))
            assert written is not None, segment.source
            target = written
        out.append(target + segment.joint)
    return "".join(out)


def plain_of(raw: str, markup: Markup = "html") -> list[str]:
    return [s.model_source for s in segments_of(raw, markup) if s.translatable]


def test_tags_are_not_read_and_blocks_end_sentences() -> None:
    raw = "<h1>Die <b>alte</b> Brücke</h1><ul><li>Erstens</li><li>Zweitens</li></ul>"
    assert plain_of(raw) == ["Die alte Brücke", "Erstens", "Zweitens"]


def test_inline_tags_do_not_part_a_sentence() -> None:
    raw = "Der <i>neue <a href='x'>Plan</a></i> kommt. Er ist <b>gut</b>."
    assert plain_of(raw) == ["Der neue Plan kommt.", "Er ist gut."]
    assert shouted(raw) == "DER <i>NEUE <a href='x'>PLAN</a></i> KOMMT. ER IST <b>GUT</b>."


def test_an_element_over_two_sentences_keeps_both_ends() -> None:
    raw = "<p><b>Eins ist da. Zwei</b> ist weg.</p>"
    assert plain_of(raw) == ["Eins ist da.", "Zwei ist weg."]
    assert shouted(raw) == "<p><b>EINS IST DA. ZWEI</b> IST WEG.</p>"


def test_entities_are_read_and_written_again() -> None:
    raw = "<p>Meier &amp; Söhne zahlen f&uuml;r a &lt; b.</p>"
    assert plain_of(raw) == ["Meier & Söhne zahlen für a < b."]
    assert shouted(raw) == "<p>MEIER &amp; SÖHNE ZAHLEN FÜR A &lt; B.</p>"


def test_code_and_untranslated_elements_come_back_as_they_are() -> None:
    raw = (
        'Rufen Sie <code>getUser()</code> auf, sagt <span translate="no"><b>Dr. Kurz.</b> Und Co</span> oft.'
    )
    out = shouted(raw)
    assert "<code>getUser()</code>" in out
    assert '<span translate="no"><b>Dr. Kurz.</b> Und Co</span>' in out


def test_scripts_styles_and_comments_are_no_text() -> None:
    raw = (
        "<style>p { color: red }</style><p>Der Text.<!-- ein Kommentar --></p><script>alert('Hallo')</script>"
    )
    assert plain_of(raw) == ["Der Text."]
    assert shouted(raw) == raw.replace("Der Text.", "DER TEXT.")


def test_lines_broken_in_the_source_of_a_page_are_one_paragraph() -> None:
    assert plain_of("<p>Der Rat\n   tagt\theute.</p>") == ["Der Rat tagt heute."]
    assert plain_of("<pre>Erste Zeile\n\nZweite Zeile</pre>") == ["Erste Zeile", "Zweite Zeile"]


def test_xml_elements_are_inline_where_text_stands_beside_them() -> None:
    raw = "<doc><t>Ein <g id='1'>kleiner</g> Fehler</t><t><g>Noch einer</g></t></doc>"
    assert plain_of(raw, "xml") == ["Ein kleiner Fehler", "Noch einer"]
    assert shouted(raw, "xml") == (
        "<doc><t>EIN <g id='1'>KLEINER</g> FEHLER</t><t><g>NOCH EINER</g></t></doc>"
    )


def test_the_text_of_cdata_is_written_without_entities() -> None:
    assert (
        shouted("<d><![CDATA[Das ist a < b & mehr.]]></d>", "xml")
        == "<d><![CDATA[DAS IST A < B & MEHR.]]></d>"
    )


def test_tags_in_a_plain_text_are_kept_and_its_lines_stand() -> None:
    raw = "Der <b>Rat</b> tagt &amp; schweigt.\n\nEr geht."
    assert shouted(raw, "text") == "DER <b>RAT</b> TAGT &AMP; SCHWEIGT.\n\nER GEHT."


@pytest.mark.parametrize(
    "text", ["a < b", "wenn a<b und c>d ist", "Taste <Strg> drücken", "x <y z", "5 << 3", "<3 <3"]
)
def test_angle_brackets_alone_are_no_markup(text: str) -> None:
    assert not holds_markup(text)


@pytest.mark.parametrize(
    "text",
    [
        "<b>x</b>",
        "a<br>b",
        "<p class='x'>Hallo",
        "x <!-- y -->",
        "<g id='1'>x</g>",
        'x <x id="1"/> y',
        "<x1/>",
    ],
)
def test_tags_are_seen_in_plain_text(text: str) -> None:
    assert holds_markup(text)


def test_an_entity_of_the_document_comes_back_as_it_is_and_old_ones_are_read() -> None:
    assert shouted("<d>Die Firma &firma; zahlt.</d>", "xml") == "<d>DIE FIRMA &firma; ZAHLT.</d>"
    assert (
        shouted("<p>&copy 2020 und&nbsp mehr &amp;firma; R&D</p>")
        == "<p>© 2020 UND MEHR &amp;firma; R&amp;D</p>"
    )


def test_an_untranslated_element_whose_end_tag_is_left_out_ends_with_its_block() -> None:
    raw = "<ul><li translate=no>Kurz und gut<li>Das Haus</ul><p class='x notranslate'>Eins<p>Zwei"
    assert plain_of(raw) == ["Das Haus", "Zwei"]
    assert shouted(raw) == raw.replace("Das Haus", "DAS HAUS").replace("Zwei", "ZWEI")


@pytest.mark.parametrize(
    "attribute", ["title='Das ist class=notranslate'", "title='translate=no'", "class='kein-notranslate'"]
)
def test_what_only_speaks_of_no_translation_is_translated(attribute: str) -> None:
    assert plain_of(f"<p {attribute}>Der Mann geht.</p>") == ["Der Mann geht."]


def test_the_same_word_beside_an_untranslated_one_is_translated() -> None:
    raw = "Die Firma kauft <code>Brücke</code> und eine Brücke."
    assert shouted(raw) == "DIE FIRMA KAUFT <code>Brücke</code> UND EINE BRÜCKE."


@pytest.mark.parametrize("count", [1000, 20_000])
def test_elements_that_are_never_closed_are_read(count: int) -> None:
    assert plain_of("<code>" * count + "Hallo Welt") == ["Hallo Welt"]


_PARTS = st.sampled_from(
    ["<b>", "</b>", "<i>", "</i>", "<br>", "<p>", "</p>", "<a href='x'>", "</a>", "<!-- c -->", "<img src=x>",
     "<code>f()</code>", "<x-y>", "Der Rat ", "tagt. ", "Die Brücke, ", "ist alt", ".", " ", "&amp;", "\n",
     "Ein Haus! "]
)  # fmt: skip


_NAMES = st.frozensets(st.sampled_from(["b", "i", "p", "br", "code", "x"]))
_RULES = st.builds(TagRules, ignored=_NAMES, splitting=_NAMES, joining=_NAMES)


@given(st.lists(_PARTS, max_size=30).map("".join), st.sampled_from(["html", "xml", "text"]), _RULES)
def test_any_markup_is_cut_and_joined_without_loss(raw: str, markup: Markup, rules: TagRules) -> None:
    segments = segments_of(raw, markup, rules)
    assert join_segments(segments) == raw
    for segment in segments:
        assert raw[segment.start : segment.end] == segment.source


@given(st.lists(_PARTS, max_size=30).map("".join), _RULES)
def test_every_tag_comes_out_as_often_as_it_went_in(raw: str, rules: TagRules) -> None:
    out = []
    for segment in segments_of(raw, "html", rules):
        frame = segment.frame
        if not segment.translatable or frame is None:
            out.append(segment.source + segment.joint)
            continue
        words = segment.model_source.split()
        mirrored = [(number, len(words) - 1 - number) for number in range(len(words))]
        target = " ".join(reversed(words))
        written = place(frame, target, mirrored, source_words=len(words))
        apart = join_pieces(frame, [piece.plain for piece in frame.pieces()])
        out.append((written or apart or frame.around(target)) + segment.joint)
    assert Counter(_TAG.findall("".join(out))) == Counter(_TAG.findall(raw))


def sentences(raw: str, markup: Markup, **rules: str) -> list[str]:
    """What the model gets, a name of a tag for each rule."""
    named = TagRules(**{rule: frozenset({name}) for rule, name in rules.items()})
    segments = segments_of(raw, markup, named)
    assert join_segments(segments) == raw
    return [segment.model_source for segment in segments if segment.translatable]


@pytest.mark.parametrize(
    ("raw", "markup", "rules", "wanted"),
    [
        ("Der Zug <b>fährt</b> heute.", "html", {"splitting": "B"}, ["Der Zug", "fährt", "heute."]),
        ("<a>Der Zug <b>fährt</b> heute.</a>", "xml", {"splitting": "b"}, ["Der Zug", "fährt", "heute."]),
        ("<a>Der Zug <b>fährt</b> heute.</a>", "xml", {"splitting": "B"}, ["Der Zug fährt heute."]),
        ("<a><l>Der Zug</l> <l>fährt.</l></a>", "xml", {}, ["Der Zug", "fährt."]),
        ("<a><l>Der Zug</l> <l>fährt.</l></a>", "xml", {"joining": "l"}, ["Der Zug fährt."]),
        ("<p>Der Zug</p> <p>fährt.</p>", "html", {"joining": "p"}, ["Der Zug fährt."]),
        ("Der Zug<br>fährt.", "html", {"joining": "br"}, ["Der Zug fährt."]),
        ("<a>Der Zug <x>fährt</x> heute.</a>", "xml", {"joining": "x", "splitting": "x"},
         ["Der Zug", "fährt", "heute."]),
    ],
)  # fmt: skip
def test_a_caller_may_say_which_tags_end_a_sentence(
    raw: str, markup: Markup, rules: dict[str, str], wanted: list[str]
) -> None:
    assert sentences(raw, markup, **rules) == wanted


def test_what_stands_in_ignored_tags_is_shown_to_the_model_as_one_word_or_not_at_all() -> None:
    rules = {"ignored": "x"}
    assert sentences("<a>Der <x>Zug</x> fährt.</a>", "xml", **rules) == ["Der Zug fährt."]
    assert sentences("<a>Der <x>alte <b>Zug</b></x> fährt.</a>", "xml", **rules) == ["Der X1X fährt."]
    assert sentences("<a><x>Der alte Zug.</x><t>Er fährt.</t></a>", "xml", **rules) == ["Er fährt."]


@pytest.mark.parametrize(
    "shard", ["<code>a", "<code>a b.</code> X1X ", '<i translate="no">a</b>', "</code><code>"]
)
def test_a_hostile_text_takes_no_longer_than_its_length(shard: str) -> None:
    """Were it read to its end for every element, this would take minutes."""
    marked = read_markup(shard * 20_000, "html")
    assert len(marked.starts) == len(marked.ends) == len(marked.plain)


def test_an_element_within_one_of_its_name_does_not_end_it() -> None:
    raw = "Der <code>a<code>b</code>c</code> fährt. <code>Der Zug hält. Er"
    assert plain_of(raw) == ["Der abc fährt.", "Der Zug hält.", "Er"]


def test_the_words_that_stand_for_elements_are_not_in_the_text() -> None:
    raw = "Die X1X2X und <code>a b</code> und <code>c d</code> fahren."
    assert plain_of(raw) == ["Die X1X2X und X3X und X4X fahren."]
    assert shouted(raw) == "DIE X1X2X UND <code>a b</code> UND <code>c d</code> FAHREN."
