from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.article import BlockKind, read_article

ROOT = Path(__file__).parents[3]
ARTICLES = ROOT / "tests" / "articles"
SEED = ROOT / "../shared/articles/seed-nordkorea-russland.txt"

BODY = (
    "Das ist der erste Absatz, und er hat einen ganzen Satz. Dann noch einen.\n\n"
    "Und hier ist noch ein Absatz mit Text.\n"
)


def read(text: str) -> list[tuple[str, str]]:
    article = read_article(text)
    return [(block.kind.value, article.text[block.start : block.end]) for block in article.blocks]


def kinds(text: str) -> list[str]:
    return [kind for kind, _ in read(text)]


def summary_text(text: str) -> str:
    article = read_article(text)
    return "\n".join(text[article.blocks[i].start : article.blocks[i].end] for i in article.summary_blocks)


_LINES = [
    "\ud800",
    "\n",
    "\n\n",
    "\r\n",
    "- ",
    "1. ",
    " | ",
    "Foto: x",
    "Ein Satz. ",
    "01.06.2023 | 43:26 min",
    "Titel\n\n",
]


@given(st.lists(st.one_of(st.characters(), st.sampled_from(_LINES))).map("".join))
def test_blocks_are_ordered_trimmed_and_cover_everything_but_white_space(text: str) -> None:
    article = read_article(text)
    assert article.text == text
    position = 0
    for block in article.blocks:
        inside = text[block.start : block.end]
        assert position <= block.start < block.end
        assert inside == inside.strip()
        assert not text[position : block.start].strip()
        position = block.end
    assert not text[position:].strip()


def test_a_lone_pipe_is_furniture() -> None:
    assert read("Titel steht hier\n\n|\n\n" + BODY)[1] == ("furniture", "|")


def test_a_plain_article_has_title_lead_and_body() -> None:
    assert kinds("Kim trifft Schoigu\n\n" + BODY) == ["title", "lead", "body"]
    assert read_article("Kim trifft\tSchoigu\n\n" + BODY).title == "Kim trifft Schoigu"


@pytest.mark.parametrize(
    "repeat",
    [
        "Nordkorea und Russland: Kim Jong Un trifft Schoigu",
        "Nordkorea und Russland:Schoigu trifft Kim Jong Un zu Militärfragen",
        "KIM JONG UN TRIFFT SCHOIGU",
    ],
)
def test_a_headline_that_repeats_or_contains_the_title_is_marked(repeat: str) -> None:
    text = f"Nordkorea und Russland: Kim Jong Un trifft Schoigu\n\n{repeat}\n\n{BODY}"
    assert kinds(text)[:3] == ["title", "repeated_title", "lead"]


def test_the_title_again_at_the_foot_is_a_repetition_and_another_heading_is_not() -> None:
    text = f"Kim trifft Schoigu heute\n\n{BODY}\nKim trifft Schoigu\n\n{BODY}\nKim trifft Schoigu heute\n"
    assert [kind for kind in kinds(text) if kind in ("subheading", "repeated_title")] == [
        "subheading",
        "repeated_title",
    ]


def test_an_overline_gives_way_to_the_headline() -> None:
    assert kinds("Politik\n\nKanzlerin verhandelt mit den Ländern über Geld\n\n" + BODY)[:2] == [
        "subheading",
        "title",
    ]


def test_a_headline_may_hold_an_ordinal() -> None:
    assert kinds("Rotbach bleibt nach dem 12. Spieltag vorn\n\n" + BODY)[0] == "title"


def test_one_line_alone_is_no_title() -> None:
    assert kinds("Guten Tag zusammen") == ["subheading"]
    assert kinds("Der Hund bellt.") == ["body"]
    assert read_article("Der Hund bellt.").summary_blocks == (0,)
    assert read_article("Guten Tag zusammen").summary_blocks == (0,)


@pytest.mark.parametrize(
    "heading", ["Ein Schreiben von Putin", "Hilft Nordkorea wirklich?", "Streit um 3,5 Prozent"]
)
def test_short_lines_without_a_stop_and_questions_are_subheadings(heading: str) -> None:
    assert ("subheading", heading) in read(f"Der Titel des Tages\n\n{BODY}\n{heading}\n\n{BODY}")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Foto: Anna Muster", BlockKind.CAPTION),
        ("Montage: Links zwei Offiziere, rechts eine Rakete.", BlockKind.CAPTION),
        ("Der Hafen am frühen Morgen (Archivbild)", BlockKind.CAPTION),
        ("Der Hafen am frühen Morgen. Foto: Muster/npk", BlockKind.CAPTION),
        ("Quelle: dpa, AFP, Reuters", BlockKind.CREDIT),
        ("Von Anna Muster und Peter von Ahlen, Berlin", BlockKind.CREDIT),
        ("dpa/AFP", BlockKind.CREDIT),
        ("© 2025 Talbote GmbH", BlockKind.CREDIT),
        ("Stand: 14.08.2025, 21:15 Uhr", BlockKind.CREDIT),
        ("Jetzt den Newsletter abonnieren!", BlockKind.CREDIT),
        ("Mehr zum Thema", BlockKind.CREDIT),
        ("01.06.2023 | 43:26 min", BlockKind.DURATION),
        ("43:26 min", BlockKind.DURATION),
        ("21:05 Uhr", BlockKind.DURATION),
        ("Donnerstag, 1. Juni 2023, 14:30 Uhr", BlockKind.DURATION),
        ("* * *", BlockKind.FURNITURE),
        ("3:1", BlockKind.FURNITURE),
        ("Startseite | Politik | Ausland", BlockKind.TABLE_ROW),
    ],
)
def test_lines_that_are_no_prose_never_reach_the_summary(line: str, kind: BlockKind) -> None:
    text = f"Der Titel des Tages\n\n{BODY}\n{line}\n\n{BODY}"
    assert (kind.value, line) in read(text)
    assert line not in summary_text(text)


