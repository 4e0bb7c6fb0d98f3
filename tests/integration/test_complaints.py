"""What users of other systems complain about, one test or more a complaint, named by its number in the list
the project keeps: here what concerns texts. What concerns serving is in `test_complaints_serving.py`;
`docs/complaints.md` lists all of them with their tests."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest

from service.text.sentences import split_sentences
from tests.integration.conftest import serving, stub_models

SENTENCES = [
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren.",
    "Die Arbeiten beginnen im Mai und dauern 3 Monate.",
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro.",
    "Die Anwohner hatten seit Jahren auf eine Entscheidung gewartet.",
]
PARAGRAPH = " ".join(SENTENCES)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as client:
        yield client


_STUB_TOKENS = 100
"""What the stub's configuration gives a segment at most."""

CYRILLIC = set("ab ba be bg ce cv kk ky mk mn ru sr tg tt uk".split())


def digest(client: httpx.Client, text: str, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/digest", json={"text": text, "source": "de", **fields})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def failing_once(sentence: str, first: str) -> Callable[[str], str]:
    """A decoder that gives `first` for that sentence, and its translation when it is asked again."""
    asked: set[str] = set()

    def decode(source: str) -> str:
        if source != sentence or source in asked:
            return source.upper()
        asked.add(source)
        return first

    return decode


def codes(answer: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in answer["warnings"]}


def test_01_the_last_sentences_of_a_speech_do_not_vanish() -> None:
    def forgets(source: str) -> str:
        return "" if source in SENTENCES[2:] else source.upper()

    with serving(stub_models(decode=forgets)) as broken:
        answer = digest(broken, PARAGRAPH, segments=True)
    assert len(answer["segments"]) == len(SENTENCES)
    assert all(sentence in answer["translation"]["text"] for sentence in SENTENCES[2:])
    told = [warning["span"] for warning in answer["warnings"] if warning["code"] == "segment_empty"]
    assert [PARAGRAPH[span["start"] : span["end"]] for span in told] == SENTENCES[2:]


@pytest.mark.parametrize("first", ["", "KURZ", "KURZ " * 60], ids=["empty", "too short", "too long"])
def test_01_a_sentence_that_fails_is_translated_again(first: str) -> None:
    with serving(stub_models(decode=failing_once(SENTENCES[2], first))) as client:
        answer = digest(client, PARAGRAPH)
    assert answer["translation"]["text"] == PARAGRAPH.upper()
    assert "segment_repaired" in codes(answer)


@pytest.mark.parametrize(
    ("always", "code"),
    [("KURZ", "segment_short"), ("EIN WORT NACH DEM ANDEREN UND NOCH MEHR DAVON " * 5, "segment_long")],
)
def test_01_a_length_that_stays_doubtful_is_told(always: str, code: str) -> None:
    with serving(stub_models(decode=lambda s: always if s == SENTENCES[2] else s.upper())) as client:
        answer = digest(client, PARAGRAPH)
    [told] = [warning["span"] for warning in answer["warnings"] if warning["code"] == code]
    assert PARAGRAPH[told["start"] : told["end"]] == SENTENCES[2]


def test_02_a_paragraph_is_never_given_to_the_model_whole() -> None:
    seen: list[str] = []

    def gate(sources: Sequence[str]) -> None:
        seen.extend(sources)

    with serving(stub_models(gate=gate)) as client:
        digest(client, PARAGRAPH)
    assert set(SENTENCES) <= set(seen)
    assert PARAGRAPH not in seen


def test_02_a_sentence_over_the_budget_is_split_at_its_clauses() -> None:
    clauses = [f"im Teil {number} wird das gebaut, was seit langem fehlt," for number in range(30)]
    sentence = "Der Rat beschloss: " + " ".join(clauses) + " und Schluss."
    seen: list[str] = []
    with serving(stub_models(gate=seen.extend)) as client:
        seen.clear()  # the canary
        answer = digest(client, sentence)
    assert len(seen) > 1
    assert all(len(piece.split()) < _STUB_TOKENS for piece in seen)
    assert all(piece.endswith((",", ":", ".")) for piece in seen)
    assert answer["translation"]["text"] == sentence.upper()


def test_02_a_translation_that_stops_at_the_length_cap_is_told() -> None:
    with serving(stub_models(decode=lambda _: " ".join(f"W{n}" for n in range(500)))) as client:
        answer = digest(client, SENTENCES[0])
    assert "segment_cut" in codes(answer)


def test_03_a_sentence_over_the_limit_is_split_and_no_word_of_it_lost(client: httpx.Client) -> None:
    words = [f"Wort{number}" for number in range(3000)]
    answer = digest(client, " ".join(words) + ".")
    assert answer["translation"]["text"].split() == [*map(str.upper, words[:-1]), "WORT2999."]


@pytest.mark.parametrize("path", ["/v1/digest", "/v1/translate", "/v1/summarize"])
def test_03_who_asks_for_an_error_gets_one_instead_of_a_split(client: httpx.Client, path: str) -> None:
    long = " ".join(f"Wort{number}" for number in range(300)) + "."
    wish = {"source": "de", "on_overflow": "error"}
    refused = client.post(path, json={"text": f"{SENTENCES[0]} {long}", **wish})
    assert refused.status_code == 413
    assert refused.json()["code"] == "sentence_too_long"
    assert "Wort" not in refused.text
    assert client.post(path, json={"text": PARAGRAPH, **wish}).status_code == 200
    raw = client.post(
        path,
        params={"on_overflow": "error", "source": "de"},
        content=long,
        headers={"Content-Type": "text/plain"},
    )
    assert raw.json()["code"] == "sentence_too_long"


def test_04_hard_wrapped_lines_are_joined_and_blank_lines_and_lists_kept(client: httpx.Client) -> None:
    text = (
        "Der Stadtrat hat am Montag beschlossen, die alte Brücke über\n"
        "den Fluss zu sanieren, weil sie seit vielen Jahren bröckelt.\n\n"
        "- Die Stadt zahlt.\n- Der Bund zahlt.\n\n\n\n"
        "1. Der Rat berät.\n2. Der Rat beschließt.\n   - Er vertagt sich nicht.\n"
    )
    answer = digest(client, text, segments=True)
    assert answer["translation"]["text"] == text.upper().replace("ÜBER\nDEN", "ÜBER DEN")


def test_05_salad_salad_salad_is_noticed_and_real_repetition_survives() -> None:
    def loops(source: str) -> str:
        return "salad " * 40 if "Arbeiten" in source else source.upper()

    with serving(stub_models(decode=failing_once(SENTENCES[1], "salad " * 40))) as client:
        repaired = digest(client, PARAGRAPH)
    assert repaired["translation"]["text"] == PARAGRAPH.upper()
    assert codes(repaired) >= {"segment_repaired"}
    assert "repetition" not in codes(repaired)
    with serving(stub_models(decode=loops)) as client:
        assert "repetition" in codes(digest(client, PARAGRAPH))
        again = digest(client, "Nein, nein, nein, nein, nein, nein und nochmals nein, rief der Sprecher.")
    assert "repetition" not in codes(again)
    assert again["translation"]["text"].count("NEIN") == 7


def test_15_tags_attributes_and_comments_come_back_with_their_nesting(client: httpx.Client) -> None:
    page = (
        '<div class="x"><p>Die <b>alte <i>Brücke</i></b> über den <a href="/f?a=1&amp;b=2">Fluss</a> wird '
        "saniert.<!-- bis Mai --> Das Land zahlt.</p><ul><li>Der Bund <br> zahlt.</li></ul></div>"
    )
    answer = digest(client, page, format="html")
    tag = re.compile(r"<[^<>]*>")
    assert tag.findall(answer["translation"]["text"]) == tag.findall(page)
    assert "DIE <b>ALTE <i>BRÜCKE</i></b> ÜBER" in answer["translation"]["text"]


def test_15_tags_do_not_part_a_sentence() -> None:
    seen: list[str] = []
    with serving(stub_models(gate=seen.extend)) as client:
        digest(client, "<p>Die <b>alte <i>Brücke</i></b> wird <u>jetzt</u> saniert.</p>", format="html")
    assert "Die alte Brücke wird jetzt saniert." in seen


def test_16_markup_sent_as_text_is_kept_and_that_is_told(client: httpx.Client) -> None:
    answer = digest(client, "Der <b>Rat</b> tagt &amp; schweigt.<br>\nEr geht <i>heute</i> nach Hause.")
    assert (
        answer["translation"]["text"]
        == "DER <b>RAT</b> TAGT &amp; SCHWEIGT.<br>\nER GEHT <i>HEUTE</i> NACH HAUSE."
    )
    assert "markup_found" in codes(answer)


def test_16_plain_text_is_not_unescaped(client: httpx.Client) -> None:
    answer = digest(client, "Die Firma Meier &amp; Söhne schreibt &lt;b&gt; in ihren Namen, sagte sie.")
    assert "&amp;" in answer["translation"]["text"]
    assert "&lt;b&gt;" in answer["translation"]["text"].lower()


def test_16_plain_text_passes_through_as_it_is() -> None:
    """With an engine that changes nothing nothing is changed: no case, no entity, no quotation mark."""
    text = "DIE FIRMA meier &amp; söhne schreibt „&lt;b&gt;“ &#228; in iPhone-Namen, sagt McAllister: 5 ≤ 6."
    with serving(stub_models(decode=lambda source: source)) as client:
        assert digest(client, text)["translation"]["text"] == text


@pytest.mark.parametrize(
    "kept",
    [
        "{{person.name}}",
        "%1$s",
        "%(count)d",
        "%-10s",
        "100%%",
        "{{{name}}}",
        "$vorname",
        "__T01__",
        "{n, plural, one {eine} other {viele}}",
        "${user}",
        "{0}",
        "https://talbote.example/a?b=1",
        "redaktion@talbote.example",
        "###T01###",
        "`git commit -m x`",
        "🌉",
    ],
)
def test_17_what_is_no_language_comes_back_byte_for_byte_and_once(client: httpx.Client, kept: str) -> None:
    answer = digest(client, f"Hallo, Sie finden {kept} seit gestern in allen neuen Nachrichten der Stadt.")
    assert answer["translation"]["text"].count(kept) == 1


def test_17_what_the_caller_lists_comes_back_byte_for_byte_and_as_often(client: httpx.Client) -> None:
    text = "Die Talbrücke-App der Firma BauRegio ist neu. BauRegio zeigt sie am Montag."
    answer = digest(client, text, keep=["Talbrücke-App", "BauRegio"])
    assert answer["translation"]["text"].count("Talbrücke-App") == 1
    assert answer["translation"]["text"].count("BauRegio") == 2


def test_18_a_glossary_is_taken_per_request_and_the_answer_lists_what_became_of_it() -> None:
    def translates(source: str) -> str:
        return source.replace("Rates", "board").upper()

    terms = [{"source": "Brücke", "target": "footbridge"}, {"source": "Rat", "target": "council"}]
    text = "Die Brücken werden saniert. Das Haus des Rates steht."
    with serving(stub_models(decode=translates)) as client:
        answer = digest(client, text, glossary=terms)
    assert [use["target"] for use in answer["terms"]["applied"]] == ["footbridge", "council"]
    assert answer["terms"]["missed"] == []
    assert "footbridge" in answer["translation"]["text"].casefold()


def test_19_a_short_text_is_never_translated_on_a_guess_without_saying_so(client: httpx.Client) -> None:
    answer = digest(client, "Kim Jong Un trifft Schoigu", source="auto")
    assert "language_assumed" in codes(answer)
    assert answer["detected_language"]["confidence"] < 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("it", "Questa è una frase italiana che parla del tempo e della città di Roma."),
        ("en", "The city council decided on Monday to renovate the old bridge over the river."),
        ("de", "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren."),
        ("ru", "Городской совет решил в понедельник отремонтировать старый мост через реку."),
        (
            "bn",
            "নগর পরিষদ সোমবার নদীর উপর পুরনো সেতুটি সংস্কার করার সিদ্ধান্ত নিয়েছে। কাজ তিন মাস চলবে।",
        ),
    ],
)
def test_19_only_languages_of_the_texts_script_are_candidates(
    client: httpx.Client, code: str, text: str
) -> None:
    found = client.post("/v1/detect", json={"text": text}).json()
    assert (found["language"]["code"], found["sure"]) == (code, True)
    candidates = {each["code"] for each in found["candidates"]}
    scripts = {"ru": CYRILLIC, "bn": {"bn", "as"}}
    assert candidates <= scripts[code] if code in scripts else not candidates & (CYRILLIC | {"bn", "as"})
    assert 0.6 <= found["language"]["confidence"] <= 1


