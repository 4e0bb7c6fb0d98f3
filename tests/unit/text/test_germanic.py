import pytest

from service.text.germanic import weigh_kin
from service.text.language import detect_language

SCORES = {"de": -1.0, "nl": -2.0, "lb": -3.0, "fr": -1.5}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mir händ geschter z Züri es schöns Konzärt gha, aber es isch leider z churz gsi.", "gsw"),
        ("Wi hebbt güstern in Hamborg een moi Konzert hatt, man dat weer to kort för uns.", "nds"),
        ("Mir hate gëschter an der Stad e flotte Concert, mee et war leider ze kuerz.", "lb"),
        ("We hebben gisteren in de stad een mooi concert gehad, maar het was te kort.", "nl"),
        ("Wir hatten gestern in Zürich ein schönes Konzert, aber es war leider zu kurz.", "de"),
    ],
)
def test_german_and_its_kin_are_told_apart_in_a_sentence(text: str, code: str) -> None:
    guess = detect_language(text)
    assert (guess.code, guess.sure) == (code, True)


def test_one_word_repeated_makes_no_dialect() -> None:
    text = "Man umgeht harte Rede, man umgeht Unsinnreden, man umgeht Begehrlichkeit, man umgeht alles Üble."
    assert detect_language(text).code == "de"


def test_without_any_word_of_theirs_the_rare_ones_stay_behind() -> None:
    weighed = weigh_kin(SCORES, "Zürich Hamburg 2024")
    assert max(weighed, key=weighed.__getitem__) == "de"
    assert {code: weighed[code] for code in SCORES} == SCORES


def test_words_of_the_kin_move_nothing_between_them_and_other_languages() -> None:
    weighed = weigh_kin(SCORES, "isch gsi nöd händ und de")
    assert weighed["fr"] == SCORES["fr"]
    assert max(weighed[code] for code in weighed if code != "fr") == pytest.approx(SCORES["de"])
    assert weighed["gsw"] > weighed["de"] > weighed["nl"]


def test_a_script_without_german_is_left_alone() -> None:
    assert weigh_kin({"ru": -1.0, "uk": -2.0}, "слово") == {"ru": -1.0, "uk": -2.0}
