from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import EmptyText
from service.text.article import BlockKind, read_article
from service.text.html import read_html

PAGE = (Path(__file__).parents[2] / "articles" / "seite.html").read_text(encoding="utf-8")
SENTENCE = "Das ist ein ganzer Satz, der auf dieser Seite steht und gelesen werden soll."


def test_a_page_becomes_title_paragraphs_headings_and_list() -> None:
    text = read_html(PAGE).text
    article = read_article(text)
    assert article.title == "Brücke über die Sahle wieder offen"
    assert text.count("Brücke über die Sahle wieder offen") == 1
    headings = [text[b.start : b.end] for b in article.blocks if b.kind is BlockKind.SUBHEADING]
    assert headings == ["Teurer als geplant", "Was sich für die Anwohner ändert"]
    assert sum(b.kind is BlockKind.LIST_ITEM for b in article.blocks) == 3
    assert "„Wir haben jeden einzelnen Stein nummeriert" in text


@pytest.mark.parametrize("word", ["Startseite", "Impressum", "zaehler", "Talbote", "<p>", "&uuml;"])
def test_the_frame_of_the_page_is_left_out(word: str) -> None:
    assert word not in read_html(PAGE).text


def test_a_page_that_is_no_article_gives_its_whole_text() -> None:
    text = read_html("<table><tr><td>Guten Tag</td><td><b>liebe</b> Leute</td></tr></table>").text
    assert "Guten Tag" in text
    assert "liebe Leute" in text


def test_the_title_is_taken_from_the_page_when_the_text_has_none() -> None:
    paragraphs = f"<p>{SENTENCE}</p>" * 3
    html = f"<html><head><title>Alles neu im Mai | Talbote</title></head><body>{paragraphs}</body></html>"
    assert read_html(html).text.startswith("Alles neu im Mai\n\n")


def test_a_table_of_figures_becomes_rows() -> None:
    rows = "<tr><th>Verein</th><th>Punkte</th></tr><tr><td>Kiel</td><td>3</td></tr>"
    prose = f"<h1>Die Tabelle der Liga</h1><p>{SENTENCE}</p><p>{SENTENCE} Auch das.</p>"
    html = f"<article>{prose}<table>{rows}</table></article>"
    assert "Verein | Punkte\nKiel | 3" in read_html(html).text


@pytest.mark.parametrize("declared", ["iso-8859-1", "utf-16", "klingon"])
def test_a_wrongly_declared_encoding_is_overruled(declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?><html><head><meta charset="{declared}"></head>'
    html = head + "<p>Größe übt Maß."
    assert "Größe übt Maß." in read_html(html).text


@pytest.mark.parametrize(
    "html", ["", "  \n", "<p></p>", "<script>alert('hallo')</script>", "\x00\x00", "<p>123 | 4</p>"]
)
def test_a_page_without_words_is_refused(html: str) -> None:
    with pytest.raises(EmptyText):
        read_html(html)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + SENTENCE,
        "<div>" * 100_000 + SENTENCE + "</div>" * 100_000,
        "<b>" * 100_000 + SENTENCE,
        "<ul><li>" * 50_000 + SENTENCE,
        "<table><tr><td>" * 30_000 + SENTENCE,
        f"<p>{SENTENCE}</p>" * 15_000,
        f"<p title='{'a' * 1_000_000}'>{SENTENCE}</p>",
        f"<p>{'&amp;' * 100_000} {SENTENCE}</p>",
        f"<p>{'&#x110000;&#0;&nichts;' * 30_000} {SENTENCE}</p>",
        f'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><p>&b; {SENTENCE}</p>',
        f"<p>\x00\ud800 {SENTENCE}</p>",
        "<div>" * 300 + "<script>" * 100_000 + SENTENCE,
        "<!--" * 200_000 + SENTENCE,
        "<a " * 200_000 + ">" + SENTENCE,
    ],
    ids=lambda html: repr(html[:12]),
)
def test_a_hostile_page_neither_crashes_nor_loses_its_text(html: str) -> None:
    """The suite's own time limit ends a page that costs its square."""
    assert SENTENCE in read_html(html).text


