import pytest

from service.errors import EmptyText, InvalidInput, InvalidText, TextTooLong, UrlNotFetched
from service.text.check import check_text


def test_a_text_comes_back_as_it_was() -> None:
    text = "  Der Hund\r\n\tbellt.\u00a0\x0c"
    assert check_text(text, max_characters=100) is text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", EmptyText),
        (" \n\t\u2003", EmptyText),
        ("...!?", EmptyText),
        ("12.03.2024 | 3:1", EmptyText),
        ("😀😀", EmptyText),
        ("a" * 101, TextTooLong),
        ("Der\x00Hund", InvalidText),
        ("Der \ud800 Hund", InvalidText),
        ("PK\x03\x04\x14\x06\x08abc", InvalidText),
        ("Gr\ufffd\ufffde \ufffdber \ufffd\ufffd", InvalidText),
        ("https://www.example.org/artikel?id=3", UrlNotFetched),
        ("\n HTTP://example.org \n", UrlNotFetched),
        ("www.example.org/artikel", UrlNotFetched),
    ],
)
def test_what_cannot_be_worked_on_is_refused_by_name(text: str, error: type[InvalidInput]) -> None:
    with pytest.raises(error) as refusal:
        check_text(text, max_characters=100)
    assert type(refusal.value) is error
    assert "Hund" not in refusal.value.message
    assert "example.org" not in refusal.value.message


def test_the_limit_and_the_length_are_in_the_message() -> None:
    with pytest.raises(TextTooLong, match="101 characters; the limit is 100"):
        check_text("a" * 101, max_characters=100)


@pytest.mark.parametrize(
    "text", ["Siehe https://example.org", "C\x1b[1m", "Größe 5\ufffd ist lieferbar, sagt er.", "é"]
)
def test_a_text_with_an_oddity_in_it_is_still_a_text(text: str) -> None:
    assert check_text(text, max_characters=100) == text
