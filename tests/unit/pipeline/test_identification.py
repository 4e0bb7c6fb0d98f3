import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import AmbiguousLanguage
from service.pipeline.identification import Identification, identify
from service.pipeline.models import known_code
from service.text.article import read_article
from service.text.segment import join_segments, keep_blocks
from service.text.segmentation import segment_article
from tests.integration.conftest import stub_models

GERMAN = (
    "Der Präsident hat am Montag eine Rede gehalten und darin die Pläne der Opposition scharf kritisiert. "
    "Die Opposition wies die Vorwürfe zurück und kündigte Widerstand an."
)
ENGLISH = (
    "The president gave a speech on Monday and sharply criticised the plans of the opposition. "
    "The opposition rejected the accusations and announced resistance to them."
)
ITALIAN = (
    "Il presidente ha tenuto un discorso lunedì e ha criticato duramente i progetti dell'opposizione. "
    "L'opposizione ha respinto le accuse e ha annunciato che si opporrà."
)
SWISS_GERMAN = (
    "Mir händ geschter z Züri es schöns Konzärt gha, aber es isch leider z churz gsi. "
    "Nöchscht Jahr gömmer wider hi, wänn's de Bappe nöd verbüütet."
)
MODELS = stub_models()  # de to en; fr to en and de


def identified(*paragraphs: str, source: str = "auto", target: str = "en") -> Identification:
    article = read_article("\n\n".join(paragraphs))
    return identify(article, MODELS, source=source, target=target, default="de")


def codes(found: Identification) -> list[str]:
    return [caveat.code for caveat in found.caveats]


def test_an_article_in_one_language_is_told_without_a_word() -> None:
    found = identified(GERMAN, GERMAN)
    assert (found.language, found.detected.code, found.kept, found.caveats) == ("de", "de", frozenset(), ())


def test_a_paragraph_in_the_target_language_stays_and_its_place_is_told() -> None:
    found = identified(GERMAN, ENGLISH, GERMAN)
    assert (found.language, found.kept) == ("de", {1})
    [caveat] = found.caveats
    assert caveat.code == "block_already_in_target_language"
    assert caveat.span is not None
    assert "\n\n".join([GERMAN, ENGLISH, GERMAN])[caveat.span.start : caveat.span.end] == ENGLISH


def test_neighbours_in_the_target_language_are_one_warning() -> None:
    found = identified(GERMAN, ENGLISH, ENGLISH, GERMAN, ENGLISH)
    assert found.kept == {1, 2, 4}
    assert codes(found) == ["block_already_in_target_language"] * 2


def test_the_german_of_a_mostly_english_page_is_still_translated() -> None:
    found = identified(*[ENGLISH] * 20, GERMAN)
    assert (found.language, found.kept) == ("de", frozenset(range(20)))


def test_short_german_paragraphs_beside_a_long_english_one_are_translated() -> None:
    questions = (
        "Was sagen Sie zu den Vorwürfen der Opposition?",
        "Werden Sie im Herbst noch einmal antreten?",
        "Und was wird aus der Brücke über den Fluss?",
    )
    found = identified(questions[0], ENGLISH, questions[1], ENGLISH, questions[2])
    assert (found.language, found.kept) == ("de", {1, 3})
    assert identified("A speech", ENGLISH, "The plans of the government", ENGLISH).language == "en"


def test_a_foreign_quotation_does_not_refuse_an_english_text() -> None:
    found = identified(ENGLISH, ITALIAN, ENGLISH)
    assert found.language == "en"
    assert codes(found) == ["already_in_target_language", "block_language_mismatch"]


def test_a_paragraph_in_a_third_language_goes_with_the_rest_and_its_place_is_told() -> None:
    found = identified(GERMAN, GERMAN, ITALIAN)
    assert (found.language, found.kept) == ("de", frozenset())
    assert codes(found) == ["block_language_mismatch"]


def test_a_long_block_must_be_in_the_target_language_from_end_to_end() -> None:
    assert identified(GERMAN, f"{ENGLISH} {ENGLISH} {GERMAN} {GERMAN}").kept == frozenset()
    assert identified(GERMAN, f"{ENGLISH} " * 20 + f"{GERMAN} " * 20).kept == frozenset()


def test_a_short_english_line_is_the_translators_business() -> None:
    assert identified(GERMAN, "Make America Great Again", GERMAN).kept == frozenset()