PROSE = f"<p>{SENTENCE} Das Wetter bleibt in der ganzen Woche schön, sagte der Sprecher am Montag.</p>"
NAV = "<nav><ul><li><a href=/>Startseite</a></li><li><a href=/politik>Politik</a></li></ul></nav>"
SIDE = "<aside><h3>Meistgelesen</h3><ul><li><a href=/1>Streit im Rat</a></li></ul></aside>"


def page(body: str, head: str = "") -> str:
    foot = "<footer>Impressum</footer>"
    return f"<!doctype html><html><head>{head}</head><body>{NAV}{body}{SIDE}{foot}</body></html>"


@pytest.mark.parametrize("wrapper", ["{}", "<article>{}</article>", "<div class=content><div>{}</div></div>"])
def test_headings_lists_and_leads_of_the_article_are_kept_whatever_holds_them(wrapper: str) -> None:
    body = (
        f"<h1>Die Brücke</h1><p class=article-teaser>{SENTENCE}</p>{PROSE}<h2>Die Kosten</h2>{PROSE}"
        "<ul><li>Die Stadt zahlt drei Millionen.</li><li>Der Bund zahlt zwei.</li></ul>"
        "<dl><dt>Baubeginn</dt><dd>Mai</dd></dl><div>Ein nackter Text steht auch da.</div>"
        f"<div class=entry><h2>Nachtrag</h2>{PROSE}</div>"
    )
    read = read_html(page(wrapper.format(body)))
    blocks = read.text.strip().split("\n\n")
    assert blocks[0] == "Die Brücke"
    assert blocks[1] == SENTENCE
    assert {"Die Kosten", "Baubeginn", "Mai", "Ein nackter Text steht auch da.", "Nachtrag"} <= set(blocks)
    assert "- Die Stadt zahlt drei Millionen.\n- Der Bund zahlt zwei." in blocks
    assert not {"Startseite", "Politik", "Meistgelesen", "Impressum"} & set(read.text.split())
    assert 0 < read.left_out < 0.2


def test_a_fragment_is_read_whole() -> None:
    read = read_html(f"<nav>Startseite</nav><p class=teaser>{SENTENCE}</p><aside>Randnotiz</aside>")
    assert read.text == f"Startseite\n\n{SENTENCE}\n\nRandnotiz\n"
    assert read.left_out == 0


def test_words_of_neighbouring_blocks_are_not_glued() -> None:
    html = (
        "<blockquote><p>am Ende</p><p>Zweites Zitat</p></blockquote>"
        "<table><tr><td>Kiel<br>Hafen</td><td><p>12</p><p>Uhr</p></td></tr><tr><td>Kiel</td><td>3</td></tr></table>"
    )
    assert read_html(html).text == "am Ende\n\nZweites Zitat\n\nKiel Hafen | 12 Uhr\nKiel | 3\n"


def test_a_table_that_lays_out_the_page_becomes_paragraphs() -> None:
    html = f"<table><tr><td>links</td><td><h2>Zwischentitel</h2>{PROSE * 2}</td></tr></table>"
    assert read_html(html).text.split("\n\n")[:2] == ["links", "Zwischentitel"]