@pytest.mark.parametrize(
    "sentence",
    [
        "Das gilt z. B. am 29. Juli für die 1. Bundesliga.",
        "Dr. Meier zahlte 5 Mio. Euro nach § 4 Abs. 2 an die Stadt.",
        "Der Krieg endete am 38. Breitengrad zum 70. Jahrestag der Gründung.",
    ],
)
def test_20_german_abbreviations_and_ordinals_end_no_sentence(sentence: str) -> None:
    text = f"{sentence} Danach war Schluss."
    assert [text[start:end] for start, end in split_sentences(text)] == [sentence, "Danach war Schluss."]


def test_20_a_word_that_looks_like_an_abbreviation_ends_its_sentence() -> None:
    for sentence in ("Ich gebe es dir.", "Das gehört ihm und dir.", "Er kam am 3. Mai."):
        text = f"{sentence} Danach war Schluss."
        assert [text[start:end] for start, end in split_sentences(text)] == [sentence, "Danach war Schluss."]


def test_21_an_article_of_any_allowed_length_is_summarised() -> None:
    text = " ".join(f"Satz {number} handelt von der Brücke über den Fluss." for number in range(3000))
    with serving(stub_models(summarizer=True)) as client:
        answer = digest(client, text)
    assert answer["summary"]["sentences"]
    assert "summarized_in_sections" in codes(answer)


