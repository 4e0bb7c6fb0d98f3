"""The traps of `tests/traps/`: cases of our own writing, `|` where a sentence ends."""

from pathlib import Path

import pytest

from service.text.sentences import split_sentences

TRAPS = Path(__file__).parents[2] / "traps"


def cases(name: str) -> list[str]:
    lines = (TRAPS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def as_split(case: str, language: str) -> str:
    text = case.replace("|", "")
    ends = [end for _, end in split_sentences(text, language)[:-1]]
    return "|".join(text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True))


@pytest.mark.parametrize(
    ("name", "language", "at_least", "share"),
    [
        ("german", "de", 120, 0.98),
        ("english", "en", 15, 0.9),
        ("french", "fr", 15, 0.9),
        ("spanish", "es", 15, 0.9),
        ("italian", "it", 15, 0.9),
        ("dutch", "nl", 15, 0.9),
    ],
)
def test_nearly_all_traps_are_split_as_marked(name: str, language: str, at_least: int, share: float) -> None:
    marked = cases(name)
    failed = [f"{case}\n  split: {made}" for case in marked if (made := as_split(case, language)) != case]
    assert len(marked) >= at_least
    assert len(failed) <= (1 - share) * len(marked), f"{len(failed)} of {len(marked)}:\n" + "\n".join(failed)
