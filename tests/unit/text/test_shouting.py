"""Sentences in capitals are told from names in capitals."""

import pytest

from service.text.shouting import calmed, in_capitals, is_shouted


@pytest.mark.parametrize(
    ("text", "small"),
    [
        ("DER STADTRAT HAT BESCHLOSSEN.", "der stadtrat hat beschlossen."),
        ("„GROßE STRAßE“: 3 TOTE, 20 % MEHR", "„große straße“: 3 tote, 20 % mehr"),
        ("SIEHE BITTE https://Talbote.example/A, {Name}!", "siehe bitte https://Talbote.example/A, {Name}!"),
        ("МИНИСТР ПРИБЫЛ", "министр прибыл"),
    ],
)
def test_capitals_alone_are_read_in_small_letters_but_for_addresses_and_placeholders(
    text: str, small: str
) -> None:
    assert is_shouted(text, "de")
    assert calmed(text, "de") == small
    assert in_capitals(small, {}) == text.replace("ß", "SS")


@pytest.mark.parametrize(
    "text",
    [
        "NATO, USA",
        "BMW AG",
        "DER STADTRAT hat beschlossen.",
        "McDONALDS UND MEHR",
        "1 234 567",
        "世界很大我们很小的",
        "",
    ],
)
def test_names_and_what_has_a_small_letter_stay_as_they_are(text: str) -> None:
    assert calmed(text, "de") == text


def test_the_capital_of_two_small_letters_is_left_alone() -> None:
    assert calmed("BAŞKAN ISPARTA'DA KONUŞTU", "tr") == "BAŞKAN ISPARTA'DA KONUŞTU"