def test_21_an_article_beyond_the_published_limit_is_refused() -> None:
    with serving(stub_models(summarizer=True), max_characters=20_000) as client:
        limit = client.get("/v1/models").json()["limits"]["characters"]
        text = (PARAGRAPH + " ") * (limit // len(PARAGRAPH) + 1)
        for path in ("/v1/digest", "/v1/summarize"):
            fits = client.post(path, json={"text": text[:limit], "source": "de"})
            assert (fits.status_code, bool(fits.json()["summary"]["text"])) == (200, True)
            refused = client.post(path, json={"text": text[: limit + 1], "source": "de"})
            assert (refused.status_code, refused.json()["code"]) == (413, "text_too_long")


@pytest.mark.parametrize("text", [SENTENCES[1], PARAGRAPH, PARAGRAPH * 12])
def test_22_a_summary_ends_at_a_sentence_and_is_never_longer_than_its_source(text: str) -> None:
    with serving(stub_models(summarizer=True)) as client:
        answer = digest(client, text)
    assert answer["summary"]["text"].endswith(".")
    assert len(answer["summary"]["text"].split()) <= len(text.split())


def test_22_a_short_text_is_repeated_and_that_is_told(client: httpx.Client) -> None:
    answer = digest(client, SENTENCES[1])
    assert answer["summary"]["text"] == SENTENCES[1].upper()
    assert "short_input" in codes(answer)


def test_22_a_number_or_a_name_that_the_text_lacks_is_dropped_or_told() -> None:
    def invents(source: str) -> str:
        if source.count(".") < 10:
            return source.upper()
        return "The council pays 77 million euros. The mayor Schnackenburg is glad. The bridge is old."

    with serving(stub_models(decode=invents, summarizer=True)) as client:
        answer = digest(client, PARAGRAPH * 12)
    assert answer["summary"]["method"] == "abstractive"
    assert "77" not in answer["summary"]["text"]
    assert codes(answer) >= {"summary_sentence_dropped", "summary_name_doubtful"}


@pytest.mark.parametrize("wish", [{"words": 5}, {"sentences": 50, "words": 5}, {"sentences": 1}])
def test_22_no_wish_for_a_length_crashes(wish: dict[str, int]) -> None:
    with serving(stub_models(summarizer=True)) as client:
        for text in (SENTENCES[1], PARAGRAPH * 12):
            summary = digest(client, text, summary=wish)["summary"]
            assert summary["sentences"]
            assert len(summary["text"].split()) <= wish.get("words", 1000)
