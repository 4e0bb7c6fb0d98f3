import threading

import pytest

from service.text.language import detect_language, detect_languages

GERMAN = "Der Bundestag hat am Freitag beschlossen, die Steuern für kleine Betriebe zu senken."
ENGLISH = "The government announced new measures on Friday to reduce inflation in the coming year."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GERMAN, "de"),
        (GERMAN.upper(), "de"),
        (ENGLISH, "en"),
        ("De regering heeft vrijdag nieuwe maatregelen aangekondigd tegen de inflatie.", "nl"),
        ("Le gouvernement a annoncé vendredi de nouvelles mesures contre l'inflation.", "fr"),
        ("Правительство объявило в пятницу о новых мерах по борьбе с инфляцией в стране.", "ru"),
        ("今天天气很好，我们一起去公园散步吧，然后去吃饭。", "zh"),
        ("政府は金曜日に新しい対策を発表しました。とても重要です。", "ja"),
    ],
)
def test_a_sentence_is_enough_to_be_sure(text: str, code: str) -> None:
    guess = detect_language(text)
    assert (guess.code, guess.sure) == (code, True)
    assert guess.confidence >= 0.6
    assert guess.candidates[0].code == code


def test_texts_asked_about_together_are_told_as_each_alone() -> None:
    mixed = " ".join([GERMAN, ENGLISH] * 6)
    names = "Meier, Müller, Schulze, Becker, Hoffmann, Schäfer, Koch, Bauer, Richter, Klein " * 5
    others = ["", "12", "Привет, как дела?", "今天天气很好"]
    texts = [GERMAN, mixed, names, ENGLISH * 9, GERMAN * 40, *others] * 9
    for letters in (100, 2000):
        alone = [detect_language(text, default="fr", letters=letters) for text in texts]
        assert detect_languages(texts, default="fr", letters=letters) == alone
    assert detect_languages([]) == []


def test_a_short_line_is_taken_as_the_default_and_not_sure() -> None:
    guess = detect_language("Kim Jong Un trifft Schoigu")
    assert (guess.code, guess.sure) == ("de", False)
    assert guess.candidates
    assert detect_language("Hello dear world", default="fr").code == "fr"


@pytest.mark.parametrize("text", ["", " ", "|", "12.03.2024", "\ud800", "!?"])
def test_without_letters_there_is_nothing_to_guess(text: str) -> None:
    guess = detect_language(text)
    assert (guess.code, guess.confidence, guess.sure, guess.candidates) == ("de", 0.0, False, ())


@pytest.mark.parametrize("text", ["Привет", "สวัสดี", "γειά", "שלום", "مرحبا"])
def test_another_script_is_never_the_default_language(text: str) -> None:
    guess = detect_language(text)
    assert guess.code != "de"
    assert "de" not in [candidate.code for candidate in guess.candidates]


def test_candidates_are_ranked_and_confidences_are_shares() -> None:
    guess = detect_language(GERMAN)
    confidences = [candidate.confidence for candidate in guess.candidates]
    assert confidences == sorted(confidences, reverse=True)
    assert 0 < sum(confidences) <= 1.001


def test_a_short_text_is_less_sure_than_a_long_one_of_the_same_language() -> None:
    confidences = [detect_language(text).confidence for text in (GERMAN[:16], GERMAN[:32], GERMAN * 3)]
    assert confidences == sorted(confidences)
    assert confidences[-1] > 0.99


def test_of_a_text_in_two_languages_each_gets_its_share() -> None:
    shares = {
        found.code: found.confidence for found in detect_language(GERMAN * 4 + " " + ENGLISH * 4).candidates
    }
    assert shares["de"] == pytest.approx(0.5, abs=0.15)
    assert shares["en"] == pytest.approx(0.5, abs=0.15)


def test_fewer_letters_can_be_asked_for() -> None:
    guess = detect_language(GERMAN + " " + ENGLISH * 10, letters=60)
    assert (guess.code, guess.sure) == ("de", True)
    assert detect_language(ENGLISH).letters == sum(map(str.isalpha, ENGLISH))


def test_a_list_of_german_names_is_no_other_language() -> None:
    guess = detect_language(
        "Müller, Schmidt, Schneider, Fischer, Weber, Meyer, Wagner, Becker, Schulz, Hoffmann"
    )
    assert guess.code == "de"


def test_addresses_and_figures_do_not_decide() -> None:
    noise = "https://www.example.org/the/news/about/everything 12,5 34:20 info@example.org "
    assert detect_language(noise * 5 + GERMAN).code == "de"


def test_a_long_text_is_read_only_at_its_beginning() -> None:
    assert detect_language(GERMAN * 100 + ENGLISH * 5000).code == "de"


def test_many_threads_may_ask_at_once() -> None:
    codes: list[str] = []
    threads = [
        threading.Thread(target=lambda text=text: codes.append(detect_language(text).code))
        for text in [GERMAN, ENGLISH] * 8
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(codes) == ["de"] * 8 + ["en"] * 8


@pytest.mark.timeout(30)
def test_unbroken_text_takes_no_longer_than_prose() -> None:
    # The square of the length was 1.5 seconds a text; sixty of them would not end in time.
    for _ in range(60):
        assert not detect_language("1" * 40_000).sure
