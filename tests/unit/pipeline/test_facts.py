"""Numbers, units and names of a source and of what was made of it; measured on the labelled pairs of
`tests/facts/`."""

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

import pytest

from service.pipeline.facts import Evidence, compare_facts

FACTS = Path(__file__).parents[2] / "facts"
TREEBANK = Path(__file__).parents[3] / "../shared/corpus/ud-pud.tsv.gz"


class Pair(NamedTuple):
    identity: str
    label: str
    german: str
    english: str

    @property
    def set_aside(self) -> bool:
        return int(hashlib.sha256(self.identity.encode()).hexdigest(), 16) % 3 == 0


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (FACTS / name).read_text(encoding="utf-8").splitlines()]


def own_pairs() -> list[Pair]:
    return [Pair(*row) for row in rows("own.tsv")]


def real_pairs() -> list[Pair]:
    lines = gzip.decompress(TREEBANK.read_bytes()).decode().splitlines()
    pairs = []
    for identity, label, digest, old, new in rows("real.tsv"):
        line = lines[int(identity[1:]) - 1]
        assert hashlib.sha256(line.encode()).hexdigest().startswith(digest)
        german, english = line.split("\t")
        assert not old or english.count(old) == 1
        pairs.append(Pair(identity, label, german, english.replace(old, new) if old else english))
    return pairs


def precision_and_recall(pairs: list[Pair]) -> tuple[float, float]:
    flagged = [pair for pair in pairs if compare_facts(pair.german, pair.english, "de", "en")]
    planted = [pair for pair in pairs if pair.label != "ok"]
    right = sum(pair.label != "ok" for pair in flagged)
    return right / len(flagged), right / len(planted)


def test_the_set_is_as_large_and_as_balanced_as_its_rules_say() -> None:
    labels = [row[1] for name in ("own.tsv", "real.tsv") for row in rows(name)]
    assert len(labels) >= 150
    assert labels.count("ok") * 2 == len(labels)
    assert len(rows("real.tsv")) * 2 >= len(labels)


def test_on_our_own_pairs_flags_are_right_and_errors_are_found() -> None:
    precision, recall = precision_and_recall(own_pairs())
    assert precision >= 0.9
    assert recall >= 0.8


@pytest.mark.skipif(not TREEBANK.exists(), reason="the treebank lies outside the repository")
@pytest.mark.parametrize("set_aside", [False, True])
def test_on_all_pairs_flags_are_right_and_errors_are_found(set_aside: bool) -> None:
    pairs = [pair for pair in (*own_pairs(), *real_pairs()) if pair.set_aside is set_aside]
    precision, recall = precision_and_recall(pairs)
    assert precision >= 0.9
    assert recall >= 0.8


def test_a_discrepancy_says_what_stands_where() -> None:
    [found] = compare_facts("Es kamen 34 Gäste.", "43 guests came.", "de", "en")
    assert found.message == "The source has 34, the translation 43."
    [found] = compare_facts("Es kamen 34 Gäste.", "Guests came.", "de", "en")
    assert found.message == "Not found in the translation: 34."
    [found] = compare_facts("Es kamen Gäste.", "43 guests came.", "de", "en")
    assert found.message == "In the translation, but not found in the source: 43."


def test_languages_whose_numbers_are_unknown_here_are_not_judged() -> None:
    assert compare_facts("Il y a 34 invités.", "43 guests came.", "fr", "en") == []


def test_a_summary_may_leave_out_but_not_make_up() -> None:
    text = "On 27 July, 40 guests came to Cologne. Mayor Schmidt paid 3,000 euros."
    evidence = Evidence(text, "en")
    assert evidence.unsupported("40 guests came to Cologne.") == []
    doubts = {each.doubt: each.added for each in evidence.unsupported("The 50 guests met Merkel.")}
    assert doubts == {"number": ("50",), "name": ("Merkel",)}