def test_two_languages_that_share_a_text_evenly_are_asked_for_and_listed() -> None:
    with pytest.raises(AmbiguousLanguage) as caught:
        identified(GERMAN, ITALIAN)
    assert [code for code, _ in caught.value.candidates] == ["de", "it"]
    assert all(0.4 < share < 0.6 for _, share in caught.value.candidates)
    assert caught.value.pointer == "#/source"
    assert "de (" in caught.value.message
    assert "Präsident" not in caught.value.message


def test_a_few_lines_in_two_languages_are_not_worth_a_refusal() -> None:
    found = identified(
        "Die Opposition wies die Vorwürfe zurück und kündigte heftigen Widerstand dagegen an.",
        "L'opposizione ha respinto le accuse e ha annunciato che si opporrà con forza a tutto.",
    )
    assert found.language in {"de", "it"}
    assert codes(found) == ["block_language_mismatch"]


def test_an_english_quotation_makes_no_english_of_a_text_without_a_model() -> None:
    assert identified(ITALIAN, ITALIAN, ENGLISH, ITALIAN).language == "it"


def test_a_named_source_ends_the_doubt() -> None:
    found = identified(GERMAN, ITALIAN, source="de")
    assert (found.language, codes(found)) == ("de", ["block_language_mismatch"])


def test_a_text_that_says_nothing_of_its_language_is_taken_for_the_default() -> None:
    for text in ("Kim Jong Un trifft Schoigu", "a " * 400, "123 Wort\n" * 200):
        found = identified(text)
        assert (found.language, codes(found)) == ("de", ["language_assumed"])


def test_german_full_of_english_terms_is_taken_for_german_with_a_warning() -> None:
    found = identified(
        "Die Cloud-Services von Microsoft Azure und Amazon Web Services bieten Features wie Load Balancing, "
        "Auto Scaling, Container Orchestration, Serverless Computing und Machine Learning as a Service für "
        "Enterprise Customers und Start-ups mit Pay-per-Use Pricing und Support."
    )
    assert (found.language, codes(found)) == ("de", ["language_assumed"])
    assert "'en'" in found.caveats[0].message


def test_a_dialect_without_a_model_is_translated_as_german_and_said_to_be_one() -> None:
    found = identified(SWISS_GERMAN)
    assert (found.language, found.detected.code, codes(found)) == ("de", "gsw", ["language_related"])
    asked = identified("Grüezi mitenand.", source="gsw")
    assert (asked.language, codes(asked)) == ("de", ["language_related"])


def test_a_dialect_is_never_passed_off_as_german_in_silence() -> None:
    found = identified(SWISS_GERMAN, target="de")
    assert (found.language, codes(found)) == ("de", ["already_in_target_language"])
    assert "'gsw'" in found.caveats[0].message


def test_english_said_to_be_german_is_obeyed_and_doubted() -> None:
    found = identified(ENGLISH, ENGLISH, source="de")
    assert (found.language, found.kept, codes(found)) == ("de", frozenset(), ["language_mismatch"])


def test_a_mixed_article_said_to_be_german_keeps_its_english() -> None:
    found = identified(ENGLISH, ENGLISH, GERMAN, source="de")
    assert (found.language, found.kept) == ("de", {0, 1})


@given(
    st.lists(st.sampled_from([GERMAN, ENGLISH, "Kurz.", "- Punkt", "a | b", ENGLISH.replace(". ", ".\n")]))
)
def test_no_german_block_is_ever_kept_and_what_is_kept_comes_back_exactly(paragraphs: list[str]) -> None:
    article = read_article("\n\n".join(paragraphs))
    found = identify(article, MODELS, source="de", target="en", default="de")
    kept = [article.text[article.blocks[index].start : article.blocks[index].end] for index in found.kept]
    assert not [text for text in kept if not text.startswith("The ")]
    segments = segment_article(
        article, language="de", count_tokens=lambda text: len(text.split()), max_tokens=64
    )
    with_copies = keep_blocks(segments, found.kept)
    assert join_segments(with_copies) == article.text
    translation = "".join(
        (s.source if not s.translatable else s.source.upper()) + s.joint for s in with_copies
    )
    assert all(text in translation for text in kept)


def test_norwegian_is_read_under_either_of_its_codes() -> None:
    assert known_code("no", {"nb", "de"}) == "nb"
    assert known_code("nb", {"no"}) == "no"
    assert known_code("nb-no", {"nb"}) == "nb"
    assert known_code("da", {"nb"}) == "da"