@pytest.mark.parametrize(
    "line",
    [
        "Von Anna Muster stammt der Entwurf, den alle loben.",
        "Bild und Ton waren gut, sagte die Zuschauerin am Abend.",
        "Er lief die Strecke am Sonntag in 43:26 min",
        "Quellen aus dem Ministerium bestätigten den Bericht am Montag.",
        "Die Karte kostet zwölf Euro und gilt den ganzen Tag.",
    ],
)
def test_prose_that_only_begins_like_furniture_stays_prose(line: str) -> None:
    found = {text: kind for kind, text in read(f"Der Titel des Tages\n\n{BODY}\n{line}\n\n{BODY}")}
    assert found[line] in ("body", "subheading")


def test_a_running_time_glued_to_its_teaser_is_cut_off() -> None:
    text = f"Der Titel des Tages\n\n{BODY}\nWie schafft sie es, nie zu verschwinden?01.06.2023 | 43:26 min\n"
    assert read(text)[-2:] == [
        ("caption", "Wie schafft sie es, nie zu verschwinden?"),
        ("duration", "01.06.2023 | 43:26 min"),
    ]


def test_hard_wrapped_lines_form_one_block_and_lines_that_are_paragraphs_do_not() -> None:
    wrapped = (
        "das Jahr neigt sich dem Ende zu, und wir möchten uns bei allen bedanken,\n"
        "die beim Herbstputz mitgeholfen haben. Insgesamt 43 Mitglieder waren am\n"
        "18. Oktober dabei. Das war ein Erfolg.\n"
    )
    assert kinds(wrapped) == ["body"]
    own = (
        "Der erste Absatz endet hier, und er war lang genug.\n"
        "Der zweite Absatz endet auch.\nDer dritte ebenso.\n"
    )
    assert kinds(own) == ["body", "body", "body"]


def test_list_items_stay_apart_and_hanging_lines_belong_to_their_item() -> None:
    text = (
        "- 29. November: Adventsbasteln im Vereinsheim, 15 Uhr, Kuchen-\n  spenden gern\n- 17. Januar: Wahl\n"
    )
    assert [kind for kind, _ in read(text)] == ["list_item", "list_item"]


def test_a_date_or_a_dash_at_the_start_of_a_wrapped_line_is_no_list() -> None:
    text = (
        "Die Versammlung findet im großen Saal des Rathauses statt, und zwar am\n"
        "27. Juli – so sagte es der Wirt –\nund endet spät.\n"
    )
    assert kinds(text) == ["body"]


def test_tables_are_rows() -> None:
    found = kinds((ARTICLES / "ergebnistabelle.txt").read_text(encoding="utf-8"))
    assert found.count("table_row") == 10
    assert found.count("list_item") == 3
    assert found[0] == "title"


def test_the_interview_has_its_questions_as_headings() -> None:
    text = (ARTICLES / "interview.txt").read_text(encoding="utf-8")
    article = read_article(text)
    assert article.title is not None
    assert article.title.startswith("„Der Wald verzeiht viel")
    headings = [found for kind, found in read(text) if kind == "subheading"]
    assert "Frau Kühnel, wie geht es Ihrem Wald?" in headings
    assert "Jonas Reihl" not in summary_text(text)


def test_the_ticker_has_its_times_apart() -> None:
    text = (ARTICLES / "liveticker.txt").read_text(encoding="utf-8")
    found = read(text)
    assert ("duration", "20:12 Uhr") in found
    assert ("duration", "01.06.2025 | 02:31 min") in found
    assert "Newsletter" not in summary_text(text)


def test_the_mail_header_is_no_prose() -> None:
    text = (ARTICLES / "rundbrief.txt").read_text(encoding="utf-8")
    assert kinds(text)[:3] == ["credit", "credit", "title"]


@pytest.mark.skipif(not SEED.exists(), reason="the seed article lies beside the checkout, not in it")
def test_the_seed_article_is_read_as_its_editors_meant_it() -> None:
    text = SEED.read_text(encoding="utf-8")
    assert kinds(text) == [
        "title", "repeated_title", "furniture", "lead", "body", "body", "body", "subheading", "body", "body",
        "subheading", "body", "body", "body", "body", "caption", "caption", "duration", "credit",
    ]  # fmt: skip
    summary = summary_text(text)
    for never in ("Montage", "43:26", "Quelle", "Militärfragen", "geographisch ein Zwerg", "|"):
        assert never not in summary
    assert summary.startswith("Es wird vermutet")