@pytest.mark.parametrize(
    ("german", "english"),
    [
        ("Version 1.2.3 läuft auf 192.168.0.1.", "Version 1.2.3 runs on 192.168.0.1."),
        ("Am 03.10.2023 kam er um 12 Uhr.", "On 03/10/2023 he came at noon."),
        ("Am 01.06.23 kam er.", "He came on 1 June 2023."),
        (
            "Siehe https://talbote.example/v/1.2.3/ab 5 Euro.",
            "See https://talbote.example/v/1.2.3/ab 5 euros.",
        ),
        ("Siehe www.talbote.example/1.2.3 und 40 Gäste.", "See www.talbote.example/1.2.3 and 40 guests."),
        ("Um 24 Uhr war Schluss.", "It was over at midnight."),
        ("Im 19. Jahrhundert war das so.", "In the nineteenth century it was so."),
    ],
)
def test_other_ways_to_write_the_same_are_no_discrepancy(german: str, english: str) -> None:
    assert compare_facts(german, english, "de", "en") == []


def test_a_number_right_behind_an_address_is_still_compared() -> None:
    source = "Unter https://talbote.example/v/1.2.3/4.5.6 40 Gäste."
    [found] = compare_facts(source, source.replace("40 Gäste", "14 guests"), "de", "en")
    assert found.message == "The source has 40, the translation 14."


def test_a_wrong_day_of_the_month_is_missed_no_more() -> None:
    [found] = compare_facts("Am 8. Mai 1945 war Schluss.", "In May 1945 it was over.", "de", "en")
    assert found.missing == ("8",)


def test_nearly_all_ways_to_write_a_quantity_are_judged_right() -> None:
    failed = []
    for kind, label, german, english in rows("forms.tsv"):
        found = compare_facts(german, english, "de", "en")
        if bool(found) is not (label == "wrong"):
            failed.append(f"{kind}: {german} / {english}: {[each.message for each in found]}")
    assert len(rows("forms.tsv")) >= 120
    assert len(failed) <= 0.02 * len(rows("forms.tsv")), "\n".join(failed)


@pytest.mark.parametrize(
    ("german", "english", "message"),
    [
        ("Es sind -5 Grad.", "It is 5 degrees.", "The source has -5, the translation 5."),
        ("Die A7 ist frei.", "The A8 is clear.", "The source has A7, the translation A8."),
        ("Bayern gewann 2:1.", "Bayern won 1-2.", "The source has 2:1, the translation 1-2."),
        (
            "Die Zahl stieg von 30 auf 50.",
            "The number rose from 50 to 30.",
            "The source has 30, the translation 50.",
        ),
    ],
)
def test_equal_figures_may_still_say_something_else(german: str, english: str, message: str) -> None:
    [found] = compare_facts(german, english, "de", "en")
    assert found.message == message


@pytest.mark.parametrize(
    ("german", "english"),
    [
        ("In den 1950er und -60er-Jahren war das so.", "It was so in the 1950s and '60s."),
        ("Bei einem Fehler wird -1 zurückgegeben.", "On failure, a -1 will be returned."),
        ("Die Rate sank um 3 Prozent.", "The rate was minus 3 percent."),
        ("Er war von 10 bis 12 Uhr da.", "He was there from 10 to 12."),
        ("Es kostet 3 bis 5 Millionen Euro.", "It costs 3 million to 5 million euros."),
        ("Es kostet 3-5 Millionen Euro.", "It costs 3 to 5 million euros."),
        ("Julian kam 2010.", "Julian came in 2010."),
        ("Das dritte Geschlecht ist anerkannt.", "A third gender is recognised."),
        ("In den ersten drei Quartalen stieg er.", "It rose in the first three quarters."),
        ("Auf dem Mainzer Platz der G7 war Ruhe.", "All was quiet at the Group of Seven."),
    ],
)
def test_what_only_looks_like_a_sign_a_code_or_a_change_is_none(german: str, english: str) -> None:
    assert compare_facts(german, english, "de", "en") == []


def test_a_summary_may_not_rename_a_road() -> None:
    evidence = Evidence("The A7 motorway and Route 66 are closed.", "en")
    assert evidence.unsupported("The A7 is closed.") == []
    [found] = evidence.unsupported("The A 3 or A9 is closed, and so is Route 66.")
    assert found.added == ("3",)
