"""Hashes, encoded data and the like are told from words, however long those are."""

import base64
import hashlib
import random
import string
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from service.text.article import read_article
from service.text.sentences import split_sentences
from service.text.wordless import wordless_spans

ARTICLES = sorted((Path(__file__).parents[2] / "articles").glob("*.txt"))

_random = random.Random(7)  # noqa: S311 -- nothing to guess


def _letters(alphabet: str, number: int) -> str:
    return "".join(_random.choices(alphabet, k=number))


_BYTES = base64.b64encode(_random.randbytes(3000)).decode()

WORDLESS: dict[str, str] = {
    "an MD5 hash": hashlib.md5(b"Hund", usedforsecurity=False).hexdigest(),
    "a SHA-1 hash": hashlib.sha1(b"Hund", usedforsecurity=False).hexdigest(),
    "a SHA-256 hash": hashlib.sha256(b"Hund").hexdigest(),
    "the same in capitals": hashlib.sha256(b"Hund").hexdigest().upper(),
    "a UUID": str(uuid.uuid5(uuid.NAMESPACE_DNS, "talbote.example")),
    "an address of a chain": "0x52908400098527886E0F7030069857D2E4169EE7",
    "base64 of text": base64.b64encode("Der Hund bellt laut, und die Katze schläft.".encode()).decode(),
    "a picture in Markdown": f"![](data:image/png;base64,{_BYTES})",
    "random letters": _letters(string.ascii_lowercase, 5000),
    "random letters with marks": _letters("abcdefghijklmnopqrstuvwxyzäöüßéñ", 1000),
    "a sequence of bases": _letters("ACGT", 60),
    "a sequence of amino acids": _letters("ACDEFGHIKLMNPQRSTVWY", 400),
    "a cry": "N" + "e" * 40 + "in!",
    "one letter": "x" * 1000,
}

WORDS = (
    "Rinderkennzeichnungsfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnung",
    "neunhundertneunundneunzigmilliardenneunhundertneunundneunzigmillionensiebenhundertsiebenundsiebzigtausend",
    "Hypothalamus-Hypophysenvorderlappen-Nebennierenrinden-Funktion",
    "Dihydroxy-hydroxymethylpropyl-tetraazacyclododecantriessigsäure",
    "Mund-Nasen-Schutz-Trage-Pflicht-Verordnungs-Änderungs-Entwurf",
    "#WirSindMehrUndWirBleibenMehrUndWirGehenNichtWeg",
    "Bund/Länder/Kommunen/Verbände/Gewerkschaften/Kirchen",
    "Der_Stadtrat_hat_am_Montag_beschlossen_die_alte_Brücke_zu_sanieren",
    "DerStadtrathatamMontagbeschlossen,diealteBrückeüberdenFlusszusanieren.",
    "DER-STADTRAT-HAT-AM-MONTAG-BESCHLOSSEN-DIE-ALTE-BRÜCKE-ZU-SANIEREN",
    "Artikelnummer:2024001234567890123456789012345678901234567890",
    "Einleitung......................................................5",
    "Name:___________________________________________________________",
    "nordvästersjökustartilleriflygspaningssimulatoranläggningsmaterielunderhållsuppföljningssystem",
    "lentokonesuihkuturbiinimoottoriapumekaanikkoaliupseerioppilas",
    "muvaffakiyetsizleştiricileştiriveremeyebileceklerimizdenmişsinizcesine",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "世界很大我们很小" * 20,
)


@pytest.mark.parametrize("kind", WORDLESS)
def test_what_no_language_writes_is_found_in_a_sentence_and_nothing_beside_it(kind: str) -> None:
    found = WORDLESS[kind]
    text = f"Der Bote brachte gestern früh um sieben {found} mit nach Hause und zeigte es allen."
    start = text.index(found)
    assert wordless_spans(text) == [(start, start + len(found))]
    assert wordless_spans(f"  {found}\n") == [(2, 2 + len(found))]


@pytest.mark.parametrize("word", WORDS)
def test_no_word_and_no_chain_of_words_is_too_long(word: str) -> None:
    assert wordless_spans(word) == []
    assert wordless_spans(" ".join([word] * 20)) == []


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_no_article_holds_any_even_without_its_spaces(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for block in read_article(text).blocks:
        paragraph = text[block.start : block.end]
        for start, end in split_sentences(paragraph):
            sentence = paragraph[start:end]
            assert wordless_spans(sentence) == []
            assert wordless_spans("".join(sentence.split())) == []


def _lines(make: Callable[[], str], number: int) -> str:
    return " ".join(make() for _ in range(number))


def test_lines_of_encoded_data_are_one_stretch() -> None:
    data = base64.b64encode(_random.randbytes(288)).decode()
    lines = "\n".join(data[at : at + 64] for at in range(0, len(data), 64))
    text = f"Es folgt, was der Bote gestern früh um sieben in seiner Tasche fand und keiner liest: {lines}"
    start = text.index(lines)
    assert wordless_spans(text) == [(start, len(text))]


def test_many_short_ones_are_none_of_them_words() -> None:
    keys = _lines(lambda: _letters(string.ascii_lowercase, 7), 60)
    assert wordless_spans(keys) == [(0, len(keys))]
    bases = _lines(lambda: _letters("acgt", 10), 12)
    assert wordless_spans(f"Die Sequenz: {bases}") == [(13, 13 + len(bases))]
    numbers = _lines(lambda: _letters("0123456789abcdef", 12), 60)
    assert wordless_spans(numbers) == [(0, len(numbers))]


def test_a_word_said_again_and_again_is_a_word() -> None:
    for word in ("nein ", "Tor! ", "Lalala ", "Brücke "):
        assert wordless_spans(word * 500) == []


def test_what_is_left_out_is_not_asked_and_parts_words() -> None:
    value = hashlib.sha256(b"Katze").hexdigest()
    address = f"https://talbote.example/{value}"
    text = f"Siehe {address} oder {value}!"
    start = text.index(address)
    last = text.rindex(value)
    assert wordless_spans(text, [(start, start + len(address))]) == [(last, len(text))]