def test_a_cell_over_many_columns_does_not_blow_up_the_page() -> None:
    rows = "<tr><td colspan=900>breit</td></tr>" + "<tr><td>schmal</td></tr>" * 2000
    html = page(f"<article>{PROSE}<table>{rows}</table></article>")
    assert len(read_html(html).text) < len(html)


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        (
            "<meta property=og:title content='Brücke saniert'>",
            "<header><h1>Tagblatt</h1></header>",
            "Brücke saniert",
        ),
        (
            "",
            "<header><h1>Tagblatt</h1></header><article><h1>Brücke saniert</h1></article>",
            "Brücke saniert",
        ),
        ("<title>Merz - Scholz: Streit - Zeitung</title>", "", "Merz - Scholz: Streit"),
        (
            "<title>Bayern - Dortmund 3:1 - Bundesliga - SPORT</title>",
            "",
            "Bayern - Dortmund 3:1 - Bundesliga",
        ),
        ("<title>Streit eskaliert – Kanzler reagiert</title>", "", "Streit eskaliert – Kanzler reagiert"),
        ("<title>Alles neu | Frankfurter Rundschau</title>", "", "Alles neu"),
    ],
)
def test_the_headline_is_the_articles_not_the_papers(head: str, body: str, title: str) -> None:
    html = page(f"{body}<article>{PROSE * 2}</article>", head)
    assert read_html(html).text.startswith(title + "\n\n")


def test_text_in_a_form_or_a_button_is_text() -> None:
    whole = page(f"<form id=aspnetForm><h1>Titel der Seite</h1>{PROSE * 2}</form>")
    assert SENTENCE in read_html(whole).text
    assert read_html("Der <button>Kanzler</button> reiste ab.").text == "Der Kanzler reiste ab.\n"


def test_text_in_a_row_beside_its_cells_is_kept() -> None:
    assert "Nur fett." in read_html("<table><tr><b>Nur fett.</b></tr></table><p>Ende.</p>").text
    assert "daneben" in read_html("<table><tr><td>drin</td>daneben</tr></table>").text


@pytest.mark.parametrize(
    "inline", ["<img src=x>", "<svg><g><text>Logo</text></g></svg>", "<x-tip>", "<script>1</script>"]
)
def test_what_stands_inside_a_line_does_not_cut_the_sentence(inline: str) -> None:
    read = read_html(f"<p>Der Kurs stieg {inline} um drei Prozent.</p>")
    assert read.text == "Der Kurs stieg um drei Prozent.\n"


def test_what_is_not_shown_counts_as_left_out() -> None:
    assert read_html(f"<p>{SENTENCE}</p><select><option>{SENTENCE}</option></select>").left_out > 0.4
    assert read_html(f"<p>{SENTENCE}</p><script>{SENTENCE}</script>").left_out == 0


def test_a_headline_below_a_kicker_is_not_said_twice() -> None:
    html = page(f"<article><p>Aus dem Stadtrat</p><h1>Brücke saniert</h1>{PROSE * 2}</article>")
    assert read_html(html).text.count("Brücke saniert") == 1


def test_an_escaped_tag_in_a_page_too_deep_to_parse_is_text() -> None:
    html = "<div>" * 100_000 + "Das Element &lt;article&gt; ist neu."
    assert "Das Element <article> ist neu." in read_html(html).text


_PIECES = (
    "<p> </p> <table><tr><td> </td><td> </td></tr></table> <tr> <ul><li> </li></ul> <form> </form> <b> </b> "
    "<img> <svg><g></g></svg> <br> <x-y> <h2> </h2> <nav> </nav> <aside> <blockquote> <button> <a>"
).split()


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.just("Wort ")), min_size=1).map("".join))
def test_no_word_of_a_fragment_is_lost(html: str) -> None:
    html = "Wort " + html
    assert read_html(html).text.count("Wort") == html.count("Wort")


_TAGS = [
    "<p>",
    "</p>",
    "<",
    ">",
    "&",
    "<!--",
    "-->",
    "\ud800",
    "\x00",
    "<table><tr><td>",
    "<li>",
    "<script>",
    "Wort ",
]


@given(st.lists(st.one_of(st.characters(), st.sampled_from(_TAGS))).map("".join))
def test_any_string_gives_text_or_empty_text(html: str) -> None:
    try:
        text = read_html(html).text
    except EmptyText:
        text = "no text"
    assert any(map(str.isalpha, text))
