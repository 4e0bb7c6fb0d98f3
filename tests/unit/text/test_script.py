"""Words in other scripts than the Latin one."""

import pytest

from service.text.script import foreign_words, is_mostly_foreign, reads_latin_alone


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Der Minister sagte „Привет мир“ und ging.", ["Привет мир"]),
        ("Er heißt Γιώργος, sie 王芳 und er مرحبا بالعالم.", ["Γιώργος", "王芳", "مرحبا بالعالم"]),
        ("Das heißt नमस्ते दुनिया auf Hindi.", ["नमस्ते दुनिया"]),
        ("Wert α und 5 μg, 20 ℃, ½, № 3, Ⅳ und ﬁnden.", []),
        ("Ｄｅｒ Hund, 𝐃𝐞𝐫 Hund, [ˈbʁʏkə], Việt Nam, Łódź, ẞ und 😀👍🏽", []),
    ],
)
def test_words_in_another_script_are_found_and_signs_and_shapes_of_latin_letters_are_not(
    text: str, found: list[str]
) -> None:
    assert foreign_words(text) == found


def test_a_sentence_is_mostly_foreign_from_more_than_half_of_its_letters_on() -> None:
    assert is_mostly_foreign("Он сказал: OK")
    assert is_mostly_foreign("ﷺ")
    assert not is_mostly_foreign("Moskau (Москва)")
    assert not is_mostly_foreign("Ｄｅｒ　Ｈｕｎｄ")
    assert not is_mostly_foreign("1, 2, 3 … 😀")


def test_a_model_of_one_language_in_another_script_may_read_that_script() -> None:
    assert reads_latin_alone(["de"])
    assert reads_latin_alone(["de", "en", "tr", "vi"])
    assert not reads_latin_alone(["de", "ru"])
    assert not reads_latin_alone(["zh-Hant"])
    assert not reads_latin_alone(["sr"])
