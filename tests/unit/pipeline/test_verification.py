from pathlib import Path
from typing import get_args

import pytest

from service.backends.protocol import GenerationOptions, Hypothesis
from service.pipeline.facts import Discrepancy, Doubt
from service.pipeline.verification import Fault, Judgement, faults, judge, other_options

SOURCE = "Die Arbeiten an der alten Brücke beginnen im Mai und dauern drei Monate."
GOOD = "Work on the old bridge begins in May and will take three months."


def found(source: str, target: str, *, complete: bool = True) -> frozenset[Fault]:
    return faults(source, Hypothesis(target, -0.3, len(target.split()), complete))


def test_a_good_translation_has_no_fault() -> None:
    assert found(SOURCE, GOOD) == frozenset()


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("", Fault.EMPTY),
        (" \n", Fault.EMPTY),
        ("The work begins.", Fault.SHORT),
        (GOOD * 3, Fault.LONG),
        ("salad salad salad salad salad salad", Fault.REPETITION),
        ("the old bridge of the old bridge of the old bridge of May", Fault.REPETITION),
    ],
)
def test_a_broken_translation_is_told_what_is_wrong(target: str, fault: Fault) -> None:
    assert fault in found(SOURCE, target)


def test_a_translation_that_hit_the_cap_is_cut() -> None:
    assert found(SOURCE, GOOD, complete=False) == {Fault.CUT}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Nein, nein, nein, nein und nochmals nein, rief er.", "No, no, no, no and again no, he cried."),
        ("Immer wieder, immer wieder, immer wieder kam er.", "Again and again, again and again, he came."),
        ("Bla bla bla bla bla bla", "Bla bla bla bla bla bla"),
    ],
)
def test_repetition_of_the_source_survives(source: str, target: str) -> None:
    assert Fault.REPETITION not in found(source, target)


def test_short_sources_are_not_judged_by_their_length() -> None:
    assert found("Ja.", "Yes, that is quite right.") == frozenset()


def test_the_second_try_fits_the_failure_and_only_that_segment() -> None:
    options = GenerationOptions()
    assert other_options(options, Judgement(frozenset({Fault.REPETITION})), 10).repetition_penalty > 1
    shorter = other_options(options, Judgement(frozenset({Fault.SHORT})), 10)
    assert shorter.min_decoding_length == 5
    assert shorter.no_repeat_ngram_size == 0
    wider = other_options(options, Judgement(frozenset(), (Discrepancy("number"),)), 10)
    assert wider.beam_size > options.beam_size
    assert wider.repetition_penalty == options.repetition_penalty


def test_a_number_is_worth_another_try_and_a_name_only_a_word() -> None:
    number, name = Discrepancy("number", ("27",), ("17",)), Discrepancy("name", added=("Bosch",))
    assert Judgement(frozenset(), (number,)).worth_another_try
    assert not Judgement(frozenset(), (name,)).worth_another_try
    assert Judgement(frozenset(), (name,)).better_than(Judgement(frozenset(), (number,)))
    assert not Judgement(frozenset({Fault.EMPTY})).better_than(Judgement(frozenset({Fault.CUT, Fault.SHORT})))
    assert Judgement(frozenset({Fault.CUT, Fault.SHORT})).better_than(Judgement(frozenset({Fault.EMPTY})))


def test_findings_name_code_and_what_is_wrong() -> None:
    hypothesis = Hypothesis("On 17 July, 40 guests came to the town.", -0.3, 9, True)
    found = judge("Am 27. Juli kamen 40 Gäste in die Stadt.", hypothesis, "de", "en").findings()
    assert found == [("number_doubtful", "The source has 27, the translation 17.")]


def test_the_docs_name_everything_that_is_told_of_a_segment() -> None:
    documented = (Path(__file__).parents[3] / "docs" / "verification.md").read_text(encoding="utf-8")
    discrepancies = tuple(Discrepancy(doubt, ("a",)) for doubt in get_args(Doubt))
    told = Judgement(frozenset(Fault), discrepancies, unchecked=True).findings()
    assert len(told) > len(Fault) + 1
    assert {code for code, _ in told if f"`{code}`" not in documented} == set()


@pytest.mark.timeout(20)
def test_a_table_of_figures_is_told_to_be_unchecked_instead_of_costing_its_square() -> None:
    figures = "1 2 3 4 5 6 7 8 9 10 " * 400
    found = judge(figures, Hypothesis(figures + "11", -0.3, 4000, True), "de", "en")
    assert [code for code, _ in found.findings()] == ["segment_unchecked"]


@pytest.mark.parametrize(
    ("source", "target", "copied"),
    [
        ("Der Rat hat lange über die Brücke beraten.", "Der Rat hat lange über die bridge beraten.", True),
        ("DER RAT HAT AM MONTAG LANGE BERATEN", "DER RAT HAT AM MONDAY LANGE BERATEN", True),
        ("Die Band sang „We are the champions“ und ging dann schnell nach Hause zu ihren Kindern.",
         "The band sang “We are the champions” and then went home quickly to their children.", False),
        ("Sie fährt in die USA, sagt sie nun doch noch.", "She is going to the USA, she now says.", False),
    ],
)  # fmt: skip
def test_a_translation_that_is_half_the_source_is_a_copy(source: str, target: str, copied: bool) -> None:
    made = judge(source, Hypothesis(target, -0.3, 9, True), "de", "en")
    assert (Fault.COPIED in made.faults) == copied
